// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/calibrated_range.hpp"
#include "hardware/cluster.hpp"
#include "hardware/operator_call.hpp"
#include "model/architecture/operator_graph.hpp"
#include "model/execution/work.hpp"
#include "model/planning/plan.hpp"

#include <vector>

namespace flopcast {

/// A call that GPUs make for one micro-batch, and how long it takes.
struct OperatorTime {
  OperatorRole role = OperatorRole::token_embedding;
  Region region = Region::layer;
  CallPart part = CallPart::forward;
  OperatorCall call;
  /// How often, on one GPU of each stage together: once a layer, and forward again where it is
  /// recomputed.
  double calls = 1;
  Seconds alone;                            ///< of one call, as if it ran by itself
  Seconds time;                             ///< of one call, as the plan's framework runs it
  Coverage coverage = Coverage::unmeasured; ///< of such shapes by the calibration

  [[nodiscard]] Seconds of_all() const { return calls * time; }
};

/// The calls of a plan whose layout is possible, in the graph's order. Times are the device's: what
/// ranks exchange and what the host is waited for come on top. Source: docs/method.md, "Step time".
[[nodiscard]] std::vector<OperatorTime> operator_times(const Plan &plan, const Cluster &cluster);

} // namespace flopcast
