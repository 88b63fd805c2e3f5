// SPDX-License-Identifier: Apache-2.0
#include "model/validation/comparison.hpp"

#include "model/validation/rank_regret.hpp"
#include "model/validation/run_check.hpp"
#include "tests/model/examples.hpp"
#include "tests/model/run_records.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flopcast::tests {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr double rounding = 1e-9;

RunComparison compared(const std::vector<RunRecord> &runs) {
  RunPlanner planner(presets());
  return compare_runs(runs, planner);
}

Compared metric_of(const RunRecord &run, RunMetric metric) {
  const std::vector<RunRecord> runs{run};
  const RunComparison result = compared(runs);
  EXPECT_THAT(result.skipped, IsEmpty());
  const Compared *found = result.runs.empty() ? nullptr : result.runs.front().find(metric);
  EXPECT_NE(found, nullptr) << to_text(metric);
  return found == nullptr ? Compared{} : *found;
}

TEST(Comparison, TheStepIsThePrintedOneOrWhatTheRateMeans) {
  RunRecord run = stated_run();
  EXPECT_EQ(metric_of(run, RunMetric::step_time).measured, 10);
  run.step_time_s.reset();
  run.tokens_per_s_per_gpu = 153.6; // 1536 × 2048 tokens / (153.6 × 1024) = 20 s
  EXPECT_NEAR(metric_of(run, RunMetric::step_time).measured, 20, rounding);
  run.tokens_per_s_per_gpu.reset();
  run.derived_step_time_s = 7;
  EXPECT_EQ(metric_of(run, RunMetric::step_time).measured, 7);
}

TEST(Comparison, AMemoryIsOfTheFullestStageOrOfTheFirstWhereTheFirstRankPrintsIt) {
  StepEstimate step;
  step.first_stage.weights = 3.0 * units::gigabyte;
  step.last_stage.weights = 5.0 * units::gigabyte;
  FrameworkRules rules;
  EXPECT_EQ(predicted_memory("GB", rules, step), 5.0 * units::gigabyte);
  rules.memory_of_first_stage = true;
  EXPECT_EQ(predicted_memory("GB", rules, step), 3.0 * units::gigabyte);
}

// Narayanan 2021, section 5.1: 96 · 1536 · 2048 · 96 · 12288² · (1 + 2048/(6 · 12288) +
// 51200/(16 · 96 · 12288)) = 4.5083e18 FLOP, at 140 TFLOP/s on 1,024 GPUs 31.448 s.
TEST(Comparison, ARateOfHardwareFlopsMeansNarayanansStep) {
  RunRecord run = stated_run();
  run.step_time_s.reset();
  run.tflops_per_gpu = 140;
  run.tflops_kind = "HARDWARE flops incl. full recompute: 96*B*s*L*h^2*(1+s/6h+V/16Lh) / step";
  const double flops = 96.0 * 1536 * 2048 * 96 * 12288.0 * 12288.0 *
                       (1 + 2048.0 / (6 * 12288.0) + 51200.0 / (16.0 * 96 * 12288.0));
  EXPECT_NEAR(metric_of(run, RunMetric::step_time).measured, flops / (140e12 * 1024), 1e-6);
}

TEST(Comparison, UtilisationIsOffAsTheStepIsTheOtherWayRound) {
  // The rate that the stated step means, counted as its kind says: both errors tell one story.
  for (const char *kind : {"model flops, full (non-causal) attention", "causal-halved attention",
                           "HARDWARE flops incl. recompute"}) {
    RunRecord run = stated_run();
    run.step_time_s.reset();
    run.tflops_kind = kind;
    run.tflops_per_gpu = 100;
    const Compared step = metric_of(run, RunMetric::step_time);
    const Compared mfu = metric_of(run, RunMetric::mfu);
    EXPECT_NEAR(mfu.measured, 100.0 / 312, rounding) << kind; // of the A100's 312 TFLOP/s
    EXPECT_NEAR((1 + step.error()) * (1 + mfu.error()), 1, rounding) << kind;
  }
}

TEST(Comparison, CountingCausalTakesLessThanFullAndRecomputationMore) {
  const auto step = [](const char *kind) {
    RunRecord run = stated_run();
    run.step_time_s.reset();
    run.tflops_kind = kind;
    run.tflops_per_gpu = 100;
    return metric_of(run, RunMetric::step_time).measured;
  };
  EXPECT_LT(step("causal-halved attention"), step("model flops, full (non-causal) attention"));
  EXPECT_GT(step("HARDWARE flops incl. recompute"),
            1.3 * step("model flops, full (non-causal) attention"));
}

TEST(Comparison, MemoryIsReadInTheUnitOfItsKind) {
  RunRecord run = stated_run();
  run.memory_gb = 2;
  run.memory_kind = "GB per GPU as printed";
  const Compared decimal = metric_of(run, RunMetric::memory);
  EXPECT_EQ(decimal.measured, 2e9);
  run.memory_kind = "GiB, max over ranks of torch max_memory_allocated";
  const Compared tensors = metric_of(run, RunMetric::memory);
  EXPECT_EQ(tensors.measured, 2.0 * 1024 * 1024 * 1024);
  // What the allocator gave to tensors leaves the reserve of 2 GB out.
  EXPECT_NEAR(decimal.predicted - tensors.predicted, 2e9, 1);
  run.memory_kind = "GB, multi-GPU rows are the SUM over GPUs";
  EXPECT_NEAR(metric_of(run, RunMetric::memory).measured, 2e9 / 1024, rounding);
}

TEST(Comparison, GpuHoursAreTheStepsOfAllTokens) {
  RunRecord run = stated_run();
  run.tokens_total = 1536.0 * 2048 * 100; // 100 steps
  run.gpu_hours = 300;
  const Compared hours = metric_of(run, RunMetric::gpu_hours);
  const double step = metric_of(run, RunMetric::step_time).predicted;
  EXPECT_NEAR(hours.predicted, 100 * step * 1024 / 3600, 1e-6);
}

TEST(Comparison, ARunThatShouldNotFitIsTimedAllTheSame) {
  RunRecord run = stated_run();
  run.tp = 1;
  run.pp = 1;
  run.dp = 1024;
  run.global_batch_seqs = 1024;
  const std::vector<RunRecord> runs{run};
  const RunComparison result = compared(runs);
  ASSERT_THAT(result.runs, SizeIs(1)); // 175B parameters of 16 bytes on 80 GB
  EXPECT_FALSE(result.runs.front().predicted_to_fit);
  EXPECT_GT(result.runs.front().find(RunMetric::step_time)->predicted, 0);
}

TEST(Comparison, ARunWithNothingMeasuredIsSkipped) {
  RunRecord run = stated_run();
  run.step_time_s.reset();
  const std::vector<RunRecord> runs{run};
  const RunComparison result = compared(runs);
  ASSERT_THAT(result.skipped, SizeIs(1));
  EXPECT_THAT(result.skipped.front().reason, HasSubstr("no speed"));
}

/// Runs of one family whose measured and predicted times are as given.
struct Timed {
  std::vector<RunRecord> records;
  std::vector<ComparedRun> runs;

  [[nodiscard]] RegretSummary regret() const {
    std::vector<const ComparedRun *> pointers;
    for (const ComparedRun &run : runs)
      pointers.push_back(&run);
    return rank_regret(pointers);
  }
};

Timed family(const std::vector<std::pair<double, double>> &measured_and_predicted) {
  Timed timed;
  for (std::size_t i = 0; i < measured_and_predicted.size(); ++i) {
    timed.records.push_back(stated_run());
    timed.records.back().id = std::to_string(i);
  }
  for (std::size_t i = 0; i < measured_and_predicted.size(); ++i) {
    ComparedRun run;
    run.record = &timed.records[i];
    run.parallelism.tensor_parallel = std::int64_t{1} << i;
    run.compared = {
        {RunMetric::step_time, measured_and_predicted[i].first, measured_and_predicted[i].second}};
    timed.runs.push_back(std::move(run));
  }
  return timed;
}

TEST(RankRegret, IsWhatTheChosenLayoutTakesMore) {
  // Predicted best is the third (1.0), which was measured at 12; the best was measured at 10.
  const RegretSummary summary = family({{10, 3}, {11, 2}, {12, 1}}).regret();
  ASSERT_THAT(summary.families, SizeIs(1));
  EXPECT_EQ(summary.families.front().predicted_best, "2");
  EXPECT_EQ(summary.families.front().measured_best, "0");
  EXPECT_NEAR(summary.max, 0.2, rounding);
  EXPECT_NEAR(summary.mean, 0.2, rounding);
}

TEST(RankRegret, IsZeroWhereTheOrderIsRightHoweverFarTheTimesAreOff) {
  EXPECT_EQ(family({{10, 30}, {11, 50}, {12, 60}}).regret().max, 0);
}

TEST(RankRegret, NeedsThreeLayouts) {
  EXPECT_THAT(family({{10, 3}, {11, 2}}).regret().families, IsEmpty());
  Timed repeats = family({{10, 3}, {11, 2}, {12, 1}});
  repeats.runs[2].parallelism = repeats.runs[1].parallelism;
  EXPECT_THAT(repeats.regret().families, IsEmpty());
}

TEST(RunCheck, GroupsByAnyColumnAndJudgesByTheWeightedMedian) {
  std::vector<RunRecord> runs{stated_run(), stated_run(), stated_run()};
  runs[1].gpu = runs[2].gpu = "H100";
  for (RunRecord &run : runs)
    run.fields["gpu"] = run.gpu;
  RunPlanner planner(presets());
  RunCheckOptions options{
      .metrics = {RunMetric::step_time}, .group_by = {"gpu", "gpu_family"}, .tolerance = 0.0};
  const RunCheck strict = check_runs(runs, planner, options);
  ASSERT_THAT(strict.groups, SizeIs(4));
  EXPECT_EQ(strict.groups[0].value, "H100"); // most runs first
  EXPECT_EQ(strict.groups[0].metrics.front().errors.n, 2);
  EXPECT_EQ(strict.groups[3].value, "A100");
  EXPECT_THAT(strict.beyond_tolerance, testing::ElementsAre(RunMetric::step_time));
  options.tolerance = 1e6;
  EXPECT_THAT(check_runs(runs, planner, options).beyond_tolerance, IsEmpty());
}

} // namespace
} // namespace flopcast::tests
