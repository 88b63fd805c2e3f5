// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/planning/estimate.hpp"
#include "model/planning/plan.hpp"

#include <optional>
#include <string>

namespace flopcast {

/// How a plan is laid out over the GPUs and what it recomputes.
struct Layout {
  Parallelism parallelism;
  Training training;
  std::int64_t gpus = 0;
};

/// "tensor 8 x pipeline 16 x data 8, ZeRO-1, micro-batch 1, recompute selective"
[[nodiscard]] std::string describe_layout(const Parallelism &parallelism, const Training &training);

/// The layout with the shortest predicted step among: tensor parallel up to a scale-up domain of
/// eight, pipeline stages that divide the layers, ZeRO 1 and 3, micro-batches 1, 2 and 4 and every
/// level of recomputation, on the plan's GPUs. Where the plan leaves the batch open it is
/// `wanted_batch`, rounded for each layout. Empty if none fits.
[[nodiscard]] std::optional<Layout> fastest_layout(const Plan &plan, const Cluster &cluster,
                                                   std::optional<TokenCount> wanted_batch);

/// The layout that differs least from the plan's and can run: fewest changes, then the shortest
/// step. More GPUs are tried, doubling, only where no layout of the plan's own fits. Empty if none
/// of up to 64 times as many does.
[[nodiscard]] std::optional<Layout> nearest_layout(const Plan &plan, const Cluster &cluster);

} // namespace flopcast
