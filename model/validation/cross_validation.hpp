// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/validation/comparison.hpp"
#include "model/validation/software_fit.hpp"

#include <span>

namespace flopcast {

/// The runs that state the metric, ready to be fitted. The planner must outlive them.
[[nodiscard]] std::vector<FittedRun> fitted_runs(std::span<const RunRecord> runs,
                                                 RunPlanner &planner, FittedMetric metric);

/// Constants of every framework, fitted to the steps of its runs and then to their memory. The
/// planner predicts with them from then on.
SoftwarePresets fit_frameworks(std::span<const RunRecord> runs, RunPlanner &planner);

/// The same with the spread that cross_validated_comparison() in so many parts shows, and that of
/// the framework "default": all runs as its constants predict them.
SoftwarePresets fit_frameworks_with_spread(std::span<const RunRecord> runs, RunPlanner &planner,
                                           int folds);

/// Compares every run as predicted by constants that were fitted without it: whole split groups are
/// held back, one of `folds` parts at a time. Their spread is told by the runs of the other parts.
[[nodiscard]] RunComparison cross_validated_comparison(std::span<const RunRecord> runs,
                                                       const RunPlanner &planner, int folds);

} // namespace flopcast
