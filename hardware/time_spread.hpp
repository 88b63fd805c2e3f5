// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/calibration.hpp"
#include "hardware/device.hpp"
#include "hardware/operator_call.hpp"
#include "hardware/units/quantity.hpp"

namespace flopcast {

/// Where a measurement of an operator would lie against its predicted time: the tenth, fiftieth and
/// ninetieth percentile of log(measured / predicted).
struct TimeSpread {
  double p10 = 0;
  double p50 = 0;
  double p90 = 0;

  /// Of the log-normal distribution that is as wide.
  [[nodiscard]] double sigma() const;

  bool operator==(const TimeSpread &) const = default;
};

/// Spread of operator_time() = `predicted`. From held-back measurements of the class at its
/// duration, or of the whole class where it has too few there; wider by what transfers to another
/// device missed, by every octave that the shape lies beyond what was measured, and by what
/// stand-ins of another class missed. Classes without a model: as the default shares missed what
/// was measured. Operators of one class err together, one class apart from another: a sum over a
/// step adds sigma × time linearly inside a class and in squares between classes.
[[nodiscard]] TimeSpread operator_time_spread(const Calibration &calibration,
                                              const OperatorCall &call, Seconds predicted);

} // namespace flopcast
