// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/collectives.hpp"
#include "hardware/node.hpp"
#include "hardware/topology/fabric.hpp"
#include "hardware/units/quantity.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace flopcast {

/// Links of one class that a ring runs over, and what they leave to each rank of it.
struct LinkUse {
  std::string_view link;   ///< "NIC", "leaf uplinks", …
  Bandwidth capacity;      ///< of all these links of one GPU, domain, leaf, pod or row
  std::int64_t groups = 1; ///< groups like this one that cross them at the same time
  Bandwidth per_rank;      ///< what each of those groups gets
};

/// How a parallel group lies in the cluster, and the way its ring takes.
struct GroupPath {
  std::int64_t ranks_per_domain = 1;
  std::int64_t domains_per_leaf = 1; ///< of the group's; on rails a leaf stands for its whole set
  std::int64_t leaves_per_pod = 1;
  std::int64_t domains = 1; ///< that hold the group, and so on
  std::int64_t leaves = 1;
  std::int64_t pods = 1;

  Bandwidth within; ///< per rank, of the part inside a domain or torus
  /// Between domains: what the switches leave the ranks of one domain together. Absent where the
  /// ring shares no link of theirs.
  std::optional<Bandwidth> uplink;
  /// The same for each rank that sends as much to every other (all-to-all), counted over what
  /// leaves its domain.
  std::optional<Bandwidth> exchange;

  std::vector<LinkUse> links;
  std::size_t narrowest = 0; ///< which of `links` bounds the ring; of a torus they add up
  Bandwidth bandwidth;       ///< per rank and direction; zero where no network joins the group
  Seconds latency;           ///< between the neighbours in the ring that are farthest apart
  std::int64_t hops = 0;     ///< cables between those

  /// Null for a group of one rank.
  [[nodiscard]] const LinkUse *bottleneck() const {
    return narrowest < links.size() ? &links[narrowest] : nullptr;
  }
};

/// Places a group whose ranks are `stride` apart in the order of the GPUs, while all groups like it
/// do the same at the same time. The answer is that of the worst placed group.
///
/// A ring through g ranks of a domain crosses to the next domain on g GPUs' NICs. Of each block of
/// switches it leaves once, so a block's uplink is shared by all groups that reach out of it. What
/// stays below a leaf costs no uplink: on rails that is a ring among equal GPUs of a set of nodes
/// (GPUs of one domain exchange over its fast links what must change rails).
/// On a torus a ring uses both directions of each dimension that the group fills, and one of those
/// that it fills in part; data is split over dimensions by their bandwidth. Groups that are
/// interleaved in a dimension share its links.
///
/// Holds for: a fabric of one level that is fast enough for the NICs gives ring_bandwidth() of
/// collectives.hpp. Where stride or size divide neither domain nor torus, ranks are rounded down
/// as there.
/// The work is proportional to the levels, whatever `gpus` is.
[[nodiscard]] GroupPath group_path(const RankGroup &group, const Node &node, const Fabric &fabric,
                                   std::int64_t gpus);

/// The path by which collective_time() takes a group over the cluster's fabric; absent without one,
/// and where the group stays inside a domain that is no torus.
[[nodiscard]] std::optional<GroupPath> fabric_path(const RankGroup &group, const Cluster &cluster);

} // namespace flopcast
