// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/fit/design.hpp"

#include "model/scaling/fit/allocation_of_fit.hpp"
#include "model/scaling/fit/forecast.hpp"

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace flopcast {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double size_reach = 4;  ///< beyond the sizes fitted, either way
constexpr double least_ratio = 1; ///< of D/N
constexpr double most_ratio = 1000;
constexpr int sizes_tried = 61;

double goal_of(const LossForm &form, const std::vector<double> &natural,
               const DesignOptions &options) {
  const BudgetOptimum optimum = budget_optimum(form, natural, options.target);
  return options.goal == DesignGoal::loss ? optimum.loss : optimum.parameters;
}

/// d ln goal / d internal parameter.
VectorXd goal_gradient(const LawFit &fit, const DesignOptions &options) {
  constexpr double step = 1e-5; // of a logarithm or an exponent: errors of 1e-10
  VectorXd gradient = VectorXd::Zero(static_cast<Index>(fit.parameters.size()));
  for (std::size_t j = 0; j < fit.parameters.size(); ++j) {
    if (!fit.is_fitted(j))
      continue;
    const FormParameter &parameter = fit.form().parameters[j];
    const double internal = internal_value(parameter, fit.parameters[j]);
    std::vector<double> moved = fit.parameters;
    moved[j] = natural_value(parameter, internal + step);
    const double above = std::log(goal_of(fit.form(), moved, options));
    moved[j] = natural_value(parameter, internal - step);
    gradient[static_cast<Index>(j)] =
        (above - std::log(goal_of(fit.form(), moved, options))) / (2 * step);
  }
  return gradient;
}

/// Covariance of the internal parameters over the resamples, whose fits all converged or nearly so.
MatrixXd covariance_of(const LawFit &fit, const Bootstrap &resamples) {
  MatrixXd internal(resamples.parameters.rows(), resamples.parameters.cols());
  for (Index row = 0; row < internal.rows(); ++row)
    for (Index j = 0; j < internal.cols(); ++j)
      internal(row, j) = internal_value(fit.form().parameters[static_cast<std::size_t>(j)],
                                        resamples.parameters(row, j));
  const MatrixXd centred = internal.rowwise() - internal.colwise().mean();
  return centred.transpose() * centred /
         static_cast<double>(std::max<Index>(1, internal.rows() - 1));
}

struct Candidate {
  DesignedRun run;
  VectorXd gradient; ///< of its ln L
};

std::vector<Candidate> candidates(const LawFit &fit, double compute) {
  double least = std::numeric_limits<double>::infinity();
  double most = 0;
  for (const ScalingRun &run : fit.runs) {
    least = std::min(least, run.at(RunFeature::parameters));
    most = std::max(most, run.at(RunFeature::parameters));
  }
  const double low = std::max(least / size_reach, std::sqrt(compute / 6 / most_ratio));
  const double high = std::min(most * size_reach, std::sqrt(compute / 6 / least_ratio));
  std::vector<Candidate> found;
  if (!(low < high))
    return found;
  for (int i = 0; i < sizes_tried; ++i) {
    const double n = low * std::pow(high / low, i / (sizes_tried - 1.0));
    Candidate candidate{{n, compute / 6 / n, compute}, {}};
    ScalingRun run;
    run.set(RunFeature::parameters, n);
    run.set(RunFeature::tokens, candidate.run.tokens);
    candidate.gradient = log_loss_gradient(fit, run);
    found.push_back(std::move(candidate));
  }
  return found;
}

/// Covariance after runs whose ln L is known to within the fit's effective noise: Sherman-Morrison,
/// which needs no inverse of a covariance that may be singular.
void add_run(MatrixXd &covariance, const VectorXd &gradient, double noise_variance) {
  const VectorXd image = covariance * gradient;
  covariance -= image * image.transpose() / (noise_variance + gradient.dot(image));
}

double variance_with(const MatrixXd &before, const std::vector<const Candidate *> &chosen,
                     const VectorXd &goal, double noise_variance) {
  MatrixXd covariance = before;
  for (const Candidate *candidate : chosen)
    add_run(covariance, candidate->gradient, noise_variance);
  return goal.dot(covariance * goal);
}

/// Sizes of so many runs: one after the other, then each exchanged while that helps.
std::vector<const Candidate *> exchanged(const std::vector<Candidate> &all, std::size_t count,
                                         const MatrixXd &before, const VectorXd &goal,
                                         double noise_variance) {
  std::vector<const Candidate *> chosen;
  const auto improve = [&](std::size_t at) {
    const Candidate *old = chosen[at];
    const Candidate *best = old;
    double least = variance_with(before, chosen, goal, noise_variance);
    for (const Candidate &candidate : all) {
      chosen[at] = &candidate;
      const double variance = variance_with(before, chosen, goal, noise_variance);
      if (variance < least * (1 - 1e-9)) {
        least = variance;
        best = &candidate;
      }
    }
    chosen[at] = best;
    return best != old;
  };
  for (std::size_t i = 0; i < count; ++i) {
    chosen.push_back(&all.front());
    improve(i);
  }
  for (int round = 0; round < 5; ++round) {
    bool changed = false;
    for (std::size_t i = 0; i < count; ++i)
      changed = improve(i) || changed;
    if (!changed)
      break;
  }
  return chosen;
}

} // namespace

Design design_runs(const LawFit &fit, const DesignOptions &options, const std::stop_token &stop) {
  if (!divides_budget(fit.form()))
    throw InputError({"--form", 0, 0},
                     fmt::format("form {} has no optimum at a budget to design for; use chinchilla "
                                 "or tied",
                                 fit.form().id));
  const VectorXd goal = goal_gradient(fit, options);
  // What a run of this objective tells: its noise by the moments of the penalty's slope.
  double noise_variance = std::pow(effective_noise(fit), 2);
  MatrixXd before = fit.covariance;
  Design design;
  design.goal_value = goal_of(fit.form(), fit.parameters, options);
  design.deviation_by_delta = std::sqrt(goal.dot(fit.covariance * goal));
  design.deviation_before = design.deviation_by_delta;
  if (options.intervals == DesignIntervals::bootstrap) {
    before = covariance_of(fit, bootstrap(fit, options.bootstrap, stop));
    design.deviation_before = std::sqrt(goal.dot(before * goal));
    if (design.deviation_by_delta > 0)
      noise_variance *= std::pow(design.deviation_before / design.deviation_by_delta, 2);
  }
  design.deviation_after = design.deviation_before;
  for (int count = 1; count <= options.most_runs; ++count) {
    const std::vector<Candidate> all = candidates(fit, options.budget / count);
    if (all.empty())
      continue;
    const auto chosen =
        exchanged(all, static_cast<std::size_t>(count), before, goal, noise_variance);
    const double after =
        std::sqrt(std::max(0.0, variance_with(before, chosen, goal, noise_variance)));
    design.alternatives.push_back({chosen.size(), after});
    if (after >= design.deviation_after * 0.999)
      continue;
    design.deviation_after = after;
    design.runs.clear();
    for (const Candidate *candidate : chosen)
      design.runs.push_back(candidate->run);
  }
  if (design.alternatives.empty())
    throw InputError({"--budget", 0, 0},
                     fmt::format("{:.3g} FLOP pay no run with a size near those fitted and 1 to "
                                 "1000 tokens a parameter; give more",
                                 options.budget));
  std::ranges::sort(design.runs, {}, &DesignedRun::parameters);
  return design;
}

} // namespace flopcast
