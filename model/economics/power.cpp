// SPDX-License-Identifier: Apache-2.0
#include "model/economics/power.hpp"

#include "hardware/energy.hpp"

namespace flopcast {

OperatorWork step_work(const ModelWork &work, const Parallelism &parallelism,
                       const Training &training, double micro_batches) {
  OperatorWork sum;
  for (const RegionWork *region : {&work.embedding, &work.layers, &work.head}) {
    sum += region->forward_work;
    sum += region->backward_work;
  }
  if (training.recompute == Recompute::full)
    sum += recomputed_layers(training, parallelism, work.layer_count) * work.layers.forward_work;
  else if (redoes_parts(training.recompute))
    sum += work.layers.redone_work;
  return micro_batches / static_cast<double>(parallelism.pipeline_parallel) * sum;
}

std::optional<StepPower> step_power(const OperatorWork &work, Seconds step_time,
                                    NumberFormat format, PowerPerGpu beside_accelerator,
                                    const Cluster &cluster) {
  const auto model = device_power_model(cluster);
  const auto per_flop = model ? energy_per_flop(*model, format) : std::nullopt;
  if (!per_flop || step_time <= Seconds{})
    return std::nullopt;
  StepPower power;
  power.work = work;
  power.gpu = mean_power(*model, *per_flop * work.flops + model->per_byte * work.bytes, step_time) /
              units::gpu;
  power.server = power.gpu + beside_accelerator;
  return power;
}

} // namespace flopcast
