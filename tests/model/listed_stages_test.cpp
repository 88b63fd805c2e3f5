// SPDX-License-Identifier: Apache-2.0
// Plans that say of each stage how many layers it holds or does again.
#include "model/execution/memory.hpp"
#include "model/execution/step_time.hpp"
#include "model/planning/legality.hpp"
#include "model/planning/pipeline_work.hpp"
#include "tests/model/examples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flopcast {
namespace {

using namespace tests;
using testing::HasSubstr;
using units::byte;
using units::second;

constexpr double rounding = 1e-9;

/// Eight layers without ends: forward 1 s, backward 2 s and 10 bytes saved each; 100 weights each.
ModelWork eight_layers() {
  ModelWork work;
  work.layer_count = 8;
  work.layers.forward = 8.0 * second;
  work.layers.backward = 16.0 * second;
  work.layers.saved = 80.0 * byte;
  work.layers.parameters = 800;
  work.layers.matrix_parameters = 800;
  return work;
}

Parallelism four_stages(std::vector<std::int64_t> layers) {
  Parallelism parallelism{.pipeline_parallel = 4};
  parallelism.layers_by_stage = std::move(layers);
  return parallelism;
}

StepTime step(const Parallelism &parallelism, const Training &training = plain_training()) {
  Cluster cluster = unit_machine();
  cluster.device.memory_bandwidth *= beyond_measure; // the optimizer takes no time
  return predicted_step_time(eight_layers(), parallelism, training,
                             {.boundary = {}, .residual = {}, .key_values = {}, .micro_batches = 8},
                             cluster);
}

TEST(ListedStages, OfEqualLayersTakeAsLongAsIfNothingWereListed) {
  const StepTime listed = step(four_stages({2, 2, 2, 2}));
  const StepTime even = step({.pipeline_parallel = 4});
  EXPECT_EQ(listed.compute, even.compute);
  EXPECT_NEAR(listed.bubble.in(second), even.bubble.in(second), rounding);
}

TEST(ListedStages, SetThePaceByTheLongestPath) {
  // A micro-batch takes 3, 9, 6 and 6 s on the stages: 24 s through all. Of the seven that follow,
  // five wait for the second stage (9 s each: it needs three still to come), the last two for the
  // third or the fourth (6 s each).
  const StepTime time = step(four_stages({1, 3, 2, 2}));
  EXPECT_NEAR(time.compute.in(second), 8 * 9, rounding);
  EXPECT_NEAR(time.total().in(second), 24 + 5 * 9 + 2 * 6, rounding);
}

TEST(ListedStages, RecomputeTheirOwnLayers) {
  Training training = plain_training();
  training.recompute = Recompute::full;
  training.recompute_by_stage = {2, 0, 0, 0};
  // 8, 6, 6 and 6 s: 26 s through all; four of the seven others wait for the first stage.
  const StepTime time = step({.pipeline_parallel = 4}, training);
  EXPECT_NEAR(time.recompute.in(second), 8 * 2, rounding);
  EXPECT_NEAR(time.total().in(second), 26 + 4 * 8 + 3 * 6, rounding);
}

TEST(ListedStages, ExchangeTheGradientsOfTheFullest) {
  Parallelism parallelism = four_stages({1, 3, 2, 2});
  parallelism.data_parallel = 2;
  Training training = plain_training();
  training.overlap_gradient_exchange = false;
  // An all-reduce over two moves each of 300 fp32 gradients once.
  EXPECT_NEAR(step(parallelism, training).data_parallel.in(second), 300 * 4, rounding);
}

TEST(ListedStages, AreRecomputedInTheShareOfAllLayers) {
  Training training = plain_training();
  training.recompute = Recompute::full;
  training.recompute_by_stage = {1, 2, 0, 0};
  EXPECT_EQ(recomputed_layers(training, four_stages({1, 3, 2, 2}), 8), 3.0 / 8);
  EXPECT_EQ(recomputed_layers(training, four_stages({1, 3, 2, 2}), 8, 1), 2.0 / 3);
  training.recompute_by_stage.clear();
  training.recompute_layers = 2; // of any stage
  EXPECT_EQ(recomputed_layers(training, four_stages({1, 3, 2, 2}), 8), (1 + 2 + 2 + 2) / 8.0);
}

constexpr MemoryInputs many_micro_batches{
    .boundary = 1.0 * byte, .layers_per_stage = 2, .micro_batches = 100};

double activations(const Training &training, std::int64_t stage) {
  return stage_memory(eight_layers(), four_stages({1, 3, 2, 2}), training, many_micro_batches,
                      stage)
      .activations.in(byte);
}

TEST(StageMemory, IsThatOfItsLayersAndItsMicroBatches) {
  // 4, 3, 2 and 1 micro-batches of 10 bytes a layer. The first stage hands its boundary on, the
  // last one keeps what it is handed.
  EXPECT_EQ(activations(plain_training(), 0), 4 * (10 - 1));
  EXPECT_EQ(activations(plain_training(), 1), 3 * 30);
  EXPECT_EQ(activations(plain_training(), 2), 2 * 20);
  EXPECT_EQ(activations(plain_training(), 3), 1 * (20 + 1));
  const MemoryParts second_stage = stage_memory(eight_layers(), four_stages({1, 3, 2, 2}),
                                                plain_training(), many_micro_batches, 1);
  EXPECT_EQ(second_stage.weights.in(byte), 300 * 2);
  EXPECT_EQ(second_stage.buffers.in(byte), 2); // a message in and one out
}

TEST(StageMemory, RebuildsLayersOnlyWhereTheyAreRecomputed) {
  Training training = plain_training();
  training.recompute = Recompute::full;
  training.recompute_by_stage = {0, 3, 1, 0};
  EXPECT_EQ(activations(training, 0), 4 * (10 - 1));
  EXPECT_EQ(activations(training, 1), 3 * 3 * 1 + 10); // three boundaries, and one layer rebuilt
  EXPECT_EQ(activations(training, 2), 2 * (1 + 10) + 10);
  EXPECT_EQ(activations(training, 3), 20 + 1);
}

TEST(StageMemory, OfInterleavedChunksFallsByTwoSteps) {
  Parallelism parallelism{.pipeline_parallel = 4, .virtual_pipeline = 2};
  // (2·(3 − i) + 4 + 1)/2 micro-batches of two layers.
  const auto of = [&](std::int64_t stage) {
    return stage_memory(eight_layers(), parallelism, plain_training(), many_micro_batches, stage)
        .activations.in(byte);
  };
  EXPECT_EQ(of(1), (2 * 2 + 4 + 1) / 2.0 * 20);
  EXPECT_EQ(of(2), (2 * 1 + 4 + 1) / 2.0 * 20);
}

constexpr std::string_view plan = R"(
[model]
preset = "llama2-7b"
[hardware]
node = "dgx-a100-80"
nodes = 1
[parallelism]
pipeline_parallel = 4
tensor_parallel = 2
zero_stage = 0
[training]
framework = "none"
micro_batch = 1
global_batch = 16
)";

TEST(ListedStagesPlan, GivesEveryStagesMemory) {
  const Estimate even = estimate_of(read_text(plan));
  EXPECT_TRUE(even.step->stages.empty());
  const Estimate result = estimate_of(read_text(plan, {"parallelism.stage_layers=[6, 10, 9, 7]"}));
  ASSERT_TRUE(result.step);
  ASSERT_EQ(result.step->stages.size(), 4U);
  EXPECT_EQ(result.step->stages[0].total(), result.step->first_stage.total());
  EXPECT_EQ(result.step->stages[3].total(), result.step->last_stage.total());
  EXPECT_EQ(result.step->memory().total(), result.step->stages[1].total());
}

TEST(ListedStagesPlan, OfAnEvenSplitIsTheEvenPlan) {
  const Estimate even = estimate_of(read_text(plan));
  const Estimate listed = estimate_of(read_text(plan, {"parallelism.stage_layers=[8, 8, 8, 8]"}));
  EXPECT_EQ(listed.step->memory().total(), even.step->memory().total());
  EXPECT_EQ(listed.step->time.compute, even.step->time.compute);
  // The last stage has the logits: the longest path waits for it at the end as well.
  constexpr double few_micro_batches = 0.03;
  EXPECT_NEAR(listed.step->time.total() / even.step->time.total(), 1, few_micro_batches);
}

TEST(ListedStagesPlan, RunsSoInTheTrace) {
  const PlannedRun run = read_text(plan, {"parallelism.stage_layers=[6, 10, 9, 7]"});
  const PipelineWork work = pipeline_work(run.plan, run.cluster);
  ASSERT_EQ(work.work.size(), 4U);
  EXPECT_NEAR(work.work[1].forward / work.work[2].forward, 10.0 / 9, 0.01);
  const ScheduleOutcome outcome = simulated_schedule(work);
  const Estimate result = estimate_of(run);
  constexpr double closed_form = 0.04; // uneven stages, messages beside the tasks
  EXPECT_NEAR(outcome.step / result.step->predicted.total(), 1, closed_form);
  EXPECT_NEAR(outcome.stages[1].peak / result.step->stages[1].activations, 1, 1e-6);
}

TEST(ListedStagesPlan, RecomputesWhereItIsToldTo) {
  const std::vector<std::string> redo{"training.recompute=full",
                                      "training.stage_recompute_layers=[8, 4, 0, 0]"};
  const PlannedRun run = read_text(plan, redo);
  const Estimate result = estimate_of(run);
  const Estimate none = estimate_of(read_text(plan));
  ASSERT_TRUE(result.step);
  EXPECT_LT(result.step->stages[0].activations, none.step->first_stage.activations);
  EXPECT_EQ(result.step->stages[3].activations, none.step->last_stage.activations);
  // 12 of 32 layers, whose forward pass is a third of the model's FLOPs less the logits'.
  const double again = result.work.step_hardware / result.work.step_model - 1;
  EXPECT_GT(again, 0.9 * 12 / 32.0 / 3);
  EXPECT_LT(again, 12 / 32.0 / 3);
  EXPECT_NEAR(simulated_schedule(pipeline_work(run.plan, run.cluster)).stages[0].peak /
                  result.step->stages[0].activations,
              1, 1e-6);
}

void expect_reason(const std::vector<std::string> &overrides, const std::string &text,
                   const std::string &remedy) {
  const Estimate result = estimate_of(read_text(plan, overrides));
  ASSERT_FALSE(result.reasons.empty());
  EXPECT_THAT(result.reasons.front().text, HasSubstr(text));
  EXPECT_THAT(result.reasons.front().remedy, HasSubstr(remedy));
}

TEST(ListedStagesPlan, MustNameEveryStageAndLayer) {
  expect_reason({"parallelism.stage_layers=[16, 16]"}, "lists 2 stages, pipeline_parallel is 4",
                "give 4 numbers");
  expect_reason({"parallelism.stage_layers=[8, 8, 8, 7]"}, "add up to 31 of 32", "add 1 layers");
  expect_reason({"parallelism.stage_layers=[8, 8, 8, 9]"}, "add up to 33 of 32",
                "take 1 layers off");
  expect_reason({"parallelism.stage_layers=[13, 13, 3, 3]", "parallelism.virtual_pipeline=4"},
                "gives stage 2 3 layers for its 4 chunks", "give it 4 layers or more");
  expect_reason({"parallelism.stage_layers=[8, 8, 8, 8]", "parallelism.last_stage_layers=8"},
                "the ends included", "leave out");
  expect_reason({"training.recompute=full", "training.stage_recompute_layers=[9, 0, 0, 0]"},
                "redoes 9 layers on stage 0, which has 8", "at most 8");
}

TEST(ListedStagesPlan, IsReadWithItsMistakes) {
  EXPECT_THAT(complaint_about(plan, {"parallelism.stage_layers=[7.5, 8.5, 8, 8]"}),
              HasSubstr("7.5 is no whole number"));
  EXPECT_THAT(complaint_about(plan, {"parallelism.stage_layers=[]"}), HasSubstr("is empty"));
  EXPECT_THAT(complaint_about(plan, {"training.stage_recompute_layers=[1, 1, 1, 1]"}),
              HasSubstr("needs recompute = \"full\""));
  EXPECT_THAT(complaint_about(plan, {"training.recompute=full", "training.recompute_layers=2",
                                     "training.stage_recompute_layers=[1, 1, 1, 1]"}),
              HasSubstr("give one"));
}

} // namespace
} // namespace flopcast
