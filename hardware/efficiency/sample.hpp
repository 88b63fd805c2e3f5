// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/operator_call.hpp"
#include "hardware/units/quantity.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace flopcast {

/// One measured kernel, or kernels that make one operator.
struct KernelSample {
  OperatorCall call;
  Seconds time;
  std::optional<Power> power = {}; ///< mean of the device while it ran, where it was metered
};

/// How far predictions are from measurements. Errors are predicted / measured − 1.
struct ErrorSummary {
  std::int64_t samples = 0;
  double median = 0; ///< of the size of the error
  double mean = 0;   ///< of the size of the error
  double p90 = 0;    ///< of the size of the error
  double bias = 0;   ///< mean of the signed error

  bool operator==(const ErrorSummary &) const = default;
};

/// Where the middle four fifths of measurements lie against their prediction.
struct ErrorSpread {
  std::int64_t samples = 0;
  double p10 = 0; ///< of log(measured / predicted)
  double p50 = 0;
  double p90 = 0;

  bool operator==(const ErrorSpread &) const = default;
};

/// Quantiles of log(measured / predicted). Zero everywhere for no samples.
[[nodiscard]] ErrorSpread spread_of(std::vector<double> log_errors);

/// Summary of predicted / measured − 1. Zero everywhere for no samples.
[[nodiscard]] ErrorSummary summarize(std::vector<double> signed_errors);

/// Whether a sample is held back from fitting. Whole shapes are: all samples that differ only in
/// the number of rows (tokens) are on one side, a quarter of the shapes is held back. For attention
/// a shape is heads × sequences, keys and a head's width; for grouped products the number of
/// experts too; for the optimizer the number of rows.
[[nodiscard]] bool is_held_back(const OperatorCall &call);

/// Of the held-back shapes one half, whole shapes too, tells how far measurements spread; whether
/// that holds is judged by the other.
[[nodiscard]] bool tells_spread(const OperatorCall &call);

} // namespace flopcast
