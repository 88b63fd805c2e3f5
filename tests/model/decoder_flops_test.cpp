// SPDX-License-Identifier: Apache-2.0
#include "tests/model/examples.hpp"

#include <gtest/gtest.h>

#include <set>

namespace flopcast {
namespace {

using namespace tests;

TEST(AttentionPairs, WithoutWindowAreTheSquareOfTheSequence) {
  EXPECT_EQ(attention_pairs(8, std::nullopt), 64);
  EXPECT_EQ(causal_attention_pairs(8, std::nullopt), 32); // the diagonal counts half: s²/2
}

TEST(AttentionPairs, InsideAWindowGrowWithTheSequenceOnce) {
  EXPECT_EQ(attention_pairs(8, 2), 16);
  // s·w − w²/2: the first w queries see a triangle of w²/2, each of the others w keys.
  EXPECT_EQ(causal_attention_pairs(8, 2), 8 * 2 - 2);
}

TEST(AttentionPairs, AWindowAsLongAsTheSequenceIsNone) {
  EXPECT_EQ(attention_pairs(8, 8), attention_pairs(8, std::nullopt));
  EXPECT_EQ(causal_attention_pairs(8, 8), causal_attention_pairs(8, std::nullopt));
}

TEST(AttentionPairs, AWindowLongerThanTheSequenceIsNone) {
  EXPECT_EQ(attention_pairs(8, 1000), attention_pairs(8, std::nullopt));
  EXPECT_EQ(causal_attention_pairs(8, 1000), causal_attention_pairs(8, std::nullopt));
}

TEST(AttentionPairs, TheCausalOnesAreNeverFewerThanHalf) {
  for (std::int64_t window = 1; window <= 64; ++window) {
    EXPECT_GE(causal_attention_pairs(64, window), attention_pairs(64, window) / 2) << window;
    EXPECT_LE(causal_attention_pairs(64, window), attention_pairs(64, window)) << window;
  }
}

TEST(ForwardFlops, OfTheTinyDecoderCountByHand) {
  // Two per multiply-add, s = 4 tokens. QKV 2·4·4·12 = 384, projection 2·4·4·4 = 128, MLP
  // 2·2·4·4·16 = 1024, logits 2·4·4·8 = 256; scores and values 2·(2·4·4·2 heads·2) = 256.
  EXPECT_EQ(forward_flops(graph_of(tiny(), 4)), 384 + 128 + 1024 + 256 + 256);
}

TEST(ForwardFlops, CausalOnesHalveTheAttentionAlone) {
  EXPECT_EQ(causal_forward_flops(graph_of(tiny(), 4)), 384 + 128 + 1024 + 256 + 128);
}

TEST(ForwardFlops, BothWaysAttentionKeepsEveryScore) {
  Decoder decoder = tiny();
  decoder.causal = false;
  const OperatorGraph graph = graph_of(decoder, 4);
  EXPECT_EQ(causal_forward_flops(graph), forward_flops(graph));
}

TEST(ForwardFlops, AreTwiceTheMatrixWeightsAndTheScores) {
  // 2·s·(12·L·h² + V·h) + 4·L·s²·h for an ungated MLP of width 4h and heads that fill h.
  const Decoder decoder = gpt2();
  const double weights = 12.0 * 12 * 768 * 768 + 50257.0 * 768;
  const double s = 1024;
  EXPECT_EQ(forward_flops(graph_of(decoder, 1024)), 2 * s * weights + 4.0 * 12 * s * s * 768);
}

TEST(ForwardFlops, FusedAttentionDoesTheSameMathematics) {
  GraphOptions options{.sequence_length = 1024, .vocabulary = 50257};
  for (const Position position : {Position::learned, Position::rotary, Position::relative}) {
    Decoder decoder = gpt2();
    decoder.position = position;
    options.flash_attention = true;
    const OperatorGraph fused = decoder_graph(decoder, options);
    options.flash_attention = false;
    const OperatorGraph apart = decoder_graph(decoder, options);
    EXPECT_EQ(forward_flops(fused), forward_flops(apart));
    EXPECT_EQ(causal_forward_flops(fused), causal_forward_flops(apart));
    EXPECT_EQ(parameter_count(fused), parameter_count(apart));
  }
}

double difference(const Decoder &changed, const Decoder &base) {
  return forward_flops(graph_of(changed, 1024)) - forward_flops(graph_of(base, 1024));
}

constexpr double layers = 12;
constexpr double hidden = 768;
constexpr double sequence = 1024;

TEST(ForwardFlops, OfSharedKeyValueHeadsAreFewerInTheProjectionOnly) {
  Decoder grouped = gpt2();
  grouped.kv_heads = 4;
  // 2·8 heads of 64 columns less; the scores are as many as before, one set a query head.
  EXPECT_EQ(difference(grouped, gpt2()), -layers * 2 * sequence * hidden * 2 * 8 * 64);
}

TEST(ForwardFlops, OfAGatedMlpAreHalfAsManyAgain) {
  Decoder gated = gpt2();
  gated.activation = Activation::geglu;
  EXPECT_EQ(difference(gated, gpt2()), layers * 2 * sequence * 4 * hidden * hidden);
}

TEST(ForwardFlops, OfRelativePositionsHaveAProjectionAndASecondProductOfScores) {
  Decoder relative = gpt2();
  relative.position = Position::relative;
  EXPECT_EQ(difference(relative, gpt2()),
            layers * (2 * sequence * hidden * hidden + 2 * sequence * sequence * hidden));
}

TEST(ForwardFlops, DoNotDependOnWhatHasNoMatrixProduct) {
  Decoder changed = gpt2();
  changed.position = Position::alibi;
  changed.bias = BiasTerms::none;
  changed.normalization = Normalization::rmsnorm;
  changed.norm_placement = NormPlacement::sandwich;
  changed.embedding_norm = true;
  changed.qk_norm = true;
  changed.parallel_attention = true;
  changed.activation = Activation::squared_relu;
  changed.tied_embeddings = false; // the logits are computed either way
  EXPECT_EQ(difference(changed, gpt2()), 0);
}

TEST(ForwardFlops, OfAWindowCountItsPairsOnly) {
  Decoder local = gpt2();
  local.sliding_window = 256;
  // 4·h FLOPs a pair of all heads: s·(s − w) pairs fewer.
  EXPECT_EQ(difference(local, gpt2()), -layers * 4 * hidden * sequence * (sequence - 256));
  local.local_layers_per_global = 2; // 8 of the 12 layers
  EXPECT_EQ(difference(local, gpt2()), -8 * 4 * hidden * sequence * (sequence - 256));
}

TEST(ForwardFlops, OfAWindowLongerThanTheSequenceAreThoseWithoutOne) {
  Decoder local = gpt2();
  local.sliding_window = 4096;
  EXPECT_EQ(difference(local, gpt2()), 0);
}

TEST(ForwardFlops, GrowInTheLayersLinearly) {
  // Twice the layers less once: what one set of layers takes; the ends stay.
  Decoder twice = gpt2();
  twice.layers = 24;
  Decoder thrice = gpt2();
  thrice.layers = 36;
  EXPECT_EQ(difference(twice, gpt2()), difference(thrice, twice));
}

TEST(DecoderGraph, HasAsManyOperatorsForTwoLayersAsForTwoHundred) {
  Decoder shallow = gpt2();
  shallow.layers = 2;
  Decoder deep = gpt2();
  deep.layers = 200;
  EXPECT_EQ(boost::num_vertices(graph_of(shallow, 1024)),
            boost::num_vertices(graph_of(deep, 1024)));
  // Alternating layers are two kinds, whatever their number.
  shallow.sliding_window = deep.sliding_window = 256;
  shallow.local_layers_per_global = deep.local_layers_per_global = 1;
  EXPECT_EQ(boost::num_vertices(graph_of(shallow, 1024)),
            boost::num_vertices(graph_of(deep, 1024)));
}

TEST(DecoderGraph, StaysSmallWithEveryOptionOn) {
  Decoder decoder = gpt2();
  decoder.sliding_window = 256;
  decoder.local_layers_per_global = 1;
  decoder.norm_placement = NormPlacement::sandwich;
  decoder.position = Position::relative;
  decoder.qk_norm = true;
  decoder.embedding_norm = true;
  const OperatorGraph graph = decoder_graph(
      decoder,
      {.sequence_length = 1024, .vocabulary = 50257, .flash_attention = false, .dropout = true});
  // What the builder reserves; a vertex more would be copied while the graph grows.
  EXPECT_LE(boost::num_vertices(graph), 48U);
}

TEST(DecoderGraph, IsOneConnectedFlowFromTheTokensToTheLoss) {
  const OperatorGraph graph = graph_of(gpt2(), 1024);
  const auto [begin, end] = boost::vertices(graph);
  for (auto vertex = begin; vertex != end; ++vertex) {
    const OperatorRole role = graph[*vertex].role;
    EXPECT_EQ(boost::in_degree(*vertex, graph) == 0, role == OperatorRole::token_embedding)
        << to_text(role);
    EXPECT_EQ(boost::out_degree(*vertex, graph) == 0, role == OperatorRole::cross_entropy)
        << to_text(role);
  }
}

TEST(DecoderGraph, ItsTensorsAreTheOutputsOfTheirSources) {
  const OperatorGraph graph = graph_of(gpt2(), 1024);
  const auto [begin, end] = boost::edges(graph);
  for (auto edge = begin; edge != end; ++edge) {
    const Operator &source = graph[boost::source(*edge, graph)];
    EXPECT_EQ(graph[*edge].elements, source.output_elements) << to_text(source.role);
    EXPECT_EQ(graph[*edge].split, source.output_split) << to_text(source.role);
  }
}

TEST(DecoderGraph, EachLayerReducesTwiceAndAParallelOneOnce) {
  const auto reduces = [](const Decoder &decoder) {
    double sum = 0;
    for_each_operator(graph_of(decoder, 1024), [&](const Operator &op) {
      if (op.region == Region::layer)
        sum += static_cast<double>(op.count * op.all_reduces);
    });
    return sum;
  };
  EXPECT_EQ(reduces(gpt2()), 24); // Megatron-LM: after attention and after the MLP
  Decoder parallel = gpt2();
  parallel.parallel_attention = true;
  EXPECT_EQ(reduces(parallel), 12); // PaLM, section 2: the branches are summed first
}

TEST(DecoderGraph, EveryRoleHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int role = 0; role <= static_cast<int>(OperatorRole::cross_entropy); ++role)
    names.insert(to_text(static_cast<OperatorRole>(role)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(OperatorRole::cross_entropy) + 1);
}

} // namespace
} // namespace flopcast
