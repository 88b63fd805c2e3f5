// SPDX-License-Identifier: Apache-2.0
// Which layers of a model with experts stand on which stage.
#include "model/execution/work.hpp"

#include <algorithm>

namespace flopcast {

LayerShares layer_shares(const ModelWork &work, double layers, double dense_first) {
  const auto all = static_cast<double>(std::max<std::int64_t>(work.layer_count, 1));
  const auto expert = static_cast<double>(work.expert_layer_count);
  const auto before = static_cast<double>(work.dense_first_count);
  if (expert == 0 || before == 0 || all <= before)
    return {layers / all, layers / all};
  // After the first layers both kinds are mixed evenly.
  const double mixed = (layers - dense_first) / (all - before);
  return {(dense_first + mixed * (all - before - expert)) / (all - expert), mixed};
}

LayerShares first_layer_shares(const ModelWork &work, double layers) {
  return layer_shares(work, layers, std::min(static_cast<double>(work.dense_first_count), layers));
}

LayerShares other_layer_shares(const ModelWork &work, double layers, double first_stage_layers) {
  const auto before = static_cast<double>(work.dense_first_count);
  const double left = before - std::min(before, first_stage_layers);
  const double others = static_cast<double>(work.layer_count) - first_stage_layers;
  return layer_shares(work, layers, others > 0 ? left * layers / others : 0);
}

LayerShares stage_shares(const ModelWork &work, const Parallelism &parallelism,
                         std::int64_t stage) {
  const double first = layers_of_stage(parallelism, work.layer_count, 0);
  if (stage == 0)
    return first_layer_shares(work, first);
  return other_layer_shares(work, layers_of_stage(parallelism, work.layer_count, stage), first);
}

} // namespace flopcast
