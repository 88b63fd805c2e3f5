// SPDX-License-Identifier: Apache-2.0
#include "hardware/host_side.hpp"

#include <algorithm>
#include <cmath>

namespace flopcast {

Bandwidth pcie_bandwidth(std::int64_t generation) {
  using namespace units;
  constexpr double lanes = 16;
  constexpr double bits_in_a_byte = 8;
  // 2.5, 5, 8, 16, 32, 64 GT/s: the third generation saved on the code instead of doubling.
  const double transfers = generation < 3 ? 2.5e9 * std::exp2(static_cast<double>(generation - 1))
                                          : 8e9 * std::exp2(static_cast<double>(generation - 3));
  const double payload = generation < 3 ? 8.0 / 10 : generation < 6 ? 128.0 / 130 : 242.0 / 256;
  return lanes * transfers * payload / bits_in_a_byte * byte / second;
}

std::optional<HostSide> host_side(const Cluster &cluster) {
  const Device &device = cluster.device;
  if (!device.host_link_bandwidth && !device.pcie_generation)
    return std::nullopt;
  const Node &node = cluster.node;
  const Bandwidth link = device.host_link_bandwidth ? *device.host_link_bandwidth
                                                    : pcie_bandwidth(*device.pcie_generation);
  const auto sharers =
      static_cast<double>(std::max<std::int64_t>(1, std::min(node.gpus_per_node, cluster.gpus)));
  HostSide host;
  host.link = host_copy_efficiency * link;
  host.memory_bandwidth = host_update_efficiency / sharers *
                          node.host_memory_bandwidth.value_or(usual_host_memory_bandwidth);
  if (node.host_memory)
    host.memory = *node.host_memory / sharers;
  return host;
}

} // namespace flopcast
