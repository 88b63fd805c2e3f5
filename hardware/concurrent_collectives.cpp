// SPDX-License-Identifier: Apache-2.0
#include "hardware/concurrent_collectives.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>

namespace flopcast {
namespace {

constexpr std::size_t level_count = 2; // fast links, network
using Loads = std::array<double, level_count>;

struct Running {
  double left = 0; ///< seconds, as if alone
  Loads load{};
  bool done = false;
};

/// How many use each level.
std::array<std::size_t, level_count> users(const std::vector<Running> &running) {
  std::array<std::size_t, level_count> count{};
  for (const Running &one : running)
    for (std::size_t level = 0; level < level_count; ++level)
      if (!one.done && one.load[level] > 0)
        ++count[level];
  return count;
}

/// Paces at which all go on, 1 being alone. Max-min fair: all paces rise together until a level is
/// full; those that use it stay, the rest go on rising.
std::vector<double> fair_paces(const std::vector<Running> &running,
                               const std::array<double, level_count> &contention) {
  std::vector<double> pace(running.size(), 0);
  std::vector<bool> fixed(running.size());
  const auto count = users(running);
  Loads capacity{};
  // As in shared_collective_time(): k equal ones take 1 + contention × (k-1) times as long as one.
  for (std::size_t level = 0; level < level_count; ++level) {
    const auto k = static_cast<double>(std::max<std::size_t>(count[level], 1));
    capacity[level] = k / (1 + contention[level] * (k - 1));
  }
  for (std::size_t i = 0; i < running.size(); ++i)
    fixed[i] = running[i].done;
  for (double now = 0; now < 1;) {
    double next = 1;
    std::size_t full = level_count;
    for (std::size_t level = 0; level < level_count; ++level) {
      double held = 0;   // by those whose pace is settled
      double rising = 0; // for each unit of pace
      for (std::size_t i = 0; i < running.size(); ++i)
        (fixed[i] ? held : rising) += running[i].load[level] * (fixed[i] ? pace[i] : 1);
      if (rising <= 0)
        continue;
      const double at = (capacity[level] - held) / rising;
      if (at < next) {
        next = at;
        full = level;
      }
    }
    now = std::max(next, now);
    bool any = false;
    for (std::size_t i = 0; i < running.size(); ++i)
      if (!fixed[i]) {
        pace[i] = now;
        fixed[i] = full == level_count || running[i].load[full] > 0;
        any = any || !fixed[i];
      }
    if (!any)
      break;
  }
  return pace;
}

} // namespace

LinkLoad link_load(const GroupCollective &one, const Cluster &cluster) {
  const RankGroup &group = one.group;
  LinkLoad load{.alone = collective_time(one.collective, one.data, group, cluster)};
  if (group.size <= 1 || load.alone <= Seconds{})
    return load;
  const std::int64_t inside = ranks_per_domain(group, cluster.node);
  const auto busy = [&](std::int64_t ranks, Bandwidth bandwidth) {
    const Bytes wire = ring_share(one.collective, static_cast<double>(ranks), 0) * one.data;
    return std::min(wire / bandwidth / load.alone, 1.0);
  };
  // Of a group inside a domain the same call gives the fast links.
  if (inside >= group.size) {
    load.scale_up = busy(group.size, ring_bandwidth(one.collective, group, cluster));
    return load;
  }
  load.scale_out = busy(group.size, ring_bandwidth(one.collective, group, cluster));
  if (inside > 1) {
    const RankGroup part{.size = inside, .stride = group.stride};
    // The ring's bytes pass the links of each rank whether they go on to a neighbour or a NIC.
    load.scale_up = busy(group.size, ring_bandwidth(one.collective, part, cluster));
  }
  return load;
}

std::vector<Seconds> concurrent_collective_times(std::span<const GroupCollective> collectives,
                                                 const Cluster &cluster) {
  std::vector<Running> running;
  for (const GroupCollective &one : collectives) {
    const LinkLoad load = link_load(one, cluster);
    running.push_back({.left = load.alone.in(units::second),
                       .load = {load.scale_up, load.scale_out},
                       .done = load.alone <= Seconds{}});
  }
  const auto contention = [](const std::optional<LinkModel> &links) {
    return links ? links->contention : 1.0;
  };
  const std::array<double, level_count> lost{contention(cluster.calibration.scale_up_links),
                                             contention(cluster.calibration.scale_out_links)};
  std::vector<Seconds> finished(running.size());
  double now = 0;
  // Each round ends with one that is done.
  for (std::size_t round = 0; round < running.size(); ++round) {
    const std::vector<double> pace = fair_paces(running, lost);
    double first = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < running.size(); ++i)
      if (!running[i].done)
        first = std::min(first, running[i].left / pace[i]);
    if (first == std::numeric_limits<double>::infinity())
      break;
    now += first;
    for (std::size_t i = 0; i < running.size(); ++i) {
      Running &one = running[i];
      if (one.done)
        continue;
      const double needed = one.left / pace[i];
      one.left -= first * pace[i];
      if (needed <= first) {
        one.done = true;
        finished[i] = now * units::second;
      }
    }
  }
  return finished;
}

} // namespace flopcast
