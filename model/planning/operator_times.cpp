// SPDX-License-Identifier: Apache-2.0
#include "model/planning/operator_times.hpp"

#include "model/planning/plan_graph.hpp"

namespace flopcast {
namespace {

double times_done(const CountedCall &counted, const Plan &plan) {
  if (counted.call.pass == Pass::backward)
    return 1;
  if (counted.redone > 0)
    return 1 + counted.redone;
  if (plan.training.recompute == Recompute::full && counted.region == Region::layer)
    return 1 + recomputed_layers(plan.training, plan.parallelism, plan.model.decoder.layers);
  return 1;
}

} // namespace

std::vector<OperatorTime> operator_times(const Plan &plan, const Cluster &cluster) {
  const OperatorGraph graph = plan_graph(plan);
  std::vector<OperatorTime> times;
  for (const CountedCall &counted :
       counted_calls(graph, plan.model.decoder, plan.parallelism, plan.training)) {
    OperatorTime one;
    one.role = counted.role;
    one.region = counted.region;
    one.part = counted.part;
    one.call = counted.call;
    one.calls = counted.count * times_done(counted, plan);
    one.alone = operator_time(cluster.device, cluster.calibration, counted.call);
    one.time = counted.every_kernel ? one.alone
                                    : in_training(plan.training.software, counted.call, one.alone);
    one.coverage = coverage_of(cluster.calibration, counted.call).coverage;
    times.push_back(one);
  }
  return times;
}

} // namespace flopcast
