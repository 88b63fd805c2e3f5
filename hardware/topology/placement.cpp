// SPDX-License-Identifier: Apache-2.0
#include "hardware/topology/placement.hpp"

#include "hardware/topology/structure_graph.hpp"

#include <algorithm>
#include <array>

namespace flopcast {
namespace {

constexpr std::string_view scale_up_name = "scale-up link";
constexpr std::string_view nic_name = "NIC";
constexpr std::array<std::string_view, 3> uplink_names{"leaf uplinks", "spine uplinks",
                                                       "core uplinks"};

std::int64_t ceil_divided(std::int64_t count, std::int64_t size) {
  return (count + size - 1) / size;
}

/// Adds a class of links; the ring is as fast as the slowest of them.
void use(GroupPath &path, LinkUse link) {
  if (path.links.empty() || link.per_rank < path.bandwidth) {
    path.narrowest = path.links.size();
    path.bandwidth = link.per_rank;
  }
  path.links.push_back(link);
}

/// The narrower of what is bounded already, if it is, and another bound.
void bound(std::optional<Bandwidth> &narrowest, Bandwidth other) {
  narrowest = std::min(narrowest.value_or(other), other);
}

std::int64_t ranks_in(const RankGroup &group, std::int64_t gpus) {
  return std::clamp<std::int64_t>(gpus / group.stride, 1, group.size);
}

/// From the first GPU of a group to the first of the next that lies in line with it.
std::int64_t span(const RankGroup &group) { return group.size * group.stride; }

/// How many groups reach out of the fullest block of so many GPUs; at least as many as do.
std::int64_t groups_reaching_out(const RankGroup &group, std::int64_t block, std::int64_t gpus) {
  const std::int64_t length = span(group);
  const std::int64_t rest = block % length;
  if (gpus <= block || rest == 0)
    return 0;
  // Each has a rank inside and one outside.
  const std::int64_t most = std::min(block, gpus - block);
  // `stride` groups are interleaved. Where blocks divide their span, or all of the cluster is one
  // span, they are the only ones.
  if (length % block == 0 || length >= gpus)
    return std::min(most, group.stride);
  // Else a block can hold the end of some and the beginning of others. Of a piece of x GPUs,
  // min(x, stride, span - x) groups reach out, which is concave: two pieces do worst when they are
  // equal. They are `rest` together, or one span more where that fits.
  const std::int64_t pieces = block < length ? block : std::max(rest, length - rest);
  return std::min({most, pieces, 2 * group.stride});
}

/// Whether a ring can go from domain to domain on one rail. GPUs of one domain exchange over its
/// fast links what has to change rails.
bool stays_on_rail(const RankGroup &group, const Node &node, const Fabric &fabric) {
  return node.scale_up_domain % fabric.rails == 0 || group.stride % fabric.rails == 0;
}

/// What leaves a domain over what leaves a block of so many GPUs, where each rank of the group
/// sends as much to every other. At least 1; 1 too for a group that a block could hold but that
/// lies across two.
double exchange_relief(const GroupPath &path, const RankGroup &group, std::int64_t block) {
  const std::int64_t below = std::max(path.ranks_per_domain, ranks_in(group, block));
  if (below >= group.size)
    return 1;
  return static_cast<double>(group.size - path.ranks_per_domain) /
         static_cast<double>(group.size - below);
}

/// The switches that a ring between domains runs over, level by level.
void climb(GroupPath &path, const RankGroup &group, const Node &node, const Fabric &fabric,
           std::int64_t gpus) {
  std::size_t level = 0;
  for (; level + 1 < fabric.levels.size(); ++level) {
    const std::int64_t block = block_gpus(fabric, level);
    const Bandwidth uplink = block_uplink(fabric, level);
    std::int64_t groups = groups_reaching_out(group, block, gpus);
    const bool on_rail = level > 0 || stays_on_rail(group, node, fabric);
    if (!on_rail)
      // Every step from domain to domain goes through a spine.
      groups = std::max(groups, block / path.ranks_per_domain);
    if (groups == 0)
      break;
    // Where a domain spans several blocks, the ring leaves it by the NICs of all of them.
    const auto ranks = static_cast<double>(path.ranks_per_domain);
    const double ranks_of_block =
        std::clamp(static_cast<double>(block) / static_cast<double>(group.stride), 1.0, ranks);
    const Bandwidth share = uplink / static_cast<double>(groups) * (ranks / ranks_of_block);
    use(path, {uplink_names[std::min<std::size_t>(level, 2)], uplink, groups, share});
    bound(path.uplink, share);
    bound(path.exchange,
          uplink / static_cast<double>(block) * exchange_relief(path, group, on_rail ? block : 1));
    path.latency += fabric.levels[level].latency + fabric.levels[level + 1].latency;
  }
  path.hops = static_cast<std::int64_t>(2 * (level + 1));
}

GroupPath switched_path(const RankGroup &group, const Node &node, const Fabric &fabric,
                        std::int64_t gpus) {
  GroupPath path;
  path.ranks_per_domain = ranks_per_domain(group, node);
  path.domains = ceil_divided(group.size, path.ranks_per_domain);
  if (!fabric.levels.empty()) {
    const std::size_t top = fabric.levels.size() - 1;
    const auto ranks = [&](std::size_t level) {
      return level >= top ? group.size : ranks_in(group, block_gpus(fabric, level));
    };
    path.domains_per_leaf = std::max<std::int64_t>(1, ranks(0) / path.ranks_per_domain);
    path.leaves_per_pod = std::max<std::int64_t>(1, ranks(1) / ranks(0));
    path.leaves = ceil_divided(group.size, ranks(0));
    path.pods = ceil_divided(group.size, ranks(1));
  }
  path.within = node.scale_up_bandwidth;
  path.links.reserve(2 + fabric.levels.size());
  const bool inside = path.ranks_per_domain >= group.size;
  if (inside || path.ranks_per_domain > 1)
    use(path, {scale_up_name, node.scale_up_bandwidth, 1, node.scale_up_bandwidth});
  if (inside) {
    path.latency = node.scale_up_latency;
    path.hops = 2;
    return path;
  }
  const Bandwidth injection = injection_bandwidth(fabric, node);
  use(path, {nic_name, injection, 1, static_cast<double>(path.ranks_per_domain) * injection});
  path.latency = node.scale_out_latency;
  if (path.bandwidth > Bandwidth{})
    climb(path, group, node, fabric, gpus);
  return path;
}

constexpr std::array<std::string_view, 6> torus_names{
    "torus links, dimension 1", "torus links, dimension 2", "torus links, dimension 3",
    "torus links, dimension 4", "torus links, dimension 5", "torus links, dimension 6"};

GroupPath torus_path(const RankGroup &group, const Node &node, const Fabric &fabric,
                     std::int64_t gpus) {
  GroupPath path;
  const Bandwidth link = torus_link_bandwidth(fabric, node);
  const std::vector<std::int64_t> box = torus_box(fabric, gpus);
  path.links.reserve(box.size() + 1);
  std::int64_t left = group.size; // groups of ranks that the dimensions so far do not join
  std::int64_t below = 1;         // chips in the dimensions so far
  for (std::size_t i = 0; i < box.size() && left > 1; below *= box[i], ++i) {
    const std::int64_t step = std::max<std::int64_t>(1, group.stride / below);
    const std::int64_t ranks = std::clamp<std::int64_t>(box[i] / step, 1, left);
    if (ranks == 1)
      continue;
    const bool filled = ranks * step >= box[i] && wraps_around(fabric, i, box[i]);
    const Bandwidth both = (filled ? 2.0 : 1.0) * link;
    const Bandwidth share = both / static_cast<double>(step);
    path.links.push_back({torus_names[std::min<std::size_t>(i, 5)], both, step, share});
    path.bandwidth += share;
    // An open row is walked to and fro, one rank left out each way.
    path.hops = std::max(path.hops, filled || ranks == 2 ? step : 2 * step);
    left = ceil_divided(left, ranks);
  }
  path.within = path.bandwidth;
  path.ranks_per_domain = ceil_divided(group.size, left);
  path.domains = left;
  path.leaves = path.pods = left;
  for (std::size_t i = 1; i < path.links.size(); ++i)
    if (path.links[i].per_rank < path.links[path.narrowest].per_rank)
      path.narrowest = i;
  path.latency =
      node.scale_up_latency +
      static_cast<double>(std::max<std::int64_t>(path.hops - 1, 0)) * fabric.link_latency;
  if (left > 1) { // several tori, joined by whatever network the hosts have
    const Bandwidth nic = node.scale_out_bandwidth.value_or(Bandwidth{});
    const Bandwidth all = static_cast<double>(path.ranks_per_domain) * nic;
    path.links.push_back({nic_name, nic, 1, all});
    if (path.links.size() == 1 || all < path.bandwidth) {
      path.narrowest = path.links.size() - 1;
      path.bandwidth = all;
    }
    path.latency = node.scale_out_latency;
    path.hops = 2;
  }
  return path;
}

} // namespace

GroupPath group_path(const RankGroup &asked, const Node &node, const Fabric &fabric,
                     std::int64_t gpus) {
  const RankGroup group{std::max<std::int64_t>(asked.size, 1),
                        std::max<std::int64_t>(asked.stride, 1)};
  if (group.size == 1) {
    GroupPath path;
    path.bandwidth = path.within = node.scale_up_bandwidth;
    return path;
  }
  return fabric.kind == FabricKind::torus ? torus_path(group, node, fabric, gpus)
                                          : switched_path(group, node, fabric, gpus);
}

std::optional<GroupPath> fabric_path(const RankGroup &group, const Cluster &cluster) {
  if (!cluster.fabric || group.size <= 1)
    return std::nullopt;
  if (cluster.fabric->kind == FabricKind::torus)
    return group_path(group, cluster.node, *cluster.fabric, cluster.gpus);
  if (ranks_per_domain(group, cluster.node) >= group.size)
    return std::nullopt;
  return group_path({std::max(group.size, group.ring), group.stride}, cluster.node, *cluster.fabric,
                    cluster.gpus);
}

} // namespace flopcast
