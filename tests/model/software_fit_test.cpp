// SPDX-License-Identifier: Apache-2.0
#include "model/validation/cross_validation.hpp"
#include "tests/model/run_records.hpp"
#include "tests/support/paths.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace flopcast {
namespace {

using namespace tests;

/// Runs of GPT-3 on several layouts, a group each.
std::vector<RunRecord> runs_of_layouts() {
  std::vector<RunRecord> runs;
  for (const std::int64_t tensor : {2, 4, 8})
    for (const std::int64_t pipeline : {4, 8, 16})
      for (const std::int64_t micro : {1, 2, 4}) {
        RunRecord run = stated_run();
        run.id = "t" + std::to_string(tensor) + "p" + std::to_string(pipeline) + "b" +
                 std::to_string(micro);
        run.split_group = run.id;
        run.tp = tensor;
        run.pp = pipeline;
        run.dp = 1024 / (tensor * pipeline);
        run.micro_batch = micro;
        runs.push_back(run);
      }
  return runs;
}

/// The same, "measured" as the library predicts them with other constants.
std::vector<RunRecord> runs_with(const Software &truth, RunPlanner &planner) {
  std::vector<RunRecord> runs = runs_of_layouts();
  SoftwarePresets presets;
  const FrameworkRules &rules = *planner.plan_of(runs.front()).run->rules;
  presets[rules.id].base = truth;
  std::vector<FittedRun> fitted = fitted_runs(runs, planner, FittedMetric::step_time);
  for (std::size_t i = 0; i < runs.size(); ++i)
    runs[i].step_time_s = predicted(fitted[i], FittedMetric::step_time, presets);
  return runs;
}

TEST(SoftwareFit, FindsTheConstantsThatMadeTheRuns) {
  const PresetCatalog catalog = shipped_presets();
  RunPlanner planner(catalog);
  Software truth;
  truth.host_forward = 50e-6 * units::second;
  truth.host_backward = 40e-6 * units::second;
  truth.products = 1.25;
  truth.streams = 1.6;
  truth.tensor_exchange = 1.5;
  const std::vector<RunRecord> runs = runs_with(truth, planner);
  const std::vector<FittedRun> fitted = fitted_runs(runs, planner, FittedMetric::step_time);
  ASSERT_EQ(fitted.size(), runs.size());
  const SoftwarePresets found = fit_software(fitted, FittedMetric::step_time);
  // The prior pulls a little, and constants trade against each other: the steps must come out to 2
  // %.
  for (const FittedRun &run : fitted)
    EXPECT_NEAR(predicted(run, FittedMetric::step_time, found) / run.measured, 1, 0.02)
        << run.group;
  EXPECT_NEAR(found.begin()->second.base.products, 1.25, 0.08);
}

TEST(SoftwareFit, HardlyFollowsRunsThatAreFarOff) {
  const PresetCatalog catalog = shipped_presets();
  RunPlanner planner(catalog);
  Software truth;
  truth.products = 1.25;
  std::vector<RunRecord> runs = runs_with(truth, planner);
  const std::vector<RunRecord> sound = runs;
  for (std::size_t i = 0; i < runs.size(); i += 4)
    runs[i].step_time_s = 3 * *runs[i].step_time_s;
  const std::vector<FittedRun> fitted = fitted_runs(runs, planner, FittedMetric::step_time);
  const SoftwarePresets found = fit_software(fitted, FittedMetric::step_time);
  for (std::size_t i = 0; i < runs.size(); ++i)
    EXPECT_NEAR(predicted(fitted[i], FittedMetric::step_time, found) / *sound[i].step_time_s, 1,
                0.03)
        << runs[i].id;
}

TEST(SoftwareFit, TheFactorOfOddProductsIsExpectedOnlyWhereThePresetStatesIt) {
  SoftwarePreset stated;
  EXPECT_EQ(expected_software(stated).base.unaligned_products, 1);
  stated.base.unaligned_products = 2;
  EXPECT_EQ(expected_software(stated).base.unaligned_products, 2.5);
}

TEST(SoftwareFit, LeavesWhatThePresetSaysIsKnown) {
  const PresetCatalog catalog = shipped_presets();
  RunPlanner planner(catalog);
  SoftwarePreset known = planner.software_of("megatron-lm");
  known.base.step_overhead = {};
  known.fixed = {"step_overhead"};
  EXPECT_EQ(expected_software(known).base.step_overhead, Seconds{});
  planner.use({{"megatron-lm", known}});
  const std::vector<RunRecord> runs{stated_run()};
  const SoftwarePresets found =
      fit_software(fitted_runs(runs, planner, FittedMetric::step_time), FittedMetric::step_time);
  EXPECT_EQ(found.at("megatron-lm").base.step_overhead, Seconds{});
  EXPECT_EQ(found.at("megatron-lm").fixed, known.fixed);
}

TEST(SoftwareFit, StaysAtThePriorWithoutEvidence) {
  const PresetCatalog catalog = shipped_presets();
  RunPlanner planner(catalog);
  // One run says nothing of how links or hosts behave in general.
  std::vector<RunRecord> runs{stated_run()};
  std::vector<FittedRun> fitted = fitted_runs(runs, planner, FittedMetric::step_time);
  const SoftwarePresets found = fit_software(fitted, FittedMetric::step_time);
  const Software &software = found.begin()->second.base;
  EXPECT_NEAR(software.expert_exchange, 1.2, 1e-3); // no experts: untouched
  EXPECT_GT(software.products, 0.8);
  EXPECT_LT(software.products, 1.4);
}

TEST(SoftwareFit, AnEditionWithoutRunsFollowsItsFamilyHalfTheWay) {
  const PresetCatalog catalog = shipped_presets();
  RunPlanner planner(catalog);
  Software truth;
  truth.products = 1.4;
  const std::vector<RunRecord> runs = runs_with(truth, planner);
  const SoftwarePresets found = fit_software(fitted_runs(runs, planner, FittedMetric::step_time),
                                             FittedMetric::step_time, planner.frameworks());
  const double expected = expected_software({}).base.products;
  const double seen = found.at("megatron-lm").base.products;
  EXPECT_GT(seen, expected + 0.1);
  EXPECT_NEAR(found.at("megatron-lm-2022").base.products, std::sqrt(seen * expected), 1e-3);
  EXPECT_FALSE(found.contains("nemo")); // another family, of which there is no run
}

TEST(CrossValidation, PredictsEveryRunOnceByConstantsFittedWithoutIt) {
  const PresetCatalog catalog = shipped_presets();
  RunPlanner planner(catalog);
  Software truth;
  truth.products = 1.3;
  const std::vector<RunRecord> runs = runs_with(truth, planner);
  const RunComparison blind = cross_validated_comparison(runs, planner, 3);
  std::set<std::string> ids;
  for (const ComparedRun &run : blind.runs) {
    EXPECT_TRUE(ids.insert(run.record->id).second) << run.record->id;
    EXPECT_NEAR(run.find(RunMetric::step_time)->error(), 0, 0.05) << run.record->id;
  }
  EXPECT_EQ(ids.size(), runs.size());
}

TEST(CrossValidation, HoldsAGroupBackTogether) {
  EXPECT_EQ(fold_of("a group", 5), fold_of("a group", 5));
  std::set<int> folds;
  for (int i = 0; i < 100; ++i)
    folds.insert(fold_of("group " + std::to_string(i), 5));
  EXPECT_EQ(folds, (std::set<int>{0, 1, 2, 3, 4}));
}

TEST(SoftwareFit, ExpectsTheSameOfEveryStackThatItHasNotSeen) {
  SoftwarePreset fitted;
  fitted.base.framework = "seen";
  fitted.base.products = 3;
  fitted.base.scattered_messages = 1; // a rule, which no fit touches
  fitted.by_architecture["Hopper"] = fitted.base;
  const SoftwarePreset expected = expected_software(fitted);
  EXPECT_EQ(expected.base.framework, "seen");
  EXPECT_EQ(expected.base.products, 1.08); // 8 % slower than alone: docs/method.md
  EXPECT_EQ(expected.base.scattered_messages, 1);
  EXPECT_TRUE(expected.by_architecture.empty());
}

} // namespace
} // namespace flopcast
