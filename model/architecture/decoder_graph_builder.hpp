// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/architecture/decoder_graph.hpp"

#include <initializer_list>

namespace flopcast {

/// Builds the graph of a decoder operator by operator: the stream and its ends in
/// decoder_graph.cpp, attention in attention_graph.cpp, MLP and experts in mlp_graph.cpp.
class DecoderGraphBuilder {
public:
  DecoderGraphBuilder(const Decoder &decoder, const GraphOptions &options, OperatorGraph &graph);

  void build();

private:
  using Vertex = OperatorVertex;
  using Window = std::optional<std::int64_t>;

  Vertex add(const Operator &op, std::initializer_list<Vertex> inputs);
  /// A memory-bound operator on the residual stream.
  [[nodiscard]] Operator on_stream(OperatorRole role) const;
  [[nodiscard]] Operator normalization(OperatorRole role) const;
  [[nodiscard]] Operator gemm(OperatorRole role, double columns, double depth, bool bias) const;

  Vertex embedding();
  Vertex layers(Vertex input);
  Vertex layer(Vertex input, std::int64_t count, Window window, bool with_experts);
  Vertex post_norm(OperatorRole role, Vertex input);
  Vertex residual(OperatorRole role, std::initializer_list<Vertex> inputs);
  void predictions(Vertex stream);
  void head(Vertex last);
  void loss(Vertex last, bool own_matrix);

  Vertex attention(Vertex input, Window window);
  Vertex projections(Vertex input);
  Vertex latent_projections(Vertex input);
  [[nodiscard]] Operator down_projection(OperatorRole role, double columns) const;
  [[nodiscard]] Operator latent_norm(OperatorRole role, std::int64_t width) const;
  struct Scores;
  [[nodiscard]] Scores scores(Window window) const;
  [[nodiscard]] double keys(Window window) const;
  Vertex fused_core(Vertex input, Window window);
  Vertex unfused_core(Vertex input, Window window);

  struct MlpRoles;
  Vertex mlp(Vertex input);
  Vertex plain_mlp(Vertex input, const MlpRoles &roles, double width, Activation activation);
  Vertex experts(Vertex input);
  Vertex routed_experts(Vertex input, Vertex routing);

  const Decoder &model_;
  const GraphOptions &options_;
  OperatorGraph &graph_;
  Region region_ = Region::embedding;
  std::int64_t count_ = 1;
  bool with_experts_ = false;
  // Letters of the literature: sequence, hidden, width of a head's queries and keys, of its values.
  double s_;
  double h_;
  double d_;
  double value_d_;
  double q_width_;
  double kv_width_;
  double attended_width_; ///< values of all heads
  std::int64_t norm_parameters_;
};

} // namespace flopcast
