// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/plots/plot_data.hpp"
#include "model/execution/schedule/timeline.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

namespace flopcast {

inline constexpr std::size_t interval_kind_count = 10;
inline constexpr std::size_t timeline_lane_count = 5;

/// Something that a lane does for a time. Small: a step of two million of them is kept whole.
struct TimelineSpan {
  double start = 0; ///< seconds since the step began
  double end = 0;
  std::uint32_t micro_batch = 0;
  std::uint16_t chunk = 0; ///< no schedule has more than 65,535
  IntervalKind kind = IntervalKind::forward;
};

/// Seconds of each kind.
using KindTimes = std::array<double, interval_kind_count>;

/// The timeline of a step, of which any part is found and summed in a time that does not depend on
/// how many tasks there are.
class StepTimeline {
public:
  /// A span with its place.
  struct Task {
    std::size_t stage = 0;
    TimelineLane lane = TimelineLane::compute;
    TimelineSpan span;
  };

  /// Simulates the step. What is told to stop keeps nothing more: see simulated_timeline().
  StepTimeline(PipelineWork work, const std::stop_token &stop);

  [[nodiscard]] const PipelineWork &work() const { return work_; }
  [[nodiscard]] const ScheduleOutcome &outcome() const { return outcome_; }
  [[nodiscard]] std::size_t stages() const { return static_cast<std::size_t>(work_.stages); }
  /// Lanes on which some stage does something, in order.
  [[nodiscard]] const std::vector<TimelineLane> &lanes() const { return used_; }
  /// Kinds that there are, in order.
  [[nodiscard]] const std::vector<IntervalKind> &kinds() const { return kinds_; }
  /// Seconds from the start of the first span to the end of the last.
  [[nodiscard]] double length() const { return length_; }
  /// Of all lanes together.
  [[nodiscard]] std::size_t size() const { return first_row_.back(); }

  /// By time; no two overlap.
  [[nodiscard]] std::span<const TimelineSpan> spans(std::size_t stage, TimelineLane lane) const;
  /// The first span that ends after `time`, as a position in spans().
  [[nodiscard]] std::size_t first_after(std::size_t stage, TimelineLane lane, double time) const;
  /// The span that runs at `time`, or null.
  [[nodiscard]] const TimelineSpan *span_at(std::size_t stage, TimelineLane lane,
                                            double time) const;
  /// What the lane has done until `time`.
  [[nodiscard]] KindTimes done_until(std::size_t stage, TimelineLane lane, double time) const;
  /// Tasks by stage, then lane, then time; `row` is below size().
  [[nodiscard]] Task task(std::size_t row) const;

private:
  // Sums are kept for every so many spans: a tenth of the spans' own memory or less.
  static constexpr std::size_t block = 32;

  struct Lane {
    std::vector<TimelineSpan> spans;
    std::vector<KindTimes> sums; ///< of all spans before each block
  };

  [[nodiscard]] const Lane &lane_of(std::size_t stage, TimelineLane lane) const {
    return lanes_[stage * timeline_lane_count + static_cast<std::size_t>(lane)];
  }
  void build_index();

  PipelineWork work_;
  ScheduleOutcome outcome_;
  std::vector<Lane> lanes_;            ///< by stage, then lane
  std::vector<std::size_t> first_row_; ///< of each lane, and the end
  std::vector<TimelineLane> used_;
  std::vector<IntervalKind> kinds_;
  double length_ = 0;
};

using StepTimelinePointer = std::shared_ptr<const StepTimeline>;

/// The timeline, or null if told to stop.
[[nodiscard]] StepTimelinePointer simulated_timeline(PipelineWork work,
                                                     const std::stop_token &stop);

/// At most so many spans does the step have. More than most_spans are not shown: they would take
/// more memory than a desk has to spare; `flopcast trace` writes them all.
[[nodiscard]] double timeline_size(const PipelineWork &work);
inline constexpr double most_spans = 8e6;

/// Whether both steps run alike.
[[nodiscard]] bool same_work(const PipelineWork &a, const PipelineWork &b);

/// Share of the stages' time in which they wait.
[[nodiscard]] double bubble_share(const ScheduleOutcome &outcome);

/// Saved activations of every stage over the step: of each of `bins` equal parts of it the most
/// that is alive, so that no peak is lost.
struct StageMemory {
  double length = 0;                     ///< seconds
  std::vector<std::vector<double>> most; ///< bytes, by stage, then part
  std::vector<double> peak;              ///< bytes, by stage
};
[[nodiscard]] std::optional<StageMemory>
memory_over_time(const PipelineWork &work, std::size_t bins, const std::stop_token &stop);

/// One stage of it. `stage` counts from 0.
[[nodiscard]] PlotData stage_memory_chart(const StageMemory &memory, std::size_t stage);

/// In the language of the window.
[[nodiscard]] QString kind_name(IntervalKind kind);
[[nodiscard]] QString lane_name(TimelineLane lane);
/// A letter that stands for the kind inside its spans; "" where spans are too flat for one.
[[nodiscard]] QString kind_letter(IntervalKind kind);

} // namespace flopcast
