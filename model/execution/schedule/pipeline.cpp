// SPDX-License-Identifier: Apache-2.0
#include "model/execution/schedule/pipeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace flopcast {
namespace {

constexpr std::array schedules{
    Spelled<PipelineSchedule>{"gpipe", PipelineSchedule::gpipe},
    Spelled<PipelineSchedule>{"1f1b", PipelineSchedule::one_f_one_b},
    Spelled<PipelineSchedule>{"interleaved", PipelineSchedule::interleaved},
    Spelled<PipelineSchedule>{"zb_h1", PipelineSchedule::zb_h1},
    Spelled<PipelineSchedule>{"zb_h2", PipelineSchedule::zb_h2},
    Spelled<PipelineSchedule>{"zb_v", PipelineSchedule::zb_v},
    Spelled<PipelineSchedule>{"dual_pipe", PipelineSchedule::dual_pipe},
};

} // namespace

std::span<const Spelled<PipelineSchedule>> pipeline_schedule_names() { return schedules; }

std::string_view to_text(PipelineSchedule schedule) {
  return schedules[static_cast<std::size_t>(schedule)].first;
}

bool alternates(PipelineSchedule schedule) {
  return schedule == PipelineSchedule::one_f_one_b || schedule == PipelineSchedule::interleaved;
}

bool splits_backward(PipelineSchedule schedule) {
  switch (schedule) {
  case PipelineSchedule::zb_h1:
  case PipelineSchedule::zb_h2:
  case PipelineSchedule::zb_v:
  case PipelineSchedule::dual_pipe:
    return true;
  case PipelineSchedule::gpipe:
  case PipelineSchedule::one_f_one_b:
  case PipelineSchedule::interleaved:
    break;
  }
  return false;
}

std::int64_t stage_of(PipelineSchedule schedule, std::int64_t stages, std::int64_t chunk) {
  const std::int64_t position = chunk % stages;
  const bool on_the_way_back = schedule == PipelineSchedule::zb_v && chunk >= stages;
  return on_the_way_back ? stages - 1 - position : position;
}

std::optional<ScheduleProblem> schedule_problem(PipelineSchedule schedule, std::int64_t stages,
                                                std::int64_t chunks, std::int64_t micro_batches) {
  if (stages < 1 || chunks < 1 || micro_batches < 1)
    return ScheduleProblem{"a pipeline has at least one stage, chunk and micro-batch",
                           "state positive numbers"};
  if (constexpr std::int64_t most = 65'535; stages > most / chunks)
    return ScheduleProblem{
        fmt::format("{} stages of {} chunks are more than {}", stages, chunks, most),
        "set a smaller pipeline_parallel or virtual_pipeline"};
  if (schedule == PipelineSchedule::zb_v && chunks != 2)
    return ScheduleProblem{fmt::format("zb_v folds two chunks onto each stage, not {}", chunks),
                           "set virtual_pipeline = 2"};
  if (schedule != PipelineSchedule::zb_v && schedule != PipelineSchedule::interleaved && chunks > 1)
    return ScheduleProblem{
        fmt::format("{} has one chunk a stage, not {}", to_text(schedule), chunks),
        "set virtual_pipeline = 1, or the schedule to interleaved"};
  if (schedule != PipelineSchedule::dual_pipe)
    return std::nullopt;
  if (stages % 2 != 0)
    return ScheduleProblem{
        fmt::format("dual_pipe pairs stages from both ends, and {} is odd", stages),
        "choose an even pipeline_parallel"};
  if (micro_batches % 2 != 0 || micro_batches < 2 * stages)
    return ScheduleProblem{
        fmt::format("dual_pipe needs an even number of at least {} micro-batches, not {}",
                    2 * stages, micro_batches),
        "choose a larger global_batch or a smaller micro_batch"};
  return std::nullopt;
}

} // namespace flopcast
