// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/execution/schedule/pipeline.hpp"

#include <cstdint>
#include <vector>

namespace flopcast {

/// What micro-batches visit, in plain numbers (seconds, bytes) for the simulation's inner loop: a
/// chunk on a stage. DualPipe has two routes, so each chunk is two passes there.
struct Pass {
  double forward = 0;
  double input_gradient = 0;
  double weight_gradient = 0;
  double forward_message = 0;  ///< to the next pass
  double backward_message = 0; ///< to the one before
  double saved = 0;
  double saved_for_weights = 0;
  double transient = 0;
  double gather = 0;
  double scatter = 0;
  std::uint32_t stage = 0;
  std::uint32_t chunk = 0; ///< in the order of the model
  bool first = false;      ///< of its route
  bool last = false;

  [[nodiscard]] double backward() const { return input_gradient + weight_gradient; }
};

/// Passes in the order in which a micro-batch visits them, one route after the other.
struct Passes {
  std::vector<Pass> passes;
  std::uint32_t stages = 1;
  std::uint32_t chunks = 1;        ///< of a stage that one micro-batch visits
  std::uint32_t micro_batches = 1; ///< that take each route
};

[[nodiscard]] Passes passes_of(const PipelineWork &work);

} // namespace flopcast
