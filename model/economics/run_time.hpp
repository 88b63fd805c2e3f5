// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/units/quantity.hpp"
#include "model/planning/plan.hpp"

namespace flopcast {

/// How long the run takes and how much GPU time it holds.
struct RunTime {
  double steps = 0;
  Seconds training;    ///< steps × step time
  Seconds checkpoints; ///< pauses for writing
  Seconds wall_clock;  ///< from start to end, lost time included
  GpuTime productive;  ///< GPUs × training
  GpuTime held;        ///< what is paid for
  double goodput = 1;  ///< productive / held, checkpoints counted as lost
};

/// Wall-clock time is (training + checkpoint pauses) / goodput; where the plan says what GPU time
/// is held, that is paid for, and goodput follows from it. Utilisation (MFU) is no part of goodput.
[[nodiscard]] RunTime run_time(const RunConditions &conditions, double steps, Seconds step_time,
                               Bytes checkpoint_size, std::int64_t gpus);

} // namespace flopcast
