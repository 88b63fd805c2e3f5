// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/architecture/decoder.hpp"
#include "model/architecture/operator_graph.hpp"
#include "model/execution/parallelism.hpp"

#include <algorithm>
#include <cstdint>

namespace flopcast {

/// Shares of tensors and weights that one rank holds.
class Shards {
public:
  Shards(const Decoder &decoder, const Parallelism &parallelism)
      : tensor_(1.0 / static_cast<double>(parallelism.tensor_parallel)),
        sequence_(parallelism.sequence_parallel ? tensor_ : 1.0),
        context_(1.0 / static_cast<double>(parallelism.context_parallel)),
        // A rank brings 1/t of the tokens to experts, whose width it shares with others.
        expert_(parallelism.expert_load() * tensor_),
        routed_(expert_ * static_cast<double>(parallelism.expert_tensor())),
        held_experts_(
            1.0 / static_cast<double>(parallelism.expert_parallel * parallelism.expert_tensor())) {
    // With more ranks than key-value heads each rank still holds one head of them.
    const std::int64_t t = parallelism.tensor_parallel;
    const std::int64_t query_heads = decoder.heads / t;
    const std::int64_t kv_heads = std::max<std::int64_t>(1, decoder.kv_heads / t);
    qkv_ = static_cast<double>(query_heads + 2 * kv_heads) /
           static_cast<double>(decoder.heads + 2 * decoder.kv_heads);
    vocabulary_ = tensor_ * static_cast<double>(decoder.padded_vocabulary(t)) /
                  static_cast<double>(decoder.vocabulary);
  }

  [[nodiscard]] double share(const Operator &op, Split split) const {
    switch (split) {
    case Split::none:
      return 1;
    case Split::sequence:
      return sequence_;
    case Split::routed:
      return routed_;
    case Split::expert:
      return expert_;
    case Split::tensor:
      break;
    }
    switch (op.role) {
    case OperatorRole::qkv_projection:
      return qkv_;
    case OperatorRole::token_embedding:
    case OperatorRole::logits:
    case OperatorRole::cross_entropy:
      return vocabulary_;
    default:
      return tensor_;
    }
  }

  [[nodiscard]] double parameter_share(const Operator &op) const {
    if (op.split == Split::expert)
      return held_experts_;
    return op.split == Split::sequence ? 1 : share(op, op.split);
  }

  /// Of an activation: context parallelism splits every sequence.
  [[nodiscard]] double activation_share(const Operator &op, Split split) const {
    return share(op, split) * context_;
  }

private:
  double tensor_;
  double sequence_;
  double context_;
  double expert_;
  double routed_;
  double held_experts_;
  double qkv_ = 1;
  double vocabulary_ = 1;
};

} // namespace flopcast
