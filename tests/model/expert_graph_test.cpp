// SPDX-License-Identifier: Apache-2.0
// Experts, latent attention and prediction layers, counted by hand.
#include "model/architecture/flop_conventions.hpp"
#include "model/architecture/model_preset.hpp"
#include "tests/model/examples.hpp"

#include <gtest/gtest.h>

namespace flopcast {
namespace {

using namespace tests;

/// tiny() with four experts of width 3, two for a token, in place of its MLP.
Decoder with_experts() {
  Decoder decoder = tiny();
  decoder.experts = MixtureOfExperts{.count = 4, .per_token = 2, .hidden = 3};
  return decoder;
}

/// tiny() with latents of 3 and 5; heads of 2 + 1 for queries and keys and of 3 for values.
Decoder with_latents() {
  Decoder decoder = tiny();
  decoder.position = Position::rotary;
  decoder.latent_attention = LatentAttention{.q_lora_rank = 3,
                                             .kv_lora_rank = 5,
                                             .qk_nope_head_dim = 2,
                                             .qk_rope_head_dim = 1,
                                             .v_head_dim = 3};
  return decoder;
}

std::int64_t active_parameters_of(const Decoder &decoder) {
  return active_parameter_count(graph_of(decoder, decoder.context_length));
}

/// Of all operators with the role.
template <class Value> double of_role(const OperatorGraph &graph, OperatorRole role, Value value) {
  return total(graph, [&](const Operator &op) { return op.role == role ? value(op) : 0.0; });
}

double saved_elements(const OperatorGraph &graph, OperatorRole role) {
  return of_role(graph, role,
                 [](const Operator &op) { return op.saves_output ? op.output_elements : 0.0; });
}

TEST(Experts, CountTheirParametersByHand) {
  // Table 32, three norms 12, attention 48 + 16; a router 4·4 and four experts of 2·4·3 in place of
  // the MLP.
  EXPECT_EQ(parameters_of(with_experts()), 32 + 12 + 64 + 16 + 4 * 24);
  // A token uses two of the four.
  EXPECT_EQ(active_parameters_of(with_experts()), 32 + 12 + 64 + 16 + 2 * 24);
}

TEST(Experts, OfADenseModelAreNoneAndAllParametersActive) {
  EXPECT_EQ(active_parameters_of(gpt2()), parameters_of(gpt2()));
  EXPECT_EQ(gpt2().expert_layers(), 0);
}

TEST(Experts, HaveTheFlopsOfThoseThatATokenUses) {
  // As ForwardFlops.OfTheTinyDecoderCountByHand but for the MLP: the router 2·4·4·4 = 128, and two
  // experts of each of four tokens 2·8·(4·3 + 3·4) = 384.
  EXPECT_EQ(forward_flops(graph_of(with_experts(), 4)), 384 + 128 + 256 + 256 + 128 + 384);
}

TEST(Experts, ThatAllServeEveryTokenAreOneWideMlp) {
  Decoder all = tiny();
  all.experts = MixtureOfExperts{.count = 4, .per_token = 4, .hidden = 4};
  // Four of width 4 have the weights of the MLP of width 16; the router has 4·4.
  EXPECT_EQ(parameters_of(all), parameters_of(tiny()) + 16);
  EXPECT_EQ(active_parameters_of(all), parameters_of(all));
  EXPECT_EQ(forward_flops(graph_of(all, 4)), forward_flops(graph_of(tiny(), 4)) + 2 * 4 * 16);
}

TEST(Experts, MayBeGatedWhereTheMlpIsNot) {
  Decoder gated = with_experts();
  gated.experts->activation = Activation::swiglu;
  EXPECT_EQ(parameters_of(gated), parameters_of(with_experts()) + 4 * 4 * 3);
}

TEST(Experts, HaveBiasesWhereTheMlpHas) {
  Decoder biased = with_experts();
  biased.bias = BiasTerms::all;
  // Beside those of attention, 12 + 4: each expert has 3 + 4. The router's are asked for apart.
  EXPECT_EQ(parameters_of(biased), parameters_of(with_experts()) + 16 + 4 * 7);
  biased.experts->router_bias = true;
  EXPECT_EQ(parameters_of(biased), parameters_of(with_experts()) + 16 + 4 * 7 + 4);
}

TEST(SharedExperts, AreAnMlpThatEveryTokenUses) {
  Decoder shared = with_experts();
  shared.experts->shared_hidden = 5;
  EXPECT_EQ(parameters_of(shared), parameters_of(with_experts()) + 2 * 4 * 5);
  EXPECT_EQ(active_parameters_of(shared), active_parameters_of(with_experts()) + 2 * 4 * 5);
  EXPECT_EQ(forward_flops(graph_of(shared, 4)),
            forward_flops(graph_of(with_experts(), 4)) + 2 * 4 * 2 * 4 * 5);
}

TEST(SharedExperts, MayHaveAGateOfOneColumn) {
  Decoder gated = with_experts();
  gated.experts->shared_hidden = 5;
  const std::int64_t before = parameters_of(gated);
  gated.experts->shared_gate = true;
  EXPECT_EQ(parameters_of(gated), before + 4);
}

TEST(ExpertLayers, BeginAfterTheDenseOnes) {
  Decoder decoder = with_experts();
  decoder.layers = 61;
  decoder.experts->dense_first = 3;
  EXPECT_EQ(decoder.expert_layers(), 58);
  EXPECT_FALSE(decoder.has_experts(2));
  EXPECT_TRUE(decoder.has_experts(3));
}

TEST(ExpertLayers, AreEveryOtherOne) {
  Decoder decoder = with_experts();
  decoder.layers = 48;
  decoder.experts->interval = 2;
  EXPECT_EQ(decoder.expert_layers(), 24); // Llama 4 Maverick: the second, the fourth, …
  EXPECT_FALSE(decoder.has_experts(0));
  EXPECT_TRUE(decoder.has_experts(1));
}

TEST(ExpertLayers, AreAsManyAsTheOnesThatHaveThem) {
  Decoder decoder = with_experts();
  for (decoder.layers = 1; decoder.layers <= 20; ++decoder.layers)
    for (const std::int64_t first : {0, 1, 3, 7})
      for (const std::int64_t interval : {1, 2, 3}) {
        decoder.experts->dense_first = first;
        decoder.experts->interval = interval;
        std::int64_t counted = 0;
        for (std::int64_t layer = 0; layer < decoder.layers; ++layer)
          counted += decoder.has_experts(layer) ? 1 : 0;
        EXPECT_EQ(decoder.expert_layers(), counted)
            << decoder.layers << " layers, " << first << " dense, each " << interval << "th";
      }
}

TEST(ExpertLayers, AndDenseOnesAreTwoKindsWhateverTheirNumber) {
  Decoder decoder = with_experts();
  decoder.layers = 5;
  decoder.experts->dense_first = 2;
  const std::int64_t dense = 64 + 128 + 8; // attention, MLP, two norms
  const std::int64_t sparse = 64 + 16 + 96 + 8;
  EXPECT_EQ(parameters_of(decoder), 32 + 4 + 2 * dense + 3 * sparse);
  Decoder deep = decoder;
  deep.layers = 500;
  EXPECT_EQ(boost::num_vertices(graph_of(decoder, 4)), boost::num_vertices(graph_of(deep, 4)));
}

TEST(ExpertLayers, KeepTheWindowsOfTheirLayers) {
  Decoder decoder = with_experts();
  decoder.layers = 4;
  decoder.sliding_window = 2;
  decoder.local_layers_per_global = 1;
  Decoder dense = tiny();
  dense.layers = 4;
  dense.sliding_window = 2;
  dense.local_layers_per_global = 1;
  const auto scores = [](const Decoder &of) {
    return of_role(graph_of(of, 4), OperatorRole::attention_scores,
                   [](const Operator &op) { return op.matmul_flops; });
  };
  EXPECT_EQ(scores(decoder), scores(dense));
}

TEST(Experts, KeepTheirInputsAndInnerTensorsForEachTokenThatTheyServe) {
  const OperatorGraph graph = graph_of(with_experts(), 4);
  // Eight rows: two for each of four tokens. Inputs of width 4, inner tensors of 3; the outputs are
  // weighed inside and not kept. Probabilities of four experts for each token.
  EXPECT_EQ(saved_elements(graph, OperatorRole::expert_dispatch), 8 * 4);
  EXPECT_EQ(saved_elements(graph, OperatorRole::expert_up), 8 * 3);
  EXPECT_EQ(saved_elements(graph, OperatorRole::expert_activation), 8 * 3);
  EXPECT_EQ(saved_elements(graph, OperatorRole::expert_down), 0);
  EXPECT_EQ(saved_elements(graph, OperatorRole::routing), 4 * 4);
}

TEST(LatentAttention, CountsItsParametersByHand) {
  // Queries 4·3, norm 3, 3·2·3; keys and values 4·(5 + 1), norm 5, 5·2·(2 + 3); output 2·3·4.
  EXPECT_EQ(parameters_of(with_latents()) - parameters_of(tiny()),
            12 + 3 + 18 + 24 + 5 + 50 + 24 - 64);
}

TEST(LatentAttention, MayMakeQueriesOfTheStream) {
  Decoder lite = with_latents();
  lite.latent_attention->q_lora_rank.reset();
  // 4·2·3 in place of 12 + 3 + 18.
  EXPECT_EQ(parameters_of(lite), parameters_of(with_latents()) - 33 + 24);
}

TEST(LatentAttention, CountsItsFlopsByHand) {
  // Products 2·4·(12 + 18 + 24 + 50 + 24); scores of width 3 and values of width 3 for 2·16 pairs.
  EXPECT_EQ(forward_flops(graph_of(with_latents(), 4)) - forward_flops(graph_of(tiny(), 4)),
            8 * 128 + 32 * (2 * 3 + 2 * 3) - (384 + 128 + 256));
}

TEST(LatentAttention, DoesTheSameMathematicsFused) {
  GraphOptions options{.sequence_length = 4, .vocabulary = 8};
  options.flash_attention = true;
  const OperatorGraph fused = decoder_graph(with_latents(), options);
  options.flash_attention = false;
  const OperatorGraph apart = decoder_graph(with_latents(), options);
  EXPECT_EQ(forward_flops(fused), forward_flops(apart));
  EXPECT_EQ(causal_forward_flops(fused), causal_forward_flops(apart));
  EXPECT_EQ(parameter_count(fused), parameter_count(apart));
}

TEST(LatentAttention, KeepsLatentsAndTheHeadsMadeOfThem) {
  const OperatorGraph graph = graph_of(with_latents(), 4);
  EXPECT_EQ(saved_elements(graph, OperatorRole::query_down), 4 * 3);
  EXPECT_EQ(saved_elements(graph, OperatorRole::query_norm), 4 * 3);
  EXPECT_EQ(saved_elements(graph, OperatorRole::key_value_down), 4 * 6);
  EXPECT_EQ(saved_elements(graph, OperatorRole::key_value_norm), 4 * 5);
  // Queries and keys of two heads of 3, values of 3, in tensors of their own.
  EXPECT_EQ(saved_elements(graph, OperatorRole::rotary), 4 * (6 + 6 + 6));
  EXPECT_EQ(saved_elements(graph, OperatorRole::key_value_up), 0);
}

TEST(PredictionLayers, HaveAProjectionALayerThreeNormsAndALossOfTheirOwn) {
  Decoder further = tiny();
  further.prediction_layers = 1;
  const OperatorGraph graph = graph_of(further, 4);
  // Not in the count of the model: a layer of 64 + 128 + 8, 8·4 for the joint, norms of both inputs
  // and of the output.
  EXPECT_EQ(parameter_count(graph), parameters_of(tiny()));
  EXPECT_EQ(prediction_parameter_count(graph), 200 + 32 + 3 * 4);
  // The layer's 1792 FLOPs, the joint 2·4·8·4, logits once more 256.
  EXPECT_EQ(forward_flops(graph) - forward_flops(graph_of(tiny(), 4)), 1792 + 256 + 256);
}

TEST(PredictionLayers, AreAsManyAsAsked) {
  Decoder one = with_experts();
  one.prediction_layers = 1;
  Decoder three = with_experts();
  three.prediction_layers = 3;
  EXPECT_EQ(prediction_parameter_count(graph_of(three, 4)),
            3 * prediction_parameter_count(graph_of(one, 4)));
}

TEST(AttentionSinks, AreOneNumberAHead) {
  Decoder sinks = tiny();
  sinks.attention_sinks = true;
  EXPECT_EQ(parameters_of(sinks), parameters_of(tiny()) + 2);
}

TEST(QkNorm, OverAllHeadsHasAsManyWeightsAsTheyAreWide) {
  Decoder norms = tiny();
  norms.qk_norm = true;
  EXPECT_EQ(parameters_of(norms), parameters_of(tiny()) + 2 * 2);
  norms.qk_norm_all_heads = true;
  EXPECT_EQ(parameters_of(norms), parameters_of(tiny()) + 4 + 4);
}

double training_flops_per_token(const Decoder &decoder, std::int64_t sequence_length) {
  return 3 * causal_forward_flops(graph_of(decoder, sequence_length)) /
         static_cast<double>(sequence_length);
}

Decoder preset_without_predictions(std::string_view id) {
  Decoder decoder = load_model(presets(), id).decoder;
  decoder.prediction_layers = 0;
  return decoder;
}

TEST(ExpertFlops, OfDeepSeekModelsAreThoseThatTheirMakersPrint) {
  // "Insights into DeepSeek-V3" (ISCA 2025), table 2: training at 4,096 tokens, causal, takes 155
  // GFLOP a token for DeepSeek-V2 and 250 for DeepSeek-V3. Printed in whole GFLOP: half of one is
  // 0.3 %.
  EXPECT_NEAR(training_flops_per_token(preset_without_predictions("deepseek-v2"), 4096), 155e9,
              0.5e9);
  EXPECT_NEAR(training_flops_per_token(preset_without_predictions("deepseek-v3"), 4096), 250e9,
              0.75e9);
}

TEST(ExpertFlops, OfMixtralAreSixOfItsActiveMatricesAndTheScores) {
  // 12,879,925,248 active without the token table 32000·4096 and the 65 norms of 4096; scores
  // 12·32·32·128 times half of 4,096 keys.
  const double matrices = 12'879'925'248.0 - 32000.0 * 4096 - 65.0 * 4096;
  EXPECT_EQ(training_flops_per_token(preset_without_predictions("mixtral-8x7b"), 4096),
            6 * matrices + 12.0 * 32 * 32 * 128 * 4096 / 2);
}

TEST(PalmConvention, OfLatentAttentionTakesTheMeanOfKeysAndValues) {
  // 12·L·H·Q·T: one layer, two heads, Q = (3 + 3) / 2, four tokens.
  EXPECT_EQ(palm_flops_per_token(0, with_latents(), 4), 12.0 * 1 * 2 * 3 * 4);
}

} // namespace
} // namespace flopcast
