// SPDX-License-Identifier: Apache-2.0
#include "profiler/measuring/plan_shapes.hpp"

#include "model/execution/work.hpp"
#include "model/planning/plan_graph.hpp"

#include <cmath>

namespace flopcast {
namespace {

constexpr StopRule rule{
    .relative_error = 0.01, .fewest_runs = 8, .most_runs = 200, .most_time = 0.5 * units::second};

bool same(const OperatorCall &a, const OperatorCall &b) {
  return a.kind == b.kind && a.pass == b.pass && a.format == b.format && a.flops == b.flops &&
         a.bytes == b.bytes && a.kernels == b.kernels && a.shape == b.shape && a.causal == b.causal;
}

/// One pass of the optimizer over the parameters of a rank, moments and masters read and written.
OperatorCall optimizer_call(const Plan &plan, const OperatorGraph &graph) {
  const Parallelism &parallel = plan.parallelism;
  const ParameterBytes bytes = parameter_bytes(plan.training);
  const auto sharers =
      static_cast<double>(parallel.tensor_parallel * parallel.pipeline_parallel *
                          (parallel.zero_stage >= 1 ? parallel.gradient_group().size : 1));
  const double parameters = static_cast<double>(parameter_count(graph)) / sharers;
  OperatorCall call{.kind = OperatorClass::optimizer,
                    .pass = Pass::forward,
                    .format = NumberFormat::fp32,
                    .flops = {},
                    .bytes = {}};
  call.shape = {.batch = 1, .rows = std::llround(parameters), .columns = 1, .depth = 1};
  call.bytes = static_cast<double>(call.shape.rows) *
               (2 * bytes.matrix_state + bytes.gradient + bytes.weight) * units::byte;
  return call;
}

} // namespace

ShapePlan plan_shapes(const Plan &plan, const ShapeLimits &limits) {
  const OperatorGraph graph = plan_graph(plan);
  std::vector<OperatorCall> calls =
      rank_calls(graph, plan.model.decoder, plan.parallelism, plan.training);
  calls.push_back(optimizer_call(plan, graph));
  ShapePlan shapes{.operators = {}, .rule = rule, .expected = {}};
  for (const OperatorCall &call : calls) {
    const bool there = std::ranges::any_of(
        shapes.operators, [&](const PlannedOperator &planned) { return same(planned.call, call); });
    if (there || !limits.knows({call.kind, call.pass, call.format}) || !fits_memory(limits, call))
      continue;
    const Seconds time = expected_time(limits, call, rule);
    shapes.operators.push_back({.call = call, .cache = CacheState::cold, .expected = time});
    shapes.expected += time;
  }
  return shapes;
}

} // namespace flopcast
