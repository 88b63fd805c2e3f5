// SPDX-License-Identifier: Apache-2.0
#include "model/architecture/decoder_graph.hpp"

#include <algorithm>
#include <initializer_list>

namespace flopcast {
namespace {

using Vertex = OperatorVertex;

constexpr double mask_bytes = 1; // dropout keeps one byte an element
constexpr double float_bytes = 4;
// Exponential, sum and division, each one operation a score: Hoffmann 2022, App. F.
constexpr double softmax_flops_per_score = 3;

class DecoderGraphBuilder {
public:
  DecoderGraphBuilder(const Decoder &decoder, const GraphOptions &options, OperatorGraph &graph)
      : model_(decoder), options_(options), graph_(graph),
        s_(static_cast<double>(options.sequence_length)), h_(static_cast<double>(decoder.hidden)),
        d_(static_cast<double>(decoder.head_dim)),
        q_width_(static_cast<double>(decoder.heads * decoder.head_dim)),
        kv_width_(static_cast<double>(decoder.kv_heads * decoder.head_dim)),
        f_(static_cast<double>(decoder.ffn_hidden)),
        norm_parameters_(decoder.hidden *
                         (decoder.normalization == Normalization::layernorm ? 2 : 1)) {
    graph_.m_vertices.reserve(
        48); // two kinds of layers, each of at most 19 operators, and the ends
  }

  void build() {
    Vertex last = embedding();
    const std::int64_t local = model_.local_layers();
    if (local > 0)
      last = layer(last, local, model_.sliding_window);
    if (local < model_.layers)
      last = layer(last, model_.layers - local, std::nullopt);
    head(last);
  }

private:
  Vertex add(const Operator &op, std::initializer_list<Vertex> inputs) {
    const Vertex vertex = boost::add_vertex(op, graph_);
    for (const Vertex input : inputs)
      boost::add_edge(input, vertex,
                      TensorEdge{graph_[input].output_elements, graph_[input].output_split},
                      graph_);
    return vertex;
  }

  /// A memory-bound operator on the residual stream.
  [[nodiscard]] Operator on_stream(OperatorRole role) const {
    return {.role = role,
            .region = region_,
            .count = count_,
            .columns = h_,
            .output_elements = s_ * h_,
            .output_split = Split::sequence};
  }

  [[nodiscard]] Operator normalization(OperatorRole role) const {
    Operator op = on_stream(role);
    op.kind = OperatorClass::normalization;
    op.parameters = norm_parameters_;
    op.saves_output = true; // the input of the matrix product that follows
    return op;
  }

  [[nodiscard]] Operator gemm(OperatorRole role, double columns, double depth, bool bias) const {
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

  Vertex embedding() {
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

  Vertex layer(Vertex input, std::int64_t count, std::optional<std::int64_t> window) {
    region_ = Region::layer;
    count_ = count;
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
      return residual(OperatorRole::mlp_residual, {mlp(mlp_input), attended, input});
    }
    Vertex stream = residual(OperatorRole::attention_residual, {attended, input});
    if (post && norms >= 1)
      stream = add(normalization(OperatorRole::attention_norm), {stream});
    Vertex mlp_input = stream;
    if (!post && norms >= 2)
      mlp_input = add(normalization(OperatorRole::mlp_norm), {stream});
    Vertex transformed = mlp(mlp_input);
    if (!post && norms >= 4)
      transformed = post_norm(OperatorRole::mlp_post_norm, transformed);
    stream = residual(OperatorRole::mlp_residual, {transformed, stream});
    if (post && norms >= 2)
      stream = add(normalization(OperatorRole::mlp_norm), {stream});
    return stream;
  }

  /// A norm before the residual sum: its input is kept, its output is not.
  Vertex post_norm(OperatorRole role, Vertex input) {
    graph_[input].saves_output = true;
    Operator norm = normalization(role);
    norm.saves_output = false;
    return add(norm, {input});
  }

  Vertex residual(OperatorRole role, std::initializer_list<Vertex> inputs) {
    Operator sum = on_stream(role);
    sum.saves_output = true; // the input of the next norm, or of the next layer
    if (options_.dropout)
      sum.saved_extra_bytes = mask_bytes * s_ * h_;
    return add(sum, inputs);
  }

  Vertex attention(Vertex input, std::optional<std::int64_t> window) {
    Operator qkv = gemm(OperatorRole::qkv_projection, q_width_ + 2 * kv_width_, h_,
                        model_.bias != BiasTerms::none);
    qkv.saves_output = true; // queries, keys (rotated in place) and values
    Vertex last = add(qkv, {input});
    const double query_key_elements = s_ * (q_width_ + kv_width_);
    if (model_.qk_norm) {
      last = add({.role = OperatorRole::qk_norm,
                  .kind = OperatorClass::normalization,
                  .region = region_,
                  .count = count_,
                  .parameters = 2 * model_.head_dim,
                  .columns = d_,
                  .output_elements = query_key_elements,
                  .output_split = Split::tensor,
                  .saves_output = true},
                 {last});
    }
    if (model_.position == Position::rotary) {
      last = add({.role = OperatorRole::rotary,
                  .kind = OperatorClass::rotary,
                  .region = region_,
                  .count = count_,
                  .columns = d_,
                  .output_elements = query_key_elements,
                  .output_split = Split::tensor},
                 {last});
    }
    if (model_.position == Position::relative) {
      // Keys of the distances (Transformer-XL); the two position biases are its "bias".
      Operator relative = gemm(OperatorRole::relative_projection, q_width_, h_, false);
      if (model_.bias == BiasTerms::all)
        relative.parameters += 2 * model_.heads * model_.head_dim;
      last = add(relative, {last});
    }
    last = options_.flash_attention ? fused_core(last, window) : unfused_core(last, window);
    Operator output =
        gemm(OperatorRole::output_projection, h_, q_width_, model_.bias == BiasTerms::all);
    output.splits_depth = true;
    output.output_split = Split::sequence;
    output.all_reduces = 1;
    return add(output, {last});
  }

  struct Scores {
    double all;        ///< query-key pairs of all heads
    double kept;       ///< by the mask
    double matrix;     ///< FLOPs of one product per pair
    double per_scores; ///< products that make the scores: relative positions need a second one
  };

  [[nodiscard]] Scores scores(std::optional<std::int64_t> window) const {
    const auto heads = static_cast<double>(model_.heads);
    const double all = heads * attention_pairs(options_.sequence_length, window);
    const double kept =
        model_.causal ? heads * causal_attention_pairs(options_.sequence_length, window) : all;
    return {all, kept, 2 * d_, model_.position == Position::relative ? 2.0 : 1.0};
  }

  /// Keys that a query is multiplied with.
  [[nodiscard]] double keys(std::optional<std::int64_t> window) const {
    return std::min(s_, static_cast<double>(window.value_or(options_.sequence_length)));
  }

  Vertex fused_core(Vertex input, std::optional<std::int64_t> window) {
    const Scores score = scores(window);
    Operator core{.role = OperatorRole::fused_attention,
                  .kind = OperatorClass::fused_attention,
                  .region = region_,
                  .count = count_,
                  .split = Split::tensor,
                  .matmul_flops = (1 + score.per_scores) * score.matrix * score.all,
                  .causal_matmul_flops = (1 + score.per_scores) * score.matrix * score.kept,
                  .vector_flops = softmax_flops_per_score * score.all,
                  .batch = static_cast<double>(model_.heads),
                  .rows = s_,
                  .columns = keys(window),
                  .depth = d_,
                  .output_elements = s_ * q_width_,
                  .output_split = Split::tensor,
                  .saves_output = true,
                  // The log-sum-exp of each row, fp32.
                  .saved_extra_bytes = float_bytes * s_ * static_cast<double>(model_.heads),
                  .attention_core = true};
    return add(core, {input});
  }

  Vertex unfused_core(Vertex input, std::optional<std::int64_t> window) {
    const Scores score = scores(window);
    Operator product{.role = OperatorRole::attention_scores,
                     .kind = OperatorClass::batched_gemm,
                     .region = region_,
                     .count = count_,
                     .split = Split::tensor,
                     .matmul_flops = score.per_scores * score.matrix * score.all,
                     .causal_matmul_flops = score.per_scores * score.matrix * score.kept,
                     .batch = static_cast<double>(model_.heads),
                     .rows = s_,
                     .columns = keys(window),
                     .depth = d_,
                     .output_elements = score.all,
                     .output_split = Split::tensor,
                     .attention_core = true};
    Vertex last = add(product, {input});
    Operator softmax{.role = OperatorRole::attention_softmax,
                     .kind = OperatorClass::softmax,
                     .region = region_,
                     .count = count_,
                     .vector_flops = softmax_flops_per_score * score.all,
                     .columns = keys(window),
                     .output_elements = score.all,
                     .output_split = Split::tensor,
                     .saves_output = true,
                     .attention_core = true};
    last = add(softmax, {last});
    if (options_.dropout) {
      last = add({.role = OperatorRole::attention_dropout,
                  .region = region_,
                  .count = count_,
                  .columns = keys(window),
                  .output_elements = score.all,
                  .output_split = Split::tensor,
                  .saves_output = true,
                  .saved_extra_bytes = mask_bytes * score.all,
                  .attention_core = true},
                 {last});
    }
    Operator values{.role = OperatorRole::attention_values,
                    .kind = OperatorClass::batched_gemm,
                    .region = region_,
                    .count = count_,
                    .split = Split::tensor,
                    .matmul_flops = score.matrix * score.all,
                    .causal_matmul_flops = score.matrix * score.kept,
                    .batch = static_cast<double>(model_.heads),
                    .rows = s_,
                    .columns = d_,
                    .depth = keys(window),
                    .output_elements = s_ * q_width_,
                    .output_split = Split::tensor,
                    .saves_output = true,
                    .attention_core = true};
    return add(values, {last});
  }

  Vertex mlp(Vertex input) {
    const bool bias = model_.bias == BiasTerms::all;
    Operator up = gemm(OperatorRole::mlp_up, model_.gated() ? 2 * f_ : f_, h_, bias);
    // ReLU's derivative is in the sign of its output: its input need not be kept.
    up.saves_output = model_.activation != Activation::relu;
    Operator activation{.role = OperatorRole::mlp_activation,
                        .region = region_,
                        .count = count_,
                        .columns = f_,
                        .output_elements = s_ * f_,
                        .output_split = Split::tensor,
                        .saves_output = true};
    Operator down = gemm(OperatorRole::mlp_down, h_, f_, bias);
    down.splits_depth = true;
    down.output_split = Split::sequence;
    down.all_reduces = 1;
    const Vertex expanded = add(up, {input});
    return add(down, {add(activation, {expanded})});
  }

  void head(Vertex last) {
    region_ = Region::head;
    count_ = 1;
    if (model_.norm_placement != NormPlacement::post)
      last = add(normalization(OperatorRole::final_norm), {last});
    const auto vocabulary = static_cast<double>(options_.vocabulary);
    Operator logits = gemm(OperatorRole::logits, vocabulary, h_, false);
    if (model_.tied_embeddings)
      logits.parameters = 0; // counted with the token embedding
    last = add(logits, {last});
    Operator loss{.role = OperatorRole::cross_entropy,
                  .kind = OperatorClass::cross_entropy,
                  .region = region_,
                  .count = count_,
                  .columns = vocabulary,
                  .output_elements = s_ * vocabulary,
                  .output_width = float_bytes, // the loss is taken in fp32
                  .output_split = Split::tensor,
                  .saves_output = true};
    add(loss, {last});
  }

  const Decoder &model_;
  const GraphOptions &options_;
  OperatorGraph &graph_;
  Region region_ = Region::embedding;
  std::int64_t count_ = 1;
  // Letters of the literature: sequence, hidden, head dimension, inner width of the MLP.
  double s_;
  double h_;
  double d_;
  double q_width_;
  double kv_width_;
  double f_;
  std::int64_t norm_parameters_;
};

} // namespace

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
