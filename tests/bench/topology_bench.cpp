// SPDX-License-Identifier: Apache-2.0
#include "hardware/presets/load.hpp"
#include "hardware/topology/paths.hpp"
#include "hardware/topology/placement.hpp"
#include "tests/support/paths.hpp"

#include <benchmark/benchmark.h>

namespace flopcast {
namespace {

Fabric shipped_fabric(const char *id) {
  Diagnostics diagnostics;
  Fabric fabric = read_fabric(tests::shipped_presets().load("fabrics", id), id, diagnostics);
  diagnostics.throw_if_any();
  return fabric;
}

/// The gradient group beside tensor parallel of 8: at most a microsecond, whatever the GPUs.
void group_path_over_gpus(benchmark::State &state) {
  const Fabric fabric = shipped_fabric("fat-tree-3-ndr400");
  const Node node = load_node(tests::shipped_presets(), "dgx-h100");
  const std::int64_t gpus = state.range(0);
  for (auto _ : state)
    benchmark::DoNotOptimize(group_path({gpus / 8, 8}, node, fabric, gpus));
}
BENCHMARK(group_path_over_gpus)->Arg(1'000)->Arg(100'000)->Arg(1'000'000);

void bisection_over_gpus(benchmark::State &state) {
  const Fabric fabric = shipped_fabric("llama3-24k-roce");
  const Node node = load_node(tests::shipped_presets(), "dgx-h100");
  for (auto _ : state)
    benchmark::DoNotOptimize(bisection_bandwidth(fabric, node, state.range(0)));
}
BENCHMARK(bisection_over_gpus)->Arg(1'000)->Arg(100'000)->Arg(1'000'000);

void structure_graph_of_100k_gpus(benchmark::State &state) {
  const Fabric fabric = shipped_fabric("fat-tree-3-ndr400");
  const Node node = load_node(tests::shipped_presets(), "dgx-h100");
  for (auto _ : state)
    benchmark::DoNotOptimize(structure_graph(fabric, node, 100'000));
}
BENCHMARK(structure_graph_of_100k_gpus);

} // namespace
} // namespace flopcast
