// SPDX-License-Identifier: Apache-2.0
#include "model/architecture/operator_graph.hpp"

#include <array>

namespace flopcast {

std::string_view to_text(Region region) {
  constexpr std::array<std::string_view, 4> texts{"embedding", "layer", "head", "prediction"};
  return texts[static_cast<std::size_t>(region)];
}

std::string_view to_text(OperatorRole role) {
  static constexpr std::array<std::string_view, operator_role_count> names{"token_embedding",
                                                                           "position_embedding",
                                                                           "embedding_norm",
                                                                           "embedding_dropout",
                                                                           "attention_norm",
                                                                           "qkv_projection",
                                                                           "qk_norm",
                                                                           "rotary",
                                                                           "relative_projection",
                                                                           "query_down",
                                                                           "query_norm",
                                                                           "query_up",
                                                                           "key_value_down",
                                                                           "key_value_norm",
                                                                           "key_value_up",
                                                                           "attention_scores",
                                                                           "attention_softmax",
                                                                           "attention_dropout",
                                                                           "attention_values",
                                                                           "fused_attention",
                                                                           "output_projection",
                                                                           "attention_post_norm",
                                                                           "attention_residual",
                                                                           "mlp_norm",
                                                                           "mlp_up",
                                                                           "mlp_activation",
                                                                           "mlp_down",
                                                                           "mlp_post_norm",
                                                                           "router",
                                                                           "routing",
                                                                           "expert_dispatch",
                                                                           "expert_up",
                                                                           "expert_up_bias",
                                                                           "expert_activation",
                                                                           "expert_down",
                                                                           "expert_down_bias",
                                                                           "expert_combine",
                                                                           "shared_gate",
                                                                           "shared_up",
                                                                           "shared_activation",
                                                                           "shared_down",
                                                                           "mlp_residual",
                                                                           "prediction_embedding",
                                                                           "prediction_norm",
                                                                           "prediction_projection",
                                                                           "final_norm",
                                                                           "logits",
                                                                           "cross_entropy"};
  return names[static_cast<std::size_t>(role)];
}

std::int64_t parameter_count(const OperatorGraph &graph) {
  std::int64_t sum = 0;
  for_each_operator(graph, [&](const Operator &op) {
    if (op.region != Region::prediction)
      sum += op.count * op.parameters;
  });
  return sum;
}

std::int64_t active_parameter_count(const OperatorGraph &graph) {
  std::int64_t idle = 0;
  for_each_operator(graph, [&](const Operator &op) {
    if (op.region != Region::prediction)
      idle += op.count * op.idle_parameters;
  });
  return parameter_count(graph) - idle;
}

std::int64_t prediction_parameter_count(const OperatorGraph &graph) {
  std::int64_t sum = 0;
  for_each_operator(graph, [&](const Operator &op) {
    if (op.region == Region::prediction)
      sum += op.count * op.parameters;
  });
  return sum;
}

std::int64_t embedding_parameter_count(const OperatorGraph &graph) {
  std::int64_t sum = 0;
  for_each_operator(graph, [&](const Operator &op) {
    if (op.role == OperatorRole::token_embedding || op.role == OperatorRole::position_embedding ||
        op.role == OperatorRole::logits)
      sum += op.parameters;
  });
  return sum;
}

std::int64_t matrix_parameter_count(const OperatorGraph &graph) {
  std::int64_t sum = 0;
  for_each_operator(graph, [&](const Operator &op) {
    if (op.region == Region::layer &&
        (op.kind == OperatorClass::gemm || op.kind == OperatorClass::grouped_gemm))
      sum += op.count * op.parameters;
  });
  return sum;
}

double forward_flops(const OperatorGraph &graph) {
  return total(graph, [](const Operator &op) { return op.matmul_flops; });
}

double causal_forward_flops(const OperatorGraph &graph) {
  return total(graph, [](const Operator &op) { return op.causal_matmul_flops; });
}

} // namespace flopcast
