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
  double matrix = 0;        ///< inside layers: what Muon treats as matrices
  double expert = 0;        ///< of `all`: shared out among the ranks of expert_gradient_group()
  double expert_matrix = 0; ///< of `matrix`
};

[[nodiscard]] StageParameters operator+(const StageParameters &a, const StageParameters &b);

/// Of so large a share of the layers, whichever they are.
[[nodiscard]] StageParameters layer_parameters(const ModelWork &work, double share);
[[nodiscard]] StageParameters layer_parameters(const ModelWork &work, const LayerShares &shares);

/// What the ends of a pipeline hold beside their layers. The only stage of a model holds the
/// embedding and the head; of several, the last one also a copy of a table that both ends use.
[[nodiscard]] StageParameters embedding_parameters(const ModelWork &work);
[[nodiscard]] StageParameters head_parameters(const ModelWork &work);
[[nodiscard]] StageParameters last_end_parameters(const ModelWork &work);

/// One share of what so many ranks hold together.
struct ParameterSharing {
  double dense = 1;
  double expert = 1;

  [[nodiscard]] double of(double all, double experts) const {
    return (all - experts) * dense + experts * expert;
  }
};

/// Of what is shared from this ZeRO stage on.
[[nodiscard]] ParameterSharing sharing_from(int zero_stage, const Parallelism &parallelism);

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
