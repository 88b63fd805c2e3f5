// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/execution/schedule/pipeline.hpp"

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace flopcast {

/// What runs side by side on a stage. On one lane nothing overlaps.
enum class TimelineLane : std::uint8_t {
  compute,
  paired_compute, ///< a backward pass that runs together with a forward one (DualPipe)
  forward_messages,
  backward_messages,
  exchange, ///< data-parallel
};

enum class IntervalKind : std::uint8_t {
  forward,
  backward,
  input_gradient,
  weight_gradient,
  forward_message,
  backward_message,
  gather,
  scatter,
  gradients,
  optimizer,
};

[[nodiscard]] std::string_view to_text(TimelineLane lane);
[[nodiscard]] std::string_view to_text(IntervalKind kind);

/// Something that a stage does for a time.
struct TimelineInterval {
  Seconds start; ///< since the step began
  Seconds end;
  std::uint32_t stage = 0;
  std::uint32_t chunk = 0;       ///< in the order of the model; 0 for the optimizer
  std::uint32_t micro_batch = 0; ///< 0 for gradients and the optimizer
  TimelineLane lane = TimelineLane::compute;
  IntervalKind kind = IntervalKind::forward;
  /// Of a message, and of the task that needs it: the same number from 1 on. 0: no message.
  std::uint64_t message = 0;
};

/// Saved activations of a stage from `at` on.
struct MemorySample {
  Seconds at;
  Bytes alive;
  std::uint32_t stage = 0;
};

/// Told of the timeline as it is simulated: in order for each lane and for the memory of each
/// stage, not across stages.
struct TimelineVisitor {
  std::function<void(const TimelineInterval &)> interval;
  std::function<void(const MemorySample &)> memory;
};

/// Simulates the step, telling the visitor of everything; keeps nothing of it.
ScheduleOutcome visit_timeline(const PipelineWork &work, const TimelineVisitor &visitor);

/// All of it, for steps that fit into memory.
struct Timeline {
  std::vector<TimelineInterval> intervals;
  std::vector<MemorySample> memory;
  ScheduleOutcome outcome;
};

[[nodiscard]] Timeline timeline_of(const PipelineWork &work);

} // namespace flopcast
