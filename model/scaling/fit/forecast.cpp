// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/fit/forecast.hpp"

#include "model/scaling/fit/allocation_of_fit.hpp"
#include "model/scaling/fit/random_stream.hpp"

#include <algorithm>
#include <cmath>

namespace flopcast {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

/// Runs that must be left to a fit beside one for each parameter.
constexpr std::size_t spare_runs = 3;
/// Below half an e-fold beyond the data a bias says nothing of straying.
constexpr double shortest_distance = 0.5;

double largest_scale(const LawFit &fit) {
  double largest = 0;
  for (const ScalingRun &run : fit.runs)
    largest = std::max(largest, run_scale(fit.form(), run));
  return largest;
}

double freedom_of(const LawFit &fit) {
  return std::max(1.0,
                  static_cast<double>(fit.runs.size()) - static_cast<double>(fit.theta.size()));
}

HoldOut held_out(const LawFit &fit, std::vector<ScalingRun> ordered, std::size_t kept) {
  HoldOut test{.fitted = kept, .held_out = ordered.size() - kept};
  const std::vector<ScalingRun> large(ordered.begin() + static_cast<std::ptrdiff_t>(kept),
                                      ordered.end());
  ordered.resize(kept);
  LawFitOptions options = fit.options;
  options.starts = std::min(options.starts, 12);
  options.hoffmann_starts = false;
  const LawFit small = fit_law(ordered, options);
  test.largest_fitted = largest_scale(small);
  VectorXd mean_gradient = VectorXd::Zero(static_cast<Index>(small.parameters.size()));
  const auto count = static_cast<double>(large.size());
  for (const ScalingRun &run : large) {
    const double scale = run_scale(fit.form(), run);
    test.largest = std::max(test.largest, scale);
    test.mean_distance += std::max(0.0, std::log(scale / test.largest_fitted)) / count;
    const double error = std::log(run.loss) - std::log(small.loss(run));
    test.bias += error / count;
    test.rmse += error * error / count;
    mean_gradient += log_loss_gradient(small, run) / count;
  }
  test.rmse = std::sqrt(test.rmse);
  test.explained = std::sqrt(mean_gradient.dot(small.covariance * mean_gradient) +
                             small.noise * small.noise / count);
  return test;
}

} // namespace

double run_scale(const LossForm &form, const ScalingRun &run) {
  using enum RunFeature;
  const auto needs = [&](RunFeature feature) {
    return std::ranges::find(form.needs, feature) != form.needs.end();
  };
  if (needs(parameters) && needs(tokens))
    return 6 * run.at(parameters) * run.at(tokens);
  return run.at(form.needs.front());
}

VectorXd log_loss_gradient(const LawFit &fit, const ScalingRun &run) {
  const auto size = static_cast<Index>(fit.parameters.size());
  VectorXd gradient = VectorXd::Zero(size);
  constexpr double step = 1e-5; // of a logarithm or an exponent: errors of 1e-10
  for (Index j = 0; j < size; ++j) {
    const auto index = static_cast<std::size_t>(j);
    if (!fit.is_fitted(index))
      continue;
    const FormParameter &parameter = fit.form().parameters[index];
    std::vector<double> moved = fit.parameters;
    const double internal = internal_value(parameter, fit.parameters[index]);
    moved[index] = natural_value(parameter, internal + step);
    const double above = std::log(form_loss(fit.form(), moved, run));
    moved[index] = natural_value(parameter, internal - step);
    gradient[j] = (above - std::log(form_loss(fit.form(), moved, run))) / (2 * step);
  }
  return gradient;
}

double student_quantile(double level, double freedom) {
  const double z = level > 0.9 ? 1.959964 : 1.281552;
  // Abramowitz and Stegun 26.7.5.
  return z + (std::pow(z, 3) + z) / (4 * freedom) +
         (5 * std::pow(z, 5) + 16 * std::pow(z, 3) + 3 * z) / (96 * freedom * freedom);
}

std::vector<HoldOut> leave_largest_out(const LawFit &fit, const std::stop_token &stop) {
  std::vector<ScalingRun> ordered = fit.runs;
  std::ranges::stable_sort(ordered, {},
                           [&](const ScalingRun &run) { return run_scale(fit.form(), run); });
  std::vector<HoldOut> tests;
  std::size_t last = ordered.size();
  for (const double share : {0.1, 0.2, 0.3, 0.5}) {
    if (stop.stop_requested())
      throw Stopped{};
    const auto kept =
        static_cast<std::size_t>(std::floor((1 - share) * static_cast<double>(ordered.size())));
    if (kept == last || kept < static_cast<std::size_t>(fit.theta.size()) + spare_runs)
      continue;
    tests.push_back(held_out(fit, ordered, kept));
    last = kept;
  }
  return tests;
}

double lack_of_fit(const std::vector<HoldOut> &tests) {
  double sum = 0;
  std::size_t count = 0;
  for (const HoldOut &test : tests) {
    if (test.mean_distance < shortest_distance)
      continue;
    const double unexplained = test.bias * test.bias - test.explained * test.explained;
    sum += unexplained / (test.mean_distance * test.mean_distance);
    ++count;
  }
  return count == 0 ? 0 : std::sqrt(std::max(0.0, sum / static_cast<double>(count)));
}

Forecast forecast(const LawFit &fit, const ScalingRun &run, const Bootstrap *resamples,
                  double straying) {
  Forecast result;
  result.loss = fit.loss(run);
  result.distance = std::max(0.0, std::log(run_scale(fit.form(), run) / largest_scale(fit)));
  result.from_noise = fit.noise;
  result.from_lack_of_fit = straying * result.distance;
  const double other = std::hypot(result.from_noise, result.from_lack_of_fit);
  if (resamples == nullptr || resamples->parameters.rows() == 0) {
    const VectorXd gradient = log_loss_gradient(fit, run);
    result.from_parameters = std::sqrt(gradient.dot(fit.covariance * gradient));
    const auto interval = [&](double level, double spread) {
      const double half = student_quantile(level, freedom_of(fit)) * spread;
      return Interval{result.loss * std::exp(-half), result.loss * std::exp(half)};
    };
    result.law80 = interval(0.8, result.from_parameters);
    result.law95 = interval(0.95, result.from_parameters);
    result.run80 = interval(0.8, std::hypot(result.from_parameters, other));
    result.run95 = interval(0.95, std::hypot(result.from_parameters, other));
    return result;
  }
  // Residuals keep their own distribution: it has longer tails than the normal one.
  constexpr int runs_of_a_law = 8;
  const double inflation = fit.log_rmse > 0 ? fit.noise / fit.log_rmse : 1;
  RandomStream random(resamples->options.seed, 0x10000000000U);
  std::vector<double> laws;
  std::vector<double> logs;
  std::vector<double> losses;
  for (Index row = 0; row < resamples->parameters.rows(); ++row) {
    laws.push_back(form_loss(fit.form(), draw_of(*resamples, row), run));
    logs.push_back(std::log(laws.back()));
    for (int i = 0; i < runs_of_a_law; ++i) {
      const double residual =
          -inflation * fit.log_residuals[random.below(fit.log_residuals.size())];
      losses.push_back(laws.back() *
                       std::exp(residual + result.from_lack_of_fit * random.normal()));
    }
  }
  result.from_parameters = deviation(logs);
  result.law80 = percentile_interval(laws, 0.8);
  result.law95 = percentile_interval(laws, 0.95);
  result.run80 = percentile_interval(losses, 0.8);
  result.run95 = percentile_interval(losses, 0.95);
  return result;
}

} // namespace flopcast
