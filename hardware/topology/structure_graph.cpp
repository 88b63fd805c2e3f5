// SPDX-License-Identifier: Apache-2.0
#include "hardware/topology/structure_graph.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace flopcast {
namespace {

std::int64_t ceil_divided(std::int64_t count, std::int64_t size) {
  return (count + size - 1) / size;
}

NetworkElement switch_of(std::size_t level) {
  return static_cast<NetworkElement>(static_cast<std::size_t>(NetworkElement::leaf) +
                                     std::min<std::size_t>(level, 2));
}

/// Switches of a level that stand side by side in one block: as many as the level below has links.
std::int64_t switches_in_block(const Fabric &fabric, std::size_t level) {
  std::int64_t switches = 1;
  for (std::size_t i = 0; i < level; ++i)
    switches *= uplinks(fabric, i);
  return switches;
}

/// Blocks of a level, the highest of which is one. On rails each leaf is a block of its own here.
std::int64_t blocks(const Fabric &fabric, std::size_t level, std::int64_t gpus) {
  const std::int64_t per_set = level == 0 ? fabric.rails : 1;
  if (level + 1 == fabric.levels.size())
    return per_set;
  return per_set * ceil_divided(gpus, block_gpus(fabric, level));
}

/// A path up to the switches of a level above `level` and down again passes one switch more of
/// each: half of that on either way.
Seconds uplink_latency(const Fabric &fabric, std::size_t level) {
  return 0.5 * (fabric.levels[level].latency + fabric.levels[level + 1].latency);
}

std::size_t add(NetworkGraph &graph, NetworkVertex vertex) {
  graph.vertices.push_back(vertex);
  return graph.vertices.size() - 1;
}

/// In a switched network a GPU sends and receives, and does not pass on.
NetworkVertex gpus_of(const Fabric &fabric, const Node &node, std::int64_t count) {
  NetworkVertex vertex{.element = NetworkElement::gpu, .count = count, .relays = false};
  if (fabric.kind == FabricKind::torus) {
    vertex.relays = true;
    // The domain's latency is that of one link, software included.
    vertex.latency = 0.5 * (node.scale_up_latency - fabric.link_latency);
  }
  return vertex;
}

NetworkLink scale_up_link(const Node &node, std::size_t gpu, std::size_t hub, std::int64_t count) {
  return {gpu, hub, node.scale_up_bandwidth, 0.5 * node.scale_up_latency, count};
}

/// The node's latency is that of a path through one switch, software included.
NetworkLink nic_link(const Fabric &fabric, const Node &node, std::size_t gpu, std::size_t nic,
                     std::int64_t count) {
  return {gpu, nic, injection_bandwidth(fabric, node), 0.5 * node.scale_out_latency, count, 0};
}

bool has_network(const Fabric &fabric, const Node &node) {
  return !fabric.levels.empty() && node.scale_out_bandwidth.has_value();
}

NetworkGraph torus_graph(const Fabric &fabric, const Node &node, std::int64_t gpus) {
  NetworkGraph graph;
  const std::vector<std::int64_t> box = torus_box(fabric, gpus);
  std::int64_t chips = 1;
  for (const std::int64_t extent : box)
    chips *= extent;
  for (std::int64_t chip = 0; chip < chips; ++chip)
    add(graph, gpus_of(fabric, node, 1));
  const Bandwidth bandwidth = torus_link_bandwidth(fabric, node);
  std::int64_t stride = 1;
  for (std::size_t i = 0; i < box.size(); stride *= box[i], ++i)
    for (std::int64_t chip = 0; chip < chips; ++chip) {
      const bool last = chip / stride % box[i] == box[i] - 1;
      if (last && !wraps_around(fabric, i, box[i]))
        continue;
      const std::int64_t next = last ? chip - (box[i] - 1) * stride : chip + stride;
      graph.links.push_back({static_cast<std::size_t>(chip), static_cast<std::size_t>(next),
                             bandwidth, fabric.link_latency});
    }
  return graph;
}

/// Level by level: switch q of a block is linked to the switches q u, …, q u + u - 1 of the block
/// above, u being its uplinks, so that every plane of the tree is a copy of the others.
void add_switches(NetworkGraph &graph, const Fabric &fabric, std::int64_t gpus) {
  std::size_t below = 0; // the first switch of the level below
  for (std::size_t level = 0; level < fabric.levels.size(); ++level) {
    const std::size_t first = graph.vertices.size();
    const std::int64_t side_by_side = switches_in_block(fabric, level);
    for (std::int64_t i = 0; i < blocks(fabric, level, gpus) * side_by_side; ++i)
      add(graph, {.element = switch_of(level)});
    if (level > 0) {
      const std::int64_t up = uplinks(fabric, level - 1);
      const std::int64_t planes_below = switches_in_block(fabric, level - 1);
      const std::int64_t blocks_below = blocks(fabric, level - 1, gpus);
      const bool top = level + 1 == fabric.levels.size();
      for (std::int64_t block = 0; block < blocks_below; ++block)
        for (std::int64_t plane = 0; plane < planes_below * up; ++plane) {
          const std::int64_t from = block * planes_below + plane / up;
          const std::int64_t parent = top ? 0 : block / fabric.levels[level].down;
          graph.links.push_back({below + static_cast<std::size_t>(from),
                                 first + static_cast<std::size_t>(parent * side_by_side + plane),
                                 uplink_bandwidth(fabric, level - 1),
                                 uplink_latency(fabric, level - 1)});
        }
    }
    below = first;
  }
}

} // namespace

std::string_view to_text(NetworkElement element) {
  switch (element) {
  case NetworkElement::gpu:
    return "GPU";
  case NetworkElement::scale_up_switch:
    return "scale-up switch";
  case NetworkElement::nic:
    return "NIC";
  case NetworkElement::leaf:
    return "leaf switch";
  case NetworkElement::spine:
    return "spine switch";
  case NetworkElement::core:
    return "core switch";
  case NetworkElement::torus_ring:
    return "torus ring";
  }
  return {};
}

Bandwidth injection_bandwidth(const Fabric &fabric, const Node &node) {
  return std::min(node.scale_out_bandwidth.value_or(Bandwidth{}), fabric.link_bandwidth);
}

Bandwidth torus_link_bandwidth(const Fabric &fabric, const Node &node) {
  const auto links = static_cast<double>(2 * fabric.torus.size());
  return std::min(fabric.link_bandwidth, node.scale_up_bandwidth / links);
}

std::int64_t leaf_of(const Fabric &fabric, std::int64_t gpu) {
  return gpu / block_gpus(fabric, 0) * fabric.rails + gpu % fabric.rails;
}

NetworkGraph structure_graph(const Fabric &fabric, const Node &node, std::int64_t gpus) {
  NetworkGraph graph;
  const std::size_t gpu = add(graph, gpus_of(fabric, node, gpus));
  if (fabric.kind == FabricKind::torus) {
    const std::vector<std::int64_t> box = torus_box(fabric, gpus);
    for (std::size_t i = 0; i < box.size(); ++i) {
      const std::size_t ring =
          add(graph, {NetworkElement::torus_ring, ceil_divided(gpus, box[i]), true, {}});
      // Each chip owns the link to its successor; the last of an open row has none.
      const std::int64_t open_ends = wraps_around(fabric, i, box[i]) ? 0 : gpus / box[i];
      graph.links.push_back(
          {gpu, ring, torus_link_bandwidth(fabric, node), fabric.link_latency, gpus - open_ends});
    }
    return graph;
  }
  if (node.scale_up_domain > 1) {
    const std::int64_t domains = ceil_divided(gpus, node.scale_up_domain);
    const std::size_t hub = add(graph, {NetworkElement::scale_up_switch, domains, true, {}});
    graph.links.push_back(scale_up_link(node, gpu, hub, gpus));
  }
  if (!has_network(fabric, node))
    return graph;
  std::size_t below = add(graph, {NetworkElement::nic, gpus, true, {}});
  graph.links.push_back(nic_link(fabric, node, gpu, below, gpus));
  for (std::size_t level = 0; level < fabric.levels.size(); ++level) {
    const std::int64_t switches = blocks(fabric, level, gpus) * switches_in_block(fabric, level);
    const std::size_t vertex = add(graph, {switch_of(level), switches, true, {}});
    if (level == 0)
      graph.links.push_back({below, vertex, injection_bandwidth(fabric, node), {}, gpus});
    else
      graph.links.push_back({below, vertex, uplink_bandwidth(fabric, level - 1),
                             uplink_latency(fabric, level - 1),
                             graph.vertices[below].count * uplinks(fabric, level - 1)});
    below = vertex;
  }
  return graph;
}

NetworkGraph explicit_graph(const Fabric &fabric, const Node &node, std::int64_t gpus) {
  if (gpus > most_explicit_gpus)
    throw std::length_error(fmt::format("{} GPUs are too many to be laid out one by one (at most "
                                        "{}); structure_graph() describes them by classes",
                                        gpus, most_explicit_gpus));
  if (fabric.kind == FabricKind::torus)
    return torus_graph(fabric, node, gpus);
  NetworkGraph graph;
  for (std::int64_t i = 0; i < gpus; ++i)
    add(graph, gpus_of(fabric, node, 1));
  if (node.scale_up_domain > 1)
    for (std::int64_t i = 0; i < gpus; ++i) {
      if (i % node.scale_up_domain == 0)
        add(graph, {.element = NetworkElement::scale_up_switch});
      graph.links.push_back(
          scale_up_link(node, static_cast<std::size_t>(i), graph.vertices.size() - 1, 1));
    }
  if (!has_network(fabric, node))
    return graph;
  const std::size_t first_nic = graph.vertices.size();
  for (std::int64_t i = 0; i < gpus; ++i) {
    const std::size_t nic = add(graph, {.element = NetworkElement::nic});
    graph.links.push_back(nic_link(fabric, node, static_cast<std::size_t>(i), nic, 1));
  }
  const std::size_t first_leaf = graph.vertices.size();
  for (std::int64_t i = 0; i < gpus; ++i) {
    const std::int64_t leaf = fabric.levels.size() == 1 ? i % fabric.rails : leaf_of(fabric, i);
    graph.links.push_back({first_nic + static_cast<std::size_t>(i),
                           first_leaf + static_cast<std::size_t>(leaf),
                           injection_bandwidth(fabric, node),
                           {}});
  }
  add_switches(graph, fabric, gpus);
  return graph;
}

} // namespace flopcast
