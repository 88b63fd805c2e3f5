// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/cluster.hpp"
#include "hardware/units/quantity.hpp"
#include "model/execution/exchanges.hpp"
#include "model/execution/parallelism.hpp"
#include "model/execution/training.hpp"
#include "model/execution/work.hpp"

#include <cstdint>

namespace flopcast {

/// What an exchange adds to its product where both are cut into as many tiles as ranks: n - 1 tiles
/// go round a ring. One of them has no product beside it: the first where the input is gathered and
/// every rank needs it, the last where the output is scattered. Each other one hides behind a tile
/// of the product, and slows it by a share of the multiprocessors as long as it lasts.
/// Source: Wang et al. 2023 (ASPLOS), section 3; Transformer Engine's user buffers.
[[nodiscard]] Seconds tiled_exposure(std::int64_t ranks, Seconds exchanged_tile,
                                     const TiledProduct &product, double slowdown);

/// The exchanges of the layers' residual stream that their products do not hide.
/// `residual`: whole over the tensor-parallel ranks. Needs work.tiled.
[[nodiscard]] TensorExchangeTime tiled_exchange(const ModelWork &work,
                                                const Parallelism &parallelism,
                                                const Training &training, Bytes residual,
                                                const Cluster &cluster);

} // namespace flopcast
