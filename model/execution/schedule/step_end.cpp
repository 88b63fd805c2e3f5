// SPDX-License-Identifier: Apache-2.0
#include "model/execution/schedule/step_end.hpp"

#include <algorithm>

namespace flopcast {
namespace {

/// The exchange of a pass's gradients on a lane that is free from `lane_free` on. Its buckets
/// become ready evenly during the last backward task: the first one may wait for the lane, and the
/// last one starts at the task's end at the earliest.
Span exchange_span(double gradients, std::int64_t buckets, const Span &last_backward,
                   double lane_free) {
  const auto parts = static_cast<double>(buckets);
  const double first_ready =
      last_backward.start + (last_backward.end - last_backward.start) / parts;
  const double start = std::max(lane_free, first_ready);
  return {start, std::max(start + gradients, last_backward.end + gradients / parts)};
}

StageEnd stage_end(const PipelineWork &work, const Passes &passes, std::uint32_t stage,
                   const StageState &state, const std::vector<Span> &last_backward) {
  using namespace units;
  StageEnd end;
  end.exchange_end = std::max(state.compute_end, state.free_at);
  if (work.exchange.empty())
    return end;
  struct Due {
    std::uint32_t chunk;
    Span backward;
  };
  std::vector<Due> due;
  for (std::size_t pass = 0; pass < passes.passes.size(); ++pass)
    if (passes.passes[pass].stage == stage)
      due.push_back({passes.passes[pass].chunk, last_backward[pass]});
  std::stable_sort(due.begin(), due.end(),
                   [](const Due &a, const Due &b) { return a.backward.end < b.backward.end; });

  double lane = state.exchange_lane;
  double optimizer = 0;
  for (Due &each : due) {
    const ExchangeWork &exchange = work.exchange[each.chunk];
    optimizer += exchange.optimizer.in(second);
    if (exchange.gradients.in(second) <= 0)
      continue;
    if (exchange.buckets == 0)
      each.backward = {end.exchange_end, end.exchange_end};
    const Span span =
        exchange_span(exchange.gradients.in(second), std::max<std::int64_t>(exchange.buckets, 1),
                      each.backward, lane);
    end.exchanges.push_back({each.chunk, span});
    lane = span.end;
  }
  end.exchange_end = std::max(end.exchange_end, lane);
  end.optimizer.end = optimizer; // its length, until its start is known
  return end;
}

} // namespace

std::vector<StageEnd> step_end(const PipelineWork &work, const Passes &passes,
                               const std::vector<StageState> &stages,
                               const std::vector<Span> &last_backward) {
  std::vector<StageEnd> ends;
  double last = 0;
  for (std::uint32_t stage = 0; stage < passes.stages; ++stage) {
    ends.push_back(stage_end(work, passes, stage, stages[stage], last_backward));
    last = std::max(last, ends.back().exchange_end);
  }
  for (StageEnd &end : ends) {
    const double start = work.stages_end_together ? last : end.exchange_end;
    end.optimizer = {start, start + end.optimizer.end};
  }
  return ends;
}

ScheduleOutcome schedule_outcome(const PipelineWork &work, const Passes &passes,
                                 const std::vector<StageState> &stages,
                                 const std::vector<StageEnd> &ends) {
  using namespace units;
  double makespan = 0;
  double longest = 0;
  for (std::size_t stage = 0; stage < stages.size(); ++stage) {
    makespan = std::max(makespan, ends[stage].optimizer.end);
    longest = std::max(longest, ends[stage].optimizer.end - stages[stage].first_start);
  }
  const double step = work.stages_end_together ? makespan : longest;

  ScheduleOutcome outcome;
  outcome.makespan = makespan * second;
  outcome.step = step * second;
  for (std::size_t stage = 0; stage < stages.size(); ++stage) {
    const StageState &state = stages[stage];
    StageOutcome &result = outcome.stages.emplace_back();
    const double optimizer = ends[stage].optimizer.end - ends[stage].optimizer.start;
    const double exchange = ends[stage].exchange_end - std::max(state.compute_end, state.free_at);
    const double busy = state.forward + state.input_gradient + state.weight_gradient +
                        state.message + exchange + optimizer;
    result.forward = state.forward * second;
    result.input_gradient = state.input_gradient * second;
    result.weight_gradient = state.weight_gradient * second;
    result.message = state.message * second;
    result.exchange = exchange * second;
    result.optimizer = optimizer * second;
    result.idle = std::max(0.0, step - busy) * second;
    result.peak = state.peak * byte;
    result.peak_at = state.peak_at * second;
    result.in_flight = static_cast<double>(state.saved_at_peak) / passes.chunks;
  }
  return outcome;
}

ScheduleOutcome simulated_schedule(const PipelineWork &work) {
  const Passes passes = passes_of(work);
  NoObserver observer;
  const ScheduleRun run = run_schedule(work, passes, observer);
  ScheduleOutcome outcome = schedule_outcome(work, passes, run.stages, run.ends);
  outcome.tasks = run.tasks;
  return outcome;
}

} // namespace flopcast
