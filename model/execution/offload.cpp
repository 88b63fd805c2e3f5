// SPDX-License-Identifier: Apache-2.0
#include "model/execution/offload.hpp"

#include "hardware/host_side.hpp"

#include <algorithm>

namespace flopcast {
namespace {

double offloaded_layers(const Offload &offload, double layers) {
  return offload.layers ? std::min(static_cast<double>(*offload.layers), layers) : layers;
}

} // namespace

OffloadTime offload_time(const Offload &offload, const OptimizerTraffic &traffic,
                         const OffloadWork &work, const Cluster &cluster) {
  OffloadTime time;
  const std::optional<HostSide> host = offload.any() ? host_side(cluster) : std::nullopt;
  if (!host)
    return time;
  const auto waited_for = [](Seconds copy, Seconds beside) {
    return std::max(copy - beside, Seconds{});
  };
  if (offload.activations != ActivationOffload::none) {
    const Seconds copy = work.activations / host->link;
    time.activations =
        work.micro_batches * (waited_for(copy, work.forward) + waited_for(copy, work.backward));
  }
  if (offload.optimizer > 0) {
    const double pieces = std::max(work.pieces, 1.0);
    const Seconds down = offload.optimizer * traffic.gradients / host->link;
    const Seconds up = offload.optimizer * traffic.weights / host->link;
    const Seconds update = offload.optimizer * traffic.of_update() / host->memory_bandwidth;
    const Seconds last_down = down / pieces;
    const Seconds beside_device =
        std::max(update, up) + std::min(update, up) / pieces; // the first update or the last copy
    time.optimizer = last_down + waited_for(down - last_down, work.backward) +
                     waited_for(beside_device, work.optimizer);
  }
  return time;
}

Bytes offloaded_activations(const Offload &offload, double layers, Bytes kept, Bytes boundary) {
  if (layers <= 0)
    return {};
  const double moved = offloaded_layers(offload, layers);
  switch (offload.activations) {
  case ActivationOffload::none:
    return {};
  case ActivationOffload::boundaries:
    return std::min(moved * boundary, kept);
  case ActivationOffload::all:
    return moved / layers * kept;
  }
  return {};
}

void offload_states(MemoryParts &parts, const Offload &offload, const OptimizerTraffic &traffic) {
  if (offload.optimizer <= 0)
    return;
  const Bytes moved = offload.optimizer * parts.optimizer;
  parts.optimizer -= moved;
  parts.host += moved + offload.optimizer * (traffic.gradients + traffic.weights);
}

void offload_activations(MemoryParts &parts, const Offload &offload, double layers,
                         double in_flight, Bytes moved) {
  if (moved <= Bytes{})
    return;
  const Bytes all = in_flight * moved;
  const Bytes room = std::min(2.0 * moved / std::max(offloaded_layers(offload, layers), 1.0), all);
  parts.activations -= all - room;
  parts.host += all;
}

} // namespace flopcast
