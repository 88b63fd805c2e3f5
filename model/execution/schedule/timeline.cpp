// SPDX-License-Identifier: Apache-2.0
#include "model/execution/schedule/timeline.hpp"

#include "model/execution/schedule/step_end.hpp"

#include <array>

namespace flopcast {
namespace {

using units::byte;
using units::second;

/// Passes on what the engine tells, in the terms of the timeline.
class Teller {
public:
  Teller(const Passes &passes, const TimelineVisitor &visitor)
      : passes_(passes), visitor_(visitor) {
    for (std::uint32_t pass = 0; pass < passes.passes.size(); ++pass)
      if (passes.passes[pass].first && pass > 0)
        second_route_ = pass;
  }

  void task(const Task &task, double start, double end) {
    TimelineInterval interval = interval_of(task, start, end);
    interval.kind = static_cast<IntervalKind>(task.kind);
    interval.message = message_to(task);
    // The engine tells of the two tasks of a pair one after the other.
    if (second_of_pair_)
      interval.lane = TimelineLane::paired_compute;
    second_of_pair_ = task.with_next;
    visitor_.interval(interval);
  }

  void forward_message(const Task &task, double start, double end) {
    TimelineInterval interval = interval_of(task, start, end);
    interval.lane = TimelineLane::forward_messages;
    interval.kind = IntervalKind::forward_message;
    interval.message = message_number(task.pass + 1U, task.micro_batch, false);
    visitor_.interval(interval);
  }

  void backward_message(const Task &task, double start, double end) {
    TimelineInterval interval = interval_of(task, start, end);
    interval.lane = TimelineLane::backward_messages;
    interval.kind = IntervalKind::backward_message;
    interval.message = message_number(task.pass - 1U, task.micro_batch, true);
    visitor_.interval(interval);
  }

  void gather(const Task &task, double start, double end) {
    exchange(task, start, end, IntervalKind::gather);
  }
  void scatter(const Task &task, double start, double end) {
    exchange(task, start, end, IntervalKind::scatter);
  }

  void memory(std::uint32_t stage, double at, double alive) {
    visitor_.memory({at * second, alive * byte, stage});
  }

private:
  [[nodiscard]] TimelineInterval interval_of(const Task &task, double start, double end) const {
    const Pass &pass = passes_.passes[task.pass];
    TimelineInterval interval;
    interval.start = start * second;
    interval.end = end * second;
    interval.stage = pass.stage;
    interval.chunk = pass.chunk;
    // The second route's micro-batches are numbered after the first one's.
    const bool second_route = second_route_ != 0 && task.pass >= second_route_;
    interval.micro_batch = task.micro_batch + (second_route ? passes_.micro_batches : 0);
    return interval;
  }

  void exchange(const Task &task, double start, double end, IntervalKind kind) {
    TimelineInterval interval = interval_of(task, start, end);
    interval.lane = TimelineLane::exchange;
    interval.kind = kind;
    visitor_.interval(interval);
  }

  [[nodiscard]] std::uint64_t message_number(std::size_t to, std::uint32_t micro_batch,
                                             bool backward) const {
    return 2 * (std::uint64_t{to} * passes_.micro_batches + micro_batch) + (backward ? 2U : 1U);
  }

  /// That the task waited for.
  [[nodiscard]] std::uint64_t message_to(const Task &task) const {
    const Pass &pass = passes_.passes[task.pass];
    if (task.kind == TaskKind::weight_gradient)
      return 0;
    const bool backward = task.kind != TaskKind::forward;
    if (backward ? pass.last : pass.first)
      return 0;
    const Pass &from = passes_.passes[backward ? task.pass + 1U : task.pass - 1U];
    const double time = backward ? from.backward_message : from.forward_message;
    return time > 0 ? message_number(task.pass, task.micro_batch, backward) : 0;
  }

  const Passes &passes_;
  const TimelineVisitor &visitor_;
  std::uint32_t second_route_ = 0; ///< its first pass; 0: there is none
  bool second_of_pair_ = false;
};

void tell_ends(const std::vector<StageEnd> &ends, const TimelineVisitor &visitor) {
  for (std::size_t stage = 0; stage < ends.size(); ++stage) {
    TimelineInterval interval;
    interval.stage = static_cast<std::uint32_t>(stage);
    interval.kind = IntervalKind::gradients;
    interval.lane = TimelineLane::exchange;
    for (const StageEnd::Exchange &exchange : ends[stage].exchanges) {
      interval.start = exchange.span.start * second;
      interval.end = exchange.span.end * second;
      interval.chunk = exchange.chunk;
      visitor.interval(interval);
    }
    const Span &optimizer = ends[stage].optimizer;
    if (optimizer.end <= optimizer.start)
      continue;
    interval.kind = IntervalKind::optimizer;
    interval.lane = TimelineLane::compute;
    interval.chunk = 0;
    interval.start = optimizer.start * second;
    interval.end = optimizer.end * second;
    visitor.interval(interval);
  }
}

} // namespace

std::string_view to_text(TimelineLane lane) {
  constexpr std::array<std::string_view, 5> names{"compute", "paired compute", "forward messages",
                                                  "backward messages", "data-parallel"};
  return names[static_cast<std::size_t>(lane)];
}

std::string_view to_text(IntervalKind kind) {
  constexpr std::array<std::string_view, 10> names{
      "forward",          "backward", "input gradient", "weight gradient", "forward message",
      "backward message", "gather",   "scatter",        "gradients",       "optimizer"};
  return names[static_cast<std::size_t>(kind)];
}

ScheduleOutcome visit_timeline(const PipelineWork &work, const TimelineVisitor &visitor) {
  const Passes passes = passes_of(work);
  Teller teller(passes, visitor);
  const ScheduleRun run = run_schedule(work, passes, teller);
  tell_ends(run.ends, visitor);
  ScheduleOutcome outcome = schedule_outcome(work, passes, run.stages, run.ends);
  outcome.tasks = run.tasks;
  return outcome;
}

Timeline timeline_of(const PipelineWork &work) {
  Timeline timeline;
  timeline.outcome = visit_timeline(
      work, {.interval =
                 [&](const TimelineInterval &interval) { timeline.intervals.push_back(interval); },
             .memory = [&](const MemorySample &sample) { timeline.memory.push_back(sample); }});
  return timeline;
}

} // namespace flopcast
