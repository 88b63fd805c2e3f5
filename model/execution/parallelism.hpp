// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/collectives.hpp"

#include <cstdint>

namespace flopcast {

/// How the ranks share the model and the batch. Ranks are numbered tensor fastest, then context,
/// data, pipeline.
struct Parallelism {
  std::int64_t tensor_parallel = 1;
  bool sequence_parallel = false; ///< norms and residuals split along the sequence too
  std::int64_t pipeline_parallel = 1;
  std::int64_t virtual_pipeline = 1; ///< chunks of layers on a stage (interleaved 1F1B)
  std::int64_t context_parallel = 1;
  std::int64_t expert_parallel = 1;
  std::int64_t data_parallel = 1;
  int zero_stage = 0; ///< 1: optimizer, 2: and gradients, 3: and weights sharded (FSDP)

  [[nodiscard]] std::int64_t gpus() const {
    return tensor_parallel * pipeline_parallel * context_parallel * data_parallel;
  }
  [[nodiscard]] RankGroup tensor_group() const { return {tensor_parallel, 1}; }
  [[nodiscard]] RankGroup context_group() const { return {context_parallel, tensor_parallel}; }
  /// Ranks that hold the same weights: they exchange gradients and share the optimizer's states.
  [[nodiscard]] RankGroup gradient_group() const {
    return {context_parallel * data_parallel, tensor_parallel};
  }
  /// Two neighbours in the ring of context-parallel ranks.
  [[nodiscard]] RankGroup context_neighbours() const {
    return {2, tensor_parallel, context_parallel};
  }
  /// Two neighbouring stages.
  [[nodiscard]] RankGroup stage_neighbours() const {
    return {2, tensor_parallel * context_parallel * data_parallel, pipeline_parallel};
  }

  bool operator==(const Parallelism &) const = default;
};

} // namespace flopcast
