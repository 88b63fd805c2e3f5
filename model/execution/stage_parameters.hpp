// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/cluster.hpp"
#include "model/execution/offload.hpp"
#include "model/execution/parallelism.hpp"
#include "model/execution/training.hpp"
#include "model/execution/work.hpp"

namespace flopcast {

/// Parameters of the rank of a stage, by who else holds them.
struct StageParameters {
  double all = 0;
  double matrix = 0;
  double expert = 0; ///< of `all`: shared out among the ranks of expert_gradient_group()
  double expert_matrix = 0;
};

[[nodiscard]] StageParameters operator+(const StageParameters &a, const StageParameters &b);

/// Of so large a share of a region.
[[nodiscard]] StageParameters parameters_of(const RegionWork &region, double share);

struct FullestStage {
  StageParameters parameters;
  double layers = 0;
};

/// The stage with most parameters, where the plan tells the stages apart. The first stage has
/// `first_end` beside its layers, the last one `last_end`.
[[nodiscard]] FullestStage fullest_stage(const ModelWork &work, const Parallelism &parallelism,
                                         const StageParameters &first_end,
                                         const StageParameters &last_end);

/// Every state is read and written once, gradients and weights once each.
[[nodiscard]] Seconds optimizer_time(const StageParameters &stage, const Parallelism &parallelism,
                                     const Training &training, const Cluster &cluster);

/// What a rank of the stage updates, where the host does it.
[[nodiscard]] OptimizerTraffic optimizer_traffic(const StageParameters &stage,
                                                 const Parallelism &parallelism,
                                                 const Training &training);

} // namespace flopcast
