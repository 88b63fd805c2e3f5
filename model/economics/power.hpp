// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/cluster.hpp"
#include "hardware/units/quantity.hpp"
#include "model/execution/work.hpp"

#include <optional>

namespace flopcast {

/// What the mean GPU computes and moves in a step: all operators of the model's replica and those
/// that are done again, shared by its stages. The optimizer's bytes, the links' and the bubble are
/// left out: there a GPU idles.
[[nodiscard]] OperatorWork step_work(const ModelWork &work, const Parallelism &parallelism,
                                     const Training &training, double micro_batches);

struct StepPower {
  OperatorWork work;  ///< of the mean GPU in a step
  PowerPerGpu gpu;    ///< mean over the step, never above the thermal design power
  PowerPerGpu server; ///< the GPU's and that of the rest of the server
};

/// Mean power in a step. Empty where the device's power, or that of the format, is not known.
[[nodiscard]] std::optional<StepPower> step_power(const OperatorWork &work, Seconds step_time,
                                                  NumberFormat format,
                                                  PowerPerGpu beside_accelerator,
                                                  const Cluster &cluster);

} // namespace flopcast
