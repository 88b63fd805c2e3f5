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

/// What of a run the constants are fitted to.
enum class FittedMetric { step_time, memory };

/// A measured run, ready to be predicted under other constants.
struct FittedRun {
  RunPlan planned;
  std::string memory_kind; ///< as RunRecord::memory_kind
  double measured = 0;     ///< seconds, or bytes
  std::string group;       ///< runs of one group are held back together and weigh as one
};

/// Fits the constants of each framework that bear on the metric, the others staying as the
/// framework's preset has them: Cauchy's loss on the logarithm of predicted over measured, each
/// group weighing 1, and for each constant a prior around what is physically expected. Frameworks
/// of one family are fitted together; those of `frameworks` that have no run get what their
/// family's runs tell. What no run tells stays at the prior.
[[nodiscard]] SoftwarePresets fit_software(std::span<const FittedRun> runs, FittedMetric metric,
                                           std::span<const FrameworkRules> frameworks = {});

/// What is expected of a stack before any of its runs is seen; constants that are never fitted
/// stay.
[[nodiscard]] SoftwarePreset expected_software(const SoftwarePreset &stated);

/// The fold that a group of runs is held back in: the same for every order of the runs.
[[nodiscard]] int fold_of(const std::string &group, int folds);

/// The metric of a run under these constants, in the unit of FittedRun::measured.
[[nodiscard]] double predicted(const FittedRun &run, FittedMetric metric,
                               const SoftwarePresets &presets);

} // namespace flopcast
