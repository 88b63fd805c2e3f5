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
  const ParameterSharing sharing = sharing_from(1, parallelism);
  return {sharing.of(stage.all, stage.expert), sharing.of(stage.matrix, stage.expert_matrix)};
}

/// Tables and logits are no matrices to an optimizer that tells them apart.
StageParameters without_matrices(const RegionWork &region) {
  return {.all = region.parameters, .matrix = 0, .expert = 0, .expert_matrix = 0};
}

} // namespace

StageParameters operator+(const StageParameters &a, const StageParameters &b) {
  return {a.all + b.all, a.matrix + b.matrix, a.expert + b.expert,
          a.expert_matrix + b.expert_matrix};
}

StageParameters layer_parameters(const ModelWork &work, double share) {
  const RegionWork &layers = work.layers;
  return {share * layers.parameters, share * layers.matrix_parameters,
          share * layers.expert_parameters, share * layers.expert_matrix_parameters};
}

StageParameters layer_parameters(const ModelWork &work, const LayerShares &shares) {
  return {shares.of(work, &RegionWork::parameters), shares.of(work, &RegionWork::matrix_parameters),
          shares.of(work, &RegionWork::expert_parameters),
          shares.of(work, &RegionWork::expert_matrix_parameters)};
}

StageParameters embedding_parameters(const ModelWork &work) {
  return without_matrices(work.embedding);
}

StageParameters head_parameters(const ModelWork &work) {
  const RegionWork &more = work.prediction; // layers like the others
  return without_matrices(work.head) + StageParameters{more.parameters, more.matrix_parameters,
                                                       more.expert_parameters,
                                                       more.expert_matrix_parameters};
}

StageParameters last_end_parameters(const ModelWork &work) {
  StageParameters end = head_parameters(work);
  // A tied output matrix is the table that further predictions look up.
  end.all += work.tied_output_parameters > 0 ? work.tied_output_parameters
                                             : work.prediction_table_parameters;
  return end;
}

ParameterSharing sharing_from(int zero_stage, const Parallelism &parallelism) {
  if (parallelism.zero_stage < zero_stage)
    return {};
  const auto share = [&](const RankGroup &group) {
    const std::int64_t sharers = std::min(parallelism.shard_group.value_or(group.size), group.size);
    return 1 / static_cast<double>(std::max<std::int64_t>(sharers, 1));
  };
  return {share(parallelism.gradient_group()), share(parallelism.expert_gradient_group())};
}

Seconds optimizer_time(const StageParameters &stage, const Parallelism &parallelism,
                       const Training &training, const Cluster &cluster) {
  const double updated = updated_parameters(stage, parallelism).all;
  return operator_time(
      cluster.device, cluster.calibration,
      OperatorCall{.kind = OperatorClass::optimizer,
                   .pass = Pass::forward,
                   .format = NumberFormat::fp32,
                   .flops = {},
                   .bytes = optimizer_traffic(stage, parallelism, training).of_update(),
                   .shape = {.batch = 1, .rows = std::llround(updated), .columns = 1}});
}

FullestStage fullest_stage(const ModelWork &work, const Parallelism &parallelism,
                           const StageParameters &first_end, const StageParameters &last_end) {
  const auto all_layers = static_cast<double>(std::max<std::int64_t>(work.layer_count, 1));
  FullestStage fullest;
  for (std::int64_t stage = 0; stage < parallelism.pipeline_parallel; ++stage) {
    const double layers = layers_of_stage(parallelism, work.layer_count, stage);
    StageParameters here = layer_parameters(work, layers / all_layers);
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
  const ParameterBytes bytes = held_parameter_bytes(training, parallelism.zero_stage);
  const auto [held, matrix] = updated_parameters(stage, parallelism);
  return {.states = (matrix * bytes.matrix_state + (held - matrix) * bytes.other_state) * byte,
          .gradients = held * bytes.gradient * byte,
          .weights = held * bytes.weight * byte,
          .reads_weights = !bytes.master_apart};
}

} // namespace flopcast
