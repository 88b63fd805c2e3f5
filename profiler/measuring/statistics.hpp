// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/units/quantity.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace flopcast {

/// When enough runs of an operator were timed: as soon as the median is known well enough, but
/// neither before `fewest_runs` nor after the most.
struct StopRule {
  double relative_error = 0.02; ///< see relative_error()
  std::int64_t fewest_runs = 6; ///< the fewest that give a 95 % interval
  std::int64_t most_runs = 200;
  Seconds most_time = 1.0 * units::second; ///< of all runs together, if there are three
};

/// `times` are those of the runs so far, in seconds; `spent` is what they took, preparation
/// included.
[[nodiscard]] bool enough(const StopRule &rule, std::span<const double> times, Seconds spent);

/// A device whose clocks fell below this share of what they were is throttled. Clocks are read once
/// a millisecond or less often, and vary by a few steps of 0.5 % each.
inline constexpr double throttled_below = 0.95;

/// Middle value, or the mean of the two. `values` must not be empty.
[[nodiscard]] double median(std::vector<double> values);

struct MedianInterval {
  double low = 0;
  double high = 0;
};

/// Values between which the median of the distribution lies with a probability of at least 95 %,
/// whatever the distribution is. Empty for fewer than six values, which cannot say.
/// Source: David and Nagaraja 2003, Order Statistics, section 7.1: the order statistics r and
/// n + 1 − r enclose it with a probability of 1 − 2 P(Binomial(n, 1/2) < r).
[[nodiscard]] std::optional<MedianInterval> median_interval(std::vector<double> values);

/// Half the 95 % interval of the median, over the median; for fewer than six values half of their
/// whole range, which says less.
[[nodiscard]] double relative_error(std::vector<double> values);

/// Values further from the median than five standard deviations, the deviation being taken from the
/// median absolute one, and than 1 %: runs alike to the clock's tick are no outliers.
[[nodiscard]] std::int64_t outlier_count(const std::vector<double> &values);

} // namespace flopcast
