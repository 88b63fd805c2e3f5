// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/fit/analysis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

namespace flopcast {
namespace {

using Eigen::Index;

/// A run beyond the data by more than this factor in scale is far off: Hoffmann et al. went from
/// their largest budget to Chinchilla's by 192.
constexpr double far_beyond = 200;
/// Beyond noise by this many deviations, what held-out runs show is a bias.
constexpr double clear_bias = 3;

std::vector<double> over_draws(const Bootstrap &resamples,
                               const std::function<double(const std::vector<double> &)> &value) {
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(resamples.parameters.rows()));
  for (Index row = 0; row < resamples.parameters.rows(); ++row)
    values.push_back(value(draw_of(resamples, row)));
  return values;
}

BudgetForecast forecast_of(const LawAnalysis &analysis, double compute) {
  const LossForm &form = analysis.fit.form();
  BudgetForecast result{.optimum = budget_optimum(form, analysis.fit.parameters, compute)};
  if (!analysis.resamples)
    return result;
  std::vector<double> sizes;
  std::vector<double> ratios;
  std::vector<double> losses;
  for (Index row = 0; row < analysis.resamples->parameters.rows(); ++row) {
    const BudgetOptimum drawn = budget_optimum(form, draw_of(*analysis.resamples, row), compute);
    sizes.push_back(drawn.parameters);
    ratios.push_back(drawn.tokens / drawn.parameters);
    losses.push_back(drawn.loss);
  }
  result.parameters80 = percentile_interval(sizes, 0.8);
  result.parameters95 = percentile_interval(sizes, 0.95);
  result.ratio80 = percentile_interval(ratios, 0.8);
  result.ratio95 = percentile_interval(ratios, 0.95);
  result.loss80 = percentile_interval(losses, 0.8);
  result.loss95 = percentile_interval(losses, 0.95);
  return result;
}

void find_optima(LawAnalysis &analysis, std::vector<double> budgets) {
  if (!divides_budget(analysis.fit.form()))
    return;
  if (budgets.empty()) {
    double largest = 0;
    for (const ScalingRun &run : analysis.fit.runs)
      largest = std::max(largest, run_scale(analysis.fit.form(), run));
    budgets = {largest, 10 * largest, 100 * largest};
  }
  for (const double budget : budgets)
    analysis.optima.push_back(forecast_of(analysis, budget));
}

void warn(LawAnalysis &analysis) {
  auto &warnings = analysis.warnings;
  const LawFit &fit = analysis.fit;
  warnings = fit.warnings;
  for (const Identifiability &verdict : analysis.verdicts)
    if (!verdict.identified)
      warnings.push_back(fmt::format("{} is not identified: {}",
                                     fit.form().parameters[verdict.parameter].name,
                                     verdict.reason));
  if (analysis.resamples &&
      analysis.resamples->not_converged * 20 > analysis.resamples->options.resamples)
    warnings.push_back(fmt::format("{} of {} resamples did not come to rest",
                                   analysis.resamples->not_converged,
                                   analysis.resamples->options.resamples));
  if (!analysis.outliers.empty())
    warnings.push_back(fmt::format("{} more than 5 robust standard deviations off the law; see "
                                   "outliers",
                                   analysis.outliers.size() == 1
                                       ? std::string("one run lies")
                                       : fmt::format("{} runs lie", analysis.outliers.size())));
  for (const HoldOut &test : analysis.hold_outs)
    if (std::abs(test.bias) > clear_bias * test.explained) {
      warnings.push_back(fmt::format(
          "fitted to the {} smallest runs, the law misses the {} largest by {:+.1f} % on average, "
          "beyond what noise explains: expect such errors beyond these data too",
          test.fitted, test.held_out, 100 * test.bias));
      break;
    }
  for (const Forecast &forecast : analysis.forecasts)
    if (std::exp(forecast.distance) > far_beyond)
      warnings.push_back(fmt::format("a forecast lies {:.0f} times beyond the largest run",
                                     std::exp(forecast.distance)));
}

} // namespace

double LawAnalysis::standard_error(std::size_t parameter) const {
  if (!resamples || !fit.is_fitted(parameter))
    return fit.standard_error(parameter);
  const auto column = resamples->parameters.col(static_cast<Index>(parameter));
  return deviation({column.begin(), column.end()});
}

Interval LawAnalysis::interval(std::size_t parameter, double level) const {
  const double value = fit.parameters[parameter];
  if (!fit.is_fitted(parameter))
    return {value, value};
  if (resamples) {
    const auto column = resamples->parameters.col(static_cast<Index>(parameter));
    return percentile_interval({column.begin(), column.end()}, level);
  }
  const auto j = static_cast<Index>(parameter);
  const double freedom =
      std::max(1.0, static_cast<double>(fit.runs.size()) - static_cast<double>(fit.theta.size()));
  const double half = student_quantile(level, freedom) * std::sqrt(fit.covariance(j, j));
  const FormParameter &kind = fit.form().parameters[parameter];
  const double internal = internal_value(kind, value);
  return {natural_value(kind, internal - half), natural_value(kind, internal + half)};
}

std::optional<Interval> LawAnalysis::exponent_interval(double level) const {
  if (!resamples || !divides_budget(fit.form()))
    return std::nullopt;
  return percentile_interval(over_draws(*resamples,
                                        [&](const std::vector<double> &natural) {
                                          return optimum_exponent(fit.form(), natural);
                                        }),
                             level);
}

LawAnalysis analyse_law(const std::vector<ScalingRun> &runs, const LawAnalysisOptions &options,
                        const std::stop_token &stop) {
  LawAnalysis analysis{.fit = fit_law(runs, options.fit, stop)};
  if (options.bootstrap.resamples > 0)
    analysis.resamples = bootstrap(analysis.fit, options.bootstrap, stop);
  analysis.profiles = profile_parameters(analysis.fit, stop);
  analysis.verdicts = identifiability(analysis.fit, analysis.profiles,
                                      analysis.resamples ? &*analysis.resamples : nullptr);
  analysis.outliers = outliers(analysis.fit);
  analysis.groups = isoflops(runs);
  analysis.first = approach_one(analysis.groups);
  analysis.second = approach_two(analysis.groups);
  analysis.hold_outs = leave_largest_out(analysis.fit, stop);
  analysis.straying = lack_of_fit(analysis.hold_outs);
  find_optima(analysis, options.budgets);
  for (const ScalingRun &run : options.forecasts)
    analysis.forecasts.push_back(forecast(
        analysis.fit, run, analysis.resamples ? &*analysis.resamples : nullptr, analysis.straying));
  warn(analysis);
  return analysis;
}

} // namespace flopcast
