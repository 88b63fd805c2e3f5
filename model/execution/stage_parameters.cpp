// SPDX-License-Identifier: Apache-2.0
#include "model/execution/stage_parameters.hpp"

#include "hardware/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace flopcast {
namespace {

/// Parameters that a rank of the stage updates.
struct UpdatedParameters {
  double all = 0;
  double matrix = 0;
};

UpdatedParameters updated_parameters(const StageParameters &stage, const Parallelism &parallelism) {
  const auto sharers = [&](const RankGroup &group) {
    const std::int64_t all = std::min(parallelism.shard_group.value_or(group.size), group.size);
    return parallelism.zero_stage >= 1 ? static_cast<double>(all) : 1.0;
  };
  const double dense = 1 / sharers(parallelism.gradient_group());
  const double expert = 1 / sharers(parallelism.expert_gradient_group());
  const double matrix = dense * (stage.matrix - stage.expert_matrix) + expert * stage.expert_matrix;
  const double held = dense * (stage.all - stage.expert) + expert * stage.expert;
  return {held, matrix};
}

} // namespace

StageParameters operator+(const StageParameters &a, const StageParameters &b) {
  return {a.all + b.all, a.matrix + b.matrix, a.expert + b.expert,
          a.expert_matrix + b.expert_matrix};
}

StageParameters parameters_of(const RegionWork &region, double share) {
  return {share * region.parameters, share * region.matrix_parameters,
          share * region.expert_parameters, share * region.expert_matrix_parameters};
}

Seconds optimizer_time(const StageParameters &stage, const Parallelism &parallelism,
                       const Training &training, const Cluster &cluster) {
  using namespace units;
  const ParameterBytes bytes = parameter_bytes(training);
  const auto [held, matrix] = updated_parameters(stage, parallelism);
  const double traffic = matrix * (2 * bytes.matrix_state + bytes.gradient + bytes.weight) +
                         (held - matrix) * (2 * bytes.other_state + bytes.gradient + bytes.weight);
  return operator_time(
      cluster.device, cluster.calibration,
      OperatorCall{.kind = OperatorClass::optimizer,
                   .pass = Pass::forward,
                   .format = NumberFormat::fp32,
                   .flops = {},
                   .bytes = traffic * byte,
                   .shape = {.batch = 1, .rows = std::llround(held), .columns = 1}});
}

FullestStage fullest_stage(const ModelWork &work, const Parallelism &parallelism,
                           const StageParameters &first_end, const StageParameters &last_end) {
  const auto all_layers = static_cast<double>(std::max<std::int64_t>(work.layer_count, 1));
  FullestStage fullest;
  for (std::int64_t stage = 0; stage < parallelism.pipeline_parallel; ++stage) {
    const double layers = layers_of_stage(parallelism, work.layer_count, stage);
    StageParameters here = parameters_of(work.layers, layers / all_layers);
    if (stage == 0)
      here = here + first_end;
    if (stage == parallelism.pipeline_parallel - 1)
      here = here + last_end;
    if (here.all > fullest.parameters.all)
      fullest = {here, layers};
  }
  return fullest;
}

OptimizerTraffic optimizer_traffic(const StageParameters &stage, const Parallelism &parallelism,
                                   const Training &training) {
  using units::byte;
  const ParameterBytes bytes = parameter_bytes(training);
  const auto [held, matrix] = updated_parameters(stage, parallelism);
  return {.states = (matrix * bytes.matrix_state + (held - matrix) * bytes.other_state) * byte,
          .gradients = held * bytes.gradient * byte,
          .weights = held * bytes.weight * byte};
}

} // namespace flopcast
