// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/fit/profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace flopcast {
namespace {

using Eigen::VectorXd;

/// Ends of a coefficient or scale further apart than this leave no number to speak of.
constexpr double widest_factor = 10;
/// The walk along an internal parameter ends here: a factor of 1e6, or an exponent of 3 more.
constexpr double farthest_logarithm = 14;
constexpr double farthest_exponent = 3;

/// The law with one parameter held, ready to be fitted at one value after another.
class Held {
public:
  Held(const LawFit &fit, std::size_t parameter)
      : fit_(fit), parameter_(parameter), penalty_(fit.options.objective.penalty()),
        raw_(fit.problem.model.raw(fit.theta)) {
    for (std::size_t j = 0; j < fit.parameters.size(); ++j)
      if (!fit.is_fitted(j))
        fixed_.emplace(fit.form().parameters[j].name, fit.parameters[j]);
  }

  /// Lowest cost at an internal value; the next call starts from where this one ended.
  double cost_at(double internal) {
    const FormParameter &held = fit_.form().parameters[parameter_];
    auto fixed = fixed_;
    fixed.insert_or_assign(held.name, natural_value(held, internal));
    FitProblem problem{TermModel(fit_.form(), fit_.runs, fixed), fit_.problem.log_losses,
                       fit_.problem.weights, fit_.problem.residual};
    raw_[static_cast<Eigen::Index>(parameter_)] = internal;
    const VectorXd start = problem.model.from_raw(raw_);
    Minimum found = tighten(problem, start, penalty_);
    // Along a ridge the tangent's steps may end in a side valley; the gentle way leads out of it.
    const Minimum again = descend_gradually(problem, start, penalty_);
    if (again.cost < found.cost)
      found = again;
    raw_ = problem.model.raw(found.theta);
    return found.cost;
  }

  void reset() { raw_ = fit_.problem.model.raw(fit_.theta); }

private:
  const LawFit &fit_;
  std::size_t parameter_;
  Penalty penalty_;
  VectorXd raw_;
  std::map<std::string, double, std::less<>> fixed_;
};

/// Two-sided 95 % point of Student's distribution: Abramowitz and Stegun 26.7.5, two terms.
double student_point(double freedom) {
  constexpr double z = 1.959964;
  const double first = (std::pow(z, 3) + z) / 4;
  const double second = (5 * std::pow(z, 5) + 16 * std::pow(z, 3) + 3 * z) / 96;
  return z + first / freedom + second / (freedom * freedom);
}

/// The walk away from the optimum in one direction, to where the cost crosses the limit.
std::optional<double> crossing(Held &held, double center, double step, double farthest,
                               double limit, std::vector<std::pair<double, double>> &seen) {
  held.reset();
  double inside = center;
  double outside = center;
  double offset = step;
  while (std::abs(offset) <= farthest) {
    outside = center + offset;
    const double cost = held.cost_at(outside);
    seen.emplace_back(outside, cost);
    if (cost > limit)
      break;
    inside = outside;
    offset *= 1.6;
  }
  if (inside == outside)
    return std::nullopt;
  for (int i = 0; i < 6; ++i) {
    const double middle = 0.5 * (inside + outside);
    const double cost = held.cost_at(middle);
    seen.emplace_back(middle, cost);
    (cost > limit ? outside : inside) = middle;
  }
  return 0.5 * (inside + outside);
}

} // namespace

double profile_objective(const LawFit &fit, std::size_t parameter, double value) {
  Held held(fit, parameter);
  return fit.options.objective.reported(
      held.cost_at(internal_value(fit.form().parameters[parameter], value)));
}

std::vector<ParameterProfile> profile_parameters(const LawFit &fit, const std::stop_token &stop) {
  FitProblem problem = fit.problem;
  const double best =
      cost_of(residuals_at(problem, fit.theta), problem.weights, fit.options.objective.penalty());
  const double freedom =
      std::max(1.0, static_cast<double>(fit.runs.size()) - static_cast<double>(fit.theta.size()));
  const double limit = best + 0.5 * std::pow(student_point(freedom), 2) * cost_scale(fit);
  const VectorXd raw = fit.problem.model.raw(fit.theta);
  std::vector<ParameterProfile> profiles;
  for (const std::size_t j : fit.problem.model.free_parameters()) {
    if (stop.stop_requested())
      throw Stopped{};
    const FormParameter &parameter = fit.form().parameters[j];
    const auto index = static_cast<Eigen::Index>(j);
    const bool exponent = parameter.kind == ParameterKind::exponent;
    const double farthest = exponent ? farthest_exponent : farthest_logarithm;
    const double step = std::clamp(std::sqrt(fit.covariance(index, index)), 1e-4, 0.02 * farthest);
    Held held(fit, j);
    std::vector<std::pair<double, double>> seen{{raw[index], best}};
    ParameterProfile profile{.parameter = j, .low = {}, .high = {}, .points = {}};
    const auto low = crossing(held, raw[index], -step, farthest, limit, seen);
    const auto high = crossing(held, raw[index], step, farthest, limit, seen);
    if (low)
      profile.low = natural_value(parameter, *low);
    if (high)
      profile.high = natural_value(parameter, *high);
    std::ranges::sort(seen);
    for (const auto &[internal, cost] : seen)
      profile.points.push_back(
          {natural_value(parameter, internal), fit.options.objective.reported(cost)});
    profiles.push_back(std::move(profile));
  }
  return profiles;
}

std::vector<Identifiability> identifiability(const LawFit &fit,
                                             const std::vector<ParameterProfile> &profiles,
                                             const Bootstrap *resamples) {
  std::vector<Identifiability> verdicts;
  for (const ParameterProfile &profile : profiles) {
    const FormParameter &parameter = fit.form().parameters[profile.parameter];
    Identifiability verdict{.parameter = profile.parameter, .identified = false, .reason = ""};
    const auto judge = [&](double low, double high, std::string_view by) {
      if (parameter.kind == ParameterKind::exponent) {
        if ((low <= 0 && high >= 0) || !(std::abs(high - low) < farthest_exponent))
          verdict.reason = fmt::format("its 95 % interval by the {}, {:.3g} to {:.3g}, holds 0 or "
                                       "is wider than any exponent",
                                       by, low, high);
      } else if (!(high <= widest_factor * low)) {
        verdict.reason =
            fmt::format("its 95 % interval by the {} is {:.3g} to {:.3g}", by, low, high);
      }
    };
    if (std::ranges::find(fit.undetermined, profile.parameter) != fit.undetermined.end())
      verdict.reason = "it can change together with others without any predicted loss changing";
    else if (!profile.low || !profile.high)
      verdict.reason = fmt::format("the objective is flat {}: no value there fits worse than "
                                   "noise explains",
                                   !profile.low && !profile.high ? "on both sides"
                                   : profile.low                 ? "above"
                                                                 : "below");
    else
      judge(*profile.low, *profile.high, "profile");
    if (verdict.reason.empty() && resamples != nullptr && resamples->parameters.rows() > 0) {
      const auto column = resamples->parameters.col(static_cast<Eigen::Index>(profile.parameter));
      const Interval interval = percentile_interval({column.begin(), column.end()}, 0.95);
      judge(interval.low, interval.high, "bootstrap");
    }
    verdict.identified = verdict.reason.empty();
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

} // namespace flopcast
