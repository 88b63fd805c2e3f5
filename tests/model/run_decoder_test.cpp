// SPDX-License-Identifier: Apache-2.0
#include "model/validation/run_decoder.hpp"

#include "model/architecture/decoder_graph.hpp"
#include "tests/model/run_records.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flopcast::tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Mixtral's shape with another number of experts.
RunRecord seven_experts() {
  RunRecord run = sparse_run("Megatron-Core");
  run.layers = 32;
  run.hidden = 4096;
  run.heads = 32;
  run.kv_heads = 8;
  run.ffn = 14336;
  run.vocab = 32000;
  run.moe_experts = 7;
  run.moe_topk = 2;
  return run;
}

/// DeepSeek-V3 as tables print it: experts of 2,048 in 58 of its layers, one that all tokens use.
RunRecord deepseek() {
  RunRecord run = seven_experts();
  run.layers = 61;
  run.hidden = 7168;
  run.heads = 128;
  run.kv_heads.reset();
  run.ffn = 18432;
  run.vocab = 129280;
  run.moe_experts = 256;
  run.moe_topk = 8;
  run.params = 671e9;
  run.params_active = 37e9;
  return run;
}

std::optional<Decoder> counted(const RunRecord &run) {
  std::vector<std::string> inferred;
  return counted_expert_decoder_of(run, FrameworkRules{}, inferred);
}

OperatorGraph graph_of(const Decoder &decoder) {
  return decoder_graph(
      decoder, {.sequence_length = decoder.context_length, .vocabulary = decoder.vocabulary});
}

TEST(RunDecoder, WithoutCountsTakesTheWidthOfTheColumn) {
  std::vector<std::string> inferred;
  const auto decoder = counted_expert_decoder_of(seven_experts(), FrameworkRules{}, inferred);
  ASSERT_TRUE(decoder.has_value());
  EXPECT_EQ(decoder->experts, (MixtureOfExperts{.count = 7, .per_token = 2, .hidden = 14336}));
  EXPECT_EQ(decoder->head_dim, 128);
  EXPECT_EQ(decoder->kv_heads, 8);
  EXPECT_THAT(inferred, ElementsAre(HasSubstr("7 experts, 14336 wide")));
}

TEST(RunDecoder, FindsTheWidthOfNarrowExpertsInTheCounts) {
  const auto decoder = counted(deepseek());
  ASSERT_TRUE(decoder.has_value());
  EXPECT_NEAR(static_cast<double>(decoder->experts->hidden), 2048, 64);
  EXPECT_EQ(decoder->experts->dense_first, 1);
  const OperatorGraph graph = graph_of(*decoder);
  EXPECT_NEAR(static_cast<double>(parameter_count(graph)), 671e9, 0.01 * 671e9);
  EXPECT_NEAR(static_cast<double>(active_parameter_count(graph)), 37e9, 0.02 * 37e9);
}

TEST(RunDecoder, FindsWhatAllTokensUseInTheCounts) {
  RunRecord run = seven_experts();
  Decoder true_decoder = counted(run).value_or(Decoder{});
  true_decoder.experts->shared_hidden = 14336;
  const OperatorGraph graph = graph_of(true_decoder);
  run.params = static_cast<double>(parameter_count(graph));
  run.params_active = static_cast<double>(active_parameter_count(graph));
  const auto decoder = counted(run);
  ASSERT_TRUE(decoder.has_value());
  EXPECT_EQ(decoder->experts, true_decoder.experts);
}

TEST(RunDecoder, IsNoneWhereColumnsContradictEachOther) {
  RunRecord run = seven_experts();
  run.params = 400e9; // experts would be wider than the column says
  run.params_active = 20e9;
  EXPECT_EQ(counted(run), std::nullopt);
  run = seven_experts();
  run.moe_topk = 7;
  EXPECT_EQ(counted(run), std::nullopt);
  run = seven_experts();
  run.heads = 33;
  EXPECT_EQ(counted(run), std::nullopt);
  run = deepseek();
  run.params.reset(); // the column is of the dense layers
  EXPECT_EQ(counted(run), std::nullopt);
  run = deepseek();
  run.params_active = *run.params;
  EXPECT_EQ(counted(run), std::nullopt);
  run.params_active = 2 * *run.params;
  EXPECT_EQ(counted(run), std::nullopt);
  run.params = 1e25 + 634e9; // nothing but what every token uses
  run.params_active = 1e25;
  EXPECT_EQ(counted(run), std::nullopt);
}

} // namespace
} // namespace flopcast::tests
