// SPDX-License-Identifier: Apache-2.0
// Plans of models with experts: their keys, what they may not ask for, and the whole estimate.
#include "tests/model/examples.hpp"

#include <gmock/gmock.h>

namespace flopcast {
namespace {

using namespace tests;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view mixtral = R"(
[model]
preset = "mixtral-8x7b"
[hardware]
gpu = "h100"
count = 64
)";

constexpr std::string_view written_out = R"(
[model]
layers = 4
hidden = 1024
heads = 8
vocabulary = 32000
context_length = 2048
position = "rotary"
[model.experts]
count = 16
per_token = 2
hidden = 512
[hardware]
gpu = "h100"
count = 8
)";

TEST(ExpertKeys, OfAPlanReplaceThePresets) {
  const Decoder decoder =
      read_text(mixtral, {"model.experts.per_token=1", "model.experts.dense_first=2"})
          .plan.model.decoder;
  EXPECT_EQ(decoder.experts->per_token, 1);
  EXPECT_EQ(decoder.experts->dense_first, 2);
  EXPECT_EQ(decoder.experts->count, 8);
  EXPECT_EQ(decoder.experts->hidden, 14336);
}

TEST(ExpertKeys, MakeTheMlpsWidthDispensableWhereNoLayerHasOne) {
  EXPECT_EQ(complaint_about(written_out), "");
  EXPECT_THAT(complaint_about(written_out, {"model.experts.dense_first=1"}),
              HasSubstr("ffn_hidden"));
}

TEST(ExpertKeys, ThatAreMissingAreAskedFor) {
  constexpr std::string_view bare = R"(
[model]
preset = "llama3.1-8b"
[model.experts]
shared_hidden = 64
[model.latent_attention]
q_lora_rank = 64
[hardware]
gpu = "h100"
count = 8
)";
  const std::string complaint = complaint_about(bare);
  for (const char *key : {"model.experts.count", "model.experts.per_token", "model.experts.hidden",
                          "kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim"})
    EXPECT_THAT(complaint, HasSubstr(key));
}

TEST(ExpertKeys, ThatContradictEachOtherAreErrors) {
  EXPECT_THAT(complaint_about(mixtral, {"model.experts.per_token=9"}),
              HasSubstr("9 experts for a token are more than the 8 of a layer"));
  EXPECT_THAT(complaint_about(mixtral, {"model.experts.dense_first=32"}),
              HasSubstr("no layer has them"));
  EXPECT_THAT(complaint_about(mixtral, {"model.qk_norm_all_heads=true"}),
              HasSubstr("needs qk_norm"));
  EXPECT_THAT(complaint_about(R"(
[model]
preset = "deepseek-v2-lite"
position = "alibi"
kv_heads = 4
[hardware]
gpu = "h100"
count = 8
)"),
              testing::AllOf(HasSubstr("rotated part"), HasSubstr("keys and values for every")));
}

TEST(ExpertKeys, OfTheLayoutTakeTheirDefaultsAloud) {
  const PlannedRun run = read_text(mixtral, {"parallelism.tensor_parallel=2"});
  EXPECT_FALSE(run.plan.parallelism.expert_tensor_parallel);
  EXPECT_EQ(run.plan.parallelism.expert_tensor(), 2);
  for (const char *key : {"parallelism.expert_tensor_parallel", "parallelism.expert_imbalance"})
    EXPECT_THAT(run.plan.assumptions, Contains(Field(&Assumption::key, key)));
}

TEST(ExpertKeys, AnImbalanceLeavesTheLayoutOpen) {
  const PlannedRun run = read_text(mixtral, {"parallelism.expert_imbalance=1.2"});
  EXPECT_FALSE(run.parallelism_was_given);
  EXPECT_EQ(run.plan.parallelism.expert_imbalance, 1.2);
}

TEST(ExpertKeys, ACapacityLeavesTheLayoutOpen) {
  const PlannedRun run =
      read_text(mixtral, {"parallelism.expert_capacity=1.25", "parallelism.expert_padding=true"});
  EXPECT_FALSE(run.parallelism_was_given);
  EXPECT_EQ(run.plan.parallelism.expert_load(), 1.25);
}

/// The small model of 16 experts on 8 GPUs in one node.
std::vector<Reason> problems(const Parallelism &parallelism) {
  PlannedRun run = read_text(written_out);
  run.plan.parallelism = parallelism;
  run.plan.training.global_batch = 8 * parallelism.data_parallel;
  run.cluster.gpus = parallelism.gpus();
  return layout_problems(run.plan, run.cluster);
}

void expect_one(const std::vector<Reason> &reasons, std::string_view code, const std::string &text,
                const std::string &remedy) {
  ASSERT_THAT(reasons, SizeIs(1));
  EXPECT_EQ(reasons.front().code, code);
  EXPECT_THAT(reasons.front().text, HasSubstr(text));
  EXPECT_THAT(reasons.front().remedy, HasSubstr(remedy));
}

TEST(ExpertLegality, OfALayoutThatDividesIsClean) {
  EXPECT_THAT(problems({.expert_parallel = 8, .data_parallel = 8}), IsEmpty());
  EXPECT_THAT(problems({.tensor_parallel = 2,
                        .sequence_parallel = true,
                        .expert_parallel = 8,
                        .expert_tensor_parallel = 1,
                        .data_parallel = 4}),
              IsEmpty());
}

TEST(ExpertLegality, ExpertParallelDividesTheExperts) {
  expect_one(problems({.expert_parallel = 6, .data_parallel = 6 * 4}), "does_not_divide",
             "expert_parallel = 6 does not divide 16 experts", "4, 8");
}

TEST(ExpertLegality, ExpertsDivideTheRanksOfAStage) {
  expect_one(problems({.expert_parallel = 16, .data_parallel = 8}), "does_not_divide",
             "expert_parallel 16 x expert_tensor_parallel 1 does not divide the 8 ranks of a stage",
             "lower expert_parallel");
  // Two ranks share each expert unless the plan says that they do not.
  expect_one(problems({.tensor_parallel = 2,
                       .sequence_parallel = true,
                       .expert_parallel = 8,
                       .data_parallel = 4}),
             "does_not_divide", "expert_tensor_parallel 2", "set expert_tensor_parallel = 1");
}

TEST(ExpertLegality, TheirWidthIsDivided) {
  expect_one(problems({.expert_tensor_parallel = 3, .data_parallel = 3 * 8}), "does_not_divide",
             "expert_tensor_parallel = 3 does not divide 512 columns of an expert", "2, 4");
}

TEST(ExpertLegality, TensorParallelRanksSendTheirOwnTokens) {
  expect_one(problems({.tensor_parallel = 2, .expert_parallel = 4, .data_parallel = 4}),
             "sequence_parallel", "sequence_parallel is off", "sequence_parallel = true");
  // Without expert parallelism they may all hold all tokens.
  EXPECT_THAT(problems({.tensor_parallel = 2, .data_parallel = 4}), IsEmpty());
}

TEST(ExpertLegality, PaddingNeedsACapacity) {
  expect_one(problems({.expert_padding = true, .data_parallel = 8}), "expert_capacity",
             "no expert_capacity says", "give expert_capacity");
}

TEST(ExpertLegality, AnExpertHasAtMostEveryToken) {
  // Two of sixteen a token: one that all use has eight times the mean.
  EXPECT_THAT(problems({.expert_imbalance = 8, .data_parallel = 8}), IsEmpty());
  expect_one(problems({.expert_imbalance = 8.5, .data_parallel = 8}), "expert_imbalance",
             "8 times the mean at most", "lower expert_imbalance");
}

TEST(ExpertEstimate, CountsActiveParametersIn6ND) {
  const PlannedRun run = read_text(mixtral);
  const Estimate result = estimate_of(run);
  ASSERT_TRUE(result.feasible());
  // Published: 46.7B in all, 12.9B for a token.
  EXPECT_EQ(result.parameters.total, 46'702'792'704);
  EXPECT_EQ(result.parameters.active, 12'879'925'248);
  EXPECT_EQ(result.work.six_nd.in(units::flop),
            6 * result.parameters.active * run.plan.data.tokens.in(units::token));
}

TEST(ExpertEstimate, ChecksPointsOfPredictionLayersToo) {
  const std::vector<std::string> layout{"parallelism.expert_parallel=64",
                                        "parallelism.zero_stage=3", "training.recompute=\"full\""};
  constexpr std::string_view deepseek = R"(
[model]
preset = "deepseek-v3"
[data]
sequence_length = 4096
[hardware]
gpu = "h100"
count = 1024
)";
  std::vector<std::string> without = layout;
  without.emplace_back("model.prediction_layers=0");
  const Estimate with_prediction = estimate_of(read_text(deepseek, layout));
  const Estimate main_model = estimate_of(read_text(deepseek, without));
  EXPECT_EQ(with_prediction.parameters.total, main_model.parameters.total);
  EXPECT_EQ(main_model.parameters.prediction, 0);
  // Weights in two bytes, master weights and two moments in four each.
  EXPECT_NEAR((with_prediction.run->checkpoint - main_model.run->checkpoint).in(units::byte),
              14 * with_prediction.parameters.prediction, 1);
}

TEST(ExpertEstimate, WorkDoesNotDependOnWhereExpertsLie) {
  const Estimate together = estimate_of(read_text(mixtral, {"parallelism.expert_parallel=1"}));
  const Estimate apart = estimate_of(read_text(mixtral, {"parallelism.expert_parallel=8"}));
  EXPECT_EQ(together.work.per_token, apart.work.per_token);
  EXPECT_EQ(together.work.six_nd, apart.work.six_nd);
}

TEST(ExpertLayoutSearch, SpreadsExpertsThatDoNotFit) {
  const PlannedRun run = read_text(mixtral);
  EXPECT_TRUE(estimate_of(run).feasible());
  EXPECT_EQ(8 % run.plan.parallelism.expert_parallel, 0);
}

} // namespace
} // namespace flopcast
