// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/units/quantity.hpp"
#include "profiler/measuring/statistics.hpp"
#include "profiler/training/gpt_model.hpp"

#include <cstdint>
#include <optional>

namespace flopcast {

/// A training step as a device ran it: forward, backward and optimizer on one batch, over and over.
struct MeasuredStep {
  GptShape shape;
  NumberFormat format = NumberFormat::fp32;
  std::int64_t parameters = 0;
  Seconds step;              ///< median, from the first kernel's start to the last one's end
  double relative_error = 0; ///< of the median of the step
  std::int64_t runs = 0;
  std::int64_t outliers = 0;
  Seconds busy; ///< median of the kernels' own time in a step
  Seconds host; ///< median of what the host needed to start a step
  std::int64_t kernels = 0;

  // Medians of steps whose parts were timed apart.
  Seconds forward; ///< with the loss, whose kernel yields the logits' gradient too
  Seconds backward;
  Seconds optimizer;

  TokenRate tokens_per_second;
  double loss_before = 0; ///< nats a token, of the first step
  double loss_after = 0;  ///< of the last
  std::int64_t allocated_bytes = 0;
  std::optional<double> clock_hertz; ///< lowest seen
  bool throttled = false;            ///< clocks fell while it ran
};

/// Throws MeasurementError without memory for it.
[[nodiscard]] MeasuredStep measure_step(Kernels &kernels, const GptShape &shape,
                                        NumberFormat format, const StopRule &rule);

} // namespace flopcast
