// SPDX-License-Identifier: Apache-2.0
#include "model/validation/run_check.hpp"
#include "tests/support/paths.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

namespace flopcast {
namespace {

/// A table of runs of GPT-3 175B that differ in batch and framework.
std::string run_table(std::int64_t runs) {
  std::string text = "id,framework,model,layers,hidden,heads,kv_heads,ffn,vocab,seq_len,gpu,n_gpus,"
                     "tp,pp,micro_batch,global_batch_seqs,step_time_s,split_group,core\n";
  constexpr std::array frameworks{"Megatron-LM", "Megatron-Core", "NeMo", "Megatron-DeepSpeed"};
  for (std::int64_t i = 0; i < runs; ++i)
    text +=
        fmt::format("run{},{},GPT-3,96,12288,96,96,49152,51200,2048,A100-80GB-SXM,1024,8,8,1,{},"
                    "{},group{},1\n",
                    i, frameworks[static_cast<std::size_t>(i) % frameworks.size()],
                    16 * (64 + i % 100), 20 + i % 10, i / 5);
  return text;
}

/// Reading, predicting and summing up 10,000 runs: at most 2 s.
void check_of_runs(benchmark::State &state) {
  const std::string text = run_table(state.range(0));
  const PresetCatalog catalog = tests::shipped_presets();
  RunPlanner planner(catalog);
  for (auto _ : state) {
    const RunTable table = read_run_table(text, "runs.csv");
    const RunCheck check = check_runs(
        table.runs, planner,
        {.metrics = {}, .group_by = {"gpu_family", "rules", "split_group"}, .tolerance = {}});
    if (!check.comparison.skipped.empty())
      state.SkipWithError(check.comparison.skipped.front().reason.c_str());
    benchmark::DoNotOptimize(check.metrics);
  }
}
BENCHMARK(check_of_runs)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMillisecond);

} // namespace
} // namespace flopcast
