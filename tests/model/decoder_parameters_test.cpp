// SPDX-License-Identifier: Apache-2.0
#include "tests/model/examples.hpp"

#include <gtest/gtest.h>

namespace flopcast {
namespace {

using namespace tests;

// Closed forms. h hidden, V vocabulary, P positions, L layers, f width of the MLP.

TEST(DecoderParameters, Gpt2CountsWhatItsCheckpointHolds) {
  // Embeddings (V + P)·h = (50257 + 1024)·768 = 39,383,808.
  // A layer: QKV 3h² + 3h, projection h² + h, MLP 8h² + 5h, two norms 4h: 12h² + 13h = 7,087,872.
  // 39,383,808 + 12·7,087,872 + final norm 2·768 = 124,439,808: the size of the published weights.
  EXPECT_EQ(parameters_of(gpt2()), 124'439'808);
}

TEST(DecoderParameters, Gpt3CountsOneHundredAndSeventyFiveBillion) {
  // (50257 + 2048)·12288 + 96·(12·12288² + 13·12288) + 2·12288, the same form.
  Decoder decoder = gpt3();
  decoder.vocabulary = 50257;
  EXPECT_EQ(parameters_of(decoder),
            52'305LL * 12288 + 96 * (12LL * 12288 * 12288 + 13 * 12288) + 2 * 12288);
  EXPECT_NEAR(static_cast<double>(parameters_of(decoder)), 174.6e9, 0.05e9); // as printed
}

TEST(DecoderParameters, Llama2SeventyBillionMatchesItsCheckpoint) {
  Decoder decoder;
  decoder.layers = 80;
  decoder.hidden = 8192;
  decoder.heads = 64;
  decoder.kv_heads = 8;
  decoder.head_dim = 128;
  decoder.ffn_hidden = 28672;
  decoder.vocabulary = 32000;
  decoder.context_length = 4096;
  decoder.activation = Activation::swiglu;
  decoder.tied_embeddings = false;
  decoder.position = Position::rotary;
  decoder.normalization = Normalization::rmsnorm;
  decoder.bias = BiasTerms::none;
  // A layer: Q and projection 2·8192², keys and values 2·8192·1024, MLP 3·8192·28672, norms 2·8192
  // = 855,654,400. 80 of them, two tables of 32000·8192 and a norm of 8192: 68,976,648,192, which
  // litgpt (Apache-2.0) counts too.
  EXPECT_EQ(parameters_of(decoder), 68'976'648'192);
}

TEST(DecoderParameters, PalmMatchesItsPublishedCount) {
  // A layer: Q 18432·12288, K and V 2·18432·256, projection 12288·18432, MLP 3·18432·73728 and one
  // norm of 18432; 118 layers, a tied table of 256000·18432 and the final norm.
  const std::int64_t layer =
      18432LL * 12288 + 2LL * 18432 * 256 + 12288LL * 18432 + 3LL * 18432 * 73728 + 18432;
  EXPECT_EQ(parameters_of(palm()), 118 * layer + 256000LL * 18432 + 18432);
  EXPECT_NEAR(static_cast<double>(parameters_of(palm())), 540.35e9, 0.01e9); // PaLM, table 1
}

TEST(DecoderParameters, TinyDecoderCountsByHand) {
  // Table 8·4 = 32; QKV 4·12 = 48, projection 16, MLP 2·64 = 128; three norms of 4 = 12.
  EXPECT_EQ(parameters_of(tiny()), 32 + 48 + 16 + 128 + 12);
}

TEST(DecoderParameters, EmbeddingCountHoldsTablesAndAnOutputMatrixOfItsOwn) {
  Decoder decoder = gpt2();
  EXPECT_EQ(embedding_parameter_count(graph_of(decoder, 1024)), (50257 + 1024) * 768);
  decoder.tied_embeddings = false;
  EXPECT_EQ(embedding_parameter_count(graph_of(decoder, 1024)), (2 * 50257 + 1024) * 768);
}

TEST(DecoderParameters, DoNotDependOnTheSequence) {
  EXPECT_EQ(parameter_count(graph_of(gpt2(), 128)), parameter_count(graph_of(gpt2(), 1024)));
}

// Each option of a decoder, by how much it changes the count of a base model.

std::int64_t difference(const Decoder &changed, const Decoder &base) {
  return parameters_of(changed) - parameters_of(base);
}

constexpr std::int64_t layers = 12;
constexpr std::int64_t hidden = 768;

TEST(DecoderOptions, WithoutBiasEveryOutputColumnLosesOne) {
  Decoder changed = gpt2();
  changed.bias = BiasTerms::none;
  // QKV 3h, projection h, MLP 4h + h.
  EXPECT_EQ(difference(changed, gpt2()), -layers * 9 * hidden);
}

TEST(DecoderOptions, QkvBiasKeepsOnlyThoseOfTheProjectionIn) {
  Decoder changed = gpt2();
  changed.bias = BiasTerms::qkv;
  EXPECT_EQ(difference(changed, gpt2()), -layers * 6 * hidden);
}

TEST(DecoderOptions, SharedKeyValueHeadsShrinkTheirProjections) {
  Decoder grouped = gpt2();
  grouped.kv_heads = 4;
  // Keys and values each lose 8 heads of 64 columns, with their biases.
  EXPECT_EQ(difference(grouped, gpt2()), -layers * 2 * 8 * 64 * (hidden + 1));
  Decoder single = gpt2();
  single.kv_heads = 1;
  EXPECT_EQ(difference(single, gpt2()), -layers * 2 * 11 * 64 * (hidden + 1));
}

TEST(DecoderOptions, WiderHeadsWidenTheAttentionAlone) {
  Decoder changed = gpt2();
  changed.head_dim = 128;
  // Q, K, V and the projection double: 4h² more weights, 3h more biases.
  EXPECT_EQ(difference(changed, gpt2()), layers * (4 * hidden * hidden + 3 * hidden));
}

TEST(DecoderOptions, GatedMlpHasASecondMatrixIn) {
  Decoder changed = gpt2();
  changed.activation = Activation::swiglu;
  EXPECT_TRUE(changed.gated());
  EXPECT_EQ(difference(changed, gpt2()), layers * (4 * hidden * hidden + 4 * hidden));
  Decoder other = gpt2();
  other.activation = Activation::geglu;
  EXPECT_EQ(difference(other, changed), 0);
}

TEST(DecoderOptions, UngatedActivationsHaveTheSameWeights) {
  for (const Activation activation : {Activation::relu, Activation::squared_relu}) {
    Decoder changed = gpt2();
    changed.activation = activation;
    EXPECT_FALSE(changed.gated());
    EXPECT_EQ(difference(changed, gpt2()), 0);
  }
}

TEST(DecoderOptions, UntiedOutputIsASecondTableWithoutPositions) {
  Decoder changed = gpt2();
  changed.tied_embeddings = false;
  EXPECT_EQ(difference(changed, gpt2()), 50257 * hidden);
}

TEST(DecoderOptions, OnlyLearnedPositionsHaveATable) {
  for (const Position position : {Position::rotary, Position::alibi, Position::none}) {
    Decoder changed = gpt2();
    changed.position = position;
    EXPECT_EQ(difference(changed, gpt2()), -1024 * hidden);
  }
}

TEST(DecoderOptions, ExtraPositionsLengthenTheTable) {
  Decoder changed = gpt2();
  changed.extra_positions = 2; // OPT's
  EXPECT_EQ(difference(changed, gpt2()), 2 * hidden);
}

TEST(DecoderOptions, RelativePositionsProjectDistancesWithTwoBiases) {
  Decoder relative = gpt2();
  relative.position = Position::relative;
  Decoder none = gpt2();
  none.position = Position::none;
  EXPECT_EQ(difference(relative, none), layers * (hidden * hidden + 2 * hidden));
}

TEST(DecoderOptions, NormsWithoutShiftHaveHalfTheWeights) {
  for (const Normalization normalization :
       {Normalization::rmsnorm, Normalization::layernorm_no_bias}) {
    Decoder changed = gpt2();
    changed.normalization = normalization;
    EXPECT_EQ(difference(changed, gpt2()), -(2 * layers + 1) * hidden);
  }
}

TEST(DecoderOptions, PostNormHasNoFinalNorm) {
  Decoder changed = gpt2();
  changed.norm_placement = NormPlacement::post;
  EXPECT_EQ(difference(changed, gpt2()), -2 * hidden);
}

TEST(DecoderOptions, SandwichHasFourNormsALayer) {
  Decoder changed = gpt2();
  changed.norm_placement = NormPlacement::sandwich;
  EXPECT_EQ(changed.norms(), 4);
  EXPECT_EQ(difference(changed, gpt2()), layers * 2 * 2 * hidden);
}

TEST(DecoderOptions, NumberOfNormsOverridesThePlacements) {
  Decoder changed = gpt2();
  changed.norms_per_layer = 1;
  EXPECT_EQ(difference(changed, gpt2()), -layers * 2 * hidden);
  changed.norms_per_layer = 0;
  EXPECT_EQ(difference(changed, gpt2()), -layers * 4 * hidden);
}

TEST(DecoderOptions, ParallelAttentionMovesNoWeight) {
  Decoder changed = gpt2();
  changed.parallel_attention = true;
  EXPECT_EQ(difference(changed, gpt2()), 0);
}

TEST(DecoderOptions, QueryKeyNormsAreOneHeadWide) {
  Decoder changed = gpt2();
  changed.qk_norm = true;
  EXPECT_EQ(difference(changed, gpt2()), layers * 2 * 64);
}

TEST(DecoderOptions, EmbeddingNormIsOneMore) {
  Decoder changed = gpt2();
  changed.embedding_norm = true;
  EXPECT_EQ(difference(changed, gpt2()), 2 * hidden);
}

TEST(DecoderOptions, WindowsMoveNoWeight) {
  Decoder changed = gpt2();
  changed.sliding_window = 128;
  EXPECT_EQ(difference(changed, gpt2()), 0);
  changed.local_layers_per_global = 5;
  EXPECT_EQ(difference(changed, gpt2()), 0);
}

TEST(LocalLayers, AreAllWhereNoGlobalOnesAreNamed) {
  Decoder decoder = gpt2();
  EXPECT_EQ(decoder.local_layers(), 0);
  decoder.sliding_window = 128;
  EXPECT_EQ(decoder.local_layers(), 12);
}

TEST(LocalLayers, ComeFirstInEachGroup) {
  Decoder decoder = gpt2();
  decoder.sliding_window = 128;
  decoder.local_layers_per_global = 1; // Gemma 2: every other
  EXPECT_EQ(decoder.local_layers(), 6);
  decoder.local_layers_per_global = 5; // Gemma 3: 26 layers are 4 groups of 6 and 2 local ones
  decoder.layers = 26;
  EXPECT_EQ(decoder.local_layers(), 22);
  decoder.layers = 11; // one group of 6 and 5 of the next, without its global one
  EXPECT_EQ(decoder.local_layers(), 10);
}

TEST(PaddedVocabulary, IsThePublishedOneWhereNothingAsksForPadding) {
  EXPECT_EQ(gpt2().padded_vocabulary(1), 50257);
}

TEST(PaddedVocabulary, SharesEvenlyAmongTensorParallelRanks) {
  EXPECT_EQ(gpt2().padded_vocabulary(8), 50264); // the next multiple of 8
}

TEST(PaddedVocabulary, FollowsMegatronsMultipleOfEachRanksShare) {
  Decoder decoder = gpt2();
  decoder.vocabulary_multiple = 128;
  EXPECT_EQ(decoder.padded_vocabulary(1), 50304); // 393·128
  EXPECT_EQ(decoder.padded_vocabulary(8), 51200); // 50·(128·8): the papers' 51,200
}

TEST(DecoderParameters, TheLargestDecoderThatIsReadDoesNotOverflow) {
  // The bounds of read_architecture, all at once; the sanitizer build would stop at an overflow.
  Decoder decoder;
  decoder.layers = 10'000;
  decoder.hidden = 10'000'000;
  decoder.heads = 10'000'000;
  decoder.kv_heads = 10'000'000;
  decoder.head_dim = 1;
  decoder.ffn_hidden = 10'000'000;
  decoder.vocabulary = 1'000'000'000;
  decoder.context_length = 1'000'000'000;
  decoder.extra_positions = 1'000'000'000;
  decoder.activation = Activation::swiglu;
  decoder.position = Position::relative;
  decoder.tied_embeddings = false;
  // QKV 3, relative 1, projection 1, MLP 3 times 1e14, 10,000 times, is most of it.
  EXPECT_NEAR(static_cast<double>(parameters_of(decoder)), 8e18, 0.03e18);
}

} // namespace
} // namespace flopcast
