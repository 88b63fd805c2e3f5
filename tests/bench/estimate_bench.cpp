// SPDX-License-Identifier: Apache-2.0
// How long an answer takes. Run: build/ci/bin/flopcast_bench --benchmark_repetitions=9
#include "hardware/presets/load.hpp"
#include "model/planning/estimate.hpp"
#include "model/planning/expected_loss.hpp"
#include "model/planning/explain.hpp"
#include "model/planning/layout_search.hpp"
#include "model/planning/plan_reader.hpp"
#include "model/planning/uncertainty.hpp"
#include "reports/estimate_report.hpp"
#include "tests/support/paths.hpp"

#include <benchmark/benchmark.h>

namespace flopcast {
namespace {

PlannedRun shipped(const char *plan) {
  const PresetCatalog catalog = tests::shipped_presets();
  return read_plan(catalog.load("plans", plan), catalog);
}

/// GPT-3 175B on 1,024 A100 with tensor, pipeline and data parallelism: at most 50 us.
void estimate_gpt3(benchmark::State &state) {
  const PlannedRun run = shipped("gpt3-175b-a100");
  for (auto _ : state)
    benchmark::DoNotOptimize(estimate(run.plan, run.cluster));
}
BENCHMARK(estimate_gpt3);

/// Without a law the same takes less by what the expected loss costs: below 1 us.
void estimate_gpt3_without_law(benchmark::State &state) {
  PlannedRun run = shipped("gpt3-175b-a100");
  run.plan.data.law.reset();
  for (auto _ : state)
    benchmark::DoNotOptimize(estimate(run.plan, run.cluster));
}
BENCHMARK(estimate_gpt3_without_law);

/// Intervals of the loss over a thousand draws: what keeps them out of estimate().
void loss_prediction_of_gpt3(benchmark::State &state) {
  const PlannedRun run = shipped("gpt3-175b-a100");
  const Estimate answer = estimate(run.plan, run.cluster);
  for (auto _ : state)
    benchmark::DoNotOptimize(loss_prediction(run.plan, answer));
}
BENCHMARK(loss_prediction_of_gpt3)->Unit(benchmark::kMicrosecond);

/// The same over a network: at most 1 us more.
void estimate_gpt3_over_fabric(benchmark::State &state, const char *fabric) {
  PlannedRun run = shipped("gpt3-175b-a100");
  run.cluster.fabric = load_fabric(tests::shipped_presets(), fabric);
  for (auto _ : state)
    benchmark::DoNotOptimize(estimate(run.plan, run.cluster));
}
BENCHMARK_CAPTURE(estimate_gpt3_over_fabric, rails, "rail-2-ndr400");
BENCHMARK_CAPTURE(estimate_gpt3_over_fabric, three_levels, "llama3-24k-roce");
BENCHMARK_CAPTURE(estimate_gpt3_over_fabric, torus, "tpu-v4-4096");

/// How sure that estimate is: at most 200 us.
void ranges_gpt3(benchmark::State &state) {
  const PlannedRun run = shipped("gpt3-175b-a100");
  const Estimate answer = estimate(run.plan, run.cluster);
  for (auto _ : state)
    benchmark::DoNotOptimize(ranges({run, answer}));
}
BENCHMARK(ranges_gpt3);

/// One product with a fitted model: at most 50 ns.
void time_of_a_product(benchmark::State &state) {
  const PlannedRun run = shipped("gpt3-175b-a100");
  OperatorCall call;
  call.kind = OperatorClass::gemm;
  call.shape = {.batch = 1, .rows = 2048, .columns = 12288, .depth = 4096};
  for (auto _ : state) {
    call.shape.rows = call.shape.rows % 4096 + 1;
    benchmark::DoNotOptimize(operator_time(run.cluster.device, run.cluster.calibration, call));
  }
}
BENCHMARK(time_of_a_product);

/// Identical layers are one vertex with a count: the time must not grow.
void estimate_over_layers(benchmark::State &state) {
  PlannedRun run = shipped("gpt3-175b-a100");
  run.plan.model.decoder.layers = state.range(0);
  run.cluster.device.memory_capacity = 1e18 * units::byte; // so that every depth fits
  if (!estimate(run.plan, run.cluster).feasible())
    state.SkipWithError("the plan must be feasible to be measured");
  for (auto _ : state)
    benchmark::DoNotOptimize(estimate(run.plan, run.cluster));
}
BENCHMARK(estimate_over_layers)->Arg(24)->Arg(96)->Arg(960)->Arg(9600);

/// Clusters are described by structure: the time must not grow.
void estimate_over_gpus(benchmark::State &state) {
  PlannedRun run = shipped("gpt3-175b-a100");
  run.cluster.gpus = state.range(0);
  run.plan.parallelism.data_parallel = state.range(0) / (run.plan.parallelism.tensor_parallel *
                                                         run.plan.parallelism.pipeline_parallel);
  run.plan.training.global_batch = 3 * 8 * run.plan.parallelism.data_parallel;
  if (!estimate(run.plan, run.cluster).feasible())
    state.SkipWithError("the plan must be feasible to be measured");
  for (auto _ : state)
    benchmark::DoNotOptimize(estimate(run.plan, run.cluster));
}
BENCHMARK(estimate_over_gpus)->RangeMultiplier(32)->Range(64, 64 << 15);

void read_plan_with_presets(benchmark::State &state) {
  const PresetCatalog catalog = tests::shipped_presets();
  const InputValue root = catalog.load("plans", "gpt3-175b-a100");
  for (auto _ : state)
    benchmark::DoNotOptimize(read_plan(root, catalog));
}
BENCHMARK(read_plan_with_presets)->Unit(benchmark::kMillisecond);

void find_fastest_layout(benchmark::State &state) {
  const PlannedRun run = shipped("llama3-70b-h100");
  for (auto _ : state)
    benchmark::DoNotOptimize(fastest_layout(run.plan, run.cluster, OpenSettings{}));
}
BENCHMARK(find_fastest_layout)->Unit(benchmark::kMillisecond);

void explain_every_quantity(benchmark::State &state) {
  const PlannedRun run = shipped("gpt3-175b-a100");
  const Estimate answer = estimate(run.plan, run.cluster);
  for (auto _ : state)
    for (const NamedQuantity &quantity : named_quantities())
      benchmark::DoNotOptimize(explain({run, answer}, quantity));
}
BENCHMARK(explain_every_quantity)->Unit(benchmark::kMillisecond);

} // namespace
} // namespace flopcast
