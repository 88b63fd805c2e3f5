// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/units/quantity.hpp"
#include "model/execution/work.hpp"

namespace flopcast {

/// What a GPU's memory holds at the peak of a step.
struct MemoryParts {
  Bytes weights;
  Bytes gradients;
  Bytes optimizer; ///< states and fp32 master weights
  Bytes activations;
  Bytes buffers;   ///< gathered layers of ZeRO-3, messages between stages
  Bytes fragments; ///< held by the allocator and given to no tensor
  Bytes reserve;   ///< training.memory_reserve
  Bytes host;      ///< in host memory for this GPU: part of no total here

  /// All tensors at the peak.
  [[nodiscard]] Bytes allocated() const {
    return weights + gradients + optimizer + activations + buffers;
  }
  /// What the allocator holds.
  [[nodiscard]] Bytes reserved() const { return allocated() + fragments; }
  /// What the device holds.
  [[nodiscard]] Bytes total() const { return reserved() + reserve; }
};

/// What memory depends on beside the work.
struct MemoryInputs {
  Bytes boundary; ///< the tensor between two layers, of one micro-batch on one rank
  double layers_per_stage = 0;
  double micro_batches = 1; ///< in a step
};

/// Micro-batches whose activations the first or the last stage keeps at the peak, as a share of all
/// the stage's layers: min(m, p - i) for 1F1B, and more by 1 + (p-1)/(p·v) on an interleaved first
/// stage. Source: Korthikanti et al. 2022, section 4.2.3.
[[nodiscard]] double micro_batches_in_flight(const Parallelism &parallelism, double micro_batches,
                                             bool last_stage);

/// Activations that a micro-batch leaves in so many layers of a stage, of which the share `redone`
/// is recomputed whole.
[[nodiscard]] Bytes kept_by_layers(const ModelWork &work, const LayerShares &shares, double layers,
                                   double redone, const Training &training, Bytes boundary);

/// Peak memory of a GPU of the first stage, which keeps most micro-batches and the embedding.
/// Activations follow Korthikanti et al. 2022, section 4: each layer counts its input.
[[nodiscard]] MemoryParts first_stage_memory(const ModelWork &work, const Parallelism &parallelism,
                                             const Training &training, const MemoryInputs &inputs);

/// Peak memory of a GPU of the last stage, which holds the logits.
[[nodiscard]] MemoryParts last_stage_memory(const ModelWork &work, const Parallelism &parallelism,
                                            const Training &training, const MemoryInputs &inputs);

/// Peak memory of a GPU of any stage, from 0: it keeps so many micro-batches as the schedule has in
/// flight there.
[[nodiscard]] MemoryParts stage_memory(const ModelWork &work, const Parallelism &parallelism,
                                       const Training &training, const MemoryInputs &inputs,
                                       std::int64_t stage);

} // namespace flopcast
