// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace flopcast::cuda {

enum class ActivityKind { kernel, copy, fill };

/// What the device did between two points, as CUPTI recorded it.
struct DeviceActivity {
  ActivityKind kind = ActivityKind::kernel;
  std::string name = {};         ///< of a kernel, mangled; "" for copies and fills
  std::uint64_t start = 0;       ///< ns, CUPTI's clock
  std::uint64_t end = 0;         ///< ns
  std::uint32_t correlation = 0; ///< of the call that launched it; a graph's nodes share one
  std::uint32_t stream = 0;
  std::uint64_t bytes = 0; ///< of a copy or fill
};

/// A call of the CUDA runtime or driver.
struct HostCall {
  std::uint64_t start = 0; ///< ns, CUPTI's clock
  std::uint64_t end = 0;   ///< ns
  std::uint32_t correlation = 0;
  std::uint32_t function = 0; ///< CUPTI's callback id
  bool driver = false;        ///< of the driver, which a runtime call enters in turn
};

/// What was recorded, and what was lost on the way.
struct ActivityRecords {
  std::vector<DeviceActivity> device;
  std::vector<HostCall> calls;
  std::uint64_t dropped = 0; ///< records that found no buffer
  std::uint64_t untimed = 0; ///< records of device work without start or end, left out
  std::uint64_t broken = 0;  ///< buffers that could not be read to their end

  [[nodiscard]] bool complete() const { return dropped == 0 && untimed == 0 && broken == 0; }
};

/// Times of recorded work. A launch is a kernel, copy or fill with the call that started it.
struct ActivityTimes {
  double device_seconds = 0;       ///< the union of all intervals: concurrent kernels count once
  double span_seconds = 0;         ///< from the first start to the last end
  double gap_seconds = 0;          ///< within the span, nothing running
  std::int64_t kernels = 0;        ///< kernels, copies and fills
  std::int64_t correlated = 0;     ///< of them, those whose call is known
  double call_seconds = 0;         ///< in the calls that launched, each counted once
  double launch_delay_seconds = 0; ///< median from a call's start to its first kernel's start
};

using Interval = std::pair<std::uint64_t, std::uint64_t>;

/// Length of the union of intervals, in their unit; those that end before they start count nothing.
[[nodiscard]] std::uint64_t union_length(std::vector<Interval> intervals);

[[nodiscard]] ActivityTimes activity_times(const ActivityRecords &records);

} // namespace flopcast::cuda
