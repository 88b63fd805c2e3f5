// SPDX-License-Identifier: Apache-2.0
// How fast steps are simulated, and what the closed forms take instead.
#include "model/execution/schedule/closed_form.hpp"
#include "tests/model/pipelines.hpp"

#include <benchmark/benchmark.h>

namespace flopcast {
namespace {

using namespace tests;

PipelineWork with_messages(PipelineWork work) {
  work.messages = {{.forward = 0.05 * units::second, .backward = 0.05 * units::second}};
  return work;
}

/// Tasks are forward and backward passes of a micro-batch through a chunk, and messages.
void simulate(benchmark::State &state, const PipelineWork &work) {
  std::size_t tasks = 0;
  for (auto _ : state)
    tasks += simulated_schedule(work).tasks;
  state.SetItemsProcessed(static_cast<std::int64_t>(tasks));
}

void simulated_step(benchmark::State &state) {
  const auto schedule = static_cast<PipelineSchedule>(state.range(0));
  const std::int64_t chunks = schedule == PipelineSchedule::interleaved ? 4
                              : schedule == PipelineSchedule::zb_v      ? 2
                                                                        : 1;
  state.SetLabel(std::string(to_text(schedule)));
  simulate(state, with_messages(even_pipeline(schedule, 16, 512, {1, 1, 1}, chunks)));
}
BENCHMARK(simulated_step)->DenseRange(0, 6)->Unit(benchmark::kMicrosecond);

/// 530B on 3,360 GPUs: 35 stages of 3 layers, a layer a task and pass, 10,000 micro-batches: 2.1
/// million passes and as many messages. At most 0.5 s and 300 MB.
void simulated_530b_step(benchmark::State &state) {
  simulate(state,
           with_messages(even_pipeline(PipelineSchedule::interleaved, 35, 10'010, {1, 1, 1}, 3)));
}
BENCHMARK(simulated_530b_step)->Unit(benchmark::kMillisecond);

void closed_form(benchmark::State &state) {
  const auto schedule = static_cast<PipelineSchedule>(state.range(0));
  const std::int64_t chunks = schedule == PipelineSchedule::interleaved ? 4
                              : schedule == PipelineSchedule::zb_v      ? 2
                                                                        : 1;
  state.SetLabel(std::string(to_text(schedule)));
  PipelineWork work = even_pipeline(schedule, state.range(1), 512, {1, 1, 1}, chunks);
  for (auto _ : state)
    benchmark::DoNotOptimize(closed_form_time(work));
}
BENCHMARK(closed_form)
    ->ArgsProduct({benchmark::CreateDenseRange(0, 6, 1), {8, 64}})
    ->Unit(benchmark::kNanosecond);

} // namespace
} // namespace flopcast
