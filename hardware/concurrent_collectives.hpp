// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/cluster.hpp"
#include "hardware/collectives.hpp"
#include "hardware/units/quantity.hpp"

#include <span>
#include <vector>

namespace flopcast {

/// A collective of one parallel group. All groups like it run at the same time, on the other GPUs.
struct GroupCollective {
  Collective collective = Collective::all_reduce;
  Bytes data;
  RankGroup group;
};

/// What a collective takes when it runs alone, and how busy it keeps what it may share.
struct LinkLoad {
  Seconds alone;
  double scale_up = 0;  ///< share of the time in which a GPU's fast links are full
  double scale_out = 0; ///< the same for its NICs and the switches above
};

/// collective_time() and the shares of it that the links need at their full efficiency; starts and
/// hand-overs leave the links to others.
[[nodiscard]] LinkLoad link_load(const GroupCollective &one, const Cluster &cluster);

/// Seconds from a common start until each is done, in their order, when all run at once.
/// Links are shared as processors are: as long as two need a link for more than the whole time,
/// both slow down, and those that are done leave their part to the rest. Each collective goes on at
/// the pace of the link that slows it most. A tensor-parallel group on NVLink and a data-parallel
/// one on NICs hardly notice each other; two on the same NICs take as long as one after the other.
/// Each other one on a link costs LinkModel::contention times what it moves; 1 is a fair share.
/// Holds for: groups whose ranks share GPUs, as the parallel groups of one training run do.
/// Assumed: no table measures it.
[[nodiscard]] std::vector<Seconds>
concurrent_collective_times(std::span<const GroupCollective> collectives, const Cluster &cluster);

} // namespace flopcast
