// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/efficiency/link_model.hpp"
#include "hardware/node.hpp"

#include <optional>
#include <vector>

namespace flopcast {

/// One measured collective.
struct CollectiveSample {
  Collective collective = Collective::all_reduce;
  Bytes data = {}; ///< the whole tensor, as Collective defines it for each kind
  std::int64_t ranks = 2;
  std::int64_t ranks_per_node = 2; ///< as many as `ranks` where all are in one node
  Seconds time = {};

  bool operator==(const CollectiveSample &) const = default;
};

/// What is known of the links inside a domain before measurements are looked at.
struct ScaleUpLinks {
  Bandwidth bandwidth;              ///< of the datasheet, per GPU and direction
  bool switched = true;             ///< false: GPUs wired to each other; link_share is fitted
  bool in_switch_reduction = false; ///< NVLS, SHARP: the switch can add up
  std::optional<ProtocolChoice> choice = {}; ///< of the library, where its table is known
};

/// Fits the links inside a domain to the samples that lie in one node; the others are passed over.
/// Robust least squares on log time, each kind of collective by itself; samples of less than 1 MiB
/// count a third. A kind without samples gets the parameters of a measured one (see `samples`).
/// Every octave of data counts alike, however densely it was measured.
/// There must be a sample in one node. The result does not depend on the order of samples.
[[nodiscard]] LinkModel fit_scale_up(const std::vector<CollectiveSample> &samples,
                                     const ScaleUpLinks &links);

/// Fits the links between nodes to the samples of several nodes, given those inside. Of `node` it
/// takes bandwidths and latencies. A tree's bandwidth is not fitted: no table has enough nodes to
/// tell it from a ring; it is NCCL's own constant.
/// There must be a sample of several nodes.
[[nodiscard]] LinkModel fit_scale_out(const std::vector<CollectiveSample> &samples,
                                      const LinkModel &up, const Node &node);

/// Predicted time of a sample.
[[nodiscard]] Seconds predicted_time(const LinkModel &up, const LinkModel &out,
                                     const CollectiveSample &sample, const Node &node);

/// Whether a sample is held back when a fit is tested on sizes that it did not see: every third
/// octave, whole, at all rank counts: [2, 4), [16, 32), [128, 256) MiB, [1, 2) GiB, …
[[nodiscard]] bool is_held_back_size(const CollectiveSample &sample);

/// The same for groups, whole curves: 4 ranks of the tables that have 2, 4 and 8; odd numbers of
/// ranks where those were measured too; 4 nodes of those that have several.
[[nodiscard]] bool is_held_back_group(const CollectiveSample &sample,
                                      const std::vector<CollectiveSample> &table);

} // namespace flopcast
