// SPDX-License-Identifier: Apache-2.0
// Every published run that accuracy is judged on is predicted, or it is said why not.
#include "model/validation/comparison.hpp"
#include "tests/model/examples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>

namespace flopcast::tests {
namespace {

std::vector<RunRecord> core_runs(const char *name) {
  const std::string path = (shared_data() / "runs" / name).string();
  std::ifstream stream(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  std::vector<RunRecord> runs = read_run_table(text, path).runs;
  std::erase_if(runs, [](const RunRecord &run) { return !run.core; });
  return runs;
}

TEST(SharedRuns, EveryCoreRunIsComparedOrSkippedWithAReason) {
  FLOPCAST_REQUIRE_SHARED("runs/measured_runs_dev.csv");
  const std::vector<RunRecord> runs = core_runs("measured_runs_dev.csv");
  ASSERT_GE(runs.size(), 800U);
  RunPlanner planner(presets());
  const RunComparison result = compare_runs(runs, planner);
  EXPECT_EQ(result.runs.size() + result.skipped.size(), runs.size());
  std::size_t unmodelled = 0;
  for (const SkippedRun &run : result.skipped) {
    EXPECT_FALSE(run.reason.empty()) << run.record->id;
    unmodelled += run.reason.starts_with("family not modelled yet") ? 1 : 0;
  }
  const auto modelled = static_cast<double>(runs.size() - unmodelled);
  EXPECT_LT(static_cast<double>(result.skipped.size() - unmodelled), 0.03 * modelled);
}

TEST(SharedRuns, EveryComparedCoreRunHasAStepTime) {
  FLOPCAST_REQUIRE_SHARED("runs/measured_runs_dev.csv");
  const std::vector<RunRecord> runs = core_runs("measured_runs_dev.csv");
  RunPlanner planner(presets());
  for (const ComparedRun &run : compare_runs(runs, planner).runs) {
    const Compared *step = run.find(RunMetric::step_time);
    ASSERT_NE(step, nullptr) << run.record->id;
    EXPECT_TRUE(std::isfinite(step->error())) << run.record->id;
  }
}

// Where a source prints a step and a rate, both must mean the same by the way it counts: a wrong
// way shows here as 4/3 (recomputation), 2 (another peak) or 5 to 30 % (the causal half).
TEST(SharedRuns, PrintedRatesAndStepsAgree) {
  FLOPCAST_REQUIRE_SHARED("runs/measured_runs_dev.csv");
  const std::vector<RunRecord> runs = core_runs("measured_runs_dev.csv");
  RunPlanner planner(presets());
  double both = 0;
  double apart = 0;
  for (const ComparedRun &run : compare_runs(runs, planner).runs) {
    const Compared *step = run.find(RunMetric::step_time);
    const Compared *mfu = run.find(RunMetric::mfu);
    if (step == nullptr || mfu == nullptr)
      continue;
    both += 1;
    constexpr double printed_digits = 0.03;
    apart += std::abs((1 + step->error()) * (1 + mfu->error()) - 1) > printed_digits ? 1 : 0;
  }
  ASSERT_GT(both, 400);
  EXPECT_LT(apart / both, 0.06); // Nemotron 15B, whose FLOPs are 12 % off in its README
}

TEST(SharedRuns, EverySingleNodeRunOfVTrainIsCompared) {
  FLOPCAST_REQUIRE_SHARED("runs/vtrain_single_node_dev.csv");
  const std::vector<RunRecord> runs = core_runs("vtrain_single_node_dev.csv");
  RunPlanner planner(presets());
  EXPECT_EQ(compare_runs(runs, planner).runs.size(), 900U);
}

} // namespace
} // namespace flopcast::tests
