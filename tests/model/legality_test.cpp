// SPDX-License-Identifier: Apache-2.0
#include "model/planning/legality.hpp"
#include "tests/model/examples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flopcast {
namespace {

using namespace tests;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// GPT-2 (12 layers, 12 heads) on 8 GPUs of one node, batch 64.
struct Case {
  Plan plan;
  Cluster cluster = unit_machine();

  Case() {
    plan.model.decoder = gpt2();
    plan.data.sequence_length = 1024;
    plan.parallelism.data_parallel = 8;
    plan.training = plain_training();
    plan.training.global_batch = 64;
    cluster.gpus = 8;
    cluster.node.scale_up_domain = 8;
  }

  /// Gives the layout the GPUs that it needs.
  [[nodiscard]] std::vector<Reason> problems() {
    cluster.gpus = plan.parallelism.gpus();
    cluster.node.scale_out_bandwidth = 1.0 * units::byte / units::second;
    return layout_problems(plan, cluster);
  }
};

void expect_one(const std::vector<Reason> &reasons, std::string_view code, const std::string &text,
                const std::string &remedy) {
  ASSERT_THAT(reasons, SizeIs(1));
  EXPECT_EQ(reasons.front().code, code);
  EXPECT_THAT(reasons.front().text, HasSubstr(text));
  EXPECT_THAT(reasons.front().remedy, HasSubstr(remedy));
}

TEST(Legality, OfALayoutThatDividesIsClean) { EXPECT_THAT(Case().problems(), IsEmpty()); }

TEST(Legality, WantsAsManyGpusAsTheDegreesMultiplyTo) {
  Case one;
  one.cluster.gpus = 12;
  one.cluster.node.scale_out_bandwidth = 1.0 * units::byte / units::second;
  expect_one(layout_problems(one.plan, one.cluster), "gpu_count", "needs 8 GPUs, the plan has 12",
             "hardware.count");
}

TEST(Legality, ManyDomainsNeedANetworkBetweenThem) {
  Case one;
  one.plan.parallelism.data_parallel = 16;
  one.cluster.gpus = 16;
  expect_one(layout_problems(one.plan, one.cluster), "network",
             "16 GPUs are more than the 8 of one unit node", "hardware.scale_out_bandwidth");
}

TEST(Legality, BucketsAreForGradientsThatAreWhole) {
  Case one;
  one.plan.training.gradient_bucket = 25e6 * units::byte;
  EXPECT_THAT(one.problems(), IsEmpty());
  one.plan.parallelism.zero_stage = 3;
  expect_one(one.problems(), "gradient_bucket", "layer by layer", "zero_stage below 3");
}

TEST(Legality, ExpertsWaysHideBehindAnotherChunkOfTheStage) {
  Case one;
  one.plan.parallelism.expert_overlap = ExpertOverlap::micro_batches;
  one.plan.parallelism.pipeline_parallel = 2;
  one.plan.parallelism.data_parallel = 1;
  expect_one(one.problems(), "expert_overlap", "no second chunk", "virtual_pipeline above 1");
  one.plan.parallelism.virtual_pipeline = 2;
  EXPECT_THAT(one.problems(), IsEmpty());
  one.plan.parallelism.pipeline_parallel = 1;
  one.plan.parallelism.virtual_pipeline = 1;
  EXPECT_THAT(one.problems(), IsEmpty());
}

TEST(Legality, TensorParallelDividesTheHeads) {
  Case one;
  one.plan.parallelism.tensor_parallel = 8;
  one.plan.model.decoder.kv_heads = 4;
  // The divisors of 12 next to 8.
  expect_one(one.problems(), "does_not_divide", "tensor_parallel = 8 does not divide 12 heads",
             "4, 6, 12");
}

TEST(Legality, TensorParallelDividesTheKeyValueHeadsOrIsAMultiple) {
  Case one;
  one.plan.parallelism.tensor_parallel = 6;
  one.plan.model.decoder.kv_heads = 4;
  expect_one(one.problems(), "does_not_divide", "key-value heads", "tensor_parallel = ");
  one.plan.model.decoder.kv_heads = 3; // two ranks share a head
  EXPECT_THAT(one.problems(), IsEmpty());
  one.plan.model.decoder.kv_heads = 12;
  EXPECT_THAT(one.problems(), IsEmpty());
}

TEST(Legality, TensorParallelDividesTheMlp) {
  Case one;
  one.plan.parallelism.tensor_parallel = 4;
  one.plan.model.decoder.ffn_hidden = 3070;
  expect_one(one.problems(), "does_not_divide", "3070 columns of the MLP", "tensor_parallel = ");
}

TEST(Legality, SequenceParallelDividesTheSequence) {
  Case one;
  one.plan.parallelism.tensor_parallel = 3;
  EXPECT_THAT(one.problems(), IsEmpty());
  one.plan.parallelism.sequence_parallel = true; // 1024 is no multiple of 3
  expect_one(one.problems(), "does_not_divide", "tensor_parallel = 3 does not divide 1024 tokens",
             "tensor_parallel = ");
}

TEST(Legality, SequenceParallelDividesWhatContextParallelismLeaves) {
  Case one;
  one.plan.data.sequence_length = 1020;
  one.plan.parallelism.tensor_parallel = 4;
  one.plan.parallelism.context_parallel = 2;
  one.plan.parallelism.sequence_parallel = true;
  // 4 · 2 = 8 does not divide 1020, and neither degree is 8 by itself.
  expect_one(one.problems(), "does_not_divide",
             "tensor_parallel x context_parallel = 8 does not divide 1020 tokens",
             "tensor_parallel x context_parallel = ");
}

TEST(Legality, ContextParallelDividesTheSequence) {
  Case one;
  one.plan.parallelism.context_parallel = 3;
  expect_one(one.problems(), "does_not_divide", "context_parallel = 3 does not divide 1024",
             "context_parallel = 1, 2, 4, 8");
}

TEST(Legality, PipelineStagesDivideTheLayers) {
  Case one;
  one.plan.parallelism.pipeline_parallel = 5;
  expect_one(one.problems(), "does_not_divide", "pipeline_parallel = 5 does not divide 12 layers",
             "3, 4, 6");
}

TEST(Legality, ChunksDivideTheLayersToo) {
  Case one;
  one.plan.parallelism.pipeline_parallel = 4;
  one.plan.parallelism.virtual_pipeline = 2;
  expect_one(one.problems(), "does_not_divide",
             "pipeline_parallel x virtual_pipeline = 8 does not divide 12 layers", "4, 6, 12");
}

TEST(Legality, ChunksNeedAPipeline) {
  Case one;
  one.plan.parallelism.virtual_pipeline = 2;
  expect_one(one.problems(), "does_not_divide", "needs a pipeline", "virtual_pipeline = 1");
}

TEST(Legality, InterleavingWantsMicroBatchesInRoundsOfTheStages) {
  Case one;
  one.plan.parallelism.pipeline_parallel = 4;
  one.plan.parallelism.virtual_pipeline = 3;
  one.plan.parallelism.data_parallel = 1;
  one.plan.training.global_batch = 66;
  expect_one(one.problems(), "does_not_divide", "4 does not divide 66 micro-batches",
             "pipeline_parallel (interleaved) = ");
}

TEST(Legality, ADenseModelHasNoExperts) {
  Case one;
  one.plan.parallelism.expert_parallel = 2;
  expect_one(one.problems(), "no_experts", "expert_parallel = 2", "expert_parallel = 1");
}

TEST(Legality, TheBatchIsWholeMicroBatchesOnEveryRank) {
  Case one;
  one.plan.training.micro_batch = 3; // 24 does not divide 64
  expect_one(one.problems(), "does_not_divide",
             "data_parallel x micro_batch = 24 does not divide 64 sequences", "16, 32");
}

TEST(Legality, ThePrecisionIsOneOfTheDevices) {
  Case one;
  one.plan.training.precision = NumberFormat::bf16;
  one.cluster.device.peak[static_cast<std::size_t>(NumberFormat::bf16)] = std::nullopt;
  expect_one(one.problems(), "precision", "no matrix units for bf16", "\"fp16\"");
  one.cluster.device.peak[static_cast<std::size_t>(NumberFormat::fp16)] = std::nullopt;
  expect_one(one.problems(), "precision", "no matrix units for bf16", "\"fp32\"");
}

TEST(Legality, NamesEveryProblemAtOnce) {
  Case one;
  one.plan.parallelism.tensor_parallel = 8;
  one.plan.model.decoder.kv_heads = 4;
  one.plan.parallelism.pipeline_parallel = 5;
  one.plan.parallelism.expert_parallel = 2;
  one.plan.training.micro_batch = 3;
  EXPECT_THAT(one.problems(), SizeIs(4));
}

} // namespace
} // namespace flopcast
