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

/// What a plan leaves to the search beside the degrees of parallelism.
struct OpenSettings {
  bool micro_batch = true;
  bool recompute = true;
  std::optional<TokenCount> batch =
      std::nullopt; ///< wanted tokens of a step, to be rounded; absent: it is given
};

/// The layout with the shortest predicted step among: tensor parallel up to a scale-up domain of
/// eight, pipeline stages that divide the layers, ZeRO 1 and 3, and, where open, micro-batches 1, 2
/// and 4 and every level of recomputation, on the plan's GPUs. Layouts whose smallest batch is
/// above twice the wanted one count only where no other fits. Empty if none fits.
[[nodiscard]] std::optional<Layout> fastest_layout(const Plan &plan, const Cluster &cluster,
                                                   const OpenSettings &open);

/// The batch in sequences nearest to `wanted` that every data-parallel rank can share in whole
/// micro-batches, and an interleaved pipeline in whole rounds of its stages.
[[nodiscard]] std::int64_t rounded_batch(TokenCount wanted, std::int64_t sequence_length,
                                         const Parallelism &parallelism, std::int64_t micro_batch);

/// The layout that differs least from the plan's and can run: fewest changes, then the shortest
/// step. More GPUs are tried, doubling, only where no layout of the plan's own fits. Empty if none
/// of up to 64 times as many does.
[[nodiscard]] std::optional<Layout> nearest_layout(const Plan &plan, const Cluster &cluster);

} // namespace flopcast
