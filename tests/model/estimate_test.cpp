// SPDX-License-Identifier: Apache-2.0
// Properties of whole answers: what must not depend on what, and what must grow or fall.
#include "model/architecture/flop_conventions.hpp"
#include "model/planning/quantities.hpp"
#include "tests/model/examples.hpp"

#include <gtest/gtest.h>

#include <future>

namespace flopcast {
namespace {

using namespace tests;
using namespace units;

/// GPT-3 6.7B (32 layers, 32 heads) on 64 A100, with room for any layout.
const PlannedRun &middling() {
  static const PlannedRun run = read_text(R"(
[model]
preset = "gpt3-6.7b"
vocabulary_multiple = 128
[data]
tokens = "300e9 token"
sequence_length = 2048
[hardware]
node = "dgx-a100-80"
nodes = 8
memory_capacity = "10 TB"
[parallelism]
data_parallel = 64
zero_stage = 0
[training]
global_batch = 1024
)");
  return run;
}

Estimate laid_out(Parallelism parallelism, Training training = middling().plan.training) {
  PlannedRun run = middling();
  run.cluster.gpus = parallelism.gpus();
  run.plan.parallelism = parallelism;
  run.plan.training = training;
  Estimate result = estimate_of(run);
  EXPECT_TRUE(result.step.has_value())
      << (result.reasons.empty() ? "" : result.reasons.front().text);
  return result;
}

std::vector<Parallelism> layouts_of_64() {
  std::vector<Parallelism> layouts;
  for (const std::int64_t t : {1, 2, 8})
    for (const std::int64_t p : {1, 4, 8})
      for (const int zero_stage : {0, 1, 3})
        layouts.push_back({.tensor_parallel = t,
                           .sequence_parallel = t > 1,
                           .pipeline_parallel = p,
                           .data_parallel = 64 / (t * p),
                           .zero_stage = zero_stage});
  layouts.push_back({.context_parallel = 4, .data_parallel = 16});
  layouts.push_back({.pipeline_parallel = 4, .virtual_pipeline = 8, .data_parallel = 16});
  return layouts;
}

std::vector<std::optional<AnyQuantity>> all_quantities(const PlannedRun &run,
                                                       const Estimate &result) {
  std::vector<std::optional<AnyQuantity>> values;
  for (const NamedQuantity &quantity : named_quantities())
    values.push_back(quantity.value({run, result}));
  return values;
}

bool same(const std::vector<std::optional<AnyQuantity>> &a,
          const std::vector<std::optional<AnyQuantity>> &b) {
  return std::ranges::equal(a, b, [](const auto &x, const auto &y) {
    return x.has_value() == y.has_value() && (!x || x->value == y->value);
  });
}

TEST(Estimate, IsTheSameForTheSamePlan) {
  for (const std::string &id : presets().ids("plans")) {
    const PlannedRun run = shipped_plan(id);
    EXPECT_TRUE(same(all_quantities(run, estimate_of(run)), all_quantities(run, estimate_of(run))))
        << id;
  }
}

TEST(Estimate, IsTheSameFromEightThreads) {
  const PlannedRun run = shipped_plan("gpt3-175b-a100");
  const auto expected = all_quantities(run, estimate_of(run));
  std::vector<std::future<bool>> answers;
  for (int thread = 0; thread < 8; ++thread)
    answers.push_back(std::async(std::launch::async, [&] {
      bool all_same = true;
      for (int repeat = 0; repeat < 50; ++repeat)
        all_same &= same(expected, all_quantities(run, estimate_of(run)));
      return all_same;
    }));
  for (auto &answer : answers)
    EXPECT_TRUE(answer.get());
}

TEST(Estimate, CountsTheSameWorkForEveryLayout) {
  const Estimate base = laid_out({.data_parallel = 64});
  for (const Parallelism &layout : layouts_of_64()) {
    const Estimate result = laid_out(layout);
    EXPECT_EQ(result.parameters.total, base.parameters.total);
    EXPECT_EQ(result.work.per_token, base.work.per_token);
    EXPECT_EQ(result.work.model_total, base.work.model_total);
    EXPECT_EQ(result.work.hardware_total, base.work.hardware_total);
    EXPECT_EQ(result.run->time.steps, base.run->time.steps);
  }
}

TEST(Estimate, PartsOfTimeAndMemoryAddUpForEveryLayout) {
  for (const Parallelism &layout : layouts_of_64()) {
    const Estimate result = laid_out(layout);
    const StepTime &time = result.step->time;
    EXPECT_EQ(time.total(), time.compute + time.recompute + time.host + time.tensor_parallel +
                                time.context_parallel + time.expert_parallel + time.pipeline +
                                time.data_parallel + time.bubble + time.optimizer + time.overhead +
                                time.stragglers + time.stated);
    const MemoryParts &memory = result.step->memory();
    EXPECT_EQ(memory.total(), memory.weights + memory.gradients + memory.optimizer +
                                  memory.activations + memory.buffers + memory.fragments +
                                  memory.reserve);
    EXPECT_EQ(result.run->time.training, result.run->time.steps * time.total());
    EXPECT_EQ(result.run->total_cost, total_cost(result.run->costs));
  }
}

TEST(Estimate, DoublingDataParallelAtTheSameBatchHalvesTheComputeOfAGpu) {
  const Estimate once = laid_out({.tensor_parallel = 2, .data_parallel = 8});
  const Estimate twice = laid_out({.tensor_parallel = 2, .data_parallel = 16});
  EXPECT_EQ(twice.step->time.compute, once.step->time.compute / 2);
  EXPECT_EQ(twice.step->time.tensor_parallel, once.step->time.tensor_parallel / 2);
  EXPECT_EQ(twice.step->micro_batches, once.step->micro_batches / 2);
}

TEST(Estimate, DoublingTheBatchDoublesComputeAndHalvesTheSteps) {
  Training training = middling().plan.training;
  const Estimate once = laid_out({.data_parallel = 64}, training);
  training.global_batch *= 2;
  const Estimate twice = laid_out({.data_parallel = 64}, training);
  EXPECT_EQ(twice.step->time.compute, 2.0 * once.step->time.compute);
  // A part of a last step is a whole one.
  EXPECT_NEAR(twice.run->time.steps, once.run->time.steps / 2, 1);
}

TEST(Estimate, MemoryFallsWithTensorParallelism) {
  for (const bool sequence_parallel : {false, true}) {
    Bytes last = 1e18 * byte;
    for (const std::int64_t t : {1, 2, 4, 8, 16, 32}) {
      const Bytes now =
          laid_out(
              {.tensor_parallel = t, .sequence_parallel = sequence_parallel, .data_parallel = 1})
              .step->memory()
              .total();
      EXPECT_LT(now, last) << t;
      last = now;
    }
  }
}

TEST(Estimate, MemoryFallsWithPipelineStages) {
  Bytes last = 1e18 * byte;
  for (const std::int64_t p : {1, 2, 4, 8, 16}) {
    const Bytes now = laid_out({.pipeline_parallel = p}).step->memory().total();
    EXPECT_LT(now, last) << p;
    last = now;
  }
}

TEST(Estimate, MemoryFallsWithEachStageOfZero) {
  Bytes last = 1e18 * byte;
  for (const int zero_stage : {0, 1, 2, 3}) {
    const Bytes now =
        laid_out({.data_parallel = 64, .zero_stage = zero_stage}).step->memory().total();
    EXPECT_LT(now, last) << zero_stage;
    last = now;
  }
}

TEST(Estimate, MemoryFallsAndHardwareWorkGrowsWithRecomputation) {
  Training training = middling().plan.training;
  Bytes memory = 1e18 * byte;
  FlopCount hardware;
  for (const Recompute recompute : {Recompute::none, Recompute::selective, Recompute::full}) {
    training.recompute = recompute;
    const Estimate result = laid_out({.data_parallel = 64}, training);
    EXPECT_LT(result.step->memory().total(), memory) << to_text(recompute);
    EXPECT_GT(result.work.hardware_total, hardware) << to_text(recompute);
    memory = result.step->memory().total();
    hardware = result.work.hardware_total;
  }
}

TEST(Estimate, NeverUsesMoreThanThePeak) {
  for (const Parallelism &layout : layouts_of_64()) {
    const Utilisation use = laid_out(layout).step->utilisation;
    EXPECT_GT(use.mfu, 0);
    EXPECT_LT(use.mfu, 1);
    EXPECT_LE(use.mfu_causal, use.mfu);
    EXPECT_GE(use.hfu, use.mfu);
  }
}

TEST(Estimate, HardwareWorkIsNarayanansUnderFullRecomputation) {
  Training training = middling().plan.training;
  training.recompute = Recompute::full;
  const Estimate result = laid_out({.data_parallel = 64}, training);
  const double narayanan = narayanan_flops_per_step(middling().plan.model.decoder, 2048, 1024);
  EXPECT_NEAR(result.work.step_hardware.in(flop) / narayanan, 1, 1e-12); // rounding
}

TEST(Estimate, SelectiveRecomputationRepeatsTheForwardScores) {
  Training training = middling().plan.training;
  training.recompute = Recompute::selective;
  const Estimate result = laid_out({.data_parallel = 64}, training);
  // 4·s²·h forward of each layer and sequence once more; Korthikanti 2022, section 4.2.
  const double again = 1024 * 32 * 4.0 * 2048 * 2048 * 4096;
  EXPECT_NEAR((result.work.step_hardware - result.work.step_model).in(flop) / again, 1, 1e-9);
}

TEST(Estimate, WithoutRecomputationHardwareWorkIsTheModels) {
  const Estimate result = laid_out({.data_parallel = 64});
  EXPECT_EQ(result.work.step_hardware, result.work.step_model);
  EXPECT_EQ(result.step->utilisation.hfu, result.step->utilisation.mfu);
}

TEST(Estimate, CountsTheRestOfABatchAsAStep) {
  PlannedRun run = middling();
  const double batch = 1024.0 * 2048;
  run.plan.data.tokens = 10 * batch * token;
  EXPECT_EQ(estimate_of(run).run->time.steps, 10);
  run.plan.data.tokens = (10 * batch + 1) * token;
  EXPECT_EQ(estimate_of(run).run->time.steps, 11);
}

TEST(Estimate, ContextParallelRanksExchangeTheHeadsThatTheyHold) {
  // With eight tensor ranks one shared key-value head is held by each, like one of eight.
  PlannedRun run = middling();
  run.cluster.gpus = 16;
  run.cluster.node.scale_up_bandwidth = 1e6 * byte / second;  // nothing hides,
  run.cluster.node.scale_out_bandwidth = 1e6 * byte / second; // on either links
  run.plan.parallelism = {.tensor_parallel = 8, .context_parallel = 2, .data_parallel = 1};
  run.plan.model.decoder.kv_heads = 8;
  const Seconds eight = estimate_of(run).step->time.context_parallel;
  run.plan.model.decoder.kv_heads = 1;
  EXPECT_GT(eight, Seconds{});
  EXPECT_EQ(estimate_of(run).step->time.context_parallel, eight);
}

TEST(Estimate, StagesHandOnTheirShareOfTheSequenceUnderSequenceParallelism) {
  const auto messages = [](bool sequence_parallel) {
    PlannedRun run = middling();
    run.cluster.gpus = 8;
    run.cluster.node.scale_up_latency = {};
    run.cluster.calibration.scale_up_links.reset(); // whose start would not shrink with the message
    run.plan.training.software.message_overhead = {};
    run.plan.parallelism = {.tensor_parallel = 4,
                            .sequence_parallel = sequence_parallel,
                            .pipeline_parallel = 2,
                            .data_parallel = 1};
    return estimate_of(run).step->time.pipeline;
  };
  EXPECT_EQ(messages(true), messages(false) / 4);
}

TEST(Estimate, AnswersForAsManyGpusAsCanBeAsked) {
  PlannedRun run = middling();
  run.cluster.gpus = 100'000'000;
  run.plan.parallelism.tensor_parallel = 8;
  run.plan.parallelism.pipeline_parallel = 32;
  run.plan.parallelism.data_parallel = 100'000'000 / 256;
  run.plan.training.global_batch = run.plan.parallelism.data_parallel;
  const Estimate result = estimate_of(run);
  ASSERT_TRUE(result.step);
  EXPECT_GT(result.step->time.total(), Seconds{});
}

// A stated speed replaces the predicted one.

Estimate stating(const StatedThroughput &stated) {
  PlannedRun run = middling();
  run.plan.stated = stated;
  return estimate_of(run);
}

TEST(StatedSpeed, AsUtilisationComesBackAsUtilisation) {
  constexpr double rounding = 1e-12;
  StatedThroughput stated;
  stated.mfu = 0.4;
  EXPECT_NEAR(stating(stated).step->utilisation.mfu, 0.4, rounding);
  stated.basis = UtilisationBasis::six_nd;
  EXPECT_NEAR(stating(stated).step->utilisation.mfu_six_n, 0.4, rounding);
  // 6N leaves the scores out: with attention the same speed is more.
  EXPECT_GT(stating(stated).step->utilisation.mfu, 0.4);
}

TEST(StatedSpeed, AsARateComesBackAsARate) {
  StatedThroughput stated;
  stated.flops_per_gpu = 100.0 * teraflop / second;
  EXPECT_DOUBLE_EQ(stating(stated).step->utilisation.flops_per_gpu.in(teraflop / second), 100);
}

TEST(StatedSpeed, AsTokensASecondIsThatOfTheCluster) {
  StatedThroughput stated;
  stated.tokens_per_second = 128e3 * token / second;
  EXPECT_DOUBLE_EQ(stating(stated).step->utilisation.tokens_per_gpu.in(token / second / gpu), 2000);
}

TEST(StatedSpeed, AsTheStepIsTheStep) {
  StatedThroughput stated;
  stated.step_time = 12.0 * second;
  const StepEstimate step = *stating(stated).step;
  EXPECT_EQ(step.time.total().in(second), 12);
  EXPECT_EQ(step.time.stated.in(second), 12);
  EXPECT_EQ(step.time.compute, Seconds{});
  EXPECT_GT(step.predicted.compute, Seconds{}); // kept beside it
}

TEST(StatedSpeed, DoesTheStatedWorkWhereThatIsStatedToo) {
  StatedThroughput stated;
  stated.flops_per_gpu = 1.0 * teraflop / second;
  stated.training_flops = 64e12 * 86400.0 * flop; // a day of 64 GPUs
  // Up to one step in 143,052 for the rest of a batch.
  EXPECT_NEAR(stating(stated).run->time.training.in(day), 1, 1e-5);
}

// Outcomes.

TEST(Outcome, OfAPlanThatDoesNotFitNamesThePartsAndStillAnswers) {
  PlannedRun run = middling();
  run.cluster.device.memory_capacity = 80.0 * gigabyte;
  // 6.7e9 parameters of 18 bytes are 120 GB.
  const Estimate result = estimate_of(run);
  ASSERT_EQ(result.reasons.size(), 1U);
  EXPECT_EQ(result.reasons.front().code, "does_not_fit");
  EXPECT_NE(result.reasons.front().text.find("80 GB"), std::string::npos);
  EXPECT_FALSE(result.reasons.front().remedy.empty());
  EXPECT_FALSE(result.feasible());
  EXPECT_TRUE(result.step.has_value());
  EXPECT_TRUE(result.run.has_value());
}

TEST(Outcome, OfALayoutThatIsImpossibleHasWorkAndNoStep) {
  PlannedRun run = middling();
  run.plan.parallelism.tensor_parallel = 3;
  const Estimate result = estimate_of(run);
  EXPECT_FALSE(result.feasible());
  EXPECT_FALSE(result.step.has_value());
  EXPECT_FALSE(result.run.has_value());
  EXPECT_GT(result.work.model_total, FlopCount{});
}

TEST(Outcome, OfTooLittleHeldTimeIsAReason) {
  PlannedRun run = middling();
  run.plan.run.allocations = {{64, 1.0 * hour}};
  const Estimate result = estimate_of(run);
  ASSERT_EQ(result.reasons.size(), 1U);
  EXPECT_EQ(result.reasons.front().code, "allocation");
  EXPECT_FALSE(result.reasons.front().remedy.empty());
}

TEST(Outcome, MemoryIsThatOfTheStageThatNeedsMost) {
  // A vocabulary of a million: the logits, in fp32, outweigh the first stage's extra micro-batches.
  PlannedRun run = middling();
  run.plan.model.decoder.vocabulary = 1'024'000;
  run.plan.parallelism = {.pipeline_parallel = 2, .data_parallel = 32};
  const StepEstimate step = *estimate_of(run).step;
  EXPECT_GT(step.last_stage.total(), step.first_stage.total());
  EXPECT_EQ(step.memory().total(), step.last_stage.total());
}

} // namespace
} // namespace flopcast
