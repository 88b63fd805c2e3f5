// SPDX-License-Identifier: Apache-2.0
// What paths.hpp promises without a graph: sums over the levels of the structure.
#include "hardware/topology/paths.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <vector>

namespace flopcast {
namespace {

/// Neighbouring blocks of one level that are all alike: what each can send up from the first half
/// and take down for the second.
struct Run {
  std::int64_t blocks = 0;
  Bandwidth supply;
  Bandwidth demand;
};

/// A level of a tree, from left to right. What meets below a switch is exchanged there, which uses
/// no link above: no flow can do better in a tree, so the flow is the sum of what meets.
class Level {
public:
  explicit Level(Bandwidth uplink) : uplink_(uplink) {}

  void add(std::int64_t blocks, Bandwidth supply, Bandwidth demand) {
    const Bandwidth met = std::min(supply, demand);
    flow_ += static_cast<double>(blocks) * met;
    runs_.push_back({blocks, std::min(supply - met, uplink_), std::min(demand - met, uplink_)});
  }
  [[nodiscard]] const std::vector<Run> &runs() const { return runs_; }
  [[nodiscard]] Bandwidth flow() const { return flow_; }

private:
  Bandwidth uplink_;
  std::vector<Run> runs_;
  Bandwidth flow_;
};

constexpr auto unlimited = Bandwidth::from_base(std::numeric_limits<double>::infinity());

Bandwidth uplink_of(const Fabric &fabric, std::size_t level) {
  return level + 1 < fabric.levels.size() ? block_uplink(fabric, level) : unlimited;
}

/// The leaves over GPUs 0, …, gpus - 1, of which the first `half` send and the others receive.
Level leaves(const Fabric &fabric, std::int64_t half, std::int64_t gpus, Bandwidth injection) {
  const auto side = [&](std::int64_t count) { return static_cast<double>(count) * injection; };
  const std::int64_t rails = fabric.rails;
  const bool one_set = fabric.levels.size() == 1;
  const std::int64_t set = one_set ? std::max(gpus, block_gpus(fabric, 0)) : block_gpus(fabric, 0);
  Level level(uplink_of(fabric, 0) / static_cast<double>(rails));
  for (std::int64_t at = 0; at < gpus;) {
    const bool left = at < half;
    if (const std::int64_t whole = ((left ? half : gpus) - at) / set; whole > 0) {
      level.add(whole * rails, left ? side(set / rails) : Bandwidth{},
                left ? Bandwidth{} : side(set / rails));
      at += whole * set;
      continue;
    }
    // The set that holds both halves, or the last one, which need not be full: leaf by leaf.
    const std::int64_t end = std::min(at + set, gpus);
    for (std::int64_t rail = 0; rail < rails; ++rail) {
      const auto on_rail = [&](std::int64_t count) {
        return count > rail ? (count - rail + rails - 1) / rails : std::int64_t{0};
      };
      const std::int64_t sending = on_rail(std::clamp(half, at, end) - at);
      level.add(1, side(sending), side(on_rail(end - at) - sending));
    }
    at = end;
  }
  return level;
}

/// The blocks above: `size` neighbours of the level below share one.
Level blocks_above(const Level &below, std::int64_t size, Bandwidth uplink) {
  Level level(uplink);
  std::int64_t filled = 0;
  Bandwidth supply;
  Bandwidth demand;
  for (Run run : below.runs())
    while (run.blocks > 0) {
      if (filled == 0 && run.blocks >= size) {
        const auto whole = static_cast<double>(size);
        level.add(run.blocks / size, whole * run.supply, whole * run.demand);
        run.blocks %= size;
        continue;
      }
      const std::int64_t taken = std::min(run.blocks, size - filled);
      supply += static_cast<double>(taken) * run.supply;
      demand += static_cast<double>(taken) * run.demand;
      filled += taken;
      run.blocks -= taken;
      if (filled == size) {
        level.add(1, supply, demand);
        filled = 0;
        supply = demand = {};
      }
    }
  if (filled > 0)
    level.add(1, supply, demand);
  return level;
}

Bandwidth torus_bisection(const Fabric &fabric, const Node &node, std::int64_t gpus) {
  const std::vector<std::int64_t> box = torus_box(fabric, gpus);
  std::int64_t chips = 1;
  for (const std::int64_t extent : box)
    chips *= extent;
  std::int64_t fewest = std::numeric_limits<std::int64_t>::max();
  for (std::size_t i = 0; i < box.size(); ++i)
    if (box[i] > 1)
      fewest = std::min(fewest, chips / box[i] * (wraps_around(fabric, i, box[i]) ? 2 : 1));
  return chips == 1 ? Bandwidth{}
                    : static_cast<double>(fewest) * torus_link_bandwidth(fabric, node);
}

NetworkPath torus_path(const Fabric &fabric, const Node &node, std::int64_t first,
                       std::int64_t second) {
  std::int64_t hops = 0;
  for (std::size_t i = 0; i < fabric.torus.size(); ++i) {
    const std::int64_t extent = fabric.torus[i];
    const std::int64_t apart = std::abs(first % extent - second % extent);
    hops += wraps_around(fabric, i, extent) ? std::min(apart, extent - apart) : apart;
    first /= extent;
    second /= extent;
  }
  return {torus_link_bandwidth(fabric, node),
          node.scale_up_latency + static_cast<double>(hops - 1) * fabric.link_latency, hops};
}

/// The lowest level at which one switch is above both.
std::size_t meeting_level(const Fabric &fabric, std::int64_t first, std::int64_t second) {
  const std::size_t top = fabric.levels.size() - 1;
  if (top == 0 || leaf_of(fabric, first) == leaf_of(fabric, second))
    return 0;
  for (std::size_t level = 1; level < top; ++level)
    if (first / block_gpus(fabric, level) == second / block_gpus(fabric, level))
      return level;
  return top;
}

} // namespace

std::optional<NetworkPath> path_between(const Fabric &fabric, const Node &node, std::int64_t first,
                                        std::int64_t second) {
  if (fabric.kind == FabricKind::torus) {
    const std::int64_t chips = most_gpus(fabric).value_or(1);
    if (first / chips != second / chips)
      return std::nullopt;
    return torus_path(fabric, node, first % chips, second % chips);
  }
  std::optional<NetworkPath> best;
  if (first / node.scale_up_domain == second / node.scale_up_domain)
    best = NetworkPath{node.scale_up_bandwidth, node.scale_up_latency, 2};
  const bool isolated_rail =
      fabric.levels.size() == 1 && first % fabric.rails != second % fabric.rails;
  if (fabric.levels.empty() || !node.scale_out_bandwidth || isolated_rail)
    return best;
  const std::size_t level = meeting_level(fabric, first, second);
  NetworkPath path{injection_bandwidth(fabric, node), node.scale_out_latency,
                   static_cast<std::int64_t>(2 * (level + 1))};
  for (std::size_t i = 0; i < level; ++i) {
    path.bandwidth = std::min(path.bandwidth, uplink_bandwidth(fabric, i));
    path.latency += fabric.levels[i].latency + fabric.levels[i + 1].latency;
  }
  if (!best || path.bandwidth > best->bandwidth ||
      (path.bandwidth == best->bandwidth && path.latency < best->latency))
    best = path;
  return best;
}

Bandwidth bisection_bandwidth(const Fabric &fabric, const Node &node, std::int64_t gpus) {
  if (fabric.kind == FabricKind::torus)
    return torus_bisection(fabric, node, gpus);
  const std::int64_t domain = node.scale_up_domain;
  const std::int64_t domains = (gpus + domain - 1) / domain;
  if (domains == 1) {
    const std::int64_t half_of_one = gpus / 2;
    return static_cast<double>(half_of_one) * node.scale_up_bandwidth;
  }
  if (fabric.levels.empty())
    return {};
  const std::int64_t half = (domains + 1) / 2 * domain;
  Level level = leaves(fabric, half, gpus, injection_bandwidth(fabric, node));
  Bandwidth flow = level.flow();
  for (std::size_t i = 1; i < fabric.levels.size(); ++i) {
    const bool top = i + 1 == fabric.levels.size();
    const std::int64_t size =
        top ? std::numeric_limits<std::int64_t>::max() : fabric.levels[i].down;
    level = blocks_above(level, size, uplink_of(fabric, i));
    flow += level.flow();
  }
  return flow;
}

} // namespace flopcast
