// SPDX-License-Identifier: Apache-2.0
#include "profiler/measuring/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace flopcast {
namespace {

constexpr double probability = 0.95;
// The fewest whose median no single disturbed run can move.
constexpr std::int64_t fewest_runs_in_time = 3;
constexpr double far_deviations = 5;
constexpr double far_share = 0.01;
// Of a normal distribution: standard deviation / median absolute deviation = 1 / Φ⁻¹(3/4).
constexpr double normal_deviations = 1.4826;

/// P(Binomial(n, 1/2) = k), by logarithms: 2^-n underflows from n = 1,075 on.
double coin_probability(double n, double k) {
  return std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) -
                  n * std::log(2.0));
}

/// How many values lie below the interval, and as many above; empty if none would do.
std::optional<std::size_t> values_outside(std::size_t count) {
  std::optional<std::size_t> outside;
  double below = 0;
  for (std::size_t r = 0; 2 * r + 1 < count; ++r) {
    below += coin_probability(static_cast<double>(count), static_cast<double>(r));
    if (1 - 2 * below < probability)
      break;
    outside = r;
  }
  return outside;
}

} // namespace

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1)
    return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

std::optional<MedianInterval> median_interval(std::vector<double> values) {
  const auto outside = values_outside(values.size());
  if (!outside)
    return std::nullopt;
  std::ranges::sort(values);
  return MedianInterval{.low = values[*outside], .high = values[values.size() - 1 - *outside]};
}

double relative_error(std::vector<double> values) {
  const double middle = median(values);
  const auto [least, most] = std::ranges::minmax(values);
  const MedianInterval around =
      median_interval(std::move(values)).value_or(MedianInterval{least, most});
  return middle > 0 ? (around.high - around.low) / 2 / middle : 0;
}

std::int64_t outlier_count(const std::vector<double> &values) {
  if (values.empty())
    return 0;
  const double middle = median(values);
  const auto distance = [&](double value) { return std::abs(value - middle); };
  std::vector<double> distances(values.size());
  std::ranges::transform(values, distances.begin(), distance);
  const double far =
      std::max(far_deviations * normal_deviations * median(distances), far_share * middle);
  return std::ranges::count_if(distances, [&](double d) { return d > far; });
}

bool enough(const StopRule &rule, std::span<const double> times, Seconds spent) {
  const auto runs = static_cast<std::int64_t>(times.size());
  if (runs >= rule.most_runs || (runs >= fewest_runs_in_time && spent >= rule.most_time))
    return true;
  return runs >= rule.fewest_runs &&
         relative_error({times.begin(), times.end()}) <= rule.relative_error;
}

} // namespace flopcast
