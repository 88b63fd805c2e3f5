// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/execution/software_preset.hpp"
#include "model/validation/run_plan.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace flopcast {

/// A run whose step was measured, ready to be predicted under other constants.
struct TimedRun {
  RunPlan planned;
  double measured = 0; ///< seconds
  std::string group;   ///< runs of one group are held back together and weigh as one
};

/// The constants of every framework that the runs are of, by its id.
using SoftwarePresets = std::map<std::string, SoftwarePreset, std::less<>>;

/// Fits the constants of each framework to the measured steps: a Huber loss on the logarithm of
/// predicted over measured, each group weighing 1, and for each constant a prior around what is
/// physically expected. What the runs of a framework do not tell stays at the prior.
[[nodiscard]] SoftwarePresets fit_software(std::span<const TimedRun> runs);

/// Predictions of runs that the constants were not fitted to: whole groups are held back, one of
/// `folds` parts at a time. In the order of `runs`, seconds.
[[nodiscard]] std::vector<double> cross_validated_steps(std::span<const TimedRun> runs, int folds);

/// The step of a run under these constants.
[[nodiscard]] double predicted_step(const TimedRun &run, const SoftwarePresets &presets);

} // namespace flopcast
