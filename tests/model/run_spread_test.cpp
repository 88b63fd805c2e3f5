// SPDX-License-Identifier: Apache-2.0
#include "model/validation/cross_validation.hpp"
#include "model/validation/run_spread.hpp"
#include "tests/model/examples.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <fstream>
#include <iterator>

namespace flopcast {
namespace {

/// Compared runs with the records that they point to.
class Runs {
public:
  /// A run whose log(measured / predicted) is that.
  void add(const std::string &framework, const std::string &group, double log_error,
           double hardware = 0, const std::string &family = {}) {
    RunRecord &record = records_.emplace_back();
    record.split_group = group;
    ComparedRun &run = runs_.emplace_back();
    run.record = &record;
    run.rules = framework;
    run.family = family.empty() ? framework : family;
    run.hardware.operators = hardware;
    run.compared.push_back(
        {.metric = RunMetric::step_time, .measured = std::exp(log_error), .predicted = 1});
  }

  [[nodiscard]] std::vector<const ComparedRun *> pointers() const {
    std::vector<const ComparedRun *> all;
    for (const ComparedRun &run : runs_)
      all.push_back(&run);
    return all;
  }
  std::deque<ComparedRun> &runs() { return runs_; }

private:
  std::deque<RunRecord> records_; // stay where they are as more come
  std::deque<ComparedRun> runs_;
};

/// 19 groups whose errors are 0.01, 0.02 … 0.19.
Runs nineteen() {
  Runs runs;
  for (int i = 1; i <= 19; ++i)
    runs.add("own", "g" + std::to_string(i), 0.01 * i);
  return runs;
}

TEST(SoftwareSpread, CountsTheRunToCome) {
  // With it there are 20: nine tenths are 18, from either end.
  const ErrorSpread spread = software_spread(nineteen().pointers(), "own", "own").step_time;
  EXPECT_EQ(spread.samples, 19);
  EXPECT_NEAR(spread.p90, 0.18, 1e-12);
  EXPECT_NEAR(spread.p50, 0.10, 1e-12);
  EXPECT_NEAR(spread.p10, 0.02, 1e-12);
}

TEST(SoftwareSpread, WeighsGroupsNotRuns) {
  Runs runs = nineteen();
  const ErrorSpread before = software_spread(runs.pointers(), "own", "own").step_time;
  for (int i = 0; i < 50; ++i)
    runs.add("own", "g10", 0.10);
  EXPECT_EQ(software_spread(runs.pointers(), "own", "own").step_time, before);
}

TEST(SoftwareSpread, TakesOtherFrameworksAsTenGroups) {
  Runs runs;
  for (int i = 1; i <= 9; ++i)
    runs.add("own", "g" + std::to_string(i), 0.01 * i);
  for (int i = 0; i < 500; ++i)
    runs.add("other", "o" + std::to_string(i), i % 2 == 0 ? 0.5 : -0.5);
  // Own groups weigh 9, the others 5 on either side, the run to come 1: nine tenths of 20 are 18,
  // and from below 14 is reached at 0.09, so that P90 lies among the others' 0.5.
  const ErrorSpread spread = software_spread(runs.pointers(), "own", "own").step_time;
  EXPECT_EQ(spread.samples, 9);
  EXPECT_NEAR(spread.p90, 0.5, 1e-12);
  EXPECT_NEAR(spread.p10, -0.5, 1e-12);
  EXPECT_NEAR(spread.p50, 0.05, 1e-12);
}

TEST(SoftwareSpread, TakesEditionsOfItsFamilyBeforeOthers) {
  Runs runs;
  runs.add("own", "a", 0.01, 0, "family");
  for (int i = 1; i <= 20; ++i)
    runs.add("edition", "e" + std::to_string(i), i % 2 == 0 ? 0.2 : -0.2, 0, "family");
  for (int i = 0; i < 500; ++i)
    runs.add("other", "o" + std::to_string(i), i % 2 == 0 ? 0.5 : -0.5);
  const ErrorSpread spread = software_spread(runs.pointers(), "own", "family").step_time;
  EXPECT_EQ(spread.samples, 1);
  EXPECT_NEAR(spread.p90, 0.2, 1e-12);
  EXPECT_NEAR(spread.p10, -0.2, 1e-12);
  // An edition that nobody ran is like the others of its family.
  EXPECT_NEAR(software_spread(runs.pointers(), "new", "family").step_time.p90, 0.2, 1e-12);
  EXPECT_NEAR(software_spread(runs.pointers(), "new", "new").step_time.p90, 0.5, 1e-12);
}

TEST(SoftwareSpread, TakesStrangersForWhatAFamilyLacks) {
  Runs runs;
  runs.add("own", "a", 0.01, 0, "family");
  for (int i = 1; i <= 8; ++i)
    runs.add("edition", "e" + std::to_string(i), 0.02, 0, "family");
  for (int i = 0; i < 500; ++i)
    runs.add("other", "o" + std::to_string(i), i % 2 == 0 ? 0.5 : -0.5);
  // Own 1, the family 4, strangers the other 6: 3 on either side, more than a tenth of 12.
  const ErrorSpread spread = software_spread(runs.pointers(), "own", "family").step_time;
  EXPECT_NEAR(spread.p90, 0.5, 1e-12);
  EXPECT_NEAR(spread.p10, -0.5, 1e-12);
  EXPECT_NEAR(spread.p50, 0.02, 1e-12);
}

TEST(SoftwareSpread, OfAFrameworkWithoutRunsIsThatOfAllOthers) {
  EXPECT_EQ(software_spread(nineteen().pointers(), "unknown", "unknown").step_time,
            software_spread(nineteen().pointers(), "own", "own").step_time);
}

TEST(SoftwareSpread, RemembersWhatKernelsExplained) {
  Runs runs;
  runs.add("own", "a", 0, 0.3);
  runs.add("own", "b", 0, 0.4);
  // sqrt((0.09 + 0.16) / 2)
  EXPECT_NEAR(software_spread(runs.pointers(), "own", "own").hardware, 0.353553, 1e-6);
}

TEST(SoftwareSpread, OfNoRunsIsUnknown) {
  EXPECT_EQ(software_spread({}, "own", "own"), SoftwareSpread{});
}

TEST(InsideShare, CountsEachGroupOnce) {
  Runs runs;
  runs.add("own", "a", 0.05);
  runs.add("own", "b", 0.3);
  runs.add("own", "b", 0.05);
  EXPECT_FALSE(inside_share(runs.pointers(), RunMetric::step_time)) << "no range is stated";
  for (ComparedRun &run : runs.runs())
    run.compared.front().spread = TimeSpread{.p10 = -0.1, .p50 = 0, .p90 = 0.1};
  // Group a is inside, of group b a half.
  EXPECT_DOUBLE_EQ(*inside_share(runs.pointers(), RunMetric::step_time), 0.75);
}

// 126 runs of 82 groups. The bounds are four standard deviations of a share of 0.8 among 82, and
// the runs of a group are no independent draws.
TEST(SpreadOfRuns, HoldsFourFifthsOfHeldBackRunsOfLlmFoundry) {
  FLOPCAST_REQUIRE_SHARED("runs/measured_runs_dev.csv");
  const std::string path = (tests::shared_data() / "runs" / "measured_runs_dev.csv").string();
  std::ifstream stream(path, std::ios::binary);
  std::vector<RunRecord> runs =
      read_run_table(std::string{std::istreambuf_iterator<char>(stream), {}}, path).runs;
  std::erase_if(runs, [](const RunRecord &run) {
    return !run.core || run.framework.find("llm-foundry") == std::string::npos;
  });
  ASSERT_GT(runs.size(), 100U);
  const RunComparison blind = cross_validated_comparison(runs, RunPlanner(tests::presets()), 5);
  std::vector<const ComparedRun *> all;
  for (const ComparedRun &run : blind.runs)
    all.push_back(&run);
  const auto inside = inside_share(all, RunMetric::step_time);
  ASSERT_TRUE(inside);
  EXPECT_GE(*inside, 0.62);
  EXPECT_LE(*inside, 0.97);
}

} // namespace
} // namespace flopcast
