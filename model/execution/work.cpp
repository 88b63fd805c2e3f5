// SPDX-License-Identifier: Apache-2.0
#include "model/execution/work.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace flopcast {
namespace {

/// Shares of tensors and weights that one rank holds.
class Shards {
public:
  Shards(const Decoder &decoder, const Parallelism &parallelism)
      : tensor_(1.0 / static_cast<double>(parallelism.tensor_parallel)),
        sequence_(parallelism.sequence_parallel ? tensor_ : 1.0),
        context_(1.0 / static_cast<double>(parallelism.context_parallel)) {
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

  /// Of an activation: context parallelism splits every sequence.
  [[nodiscard]] double activation_share(const Operator &op, Split split) const {
    return share(op, split) * context_;
  }

private:
  double tensor_;
  double sequence_;
  double context_;
  double qkv_ = 1;
  double vocabulary_ = 1;
};

bool is_matrix_product(const Operator &op) { return op.kind == OperatorClass::gemm; }

std::int64_t whole(double dimension) {
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::llround(dimension)));
}

/// One or two calls, without the memory of a vector: an estimate asks for dozens.
struct BackwardCalls {
  std::array<OperatorCall, 2> calls;
  std::size_t count = 1;

  [[nodiscard]] const OperatorCall *begin() const { return calls.data(); }
  [[nodiscard]] const OperatorCall *end() const { return calls.data() + count; }
};

/// One rank's fold over the graph.
class Fold {
public:
  Fold(const OperatorGraph &graph, const Decoder &decoder, const Parallelism &parallelism,
       const Training &training)
      : graph_(graph), training_(training), whole_sequences_(parallelism.context_parallel == 1),
        causal_(decoder.causal), shards_(decoder, parallelism),
        batch_(static_cast<double>(training.micro_batch)),
        element_(activation_bytes(training.precision)), weight_(parameter_bytes(training).weight) {}

  void add(OperatorVertex vertex, const Cluster &cluster, ModelWork &work) const {
    const Operator &op = graph_[vertex];
    const auto count = static_cast<double>(op.count);
    RegionWork &region = op.region == Region::embedding ? work.embedding
                         : op.region == Region::layer   ? work.layers
                                                        : work.head;
    const double parameters = static_cast<double>(op.parameters) * shards_.share(op, op.split);
    region.parameters += count * parameters;
    if (is_matrix_product(op))
      region.matrix_parameters += count * parameters;
    if (op.role == OperatorRole::logits && op.parameters == 0)
      work.tied_output_parameters = op.columns * op.depth * shards_.share(op, Split::tensor);
    region.all_reduces += op.count * op.all_reduces;

    const OperatorCall call = forward_call(vertex);
    if (!in_calibrated_range(cluster.calibration, call))
      work.extrapolated.set(static_cast<std::size_t>(op.role));
    const auto time = [&](const OperatorCall &of) {
      return in_training(training_.software, of,
                         operator_time(cluster.device, cluster.calibration, of));
    };
    const Seconds forward = time(call);
    region.forward_calls += op.count;
    region.forward += count * forward;
    region.forward_work += count * OperatorWork{call.flops, call.bytes};
    for (const OperatorCall &backward : backward_calls(call)) {
      region.backward_calls += op.count;
      region.backward += count * time(backward);
      region.backward_work += count * OperatorWork{backward.flops, backward.bytes};
    }
    add_saved(op, region);
    if (op.attention_core) {
      region.attention_core += count * forward;
      region.core_calls += op.count;
      region.core_work += count * OperatorWork{call.flops, call.bytes};
      region.core_flops += count * op.matmul_flops;
    }
    if (op.region == Region::layer)
      work.layer_forward_flops += count * op.matmul_flops;
  }

  void append_calls(OperatorVertex vertex, std::vector<OperatorCall> &calls) const {
    calls.push_back(forward_call(vertex));
    const BackwardCalls backward = backward_calls(calls.back());
    calls.insert(calls.end(), backward.begin(), backward.end());
  }

private:
  [[nodiscard]] double output_bytes(const Operator &op) const {
    return op.output_width > 2 ? op.output_width : element_;
  }

  /// The rank's part of the product, all sequences of a micro-batch together.
  [[nodiscard]] MatrixShape shape(const Operator &op) const {
    if (!multiplies_matrices(op.kind)) {
      const double columns = std::max(op.columns, 1.0);
      const double elements =
          op.output_elements * shards_.activation_share(op, op.output_split) * batch_;
      return {.batch = 1, .rows = whole(elements / columns), .columns = whole(columns), .depth = 1};
    }
    MatrixShape shape{.batch = 1,
                      .rows = whole(op.rows * shards_.activation_share(op, Split::none)),
                      .columns = whole(op.columns),
                      .depth = whole(op.depth)};
    if (is_matrix_product(op)) {
      shape.rows = whole(op.rows * batch_ * shards_.activation_share(op, Split::none));
      const double share = shards_.share(op, Split::tensor);
      if (op.splits_depth)
        shape.depth = whole(op.depth * share);
      else
        shape.columns = whole(op.columns * share);
    } else {
      shape.batch = whole(op.batch * batch_ * shards_.share(op, Split::tensor));
    }
    return shape;
  }

  [[nodiscard]] OperatorCall forward_call(OperatorVertex vertex) const {
    const Operator &op = graph_[vertex];
    // Fused kernels skip what the mask discards; separate products compute every score.
    const double flops =
        (op.kind == OperatorClass::fused_attention ? op.causal_matmul_flops : op.matmul_flops) *
        shards_.activation_share(op, op.split);
    OperatorCall call{.kind = op.kind,
                      .pass = Pass::forward,
                      .format = training_.precision,
                      .flops = flops * batch_ * units::flop,
                      .bytes = {},
                      .kernels = 1,
                      .shape = shape(op),
                      .causal = false};
    if (op.kind == OperatorClass::fused_attention && causal_) {
      // Ranks that share a sequence share its masked half evenly: each query sees half of the keys.
      if (whole_sequences_)
        call.causal = true;
      else
        call.shape.columns = whole(op.columns / 2);
    }
    call.bytes = (is_matrix_product(op) ? product_bytes(op, call.shape) : stream_bytes(vertex)) *
                 units::byte;
    return call;
  }

  /// A product reads its input whole and writes its output whole, also where sequence parallelism
  /// splits the tensor before it is gathered and after it is scattered.
  [[nodiscard]] double product_bytes(const Operator &op, const MatrixShape &shape) const {
    const auto m = static_cast<double>(shape.rows);
    const auto n = static_cast<double>(shape.columns);
    const auto k = static_cast<double>(shape.depth);
    return m * k * element_ + k * n * weight_ + m * n * output_bytes(op);
  }

  /// What comes over the edges and the output. An embedding reads the rows that it looks up, not
  /// the table.
  [[nodiscard]] double stream_bytes(OperatorVertex vertex) const {
    const Operator &op = graph_[vertex];
    double read = op.role == OperatorRole::token_embedding
                      ? op.output_elements * shards_.activation_share(op, op.split)
                      : 0;
    const auto [in, in_end] = boost::in_edges(vertex, graph_);
    for (auto edge = in; edge != in_end; ++edge)
      read += graph_[*edge].elements *
              shards_.activation_share(graph_[boost::source(*edge, graph_)], graph_[*edge].split);
    const double written = op.output_elements * shards_.activation_share(op, op.output_split);
    return (read * element_ + written * output_bytes(op)) * batch_;
  }

  [[nodiscard]] static BackwardCalls backward_calls(const OperatorCall &forward) {
    OperatorCall call = forward;
    call.pass = Pass::backward;
    switch (forward.kind) {
    case OperatorClass::gemm:
    case OperatorClass::batched_gemm: {
      // Two products of the forward one's size: the gradients of the input (m × k, over n) and of
      // the weights (k × n, over m).
      const MatrixShape &s = forward.shape;
      OperatorCall of_input = call;
      of_input.shape = {.batch = s.batch, .rows = s.rows, .columns = s.depth, .depth = s.columns};
      call.shape = {.batch = s.batch, .rows = s.depth, .columns = s.columns, .depth = s.rows};
      return {{of_input, call}, 2};
    }
    case OperatorClass::fused_attention:
      // Five products for two: the scores are computed again.
      call.flops *= 2.5;
      break;
    default:
      break;
    }
    // The gradient and what was saved are read, a gradient is written.
    call.bytes *= 2.0;
    return {{call, {}}, 1};
  }

  void add_saved(const Operator &op, RegionWork &region) const {
    const auto count = static_cast<double>(op.count);
    const double share = shards_.activation_share(op, op.output_split);
    const double output = op.saves_output ? op.output_elements * share * output_bytes(op) : 0;
    const double kept = output + op.saved_extra_bytes * share;
    region.saved += count * batch_ * kept * units::byte;
    if (!op.attention_core)
      region.saved_selectively += count * batch_ * kept * units::byte;
    // The core's result is the next product's input and stays.
    else if (op.role == OperatorRole::attention_values || op.role == OperatorRole::fused_attention)
      region.saved_selectively += count * batch_ * output * units::byte;
  }

  const OperatorGraph &graph_;
  const Training &training_;
  bool whole_sequences_;
  bool causal_;
  Shards shards_;
  double batch_;
  double element_;
  double weight_;
};

} // namespace

ModelWork model_work(const OperatorGraph &graph, const Decoder &decoder,
                     const Parallelism &parallelism, const Training &training,
                     const Cluster &cluster) {
  const Fold fold(graph, decoder, parallelism, training);
  ModelWork work;
  work.layer_count = decoder.layers;
  const auto [begin, end] = boost::vertices(graph);
  for (auto vertex = begin; vertex != end; ++vertex)
    fold.add(*vertex, cluster, work);
  return work;
}

std::vector<OperatorCall> rank_calls(const OperatorGraph &graph, const Decoder &decoder,
                                     const Parallelism &parallelism, const Training &training) {
  const Fold fold(graph, decoder, parallelism, training);
  std::vector<OperatorCall> calls;
  const auto [begin, end] = boost::vertices(graph);
  for (auto vertex = begin; vertex != end; ++vertex)
    fold.append_calls(*vertex, calls);
  return calls;
}

} // namespace flopcast
