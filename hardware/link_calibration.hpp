// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/calibration.hpp"
#include "hardware/device.hpp"
#include "hardware/efficiency/link_fit.hpp"
#include "hardware/node.hpp"

#include <optional>
#include <string>
#include <vector>

namespace flopcast {

/// What a node's preset tells of the links inside it: switched where its topology names NVSwitch;
/// the switches of Hopper and later add up (NVLink SHARP).
[[nodiscard]] ScaleUpLinks scale_up_links(const Node &node, const Device &device);

/// Whether what was measured on the links of one node holds on those of another: both are switched,
/// by switches that do the same. How GPUs are wired to each other is another matter in each node.
[[nodiscard]] bool alike(const ScaleUpLinks &a, const ScaleUpLinks &b);

/// Fitted links hold in a node whose GPUs are joined as in the one that was measured, the usual
/// node of the device; elsewhere they are dropped. Whether they were.
bool drop_foreign_links(Calibration &calibration, const Device &device, const Node &node,
                        const std::optional<Node> &usual);

/// What samples are fitted to.
struct MeasuredLinks {
  ScaleUpLinks up;
  Node node;            ///< bandwidths and latencies of the datasheet
  bool network = false; ///< fit the samples of several nodes too, over node.scale_out_bandwidth
};

/// Puts the links that the samples tell into the calibration, with their errors. Sizes for which
/// is_held_back_size() is true are not fitted, and no kind of collective of which fewer than 20
/// samples remain. Links that none is left of stay as they are in `base`, without errors.
[[nodiscard]] Calibration fit_links(const Calibration &base, const MeasuredLinks &measured,
                                    const std::vector<CollectiveSample> &samples);

/// How far a calibration is from the held-back samples of one kind of collective.
struct LinkValidationRow {
  LinkLevel level = LinkLevel::scale_up;
  Collective collective = Collective::all_reduce;
  std::string size; ///< "below 1 MiB", "1 to 16 MiB", …, "all from 1 MiB"
  ErrorSummary errors;
};

/// Predicts the samples of held-back sizes, by level, kind and size; a kind ends with its row "all
/// from 1 MiB". Samples of several nodes need a node whose scale_out_bandwidth is known.
[[nodiscard]] std::vector<LinkValidationRow>
validate_links(const Calibration &calibration, const Node &node,
               const std::vector<CollectiveSample> &samples);

/// Below this a collective's time is mostly latency: accuracy is judged from here.
inline constexpr Bytes judged_from_data = units::mebibyte;

} // namespace flopcast
