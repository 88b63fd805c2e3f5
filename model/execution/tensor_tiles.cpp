// SPDX-License-Identifier: Apache-2.0
#include "model/execution/tensor_tiles.hpp"

#include "hardware/collectives.hpp"

#include <algorithm>

namespace flopcast {

Seconds tiled_exposure(std::int64_t ranks, Seconds exchanged_tile, const TiledProduct &product,
                       double slowdown) {
  if (ranks <= 1)
    return {};
  const auto beside = static_cast<double>(ranks - 2);
  return exchanged_tile +
         beside * std::max(exchanged_tile - product.tile, (1 - 1 / slowdown) * exchanged_tile) +
         product.cut;
}

TensorExchangeTime tiled_exchange(const ModelWork &work, const Parallelism &parallelism,
                                  const Training &training, Bytes residual,
                                  const Cluster &cluster) {
  const std::int64_t ranks = parallelism.tensor_parallel;
  TensorExchangeTime time;
  if (ranks <= 1)
    return time;
  const RankGroup neighbours{2, 1, ranks};
  const Seconds tile = training.software.tensor_exchange *
                       collective_time(Collective::point_to_point,
                                       residual / static_cast<double>(ranks), neighbours, cluster);
  const double slowdown = overlap_slowdown(parallelism.tensor_group(), cluster);
  const auto exposed = [&](const TiledProduct &product) {
    return tiled_exposure(ranks, tile, product, slowdown);
  };
  for (const TiledProducts &products : work.tiled) {
    time.forward += products.count * (exposed(products.gathered) + exposed(products.scattered));
    time.backward += products.count *
                     (exposed(products.gathered_backward) + exposed(products.scattered_backward));
  }
  return time;
}

} // namespace flopcast
