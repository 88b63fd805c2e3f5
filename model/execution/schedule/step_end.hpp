// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/execution/schedule/engine.hpp"

#include <stdexcept>
#include <utility>

namespace flopcast {

/// What follows a stage's last backward task.
struct StageEnd {
  struct Exchange {
    std::uint32_t chunk = 0;
    Span span;
  };
  std::vector<Exchange> exchanges; ///< of gradients
  double exchange_end = 0;         ///< not before the last computation
  Span optimizer;
};

/// The stages' exchanges of gradients and optimizers. `last_backward` is that of each pass.
[[nodiscard]] std::vector<StageEnd> step_end(const PipelineWork &work, const Passes &passes,
                                             const std::vector<StageState> &stages,
                                             const std::vector<Span> &last_backward);

/// Adds up what the stages did.
[[nodiscard]] ScheduleOutcome schedule_outcome(const PipelineWork &work, const Passes &passes,
                                               const std::vector<StageState> &stages,
                                               const std::vector<StageEnd> &ends);

/// Runs the work in its schedule's order and tells the observer; returns the stages and their ends.
struct ScheduleRun {
  std::vector<StageState> stages;
  std::vector<StageEnd> ends;
  std::size_t tasks = 0;
};

template <class Order, class Observer>
ScheduleRun run_in_order(const PipelineWork &work, const Passes &passes, Order order,
                         Observer &observer) {
  ScheduleEngine engine(passes, work.exposed_message, order, observer);
  if (!engine.run())
    throw std::logic_error("the stages of a schedule wait for each other");
  std::vector<StageEnd> ends = step_end(work, passes, engine.stages(), engine.last_backward());
  return {engine.stages(), std::move(ends), engine.tasks()};
}

template <class Observer>
ScheduleRun run_schedule(const PipelineWork &work, const Passes &passes, Observer &observer) {
  switch (work.schedule) {
  case PipelineSchedule::gpipe:
    return run_in_order(work, passes, GpipeOrder(passes), observer);
  case PipelineSchedule::one_f_one_b:
  case PipelineSchedule::interleaved:
    break;
  case PipelineSchedule::zb_h1:
  case PipelineSchedule::zb_h2:
  case PipelineSchedule::zb_v:
    return run_in_order(work, passes, zero_bubble_order(passes, work), observer);
  case PipelineSchedule::dual_pipe:
    return run_in_order(work, passes, dual_pipe_order(passes), observer);
  }
  return run_in_order(work, passes, OneForwardOneBackwardOrder(passes), observer);
}

} // namespace flopcast
