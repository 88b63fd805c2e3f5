// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/cluster.hpp"
#include "hardware/units/quantity.hpp"

#include <cstdint>

namespace flopcast {

enum class Collective { all_reduce, all_gather, reduce_scatter, point_to_point };

/// Ranks first, first + stride, …: how the ranks of a parallel group lie in the global order.
struct RankGroup {
  std::int64_t size = 1;
  std::int64_t stride = 1;
};

/// How many ranks of the group share one scale-up domain.
[[nodiscard]] std::int64_t ranks_per_domain(const RankGroup &group, const Node &node);

/// Bandwidth per rank of a ring through the group, per direction: the fast links where the group
/// stays inside a domain, else the slower of those and the network. A group that has g ranks in a
/// domain uses g GPUs' share of its NICs; the groups beside it use the rest.
[[nodiscard]] Bandwidth ring_bandwidth(const RankGroup &group, const Cluster &cluster);

/// Time of a ring collective over `data`: the whole tensor that every rank ends up with
/// (all-reduce, all-gather) or begins with (reduce-scatter), or the message (point to point).
/// All-reduce moves 2(n-1)/n of it over each link, the other two (n-1)/n; a latency is paid once
/// inside the domain and, between domains, once a level of a binary tree over them.
[[nodiscard]] Seconds collective_time(Collective collective, Bytes data, const RankGroup &group,
                                      const Cluster &cluster);

} // namespace flopcast
