// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/measured_operator.hpp"
#include "profiler/measuring/operand_pool.hpp"
#include "profiler/measuring/statistics.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace flopcast {

/// Runs an operator until the rule is met.
/// Throws MeasurementError if the device cannot run it.
[[nodiscard]] MeasuredOperator measure(Kernels &kernels, const OperatorCall &call, CacheState cache,
                                       const StopRule &rule);
/// The same with memory that several operators share.
[[nodiscard]] MeasuredOperator measure(Kernels &kernels, OperandPool &pool,
                                       const OperatorCall &call, CacheState cache,
                                       const StopRule &rule);

struct PlannedOperator {
  OperatorCall call;
  CacheState cache = CacheState::cold;
  Seconds expected; ///< of measuring it, all runs and preparation
};

struct MeasuringProgress {
  std::size_t done = 0; ///< of them, measured, failed or already there
  std::size_t all = 0;
  Seconds spent;
  Seconds left; ///< as what is left was expected to take, at the pace so far
};

struct FailedOperator {
  PlannedOperator planned;
  std::string reason;
};

struct MeasuringOutcome {
  std::size_t measured = 0;
  std::size_t already_measured = 0;
  std::vector<FailedOperator> failed;
  bool stopped = false; ///< before all were done
};

/// What the caller takes part in.
struct MeasuringCallbacks {
  std::function<bool(const PlannedOperator &)> already_measured; ///< may be empty
  /// Called after each operator; what it throws ends the measuring.
  std::function<void(const MeasuredOperator &)> sink;
  std::function<void(const MeasuringProgress &)> progress; ///< may be empty
};

/// Measures them in their order. One that fails does not keep the others from being measured. Ends
/// after the operator at work when a stop is requested.
[[nodiscard]] MeasuringOutcome
measure_all(Kernels &kernels, std::span<const PlannedOperator> operators, const StopRule &rule,
            const MeasuringCallbacks &callbacks, const std::stop_token &stop);

} // namespace flopcast
