// SPDX-License-Identifier: Apache-2.0
#include "model/economics/run_time.hpp"

namespace flopcast {

RunTime run_time(const RunConditions &conditions, double steps, Seconds step_time,
                 Bytes checkpoint_size, std::int64_t gpus) {
  using namespace units;
  RunTime time;
  time.steps = steps;
  time.training = steps * step_time;
  if (conditions.checkpoint_interval && conditions.checkpoint_bandwidth) {
    const double checkpoints = time.training / *conditions.checkpoint_interval;
    time.checkpoints = checkpoints * (checkpoint_size / *conditions.checkpoint_bandwidth);
  }
  const GpuCount all_gpus = static_cast<double>(gpus) * gpu;
  time.productive = all_gpus * time.training;
  if (!conditions.allocations.empty()) {
    for (const Allocation &allocation : conditions.allocations) {
      time.held += static_cast<double>(allocation.gpus) * gpu * allocation.duration;
      time.wall_clock += allocation.duration;
    }
  } else {
    time.wall_clock = (time.training + time.checkpoints) / conditions.goodput;
    time.held = all_gpus * time.wall_clock;
  }
  time.goodput = time.held > GpuTime{} ? time.productive / time.held : 1.0;
  return time;
}

} // namespace flopcast
