// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/cluster.hpp"
#include "hardware/efficiency/link_model.hpp"
#include "hardware/node.hpp"
#include "hardware/units/quantity.hpp"

#include <cstdint>

namespace flopcast {

/// Ranks first, first + stride, …: how the ranks of a parallel group lie in the global order.
struct RankGroup {
  std::int64_t size = 1;
  std::int64_t stride = 1;
  /// Of two neighbours: how many ranks the ring has in which all such pairs exchange at once. What
  /// leaves a block of switches then is the ring's, wherever in it these two lie.
  std::int64_t ring = 0;
};

/// How many ranks of the group share one scale-up domain.
[[nodiscard]] std::int64_t ranks_per_domain(const RankGroup &group, const Node &node);

/// Bandwidth per rank and direction at which a ring through the group moves endless data, with the
/// links, the calibration and the fabric that collective_time() uses: the fast links where the
/// group stays inside a domain, else the slower of those and the network. A group that has g ranks
/// in a domain uses g GPUs' share of its NICs; the groups beside it use the rest.
[[nodiscard]] Bandwidth ring_bandwidth(Collective collective, const RankGroup &group,
                                       const Cluster &cluster);

/// Time of a collective over `data` (what they are: see Collective).
/// Inside a domain the fastest of ring and switch. Between N domains with g ranks in each, the
/// fastest of
///  * a ring through all ranks: the slower of the fast links and g GPUs' share of the NICs;
///  * a tree (all-reduce): 2 ceil(log2 N) steps between domains instead of 2(N-1), all the data
///  sent
///    up and down, through the switch inside where it reduces;
///  * a phase inside and one between domains, one after the other, where software does that;
/// and never faster than the part inside a domain alone. All-to-all sends (n-g)/n of the data over
/// each GPU's own share of the NICs, beside what it exchanges inside.
/// Never falls when data grow, nor when the group grows (but see LinkModel::link_share).
[[nodiscard]] Seconds link_collective_time(const LinkModel &up, const LinkModel &out,
                                           Collective collective, Bytes data,
                                           const RankGroup &group, const Node &node);

/// The same for each of `at_once` equal collectives that share the links.
[[nodiscard]] Seconds shared_collective_time(const LinkModel &up, const LinkModel &out,
                                             Collective collective, Bytes data,
                                             const RankGroup &group, const Node &node,
                                             std::int64_t at_once);

/// The same with the links that the cluster's calibration was fitted to, over its fabric.
/// Where there are none and nothing but an efficiency of the bandwidth is known: all-reduce moves
/// 2(n-1)/n of the data over each link of a ring, all-gather and reduce-scatter (n-1)/n; a latency
/// is paid once inside the domain and, between domains, once a level of a binary tree over them.
/// With a fabric (see group_path()) the ranks of a domain together have no more of the network than
/// the switches above leave them while all groups like this one communicate, a GPU no more than the
/// leaf's port, and the latency grows by the switches between the farthest neighbours. On a torus
/// the group runs over the links of the dimensions that it lies in, in place of all of the chip's.
[[nodiscard]] Seconds collective_time(Collective collective, Bytes data, const RankGroup &group,
                                      const Cluster &cluster);

/// How much longer computation takes while a collective of this group runs beside it:
/// compute_slowdown() of the links that the group crosses. 1 on TPUs, whose cores do not move the
/// data.
[[nodiscard]] double overlap_slowdown(const RankGroup &group, const Cluster &cluster);

} // namespace flopcast
