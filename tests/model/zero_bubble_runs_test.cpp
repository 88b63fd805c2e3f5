// SPDX-License-Identifier: Apache-2.0
// Qi et al. 2023 (Zero Bubble), table 4: four schedules of the same models, by micro-batches.
#include "model/validation/comparison.hpp"
#include "tests/model/examples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace flopcast::tests {
namespace {

/// Rows of the table that the development file has. They are not among the core ones: the table
/// prints three digits.
std::vector<RunRecord> table_four() {
  const std::string path = (shared_data() / "runs/measured_runs_dev.csv").string();
  std::ifstream stream(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  std::vector<RunRecord> runs = read_run_table(text, path).runs;
  std::erase_if(runs, [](const RunRecord &run) { return !run.id.starts_with("zb_"); });
  return runs;
}

struct Timed {
  std::string id;
  double measured = 0;
  double predicted = 0;
};

/// Model and micro-batches, which the schedules are compared for.
using Case = std::pair<std::string, std::int64_t>;

std::map<Case, std::vector<Timed>> cases(const std::vector<RunRecord> &runs) {
  RunPlanner planner(presets());
  std::map<Case, std::vector<Timed>> found;
  const RunComparison result = compare_runs(runs, planner);
  for (const SkippedRun &run : result.skipped)
    ADD_FAILURE() << run.record->id << ": " << run.reason;
  for (const ComparedRun &run : result.runs)
    if (const Compared *step = run.find(RunMetric::step_time))
      found[{run.record->model, run.record->grad_accum.value_or(0)}].push_back(
          {run.record->id, step->measured, step->predicted});
  return found;
}

TEST(ZeroBubbleTable, HasItsSchedulesInTheMeasuredOrder) {
  FLOPCAST_REQUIRE_SHARED("runs/measured_runs_dev.csv");
  const std::vector<RunRecord> runs = table_four();
  ASSERT_GE(runs.size(), 24U);
  // Samples a second and GPU are printed to three digits, or two below one: steps nearer than that
  // have no order.
  constexpr double printed = 0.01;
  for (const auto &[which, timed] : cases(runs)) {
    ASSERT_EQ(timed.size(), 4U) << which.first << ", " << which.second;
    for (const Timed &a : timed)
      for (const Timed &b : timed)
        if (a.measured < (1 - printed) * b.measured) {
          EXPECT_LT(a.predicted, b.predicted) << a.id << " is measured faster than " << b.id;
        }
  }
}

TEST(ZeroBubbleTable, IsPredictedWithinSixPercentOnAverage) {
  FLOPCAST_REQUIRE_SHARED("runs/measured_runs_dev.csv");
  double sum = 0;
  double count = 0;
  for (const auto &[which, timed] : cases(table_four()))
    for (const Timed &run : timed) {
      sum += std::abs(run.predicted / run.measured - 1);
      count += 1;
    }
  ASSERT_GT(count, 0);
  RecordProperty("mean_error", std::to_string(sum / count));
  EXPECT_LE(sum / count, 0.06);
}

} // namespace
} // namespace flopcast::tests
