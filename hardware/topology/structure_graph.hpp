// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/node.hpp"
#include "hardware/topology/fabric.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace flopcast {

enum class NetworkElement : std::uint8_t {
  gpu,
  scale_up_switch, ///< NVSwitch, PCIe root or whatever joins the GPUs of one domain
  nic,
  leaf,
  spine,
  core,
  torus_ring, ///< in a structure graph: the ring of a chip's neighbours in one dimension
};

[[nodiscard]] std::string_view to_text(NetworkElement element);

/// A device or a switch; in a structure graph it stands for `count` of them that are all alike.
struct NetworkVertex {
  NetworkElement element = NetworkElement::gpu;
  std::int64_t count = 1;
  bool relays = true; ///< whether it passes on what is meant for others
  Seconds latency{};  ///< paid by a path that begins or ends here
};

/// A link that works both ways at once; in a structure graph it stands for `count` alike.
struct NetworkLink {
  std::size_t from = 0;
  std::size_t to = 0;
  Bandwidth bandwidth; ///< of one of them, per direction
  Seconds latency;
  std::int64_t count = 1;
  std::int64_t cables = 1; ///< 0 between a GPU and its own NIC

  [[nodiscard]] Bandwidth aggregate() const { return static_cast<double>(count) * bandwidth; }
};

/// What is connected to what. Plain lists: paths.cpp turns them into a Boost.Graph.
struct NetworkGraph {
  std::vector<NetworkVertex> vertices;
  std::vector<NetworkLink> links;
};

/// Bandwidth of a GPU into the network: the slower of its NIC and the leaf's port; zero without a
/// network.
[[nodiscard]] Bandwidth injection_bandwidth(const Fabric &fabric, const Node &node);

/// Bandwidth of one link of a torus: the fabric's, or the node's share of it if that is less.
[[nodiscard]] Bandwidth torus_link_bandwidth(const Fabric &fabric, const Node &node);

/// Which leaf serves a GPU.
[[nodiscard]] std::int64_t leaf_of(const Fabric &fabric, std::int64_t gpu);

/// One vertex for each class of elements that are alike: its size does not depend on `gpus`.
[[nodiscard]] NetworkGraph structure_graph(const Fabric &fabric, const Node &node,
                                           std::int64_t gpus);

/// Every device, switch and link of a small cluster. GPU i is vertex i. A torus is the box that
/// holds `gpus`.
/// Throws std::length_error above most_explicit_gpus: such a cluster is for structure_graph().
[[nodiscard]] NetworkGraph explicit_graph(const Fabric &fabric, const Node &node,
                                          std::int64_t gpus);

inline constexpr std::int64_t most_explicit_gpus = 8192;

} // namespace flopcast
