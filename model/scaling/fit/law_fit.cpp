// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/fit/law_fit.hpp"

#include "model/scaling/fit/random_stream.hpp"
#include "model/scaling/fit/run_checks.hpp"
#include "model/scaling/fit/starts.hpp"

#include <Eigen/Eigenvalues>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace flopcast {
namespace {

using Eigen::ArrayXd;
using Eigen::Index;
using Eigen::VectorXd;

/// Half width of the box around the optimum from which restarts set out, by internal parameter of
/// the model: a quarter in a coefficient, or that much of an exponent.
constexpr double restart_distance = 0.25;
constexpr int restart_count = 12;

/// Robust standard deviations beyond which a run is named: of 1,000 normal residuals none is.
constexpr double outlier_deviations = 5;

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// 1.4826 times the median of the absolute values: the standard deviation of normal values.
double robust_deviation(const ArrayXd &values) {
  std::vector<double> sizes;
  for (const double value : values)
    sizes.push_back(std::abs(value));
  return 1.4826 * median(std::move(sizes));
}

FitProblem problem_of(const std::vector<ScalingRun> &runs, const LawFitOptions &options) {
  LossForm form = loss_form(options.form);
  auto fixed = options.fixed;
  for (const FormParameter &parameter : form.parameters)
    if (parameter.usual && !fixed.contains(parameter.name) &&
        std::ranges::find(options.freed, parameter.name) == options.freed.end())
      fixed.emplace(parameter.name, *parameter.usual);
  check_fixed(form, fixed);
  check_features(form, runs);
  FitProblem problem{TermModel(std::move(form), runs, fixed),
                     ArrayXd(static_cast<Index>(runs.size())),
                     ArrayXd(static_cast<Index>(runs.size())), options.objective.residual};
  for (std::size_t i = 0; i < runs.size(); ++i) {
    problem.log_losses[static_cast<Index>(i)] = std::log(runs[i].loss);
    problem.weights[static_cast<Index>(i)] = runs[i].weight;
  }
  return problem;
}

/// Descents from starts, and how many of them end at the best.
class Descents {
public:
  Descents(FitProblem &problem, const Penalty &penalty) : problem_(problem), penalty_(penalty) {}

  void keep(const Minimum &found) {
    evaluations_ += found.evaluations;
    costs_.push_back(std::isfinite(found.cost) ? found.cost : 1e300);
    if (costs_.size() == 1 || found.cost < best_.cost)
      best_ = found;
  }

  /// By least squares first. Those that meet there go on as one; one that is still far above the
  /// others when its steps are spent is given up.
  void by_least_squares(const std::vector<VectorXd> &starts, const std::stop_token &stop) {
    std::vector<Minimum> settled;
    for (const VectorXd &start : starts) {
      if (stop.stop_requested())
        throw Stopped{};
      settled.push_back(descend(problem_, start, Penalty{}, 1e-5, 30));
      evaluations_ += settled.back().evaluations;
    }
    constexpr double far_above = 2;
    const double least = std::ranges::min_element(settled, {}, &Minimum::cost)->cost;
    std::vector<std::pair<VectorXd, double>> met;
    for (const Minimum &squares : settled) {
      if (!(squares.converged || squares.cost <= far_above * least)) {
        costs_.push_back(1e300);
        continue;
      }
      const auto same = std::ranges::find_if(met, [&](const auto &other) {
        return (other.first - squares.theta).cwiseAbs().maxCoeff() < 1e-3;
      });
      if (same != met.end()) {
        costs_.push_back(same->second);
        continue;
      }
      keep(tighten(problem_, squares.theta, penalty_));
      met.emplace_back(squares.theta, costs_.back());
    }
  }

  [[nodiscard]] const Minimum &best() const { return best_; }
  [[nodiscard]] int agreeing() const {
    return static_cast<int>(std::ranges::count_if(costs_, [&](double cost) {
      return cost <= best_.cost * (1 + Certificate::agreement) + 1e-300;
    }));
  }
  [[nodiscard]] int count() const { return static_cast<int>(costs_.size()); }
  [[nodiscard]] std::int64_t evaluations() const { return evaluations_; }

private:
  FitProblem &problem_;
  const Penalty &penalty_;
  std::vector<double> costs_;
  Minimum best_{.theta = {}, .cost = std::numeric_limits<double>::infinity()};
  std::int64_t evaluations_ = 0;
};

Minimum search(FitProblem &problem, const LawFitOptions &options, const Penalty &penalty,
               Certificate &certificate, const std::stop_token &stop) {
  Descents descents(problem, penalty);
  if (options.hoffmann_starts) {
    descents.by_least_squares(hoffmann_starts(problem), stop);
  } else {
    // Scales such as R_D* make many valleys, which straight descents tell apart.
    const int manifold = problem.model.form().curved() ? 3 : 1;
    const auto starts = spread_starts(problem, manifold * options.starts);
    for (std::size_t i = 0; i < starts.size(); ++i) {
      if (stop.stop_requested())
        throw Stopped{};
      // Two ways down: by least squares, and straight, which other valleys catch more easily.
      descents.keep(i % 2 == 1 || (manifold > 1 && i % 4 == 2)
                        ? descend(problem, starts[i], penalty, 1e-9, 100)
                        : descend_gradually(problem, starts[i], penalty));
    }
  }
  Minimum best = tighten(problem, descents.best().theta, penalty);
  if (!(best.cost <= descents.best().cost))
    best = descents.best();
  certificate.starts = descents.count();
  certificate.starts_agreeing = descents.agreeing();
  certificate.evaluations = descents.evaluations() + best.evaluations;
  return best;
}

/// From around the optimum straight down; a better one, if there is, is taken.
void check_by_restarts(FitProblem &problem, const Penalty &penalty, Minimum &best,
                       Certificate &certificate) {
  RandomStream random(1, 0);
  std::vector<double> costs;
  for (int i = 0; i < restart_count; ++i) {
    VectorXd start = best.theta;
    for (double &value : start)
      value += restart_distance * (2 * random.uniform() - 1);
    const Minimum found = i % 2 == 0 ? descend_gradually(problem, start, penalty)
                                     : descend(problem, start, penalty, 1e-9, 100);
    certificate.evaluations += found.evaluations;
    costs.push_back(found.cost);
    if (found.cost < best.cost)
      best = found;
  }
  certificate.restarts = restart_count;
  certificate.restarts_returning = static_cast<int>(std::ranges::count_if(costs, [&](double cost) {
    return cost <= best.cost * (1 + Certificate::agreement) + 1e-300;
  }));
}

/// Mean of slope^2 and of the slope's derivative over the runs.
struct SlopeMoments {
  double square = 0;
  double derivative = 0;
};

SlopeMoments slope_moments(const LawFit &fit) {
  const Penalty penalty = fit.options.objective.penalty();
  FitProblem problem = fit.problem;
  const ArrayXd residuals = residuals_at(problem, fit.theta);
  const ArrayXd &weights = problem.weights;
  const auto n = static_cast<double>(residuals.size());
  const double spare = std::max(1.0, n - static_cast<double>(fit.theta.size()));
  if (penalty.is_least_squares())
    return {(weights * residuals.square()).sum() / spare, 1};
  double square = 0;
  for (Index i = 0; i < residuals.size(); ++i)
    square += weights[i] * std::pow(penalty.slope(residuals[i]), 2) / spare;
  // The density of residuals where the penalty bends, over a window that holds enough of them.
  const double width = robust_deviation(residuals) * std::cbrt(1 / n);
  const Penalty window = penalty.scaled(std::max(1.0, width / std::min(penalty.low, penalty.high)));
  double inside = 0;
  for (const double r : residuals)
    inside += window.quadratic_at(r) ? 1 : 0;
  const double slope_height = (penalty.low + penalty.high) / (window.low + window.high);
  return {square, std::max(inside, 1.0) / n * slope_height};
}

void describe(LawFit &fit, const Minimum &best) {
  fit.theta = best.theta;
  fit.parameters = fit.problem.model.natural(best.theta);
  fit.objective = fit.options.objective.reported(best.cost);
  fit.certificate.gradient_norm = fit.options.objective.reported(best.gradient_norm);
  fit.certificate.imbalance = best.imbalance;
  fit.certificate.converged = best.converged;
  (void)residuals_at(fit.problem, best.theta);
  fit.log_residuals = fit.problem.model.log_loss() - fit.problem.log_losses;
  const auto n = static_cast<double>(fit.log_residuals.size());
  const double squares = fit.log_residuals.square().sum();
  const double spare = std::max(1.0, n - static_cast<double>(best.theta.size()));
  fit.log_rmse = std::sqrt(squares / n);
  fit.noise = std::sqrt(squares / spare);

  // J' J turns into a covariance by the moments of the penalty's slope: Huber 1981, 7.6.
  Eigen::MatrixXd jacobian;
  fit.problem.model.jacobian(jacobian);
  if (fit.options.objective.residual == ResidualKind::loss)
    jacobian.array().colwise() *= fit.problem.model.log_loss().exp();
  const Eigen::MatrixXd normal =
      jacobian.transpose() * fit.problem.weights.matrix().asDiagonal() * jacobian;
  const SlopeMoments moments = slope_moments(fit);
  Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(normal);
  const double floor = 1e-14 * eigen.eigenvalues().cwiseAbs().maxCoeff() + 1e-300;
  const VectorXd inverse = eigen.eigenvalues().cwiseMax(floor).cwiseInverse();
  const Eigen::MatrixXd of_theta = eigen.eigenvectors() * inverse.asDiagonal() *
                                   eigen.eigenvectors().transpose() * moments.square /
                                   (moments.derivative * moments.derivative);
  const Eigen::MatrixXd &raw = fit.problem.model.raw_by_free();
  fit.covariance = raw * of_theta * raw.transpose();
  // In units of each parameter's own effect, so that the measure does not depend on units.
  const VectorXd size = normal.diagonal().cwiseSqrt().cwiseMax(1e-150);
  const Eigen::MatrixXd scaled =
      size.cwiseInverse().asDiagonal() * normal * size.cwiseInverse().asDiagonal();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> directions(scaled);
  // Correlations of 1 - 1e-9 leave no digit of a loss that is known to four.
  constexpr double no_effect = 1e-9;
  constexpr double takes_part = 1e-3; // of the parameter that moves most
  const std::vector<std::size_t> &free = fit.problem.model.free_parameters();
  fit.undetermined = confounded_by_ratio(fit.form(), fit.runs, free);
  for (Index k = 0; k < size.size() && !(directions.eigenvalues()[k] > no_effect); ++k) {
    const VectorXd moved =
        (raw * size.cwiseInverse().asDiagonal() * directions.eigenvectors().col(k)).cwiseAbs();
    for (const std::size_t parameter : free)
      if (moved[static_cast<Index>(parameter)] > takes_part * moved.maxCoeff() &&
          std::ranges::find(fit.undetermined, parameter) == fit.undetermined.end())
        fit.undetermined.push_back(parameter);
  }
  if (!(directions.eigenvalues()[0] > no_effect))
    fit.warnings.emplace_back("the runs do not determine all parameters: two or more can change "
                              "together without any predicted loss changing; vary N and D "
                              "separately, or fix a parameter (--fix)");
}

} // namespace

double LawFit::parameter(std::string_view name) const { return parameters[*form().index(name)]; }

bool LawFit::is_fitted(std::size_t parameter) const {
  const auto &free = problem.model.free_parameters();
  return std::ranges::find(free, parameter) != free.end();
}

double LawFit::standard_error(std::size_t parameter) const {
  const auto j = static_cast<Index>(parameter);
  const double internal = std::sqrt(std::max(0.0, covariance(j, j)));
  return form().parameters[parameter].kind == ParameterKind::exponent
             ? internal
             : parameters[parameter] * internal;
}

LawFit fit_law(const std::vector<ScalingRun> &runs, const LawFitOptions &options,
               const std::stop_token &stop) {
  LawFit fit{.options = options, .runs = runs, .problem = problem_of(runs, options)};
  fit.warnings = check_runs(fit.form(), runs, fit.problem.model.free_parameters().size());
  const Penalty penalty = options.objective.penalty();
  Minimum best = search(fit.problem, options, penalty, fit.certificate, stop);
  check_by_restarts(fit.problem, penalty, best, fit.certificate);
  describe(fit, best);
  if (!best.converged)
    fit.warnings.push_back(fmt::format("the fit did not come to rest (imbalance {:.1e}); more "
                                       "--starts may help",
                                       best.imbalance));
  if (fit.certificate.starts_agreeing * 4 < fit.certificate.starts && !options.hoffmann_starts)
    fit.warnings.push_back(fmt::format("{} of {} starts end at this optimum, the others at worse "
                                       "ones: the objective has several minima",
                                       fit.certificate.starts_agreeing, fit.certificate.starts));
  if (fit.certificate.restarts_returning * 2 < fit.certificate.restarts)
    fit.warnings.push_back(fmt::format(
        "{} of {} restarts around the optimum end elsewhere: there are other minima nearby",
        fit.certificate.restarts - fit.certificate.restarts_returning, fit.certificate.restarts));
  return fit;
}

double cost_scale(const LawFit &fit) {
  const SlopeMoments moments = slope_moments(fit);
  return moments.square / moments.derivative;
}

double effective_noise(const LawFit &fit) {
  const SlopeMoments moments = slope_moments(fit);
  const double noise = std::sqrt(moments.square) / moments.derivative;
  // Residuals of L are about L times those of ln L.
  if (fit.options.objective.residual == ResidualKind::loss)
    return noise / std::exp(fit.problem.log_losses.mean());
  return noise;
}

std::vector<Outlier> outliers(const LawFit &fit) {
  const double deviation = robust_deviation(fit.log_residuals);
  std::vector<Outlier> found;
  for (std::size_t i = 0; i < fit.runs.size(); ++i) {
    const double residual = fit.log_residuals[static_cast<Index>(i)];
    if (std::abs(residual) > outlier_deviations * deviation && deviation > 0)
      found.push_back({i, residual, std::abs(residual) / deviation});
  }
  std::ranges::sort(found, std::greater{}, &Outlier::deviations);
  return found;
}

} // namespace flopcast
