// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/node.hpp"
#include "hardware/topology/fabric.hpp"
#include "hardware/topology/structure_graph.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace flopcast {

/// A way from one device to another that has the network to itself.
struct NetworkPath {
  Bandwidth bandwidth; ///< of its narrowest link
  Seconds latency;
  std::int64_t hops = 0; ///< cables it runs over: 2 inside a domain or through one leaf
};

/// The path whose narrowest link is widest, and of those the quickest; absent where there is none.
/// Dijkstra twice: once with min for plus and > for <, then over the links that are wide enough.
[[nodiscard]] std::optional<NetworkPath> widest_path(const NetworkGraph &graph, std::size_t from,
                                                     std::size_t to);

/// What all sources together can send to all sinks together (push-relabel, to one part in 10^9).
[[nodiscard]] Bandwidth most_flow(const NetworkGraph &graph, std::span<const std::size_t> sources,
                                  std::span<const std::size_t> sinks);

/// The widest path between two GPUs, from the structure alone; equal to widest_path() on the
/// explicit graph, a torus being whole. Absent where no network joins them.
[[nodiscard]] std::optional<NetworkPath> path_between(const Fabric &fabric, const Node &node,
                                                      std::int64_t first, std::int64_t second);

/// What one half of the GPUs can send to the other, from the structure alone; equal to most_flow()
/// between the halves on the explicit graph. Halves are whole domains, neighbours together; a
/// torus is cut across the dimension where fewest links are. Of a single domain: that of its fast
/// links.
[[nodiscard]] Bandwidth bisection_bandwidth(const Fabric &fabric, const Node &node,
                                            std::int64_t gpus);

} // namespace flopcast
