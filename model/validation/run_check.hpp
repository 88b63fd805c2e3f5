// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/validation/comparison.hpp"
#include "model/validation/rank_regret.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace flopcast {

/// What of a comparison is wanted.
struct RunCheckOptions {
  std::vector<RunMetric> metrics;    ///< none: all
  std::vector<std::string> group_by; ///< see group_value()
  /// Above 1: each run is predicted by constants of its framework that were fitted without it, in
  /// so many parts.
  int folds = 0;
  std::optional<double> tolerance; ///< of a metric's group-weighted median, as a fraction
};

struct MetricErrors {
  RunMetric metric = RunMetric::step_time;
  ErrorStatistics errors;
  /// Share of measurements inside their stated P10 to P90, each split group weighing 1; of step
  /// time and memory.
  std::optional<double> inside = std::nullopt;
};

/// Runs that have one value in the column that they are grouped by.
struct RunGroup {
  std::string column;
  std::string value;
  std::vector<MetricErrors> metrics; ///< those that some of the runs state
};

struct RunCheck {
  RunComparison comparison;
  std::vector<MetricErrors> metrics; ///< those that some run states
  std::vector<RunGroup> groups;      ///< most runs first, within a column
  RegretSummary regret;
  std::int64_t predicted_not_to_fit = 0; ///< runs that ran and should not by the model
  std::vector<RunMetric> beyond_tolerance;
};

/// Sums a comparison up.
[[nodiscard]] RunCheck check_of(RunComparison comparison, const RunCheckOptions &options);

/// Compares the runs and sums up. The records must outlive the result.
[[nodiscard]] RunCheck check_runs(std::span<const RunRecord> runs, RunPlanner &planner,
                                  const RunCheckOptions &options);

} // namespace flopcast
