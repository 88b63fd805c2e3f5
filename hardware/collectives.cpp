// SPDX-License-Identifier: Apache-2.0
#include "hardware/collectives.hpp"

#include <algorithm>
#include <bit>

namespace flopcast {

std::int64_t ranks_per_domain(const RankGroup &group, const Node &node) {
  const std::int64_t fitting = node.scale_up_domain / std::max<std::int64_t>(group.stride, 1);
  return std::clamp<std::int64_t>(fitting, 1, group.size);
}

Bandwidth ring_bandwidth(const RankGroup &group, const Cluster &cluster) {
  const Node &node = cluster.node;
  const Calibration &calibration = cluster.calibration;
  const std::int64_t inside = ranks_per_domain(group, node);
  const Bandwidth scale_up = node.scale_up_bandwidth * calibration.scale_up_efficiency;
  if (inside >= group.size)
    return scale_up;
  const Bandwidth scale_out = static_cast<double>(inside) *
                              node.scale_out_bandwidth.value_or(Bandwidth{}) *
                              calibration.scale_out_efficiency;
  return inside == 1 ? scale_out : std::min(scale_up, scale_out);
}

Seconds collective_time(Collective collective, Bytes data, const RankGroup &group,
                        const Cluster &cluster) {
  if (group.size <= 1)
    return Seconds{};
  const auto ranks = static_cast<double>(group.size);
  const double ring_share = (ranks - 1) / ranks;
  double share = 1;
  switch (collective) {
  case Collective::all_reduce:
    share = 2 * ring_share;
    break;
  case Collective::all_gather:
  case Collective::reduce_scatter:
    share = ring_share;
    break;
  case Collective::point_to_point:
    break;
  }
  const std::int64_t inside = ranks_per_domain(group, cluster.node);
  const std::int64_t domains = (group.size + inside - 1) / inside;
  const auto levels = std::bit_width(static_cast<std::uint64_t>(domains - 1));
  const Seconds latency = (inside > 1 ? cluster.node.scale_up_latency : Seconds{}) +
                          static_cast<double>(levels) * cluster.node.scale_out_latency;
  return latency + share * data / ring_bandwidth(group, cluster);
}

} // namespace flopcast
