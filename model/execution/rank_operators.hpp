// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/operator_call.hpp"
#include "model/architecture/operator_graph.hpp"
#include "model/execution/parallelism.hpp"
#include "model/execution/shards.hpp"
#include "model/execution/training.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace flopcast {

/// Whether the operator multiplies by a matrix of weights.
[[nodiscard]] bool has_weights(const Operator &op);

/// One or two calls, without the memory of a vector: an estimate asks for dozens.
struct BackwardCalls {
  std::array<OperatorCall, 2> calls;
  std::size_t count = 1;

  [[nodiscard]] const OperatorCall *begin() const { return calls.data(); }
  [[nodiscard]] const OperatorCall *end() const { return calls.data() + count; }
};

/// Kernels that an operator takes where nothing fuses them.
struct EagerKernels {
  double forward = 0;  ///< 16-bit elements that they read and write, for each of the output
  double backward = 0; ///< the same
  std::int64_t forward_kernels = 0;
  std::int64_t backward_kernels = 0;
  double saved_bytes = 0; ///< kept for each element of the output, beside what one kernel keeps
};

/// What one rank is asked for by the operators of a graph, for one micro-batch.
class RankOperators {
public:
  RankOperators(const OperatorGraph &graph, const Decoder &decoder, const Parallelism &parallelism,
                const Training &training);

  [[nodiscard]] const Operator &of(OperatorVertex vertex) const { return graph_[vertex]; }
  [[nodiscard]] const Shards &shards() const { return shards_; }

  [[nodiscard]] OperatorCall forward_call(OperatorVertex vertex) const;
  /// `forward`: of `op`.
  [[nodiscard]] BackwardCalls backward_calls(const Operator &op, const OperatorCall &forward) const;
  /// One of so many tiles that a product's rows are cut into.
  [[nodiscard]] OperatorCall tile(const Operator &op, const OperatorCall &all,
                                  std::int64_t tiles) const;
  /// What the host launches for the operator in a pass, each call apart.
  [[nodiscard]] std::int64_t launches(const Operator &op, Pass pass) const;

  /// Bytes of an element of the operator's output.
  [[nodiscard]] double output_bytes(const Operator &op) const {
    return op.output_width > 2 ? op.output_width : element_;
  }
  /// Where Training::operators is eager and the operator is more than one kernel then.
  [[nodiscard]] std::optional<EagerKernels> eager_kernels(const Operator &op) const;
  [[nodiscard]] double element_bytes() const { return element_; } ///< of activations
  [[nodiscard]] double weight_bytes() const { return weight_; }
  [[nodiscard]] double batch() const { return batch_; } ///< sequences

private:
  void make_eager(OperatorCall &call, double elements, std::int64_t kernels) const;
  [[nodiscard]] NumberFormat format(const Operator &op) const; ///< that it computes in
  [[nodiscard]] MatrixShape shape(const Operator &op) const;
  [[nodiscard]] double column_share(const Operator &op) const;
  [[nodiscard]] double product_bytes(const Operator &op, const MatrixShape &shape) const;
  [[nodiscard]] double stream_bytes(OperatorVertex vertex) const;
  [[nodiscard]] bool counts_loss_passes() const { return training_.software.loss_forward > 0; }

  const OperatorGraph &graph_;
  const Training &training_;
  bool whole_sequences_;
  bool causal_;
  bool rmsnorm_;
  double context_load_; ///< keys that the busiest rank's queries see, over the mean
  bool uneven_;
  std::int64_t expert_parallel_;
  double moved_again_; ///< rows of experts, read or written beside one copy of them
  std::int64_t expert_tensor_;
  Shards shards_;
  double batch_;
  double element_;
  double weight_;
  bool sums_gradients_; ///< in a wider format than the weights have
};

} // namespace flopcast
