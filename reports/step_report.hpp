// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/planning/estimate.hpp"
#include "profiler/training/gpt_step.hpp"
#include "reports/report.hpp"

#include <string>

namespace flopcast {

/// A training step beside its prediction. References: all must outlive it.
struct StepComparison {
  const PlannedRun &run;
  const Estimate &predicted; ///< has a step
  const MeasuredStep &measured;

  [[nodiscard]] Seconds predicted_step() const { return predicted.step->predicted.total(); }
  /// predicted / measured − 1
  [[nodiscard]] double error() const { return predicted_step() / measured.step - 1; }
};

/// Predicted, measured and the error of the step and its parts.
[[nodiscard]] Report step_report(const StepComparison &comparison);
[[nodiscard]] std::string step_json(const StepComparison &comparison);

} // namespace flopcast
