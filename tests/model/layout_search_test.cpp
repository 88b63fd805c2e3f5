// SPDX-License-Identifier: Apache-2.0
#include "model/planning/layout_search.hpp"
#include "tests/model/examples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flopcast {
namespace {

using namespace tests;
using testing::HasSubstr;

constexpr std::string_view llama_on_one_node = R"(
[model]
preset = "llama3-70b"
[data]
tokens = "15e12 token"
sequence_length = 8192
[hardware]
gpu = "h100"
count = 8
[parallelism]
tensor_parallel = 8
[training]
global_batch = 512
)";

Estimate of_layout(const PlannedRun &run, const Layout &layout) {
  Plan plan = run.plan;
  plan.parallelism = layout.parallelism;
  plan.training = layout.training;
  Cluster cluster = run.cluster;
  cluster.gpus = layout.gpus;
  return estimate(plan, cluster);
}

TEST(FastestLayout, CanRunOnThePlansGpus) {
  const PlannedRun run = read_text(llama_on_one_node, {"hardware.count=256"});
  const auto layout = fastest_layout(run.plan, run.cluster, OpenSettings{});
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->gpus, 256);
  EXPECT_EQ(layout->parallelism.gpus(), 256);
  EXPECT_TRUE(of_layout(run, *layout).feasible());
}

TEST(FastestLayout, IsNoSlowerThanTheLayoutsOfAHand) {
  const PlannedRun run = read_text(llama_on_one_node, {"hardware.count=256"});
  const auto best = fastest_layout(run.plan, run.cluster, OpenSettings{});
  ASSERT_TRUE(best);
  const Seconds time = of_layout(run, *best).step->predicted.total();
  for (const std::int64_t t : {1, 2, 4, 8})
    for (const std::int64_t p : {1, 2, 4, 8})
      for (const Recompute recompute : {Recompute::none, Recompute::full}) {
        Layout layout;
        layout.parallelism.tensor_parallel = t;
        layout.parallelism.sequence_parallel = t > 1;
        layout.parallelism.pipeline_parallel = p;
        layout.parallelism.data_parallel = 256 / (t * p);
        layout.parallelism.zero_stage = 1;
        layout.training = run.plan.training;
        layout.training.recompute = recompute;
        layout.gpus = 256;
        const Estimate result = of_layout(run, layout);
        if (result.feasible()) {
          EXPECT_GE(result.step->predicted.total(), time)
              << describe_layout(layout.parallelism, layout.training);
        }
      }
}

TEST(FastestLayout, KeepsABatchThatIsGivenAndRoundsOneThatIsWanted) {
  const PlannedRun run = read_text(llama_on_one_node, {"hardware.count=256"});
  EXPECT_EQ(fastest_layout(run.plan, run.cluster, OpenSettings{})->training.global_batch, 512);
  const TokenCount wanted = 3e6 * units::token; // 366.2 sequences
  const auto layout = fastest_layout(run.plan, run.cluster,
                                     {.micro_batch = true, .recompute = true, .batch = wanted});
  ASSERT_TRUE(layout);
  const std::int64_t round = layout->parallelism.data_parallel * layout->training.micro_batch;
  EXPECT_EQ(layout->training.global_batch % round, 0);
  EXPECT_NEAR(static_cast<double>(layout->training.global_batch), 366.2,
              static_cast<double>(round) / 2);
}

TEST(FastestLayout, KeepsWhatThePlanGave) {
  const PlannedRun run =
      read_text(llama_on_one_node,
                {"hardware.count=256", "training.micro_batch=2", "training.recompute=\"full\""});
  const auto layout =
      fastest_layout(run.plan, run.cluster, {.micro_batch = false, .recompute = false});
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->training.micro_batch, 2);
  EXPECT_EQ(layout->training.recompute, Recompute::full);
}

TEST(FastestLayout, DoesNotInflateTheBatchToSplitNothingElse) {
  // 4,096 GPUs of pure data parallelism would take 4,096 sequences, eight times the 512 wanted.
  const PlannedRun run = read_text(llama_on_one_node, {"hardware.count=4096"});
  const TokenCount wanted = 512.0 * 8192 * units::token;
  const auto layout = fastest_layout(run.plan, run.cluster,
                                     {.micro_batch = true, .recompute = true, .batch = wanted});
  ASSERT_TRUE(layout);
  EXPECT_LE(layout->training.global_batch, 1024);
}

TEST(RoundedBatch, FillsWholeRoundsOfAnInterleavedPipeline) {
  const Parallelism interleaved{.pipeline_parallel = 4, .virtual_pipeline = 2, .data_parallel = 3};
  // 100 sequences of 10 tokens over rounds of 3 ranks x 2 sequences x 4 stages = 24: 4 rounds.
  EXPECT_EQ(rounded_batch(1000.0 * units::token, 10, interleaved, 2), 96);
  EXPECT_EQ(rounded_batch(1.0 * units::token, 10, interleaved, 2), 24);
}

TEST(FastestLayout, IsNoneWhereNothingFits) {
  // 70.6e9 parameters of 18 bytes, wholly shared by 8 GPUs, are 159 GB each.
  const PlannedRun run = read_text(llama_on_one_node);
  EXPECT_FALSE(fastest_layout(run.plan, run.cluster, OpenSettings{}));
}

TEST(NearestLayout, OfAPlanThatDoesNotFitCanRun) {
  const PlannedRun run = read_text(llama_on_one_node);
  ASSERT_EQ(estimate_of(run).reasons.front().code, "does_not_fit");
  const auto layout = nearest_layout(run.plan, run.cluster);
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->parallelism.gpus(), layout->gpus);
  EXPECT_TRUE(of_layout(run, *layout).feasible());
  EXPECT_GT(layout->gpus, 8); // none of the plan's own GPUs' layouts fits, as above
}

TEST(NearestLayout, KeepsTheGpusWhereALayoutOfTheirsFits) {
  const PlannedRun run =
      read_text(llama_on_one_node, {"hardware.count=64", "parallelism.tensor_parallel=1"});
  ASSERT_FALSE(estimate_of(run).feasible());
  const auto layout = nearest_layout(run.plan, run.cluster);
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->gpus, 64);
  EXPECT_TRUE(of_layout(run, *layout).feasible());
}

TEST(NearestLayout, OfAPlanThatCanRunIsItself) {
  const PlannedRun run = shipped_plan("gpt3-175b-a100");
  const auto layout = nearest_layout(run.plan, run.cluster);
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->parallelism, run.plan.parallelism);
  EXPECT_EQ(layout->training, run.plan.training);
  EXPECT_EQ(layout->gpus, run.cluster.gpus);
}

TEST(NearestLayout, MendsDegreesThatDoNotDivide) {
  // 80 layers are not 3 stages.
  const PlannedRun run =
      read_text(llama_on_one_node, {"hardware.count=192", "parallelism.pipeline_parallel=3",
                                    "training.global_batch=768"});
  ASSERT_EQ(estimate_of(run).reasons.front().code, "does_not_divide");
  const auto layout = nearest_layout(run.plan, run.cluster);
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->gpus, 192);
  EXPECT_TRUE(of_layout(run, *layout).feasible());
}

TEST(NearestLayout, MendsABatchThatDoesNotDivide) {
  const PlannedRun run =
      read_text(llama_on_one_node, {"hardware.count=256", "training.global_batch=509"});
  ASSERT_FALSE(estimate_of(run).feasible());
  const auto layout = nearest_layout(run.plan, run.cluster);
  ASSERT_TRUE(layout);
  EXPECT_TRUE(of_layout(run, *layout).feasible());
}

TEST(NearestLayout, IsNoneForADeviceThatCannotComputeInThePrecision) {
  const PlannedRun run =
      read_text(llama_on_one_node, {"hardware.gpu=v100-sxm2-32gb", "training.precision=bf16"});
  ASSERT_EQ(estimate_of(run).reasons.front().code, "precision");
  EXPECT_FALSE(nearest_layout(run.plan, run.cluster));
}

TEST(LayoutText, NamesWhatIsSplit) {
  const Parallelism parallelism{.tensor_parallel = 8,
                                .pipeline_parallel = 4,
                                .virtual_pipeline = 2,
                                .context_parallel = 3,
                                .data_parallel = 5,
                                .zero_stage = 1};
  Training training = plain_training();
  training.micro_batch = 6;
  training.global_batch = 60;
  EXPECT_EQ(describe_layout(parallelism, training),
            "tensor 8 x pipeline 4 (2 chunks) x context 3 x data 5, ZeRO-1, micro-batch 6, global "
            "batch 60, recompute none");
}

} // namespace
} // namespace flopcast
