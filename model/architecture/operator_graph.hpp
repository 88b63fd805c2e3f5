// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/calibration.hpp"

#include <boost/graph/adjacency_list.hpp>

#include <bitset>
#include <cstdint>
#include <string_view>

namespace flopcast {

/// Which part of the model an operator belongs to, and so on which pipeline stage it runs.
enum class Region : std::uint8_t {
  embedding,
  layer,
  head,
  prediction, ///< layers that predict further tokens, each with its logits: on the last stage
};

/// How tensor parallelism divides something over its t ranks, or expert parallelism over its own.
enum class Split : std::uint8_t {
  none,     ///< every rank holds or does all of it
  tensor,   ///< 1/t each
  sequence, ///< 1/t with sequence parallelism, else all; parameters are whole on every rank
  routed,   ///< rows at their experts: each expert's on its ranks, whole rows
  expert,   ///< the same, the experts' inner width divided too; parameters likewise
};

enum class OperatorRole : std::uint8_t {
  token_embedding,
  position_embedding,
  embedding_norm,
  embedding_dropout,
  attention_norm,
  qkv_projection,
  qk_norm,
  rotary,
  relative_projection,
  query_down,
  query_norm,
  query_up,
  key_value_down,
  key_value_norm,
  key_value_up,
  attention_scores,
  attention_softmax,
  attention_dropout,
  attention_values,
  fused_attention,
  output_projection,
  attention_post_norm,
  attention_residual,
  mlp_norm,
  mlp_up,
  mlp_activation,
  mlp_down,
  mlp_post_norm,
  router,
  routing,
  expert_dispatch,
  expert_up,
  expert_up_bias,
  expert_activation,
  expert_down,
  expert_down_bias,
  expert_combine,
  shared_gate,
  shared_up,
  shared_activation,
  shared_down,
  mlp_residual,
  prediction_embedding,
  prediction_norm,
  prediction_projection,
  final_norm,
  logits,
  cross_entropy,
};

inline constexpr std::size_t operator_role_count = 48;

[[nodiscard]] std::string_view to_text(OperatorRole role);
[[nodiscard]] std::string_view to_text(Region region);

/// A set of roles.
using OperatorRoles = std::bitset<operator_role_count>;

/// One operator, for one sequence; identical layers share one vertex with a count.
/// Elements are counted whole, before any sharding.
struct Operator {
  OperatorRole role = OperatorRole::token_embedding;
  OperatorClass kind = OperatorClass::elementwise;
  Region region = Region::layer;
  std::int64_t count = 1; ///< layers that hold this operator

  std::int64_t parameters = 0;      ///< of one instance
  std::int64_t idle_parameters = 0; ///< of them, those of experts that a token does not use
  Split split = Split::none;        ///< of the work and the parameters

  double matmul_flops = 0; ///< forward, 2 per multiply-add, every score of the attention
  double causal_matmul_flops =
      0;                   ///< forward, scores above the diagonal or outside windows left out
  double vector_flops = 0; ///< forward: softmax only (3 a score, Hoffmann 2022 App. F)

  /// Independent products of a sequence: heads for attention, experts of a layer, else 1.
  double batch = 0;
  double rows = 0;    ///< of a product: m (tokens of a sequence; of all experts together),
  double columns = 0; ///< n (of a memory-bound operator: elements that are reduced together)
  double depth = 0;   ///< and k
  /// Tensor parallelism splits k ("row-parallel": the outputs are summed over the ranks), else n;
  /// attention's products are split by heads.
  bool splits_depth = false;

  double output_elements = 0; ///< of the output tensor
  double output_width = 2;    ///< bytes an element
  Split output_split = Split::none;
  bool saves_output = false;    ///< kept for the backward pass
  double saved_extra_bytes = 0; ///< kept besides: dropout masks, softmax statistics

  bool gated = false;           ///< an activation of one half of its input, times the other
  bool clamped = false;         ///< the same, both halves clamped before
  bool expert_layer = false;    ///< of a layer that has experts
  bool attention_core = false;  ///< dropped and redone by selective recomputation
  std::int16_t all_reduces = 0; ///< of the output over the tensor-parallel ranks, forward
};

/// An edge is a tensor that one operator hands to another.
struct TensorEdge {
  double elements = 0;
  Split split = Split::none;
};

using OperatorGraph =
    boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS, Operator, TensorEdge>;
using OperatorVertex = boost::graph_traits<OperatorGraph>::vertex_descriptor;

/// Calls fold(op) for every operator.
template <class Fold> void for_each_operator(const OperatorGraph &graph, Fold fold) {
  const auto [begin, end] = boost::vertices(graph);
  for (auto vertex = begin; vertex != end; ++vertex)
    fold(graph[*vertex]);
}

/// Σ value(op) × count over all operators.
template <class Value> [[nodiscard]] double total(const OperatorGraph &graph, Value value) {
  double sum = 0;
  for_each_operator(graph,
                    [&](const Operator &op) { sum += static_cast<double>(op.count) * value(op); });
  return sum;
}

/// Parameters, each once: a tied output matrix belongs to the embedding. Without those of
/// prediction layers, as their makers count.
[[nodiscard]] std::int64_t parameter_count(const OperatorGraph &graph);

/// Those of them that a token uses: all but the experts that it is not sent to.
[[nodiscard]] std::int64_t active_parameter_count(const OperatorGraph &graph);

/// Parameters of prediction layers; the tables that they share are not theirs.
[[nodiscard]] std::int64_t prediction_parameter_count(const OperatorGraph &graph);

/// Parameters of the embedding tables and of an output matrix of its own.
[[nodiscard]] std::int64_t embedding_parameter_count(const OperatorGraph &graph);

/// Parameters of the matrix products inside layers, prediction layers aside.
[[nodiscard]] std::int64_t matrix_parameter_count(const OperatorGraph &graph);

/// FLOPs of a forward pass over one sequence: matrix products, every attention score counted.
[[nodiscard]] double forward_flops(const OperatorGraph &graph);

/// The same with the scores that the mask discards left out ("causal-halved").
[[nodiscard]] double causal_forward_flops(const OperatorGraph &graph);

} // namespace flopcast
