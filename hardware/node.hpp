// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/device.hpp"
#include "hardware/input/table_reader.hpp"
#include "hardware/provenance.hpp"
#include "hardware/units/quantity.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace flopcast {

/// A server: its GPUs, the fast links inside its scale-up domain and the network outside.
/// Bandwidths are per GPU and per direction.
struct Node {
  std::string id;
  std::string name;
  std::string provider;
  std::string gpu; ///< id of the device
  std::string instance;
  Provenance provenance;
  std::vector<std::string> unverified;
  std::vector<std::string> caveats;

  std::int64_t gpus_per_node = 8;
  /// GPUs that reach each other over the fast links: 8 in an HGX, 72 in an NVL72, 4,096 in a TPU
  /// pod.
  std::int64_t scale_up_domain = 8;

  std::string scale_up_topology;
  Bandwidth scale_up_bandwidth;
  Seconds scale_up_latency;

  std::string scale_out_fabric;
  std::optional<std::int64_t> nics;
  std::optional<Bandwidth> scale_out_bandwidth; ///< absent: no network outside the domain is known
  Seconds scale_out_latency;

  // Of the node's host, all its sockets together; absent: not known.
  std::optional<Bytes> host_memory;
  std::optional<Bandwidth> host_memory_bandwidth;

  std::optional<Power> maximum_power;
  std::optional<double> pue; ///< usual power usage effectiveness of where such nodes stand
};

/// Reads a node preset. Problems go to `diagnostics`.
[[nodiscard]] Node read_node(const InputValue &root, const std::string &id,
                             Diagnostics &diagnostics);

/// Where no preset holds the GPU: servers of eight on the device's own links, or on PCIe 3 where
/// its datasheet names none; latencies as the node presets have them. No network is known.
[[nodiscard]] Node node_of_links(const Device &device);

} // namespace flopcast
