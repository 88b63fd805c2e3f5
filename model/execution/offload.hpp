// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/cluster.hpp"
#include "hardware/units/quantity.hpp"
#include "model/execution/memory.hpp"
#include "model/execution/parallelism.hpp"
#include "model/execution/training.hpp"

namespace flopcast {

/// Bytes that a rank's share of the optimizer's states and its update move.
struct OptimizerTraffic {
  Bytes states;               ///< held: moments and master weights
  Bytes gradients;            ///< of the parameters that the rank updates, as they are summed
  Bytes weights;              ///< of the same, as the model uses them
  bool reads_weights = false; ///< where no master of them is among the states

  /// Every state is read and written once, the gradient read, the weight written.
  [[nodiscard]] Bytes of_update() const {
    return 2.0 * states + gradients + (reads_weights ? 2.0 : 1.0) * weights;
  }
};

/// What one rank's step offers to hide copies behind.
struct OffloadWork {
  Seconds forward;          ///< of one micro-batch
  Seconds backward;         ///< of one micro-batch, recomputation included
  Seconds optimizer;        ///< of the device's own part of the update
  double micro_batches = 1; ///< in a step
  double pieces = 1;        ///< that update and copies are cut into: the stage's layers
  Bytes activations;        ///< of a micro-batch, that go to the host and come back
};

/// What copies and updates on the host cost a step, beside the device's own work.
struct OffloadTime {
  Seconds activations; ///< for all micro-batches
  Seconds optimizer;   ///< once a step

  [[nodiscard]] Seconds total() const { return activations + optimizer; }
};

/// Activations leave while their forward pass runs and come back while their backward pass does;
/// what takes longer is waited for. Gradients leave while the last micro-batch's backward pass
/// runs, the last piece of them after it; the host then updates piece by piece while weights of the
/// pieces before travel back, beside what the device updates itself. PCIe and C2C carry both ways
/// at once, and copy engines take no multiprocessors.
/// Zero where the machine's link to the host is not known: see host_side().
/// Sources: Ren et al. 2021 (ZeRO-Offload), section 4; Megatron Core's hybrid device optimizer.
[[nodiscard]] OffloadTime offload_time(const Offload &offload, const OptimizerTraffic &traffic,
                                       const OffloadWork &work, const Cluster &cluster);

/// Of a micro-batch's activations on a stage of so many layers, those that go to the host. `kept`:
/// what all these layers keep.
[[nodiscard]] Bytes offloaded_activations(const Offload &offload, double layers, Bytes kept,
                                          Bytes boundary);

/// Moves optimizer states to the host, with a copy of the gradients and the new weights that wait
/// there for the link.
void offload_states(MemoryParts &parts, const Offload &offload, const OptimizerTraffic &traffic);

/// Moves `moved` of each of the micro-batches in flight to the host. The device keeps room for two
/// layers' of one: the one on its way and the next.
void offload_activations(MemoryParts &parts, const Offload &offload, double layers,
                         double in_flight, Bytes moved);

} // namespace flopcast
