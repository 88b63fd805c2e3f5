// SPDX-License-Identifier: Apache-2.0
#include "model/architecture/decoder_graph.hpp"

#include "model/architecture/decoder_graph_builder.hpp"

#include <algorithm>
#include <array>

namespace flopcast {
namespace {

constexpr double mask_bytes = 1; // dropout keeps one byte an element
constexpr double float_bytes = 4;

// Vertices to have room for: two kinds of layers, each of at most 19 operators, and the ends. With
// experts or extra predictions four kinds of at most 33.
constexpr std::size_t dense_vertices = 48;
constexpr std::size_t most_vertices = std::size_t{5} * 33;

} // namespace

DecoderGraphBuilder::DecoderGraphBuilder(const Decoder &decoder, const GraphOptions &options,
                                         OperatorGraph &graph)
    : model_(decoder), options_(options), graph_(graph),
      s_(static_cast<double>(options.sequence_length)), h_(static_cast<double>(decoder.hidden)),
      d_(static_cast<double>(decoder.query_key_dim())),
      value_d_(static_cast<double>(decoder.value_dim())),
      q_width_(static_cast<double>(decoder.heads) * d_),
      kv_width_(static_cast<double>(decoder.kv_heads * decoder.head_dim)),
      attended_width_(static_cast<double>(decoder.heads) * value_d_),
      norm_parameters_(decoder.hidden *
                       (decoder.normalization == Normalization::layernorm ? 2 : 1)) {
  const bool plain =
      !decoder.experts && !decoder.latent_attention && decoder.prediction_layers == 0;
  graph_.m_vertices.reserve(plain ? dense_vertices : most_vertices);
}

void DecoderGraphBuilder::build() {
  const Vertex last = layers(embedding());
  head(last);
  if (model_.prediction_layers > 0)
    predictions(last);
}

DecoderGraphBuilder::Vertex DecoderGraphBuilder::layers(Vertex input) {
  region_ = Region::layer;
  Vertex last = input;
  if (!model_.experts) {
    const std::int64_t local = model_.local_layers();
    if (local > 0)
      last = layer(last, local, model_.sliding_window, false);
    return local < model_.layers ? layer(last, model_.layers - local, std::nullopt, false) : last;
  }
  std::array<std::array<std::int64_t, 2>, 2> counts{}; // with experts, local
  for (std::int64_t i = 0; i < model_.layers; ++i)
    ++counts[model_.has_experts(i) ? 1 : 0][model_.is_local(i) ? 1 : 0];
  for (const bool with_experts : {false, true})
    for (const bool local : {true, false})
      if (const std::int64_t count = counts[with_experts ? 1 : 0][local ? 1 : 0]; count > 0)
        last = layer(last, count, local ? model_.sliding_window : std::nullopt, with_experts);
  return last;
}

DecoderGraphBuilder::Vertex DecoderGraphBuilder::add(const Operator &op,
                                                     std::initializer_list<Vertex> inputs) {
  const Vertex vertex = boost::add_vertex(op, graph_);
  graph_[vertex].expert_layer = with_experts_;
  for (const Vertex input : inputs)
    boost::add_edge(input, vertex,
                    TensorEdge{graph_[input].output_elements, graph_[input].output_split}, graph_);
  return vertex;
}

Operator DecoderGraphBuilder::on_stream(OperatorRole role) const {
  return {.role = role,
          .region = region_,
          .count = count_,
          .columns = h_,
          .output_elements = s_ * h_,
          .output_split = Split::sequence};
}

Operator DecoderGraphBuilder::normalization(OperatorRole role) const {
  Operator op = on_stream(role);
  op.kind = OperatorClass::normalization;
  op.parameters = norm_parameters_;
  op.saves_output = true; // the input of the matrix product that follows
  return op;
}

Operator DecoderGraphBuilder::gemm(OperatorRole role, double columns, double depth,
                                   bool bias) const {
  const double flops = 2 * s_ * columns * depth;
  return {.role = role,
          .kind = OperatorClass::gemm,
          .region = region_,
          .count = count_,
          .parameters = static_cast<std::int64_t>(columns * depth + (bias ? columns : 0)),
          .split = Split::tensor,
          .matmul_flops = flops,
          .causal_matmul_flops = flops,
          .batch = 1,
          .rows = s_,
          .columns = columns,
          .depth = depth,
          .output_elements = s_ * columns,
          .output_split = Split::tensor};
}

DecoderGraphBuilder::Vertex DecoderGraphBuilder::embedding() {
  region_ = Region::embedding;
  count_ = 1;
  Operator tokens = on_stream(OperatorRole::token_embedding);
  tokens.kind = OperatorClass::embedding;
  tokens.parameters = options_.vocabulary * model_.hidden;
  tokens.split = Split::tensor;
  tokens.all_reduces = 1;
  Vertex last = add(tokens, {});
  if (model_.position == Position::learned) {
    Operator positions = on_stream(OperatorRole::position_embedding);
    positions.kind = OperatorClass::embedding;
    positions.parameters = (model_.context_length + model_.extra_positions) * model_.hidden;
    last = add(positions, {last});
  }
  if (model_.embedding_norm) {
    graph_[last].saves_output = true;
    Operator norm = on_stream(OperatorRole::embedding_norm);
    norm.kind = OperatorClass::normalization;
    norm.parameters = norm_parameters_;
    last = add(norm, {last});
  }
  if (options_.dropout) {
    Operator dropout = on_stream(OperatorRole::embedding_dropout);
    dropout.saved_extra_bytes = mask_bytes * s_ * h_;
    last = add(dropout, {last});
  }
  graph_[last].saves_output = true; // the first layer's input
  return last;
}

DecoderGraphBuilder::Vertex DecoderGraphBuilder::layer(Vertex input, std::int64_t count,
                                                       Window window, bool with_experts) {
  count_ = count;
  with_experts_ = with_experts;
  const bool post = model_.norm_placement == NormPlacement::post;
  const std::int64_t norms = model_.norms();

  Vertex attention_input = input;
  if (!post && norms >= 1)
    attention_input = add(normalization(OperatorRole::attention_norm), {input});
  Vertex attended = attention(attention_input, window);
  if (!post && norms >= 3)
    attended = post_norm(OperatorRole::attention_post_norm, attended);

  if (model_.parallel_attention) {
    // One sum of the stream and both branches, and so one all-reduce: PaLM, section 2.
    graph_[attended].all_reduces = 0;
    const Vertex mlp_input =
        norms >= 2 ? add(normalization(OperatorRole::mlp_norm), {input}) : attention_input;
    return residual(OperatorRole::mlp_residual,
                    {with_experts_ ? experts(mlp_input) : mlp(mlp_input), attended, input});
  }
  Vertex stream = residual(OperatorRole::attention_residual, {attended, input});
  if (post && norms >= 1)
    stream = add(normalization(OperatorRole::attention_norm), {stream});
  Vertex mlp_input = stream;
  if (!post && norms >= 2)
    mlp_input = add(normalization(OperatorRole::mlp_norm), {stream});
  Vertex transformed = with_experts_ ? experts(mlp_input) : mlp(mlp_input);
  if (!post && norms >= 4)
    transformed = post_norm(OperatorRole::mlp_post_norm, transformed);
  stream = residual(OperatorRole::mlp_residual, {transformed, stream});
  if (post && norms >= 2)
    stream = add(normalization(OperatorRole::mlp_norm), {stream});
  return stream;
}

/// A norm before the residual sum: its input is kept, its output is not.
DecoderGraphBuilder::Vertex DecoderGraphBuilder::post_norm(OperatorRole role, Vertex input) {
  graph_[input].saves_output = true;
  Operator norm = normalization(role);
  norm.saves_output = false;
  return add(norm, {input});
}

DecoderGraphBuilder::Vertex DecoderGraphBuilder::residual(OperatorRole role,
                                                          std::initializer_list<Vertex> inputs) {
  Operator sum = on_stream(role);
  sum.saves_output = true; // the input of the next norm, or of the next layer
  if (options_.dropout)
    sum.saved_extra_bytes = mask_bytes * s_ * h_;
  return add(sum, inputs);
}

/// Each prediction layer joins the stream with the embeddings of the tokens that follow, by a
/// product of both normed, and ends in a loss of its own: DeepSeek-V3 (2024), section 2.2.
void DecoderGraphBuilder::predictions(Vertex stream) {
  region_ = Region::prediction;
  count_ = model_.prediction_layers;
  const bool with_experts = model_.has_experts(model_.layers - 1);
  with_experts_ = with_experts;
  Operator tokens = on_stream(OperatorRole::prediction_embedding);
  tokens.kind = OperatorClass::embedding;
  tokens.split = Split::tensor;
  tokens.saves_output = true; // the input of its norm
  tokens.all_reduces = 1;
  const Vertex following = add(tokens, {stream});
  const Vertex normed_stream = add(normalization(OperatorRole::prediction_norm), {stream});
  const Vertex normed_tokens = add(normalization(OperatorRole::prediction_norm), {following});
  Operator join = gemm(OperatorRole::prediction_projection, h_, 2 * h_, false);
  join.output_split = Split::sequence;
  join.saves_output = true; // the layer's input
  join.all_reduces = 1;     // its output is gathered
  const Vertex joined = add(join, {normed_stream, normed_tokens});
  Vertex last = layer(joined, count_, std::nullopt, with_experts);
  if (model_.norm_placement != NormPlacement::post)
    last = add(normalization(OperatorRole::final_norm), {last});
  loss(last, false);
}

void DecoderGraphBuilder::head(Vertex last) {
  region_ = Region::head;
  count_ = 1;
  with_experts_ = false;
  if (model_.norm_placement != NormPlacement::post)
    last = add(normalization(OperatorRole::final_norm), {last});
  loss(last, !model_.tied_embeddings);
}

void DecoderGraphBuilder::loss(Vertex last, bool own_matrix) {
  const auto vocabulary = static_cast<double>(options_.vocabulary);
  Operator logits = gemm(OperatorRole::logits, vocabulary, h_, false);
  if (!own_matrix)
    logits.parameters = 0; // counted with the token embedding, or with the main logits
  last = add(logits, {last});
  Operator entropy{.role = OperatorRole::cross_entropy,
                   .kind = OperatorClass::cross_entropy,
                   .region = region_,
                   .count = count_,
                   .columns = vocabulary,
                   .output_elements = s_ * vocabulary,
                   .output_width = float_bytes, // the loss is taken in fp32
                   .output_split = Split::tensor,
                   .saves_output = true};
  add(entropy, {last});
}

OperatorGraph decoder_graph(const Decoder &decoder, const GraphOptions &options) {
  // Built in place: Boost's adjacency_list has no move constructor, so a return would copy it.
  OperatorGraph graph;
  DecoderGraphBuilder(decoder, options, graph).build();
  return graph;
}

double attention_pairs(std::int64_t sequence_length, std::optional<std::int64_t> window) {
  const auto s = static_cast<double>(sequence_length);
  return s * static_cast<double>(std::min(sequence_length, window.value_or(sequence_length)));
}

double causal_attention_pairs(std::int64_t sequence_length, std::optional<std::int64_t> window) {
  const auto s = static_cast<double>(sequence_length);
  const auto w = static_cast<double>(std::min(sequence_length, window.value_or(sequence_length)));
  return s * w - w * w / 2;
}

} // namespace flopcast
