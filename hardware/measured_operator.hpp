// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/operator_call.hpp"
#include "hardware/units/quantity.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace flopcast {

/// Whether operands may be in the last-level cache when a kernel starts.
enum class CacheState { cold, warm };

/// An operator as a device ran it, many times over.
struct MeasuredOperator {
  OperatorCall call;
  CacheState cache = CacheState::cold;
  Seconds median;            ///< of the kernels' time on the device
  double relative_error = 0; ///< half the 95 % interval of the median, over the median
  std::int64_t runs = 0;
  std::int64_t outliers = 0; ///< runs that lie far outside the others; counted in the median
  Seconds host;              ///< median of what the host needed to start it
  std::optional<double> clock_hertz; ///< of the multiprocessors, lowest seen
  std::optional<double> power_watts; ///< mean
  bool throttled = false;            ///< clocks fell while it ran
  /// Why the device held its clocks back when the runs ended, as its driver says: "power",
  /// "power, thermal"; "" where it did not, or does not say.
  std::string throttle_reasons = {};
  /// Attention that ran as products and softmax, as the device has no fused kernel for the shape.
  /// Not fitted.
  bool unfused = false;

  bool operator==(const MeasuredOperator &) const = default;
};

} // namespace flopcast
