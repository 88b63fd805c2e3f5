// SPDX-License-Identifier: Apache-2.0
#include "model/planning/explain.hpp"
#include "model/planning/uncertainty.hpp"
#include "tests/model/examples.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace flopcast {
namespace {

using namespace tests;
using namespace units;

/// One sequence of four tokens in a step of the tiny decoder.
PlannedRun tiny_run(const Cluster &cluster) {
  PlannedRun run;
  run.cluster = cluster;
  run.plan.model.decoder = tiny();
  run.plan.data.tokens = 400.0 * token;
  run.plan.data.sequence_length = 4;
  run.plan.training = plain_training();
  run.plan.price.rent = 2.0 * usd / gpu_hour;
  run.plan.price.origin = Origin::given;
  return run;
}

SoftwareSpread spread_of_runs(double p10, double p90, double hardware) {
  SoftwareSpread spread;
  spread.step_time = {.samples = 20, .p10 = p10, .p50 = 0, .p90 = p90};
  spread.memory = {.samples = 10, .p10 = -0.2, .p50 = 0, .p90 = 0.1};
  spread.hardware = hardware;
  return spread;
}

ValueRange range_called(std::string_view key, const Answer &answer) {
  const auto known = ranges(answer);
  EXPECT_TRUE(known);
  const auto range = range_of(*find_quantity(key), answer, *known);
  EXPECT_TRUE(range) << key;
  return range.value_or(ValueRange{});
}

double value_called(std::string_view key, const Answer &answer) {
  return find_quantity(key)->value(answer)->value;
}

TEST(HardwareSpread, AddsLinearlyInsideAClassAndInSquaresBetweenClasses) {
  const PlannedRun run = tiny_run(compute_machine());
  const Estimate answer = estimate_of(run);
  // FLOPs of a sequence, forward: weights 4·16 of attention + 2·4·16 of the MLP + 4·8 of the
  // logits = 224, times 2·4 tokens = 1,792; scores and values 2 · 2·4·4·4 = 256. Backward is twice
  // that for both. Of defaults a dense product has P10 to P90 of -0.19 to 0.25, the products of
  // attention -0.48 to 0.30: 0.44 and 0.78 over 2 x 1.28155 are 0.17167 and 0.30432.
  const double products = 0.17167 * 1792;
  const double scores = 0.30432 * 256;
  const HardwareSpread spread = hardware_spread(run.plan, run.cluster, *answer.step);
  EXPECT_NEAR(spread.operators, std::hypot(products, scores) / 2048, 1e-4);
  EXPECT_EQ(spread.links, 0);
}

TEST(HardwareSpread, CountsWhatIsRecomputed) {
  PlannedRun run = tiny_run(compute_machine());
  run.plan.training.recompute = Recompute::selective;
  // The scores' 256 four times, the others' 1,792 three times.
  const Estimate answer = estimate_of(run);
  const double products = 0.17167 * 3 * 1792;
  const double scores = 0.30432 * 4 * 256;
  EXPECT_NEAR(hardware_spread(run.plan, run.cluster, *answer.step).operators,
              std::hypot(products, scores) / (3 * 1792 + 4 * 256), 1e-4);
}

TEST(HardwareSpread, OfUnmeasuredLinksIsTheirShareOfTheStep) {
  PlannedRun run = tiny_run(unit_machine());
  for (auto &peak : run.cluster.device.peak)
    peak = *peak * beyond_measure;
  run.cluster.device.memory_bandwidth *= beyond_measure;
  run.cluster.gpus = 2;
  run.plan.parallelism.tensor_parallel = 2;
  const Estimate answer = estimate_of(run);
  ASSERT_TRUE(answer.step);
  // All the step is tensor-parallel exchange over links that no table was fitted to.
  EXPECT_NEAR(hardware_spread(run.plan, run.cluster, *answer.step).links, 0.27, 1e-6);
}

TEST(HardwareSpread, OfFittedLinksIsWhatHeldBackCollectivesMissed) {
  PlannedRun run = tiny_run(unit_machine());
  for (auto &peak : run.cluster.device.peak)
    peak = *peak * beyond_measure;
  run.cluster.device.memory_bandwidth *= beyond_measure;
  run.cluster.gpus = 2;
  run.plan.parallelism.tensor_parallel = 2;
  const Estimate answer = estimate_of(run);
  run.cluster.calibration.scale_up_links.emplace();
  run.cluster.calibration.link_errors.push_back(
      {.level = LinkLevel::scale_up,
       .collective = Collective::all_reduce,
       .fitted = {},
       .held_back = {.samples = 9, .median = 0.03, .mean = 0.04, .p90 = 0.0822, .bias = 0}});
  // P90 of the size of the error over 1.6449.
  EXPECT_NEAR(hardware_spread(run.plan, run.cluster, *answer.step).links, 0.05, 1e-4);
}

TEST(StepSpread, IsThatOfTheRunsWhereKernelsAreAsWellKnown) {
  const TimeSpread spread =
      step_spread({.operators = 0.03, .links = 0.03}, spread_of_runs(-0.1, 0.2, 0.05));
  EXPECT_DOUBLE_EQ(spread.p10, -0.1);
  EXPECT_DOUBLE_EQ(spread.p90, 0.2);
}

TEST(StepSpread, WidensByWhatKernelsAndLinksHaveMoreThanThoseOfTheRuns) {
  // 0.12² + 0.05² - 0.05² = 0.12²: 1.28155 x 0.12 = 0.15379 in squares to 0.1 and 0.2.
  const TimeSpread spread =
      step_spread({.operators = 0.12, .links = 0.05}, spread_of_runs(-0.1, 0.2, 0.05));
  EXPECT_NEAR(spread.p10, -0.18344, 1e-5);
  EXPECT_NEAR(spread.p90, 0.25229, 1e-5);
}

TEST(StepSpread, HoldsTheEstimate) {
  // A stack without constants of its own: all runs took longer.
  const TimeSpread spread = step_spread({}, spread_of_runs(0.05, 0.4, 0.1));
  EXPECT_EQ(spread.p10, 0);
  EXPECT_DOUBLE_EQ(spread.p90, 0.4);
}

TEST(Ranges, FollowTheStepToAllThatHangsOnIt) {
  PlannedRun run = tiny_run(compute_machine());
  run.plan.training.software.spread = spread_of_runs(std::log(0.8), std::log(1.5), 1);
  const Estimate result = estimate_of(run);
  const Answer answer{run, result};
  // 0.8 and 1.5 times the step: so are time, GPU time and money; utilisation is the inverse.
  for (const char *key :
       {"time.step_s", "time.training_s", "time.total_s", "time.gpu_hours", "cost.total_usd"}) {
    const double base = value_called(key, answer);
    EXPECT_NEAR(range_called(key, answer).low, 0.8 * base, 1e-9 * base) << key;
    EXPECT_NEAR(range_called(key, answer).high, 1.5 * base, 1e-9 * base) << key;
  }
  const double mfu = value_called("throughput.mfu", answer);
  EXPECT_NEAR(range_called("throughput.mfu", answer).low, mfu / 1.5, 1e-9 * mfu);
  EXPECT_NEAR(range_called("throughput.mfu", answer).high, mfu / 0.8, 1e-9 * mfu);
  const double memory = value_called("memory.per_gpu.total_bytes", answer);
  EXPECT_NEAR(range_called("memory.per_gpu.total_bytes", answer).low, std::exp(-0.2) * memory,
              1e-9 * memory);
}

TEST(Ranges, AddThePriceInSquares) {
  PlannedRun run = tiny_run(compute_machine());
  run.plan.training.software.spread = spread_of_runs(std::log(0.7), std::log(1.3), 1);
  run.plan.price.rent_low = 1.2 * usd / gpu_hour;  // 0.6 of the price
  run.plan.price.rent_high = 2.8 * usd / gpu_hour; // 1.4
  const Estimate result = estimate_of(run);
  const Answer answer{run, result};
  const double cost = value_called("cost.total_usd", answer);
  // 0.3 and 0.4 each way: 0.5.
  EXPECT_NEAR(range_called("cost.total_usd", answer).low, 0.5 * cost, 1e-9 * cost);
  EXPECT_NEAR(range_called("cost.total_usd", answer).high, 1.5 * cost, 1e-9 * cost);
  EXPECT_NEAR(range_called("cost.gpu_hour_usd", answer).high,
              1.4 * value_called("cost.gpu_hour_usd", answer), 1e-12);
}

TEST(Ranges, LeaveAloneWhatDoesNotHangOnTime) {
  PlannedRun run = tiny_run(compute_machine());
  run.plan.training.software.spread = spread_of_runs(-0.1, 0.2, 1);
  const Estimate result = estimate_of(run);
  const Answer answer{run, result};
  const auto known = ranges(answer);
  ASSERT_TRUE(known);
  for (const char *key : {"parameters.total", "data.tokens", "flops.model_total", "time.steps",
                          "time.breakdown.compute_s", "cost.gpu_hour_usd", "time.goodput"})
    EXPECT_FALSE(range_of(*find_quantity(key), answer, *known)) << key;
}

TEST(Ranges, OfAStatedSpeedAreOfPriceAndMemoryAlone) {
  PlannedRun run = tiny_run(compute_machine());
  run.plan.training.software.spread = spread_of_runs(-0.1, 0.2, 1);
  run.plan.stated.step_time = 3.0 * second;
  const Estimate result = estimate_of(run);
  const Answer answer{run, result};
  const auto known = ranges(answer);
  ASSERT_TRUE(known);
  EXPECT_FALSE(range_of(*find_quantity("time.step_s"), answer, *known));
  EXPECT_FALSE(range_of(*find_quantity("cost.total_usd"), answer, *known));
  EXPECT_TRUE(range_of(*find_quantity("memory.per_gpu.total_bytes"), answer, *known));
}

TEST(Ranges, AreNoneWithoutAStep) {
  PlannedRun run = tiny_run(compute_machine());
  run.plan.parallelism.tensor_parallel = 3; // of two heads
  const Estimate result = estimate_of(run);
  EXPECT_FALSE(ranges({run, result}));
}

TEST(Ranges, OfEveryShippedPlanHoldItsNumbers) {
  for (const std::string &id : presets().ids("plans")) {
    const PlannedRun run = shipped_plan(id);
    const Estimate result = estimate_of(run);
    const Answer answer{run, result};
    const auto known = ranges(answer);
    ASSERT_TRUE(known) << id;
    for (const NamedQuantity &quantity : named_quantities())
      if (const auto range = range_of(quantity, answer, *known)) {
        const double base = quantity.value(answer)->value;
        EXPECT_LE(range->low, base * (1 + 1e-12)) << id << " " << quantity.key;
        EXPECT_GE(range->high, base * (1 - 1e-12)) << id << " " << quantity.key;
      }
  }
}

TEST(Ranges, AreWiderOnADeviceThatNobodyMeasured) {
  const auto width = [](const char *gpu) {
    const PlannedRun run = shipped_plan(
        "llama3-70b-h100", {std::string("hardware={gpu = \"") + gpu + "\", count = 512}"});
    const Estimate result = estimate_of(run);
    EXPECT_TRUE(result.step) << gpu;
    return ranges({run, result})->hardware.operators;
  };
  EXPECT_GT(width("mi300x"), width("h100"));
}

TEST(ExplainRange, SaysWhatTheRangeMeans) {
  const PlannedRun run = shipped_plan("gpt3-175b-a100");
  const Estimate result = estimate_of(run);
  const auto range = explain_range({run, result}, *find_quantity("time.step_s"));
  ASSERT_TRUE(range);
  for (const char *part : {" to ", "P10 to P90", "megatron-core", "kernels", "links"})
    EXPECT_NE(range->text.find(part), std::string::npos) << part << " in " << range->text;
  EXPECT_FALSE(explain_range({run, result}, *find_quantity("parameters.total")));
}

} // namespace
} // namespace flopcast
