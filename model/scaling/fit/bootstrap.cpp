// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/fit/bootstrap.hpp"

#include "model/scaling/fit/random_stream.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

namespace flopcast {
namespace {

using Eigen::ArrayXd;
using Eigen::Index;
using Eigen::VectorXd;

/// A resample's own minimum is near: straight down first, and along the gentler way where that ends
/// badly.
Minimum minimum_near(FitProblem &problem, const VectorXd &theta, const Penalty &penalty) {
  Minimum found = tighten(problem, theta, penalty);
  if (!found.converged)
    if (Minimum again = descend_gradually(problem, found.theta, penalty); again.cost < found.cost)
      found = std::move(again);
  return found;
}

Minimum case_refit(const LawFit &fit, const Penalty &penalty, RandomStream &random) {
  ArrayXd counts = ArrayXd::Zero(fit.problem.weights.size());
  for (Index i = 0; i < counts.size(); ++i)
    counts[random.below(counts.size())] += 1;
  FitProblem drawn = fit.problem.reweighted(counts * fit.problem.weights);
  return minimum_near(drawn, fit.theta, penalty);
}

Minimum residual_refit(const LawFit &fit, const Penalty &penalty, RandomStream &random) {
  FitProblem drawn = fit.problem;
  const Index n = drawn.weights.size();
  // Residuals of a fit are smaller than the noise was, by the parameters that it spent.
  const double spare = std::max(1.0, static_cast<double>(n - fit.theta.size()));
  const double inflation = std::sqrt(static_cast<double>(n) / spare);
  const double center = fit.log_residuals.mean();
  for (Index i = 0; i < n; ++i) {
    const double predicted = fit.problem.log_losses[i] + fit.log_residuals[i];
    drawn.log_losses[i] = predicted - inflation * (fit.log_residuals[random.below(n)] - center);
  }
  return minimum_near(drawn, fit.theta, penalty);
}

} // namespace

Minimum refit(const LawFit &fit, const ArrayXd &times_drawn) {
  FitProblem drawn = fit.problem.reweighted(times_drawn * fit.problem.weights);
  return minimum_near(drawn, fit.theta, fit.options.objective.penalty());
}

Bootstrap bootstrap(const LawFit &fit, const BootstrapOptions &options,
                    const std::stop_token &stop) {
  Bootstrap result{.options = options, .parameters = {}, .not_converged = 0};
  result.parameters.resize(options.resamples, static_cast<Index>(fit.parameters.size()));
  const Penalty penalty = fit.options.objective.penalty();
  std::atomic<std::int64_t> next = 0;
  std::atomic<std::int64_t> failed = 0;
  const auto work = [&] {
    for (std::int64_t i = next++; i < options.resamples && !stop.stop_requested(); i = next++) {
      RandomStream random(options.seed, static_cast<std::uint64_t>(i));
      const Minimum found = options.kind == BootstrapKind::cases
                                ? case_refit(fit, penalty, random)
                                : residual_refit(fit, penalty, random);
      if (!found.converged)
        ++failed;
      const std::vector<double> natural = fit.problem.model.natural(found.theta);
      for (std::size_t j = 0; j < natural.size(); ++j)
        result.parameters(i, static_cast<Index>(j)) = natural[j];
    }
  };
  const auto available = std::max(1U, std::thread::hardware_concurrency());
  const auto threads = options.threads > 0 ? static_cast<unsigned>(options.threads) : available;
  {
    std::vector<std::jthread> workers;
    for (unsigned t = 1; t < threads; ++t)
      workers.emplace_back(work);
    work();
  }
  if (stop.stop_requested())
    throw Stopped{};
  result.not_converged = failed;
  return result;
}

double quantile(std::vector<double> values, double q) {
  std::ranges::sort(values);
  const double at = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(at));
  const auto above = std::min(below + 1, values.size() - 1);
  return values[below] + (at - static_cast<double>(below)) * (values[above] - values[below]);
}

Interval percentile_interval(const std::vector<double> &values, double level) {
  return {quantile(values, 0.5 - level / 2), quantile(values, 0.5 + level / 2)};
}

double deviation(const std::vector<double> &values) {
  double mean = 0;
  for (const double value : values)
    mean += value / static_cast<double>(values.size());
  double squares = 0;
  for (const double value : values)
    squares += (value - mean) * (value - mean);
  return std::sqrt(squares / std::max(1.0, static_cast<double>(values.size()) - 1));
}

} // namespace flopcast
