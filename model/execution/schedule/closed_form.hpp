// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/execution/schedule/pipeline.hpp"

#include <optional>

namespace flopcast {

/// How long a step takes, without running its tasks.
struct ScheduleTime {
  Seconds makespan; ///< as in ScheduleOutcome
  Seconds step;

  bool operator==(const ScheduleTime &) const = default;
};

/// The time of a step in closed form, where there is one that holds within 1 % of the simulation:
///  * gpipe: always, uneven stages included;
///  * 1f1b: equal stages, messages no longer than a forward task; within 3 % where no stage takes
///    more than twice as long as another;
///  * interleaved: equal chunks, p divides m, messages no longer than a task and blocking ones a
///    small part of it;
///  * zb_h1, zb_h2, zb_v, dual_pipe: equal chunks, forward, input and weight gradient equal too, as
///    the published bubbles assume, short messages, at least 2p micro-batches.
/// Absent elsewhere, and for work with exchanges: simulate it.
/// Sources: Huang et al. 2019; Narayanan et al. 2021, section 2.2; Qi et al. 2023, table 2;
/// DeepSeek-AI 2024, table 2; the terms of messages are derived in docs/method.md.
[[nodiscard]] std::optional<ScheduleTime> closed_form_time(const PipelineWork &work);

/// closed_form_time(), else that of the simulation. Of many micro-batches only the first rounds are
/// simulated; the others take as long as the last of these.
[[nodiscard]] ScheduleTime schedule_time(const PipelineWork &work);

/// Micro-batches saved at the peak, a chunk counted as its share of the stage: those between their
/// forward and input gradient, and those that only wait for their weight gradient.
struct InFlight {
  double saved = 0;
  double awaiting_weights = 0;
};

/// For equal stages. Sources: Korthikanti et al. 2022, section 4.2.3 (1F1B, interleaved); Qi et al.
/// 2023, table 2; Qi et al. 2024; DeepSeek-AI 2024, table 2.
[[nodiscard]] InFlight micro_batches_in_flight(PipelineSchedule schedule, std::int64_t stages,
                                               std::int64_t chunks, std::int64_t micro_batches,
                                               std::int64_t stage);

} // namespace flopcast
