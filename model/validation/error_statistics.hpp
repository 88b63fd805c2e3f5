// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace flopcast {

/// One prediction held against its measurement: (predicted − measured) / measured, and the runs
/// that it weighs as one with.
struct GroupedError {
  double error = 0;
  std::string_view group;
};

/// How far predictions are from measurements, as fractions: 0.05 is 5 %. "ape": absolute
/// percentage error. Quantiles interpolate between the neighbouring values.
struct ErrorStatistics {
  std::int64_t n = 0;
  std::int64_t groups = 0;
  double mape = 0; ///< mean
  double median_ape = 0;
  double p90_ape = 0;
  double signed_bias = 0; ///< mean of the errors with their sign
  /// 95 % of bootstrap samples of whole groups have a bias between these.
  double bias_low = 0;
  double bias_high = 0;

  // The same where each group weighs 1, spread over its runs.
  double group_weighted_mape = 0;
  double group_weighted_median_ape = 0;
  double group_weighted_p90_ape = 0;
  double group_weighted_bias = 0;
};

/// Zero everywhere for no errors. The bootstrap draws from a generator of fixed seed: the same
/// errors give the same interval.
[[nodiscard]] ErrorStatistics error_statistics(std::span<const GroupedError> errors);

} // namespace flopcast
