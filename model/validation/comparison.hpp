// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/planning/estimate.hpp"
#include "model/planning/uncertainty.hpp"
#include "model/validation/error_statistics.hpp"
#include "model/validation/run_plan.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// What of a run is held against its measurement.
enum class RunMetric {
  step_time, ///< seconds; of a rate (tokens/s, FLOP/s), the step that it means
  memory,    ///< bytes of the fullest GPU
  mfu,       ///< share of the peak, counted as the source counts
  gpu_hours, ///< of the whole run
};

[[nodiscard]] std::span<const Spelled<RunMetric>> run_metric_names();
[[nodiscard]] std::string_view to_text(RunMetric metric);

struct Compared {
  RunMetric metric = RunMetric::step_time;
  double measured = 0; ///< in the metric's unit
  double predicted = 0;

  /// Where log(measured / predicted) was expected; of steps and memory alone.
  std::optional<TimeSpread> spread = std::nullopt;

  [[nodiscard]] double error() const { return predicted / measured - 1; }
  /// Whether the measurement lies in the middle four fifths of the spread, which there must be.
  [[nodiscard]] bool is_inside() const;
};

/// A run that was predicted. `record` is the table's: it must outlive this.
struct ComparedRun {
  const RunRecord *record = nullptr;
  std::vector<Compared> compared; ///< one a metric that the source states
  std::vector<std::string> inferred;
  std::string gpu_family;
  std::string rules;  ///< id of the framework's
  std::string family; ///< of the framework
  Parallelism parallelism;
  Training training;
  HardwareSpread hardware;
  bool predicted_to_fit = true;

  /// The comparison of a metric; null where the source does not state it.
  [[nodiscard]] const Compared *find(RunMetric metric) const;
  /// The spread that runs of its framework tell, for its step and memory.
  void state_spread(const SoftwareSpread &runs);
};

struct SkippedRun {
  const RunRecord *record = nullptr;
  std::string reason;
};

struct RunComparison {
  std::vector<ComparedRun> runs;
  std::vector<SkippedRun> skipped;
};

/// Predicts every run, those that the model says do not fit too, and compares what the source
/// measured. A run of which the source states none of the metrics is skipped.
[[nodiscard]] RunComparison compare_runs(std::span<const RunRecord> runs, RunPlanner &planner);

/// What tensors take, what the allocator holds or all that the device does, whichever the source
/// measured.
[[nodiscard]] Bytes predicted_memory(const std::string &memory_kind, const FrameworkRules &rules,
                                     const StepEstimate &step);

/// Errors of a metric over runs.
[[nodiscard]] ErrorStatistics statistics_of(std::span<const ComparedRun *const> runs,
                                            RunMetric metric);

/// What a run is grouped by: a column of the table, "gpu_family", or "rules" (of the framework).
[[nodiscard]] std::string group_value(const ComparedRun &run, std::string_view column);

} // namespace flopcast
