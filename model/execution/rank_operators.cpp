// SPDX-License-Identifier: Apache-2.0
#include "model/execution/rank_operators.hpp"

#include "hardware/product_shapes.hpp"
#include "model/execution/expert_places.hpp"

#include <algorithm>
#include <cmath>

namespace flopcast {
namespace {

bool routes_rows(const Operator &op) {
  return op.role == OperatorRole::expert_dispatch || op.role == OperatorRole::expert_combine;
}

std::int64_t whole(double dimension) {
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::llround(dimension)));
}

/// How often rows move once more where they come from other ranks. They lie by rank and are sorted
/// by expert, read and written; where a token comes once to each rank, its rows are made of what
/// comes, which is read, and it was sent from where it lay.
double moved_again(const Decoder &decoder, const Parallelism &parallelism) {
  if (!decoder.experts || parallelism.expert_parallel == 1)
    return 0;
  if (parallelism.expert_dispatch != ExpertDispatch::deduplicated)
    return 2;
  return reached_places(parallelism.expert_parallel, *decoder.experts) /
         static_cast<double>(decoder.experts->per_token);
}

/// Of a loss that goes over the rank's logits in fp32 so many times.
Bytes loss_bytes(const MatrixShape &shape, double passes) {
  constexpr double fp32 = 4;
  return passes * fp32 * static_cast<double>(shape.rows) * static_cast<double>(shape.columns) *
         units::byte;
}

} // namespace

bool has_weights(const Operator &op) {
  return op.kind == OperatorClass::gemm || op.kind == OperatorClass::grouped_gemm;
}

RankOperators::RankOperators(const OperatorGraph &graph, const Decoder &decoder,
                             const Parallelism &parallelism, const Training &training)
    : graph_(graph), training_(training), whole_sequences_(parallelism.context_parallel == 1),
      causal_(decoder.causal), rmsnorm_(decoder.normalization == Normalization::rmsnorm),
      context_load_(decoder.causal ? parallelism.context_load() : 1),
      uneven_(parallelism.expert_load() > 1 && !parallelism.expert_padding),
      expert_parallel_(parallelism.expert_parallel),
      moved_again_(moved_again(decoder, parallelism)), expert_tensor_(parallelism.expert_tensor()),
      shards_(decoder, parallelism), batch_(static_cast<double>(training.micro_batch)),
      element_(activation_bytes(training.precision)), weight_(parameter_bytes(training).weight),
      sums_gradients_(parameter_bytes(training).gradient > weight_) {}

/// Of the columns of an operator that multiplies no matrices: the rest of its share are rows.
double RankOperators::column_share(const Operator &op) const {
  switch (op.role) {
  case OperatorRole::mlp_activation:
  case OperatorRole::shared_activation:
  case OperatorRole::cross_entropy:
    return shards_.share(op, Split::tensor);
  case OperatorRole::expert_activation:
    return 1.0 / static_cast<double>(expert_tensor_);
  default:
    return 1;
  }
}

/// The rank's part of the product, all sequences of a micro-batch together.
MatrixShape RankOperators::shape(const Operator &op) const {
  if (!multiplies_matrices(op.kind)) {
    const double columns = std::max(op.columns * column_share(op), 1.0);
    const double elements =
        op.output_elements * shards_.activation_share(op, op.output_split) * batch_;
    return {.batch = 1, .rows = whole(elements / columns), .columns = whole(columns), .depth = 1};
  }
  MatrixShape shape{.batch = 1,
                    .rows = whole(op.rows * shards_.activation_share(op, Split::none)),
                    .columns = whole(op.columns),
                    .depth = whole(op.depth)};
  if (op.kind == OperatorClass::grouped_gemm) {
    const double rows = op.rows * batch_ * shards_.activation_share(op, Split::routed);
    const double width = 1.0 / static_cast<double>(expert_tensor_);
    shape = grouped_shape(whole(op.batch / static_cast<double>(expert_parallel_)), rows,
                          whole(op.columns * (op.splits_depth ? 1.0 : width)),
                          whole(op.depth * (op.splits_depth ? width : 1.0)));
  } else if (op.kind == OperatorClass::gemm && op.split == Split::sequence) {
    shape.rows = whole(op.rows * batch_ * shards_.activation_share(op, Split::sequence));
  } else if (op.kind == OperatorClass::gemm) {
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

OperatorCall RankOperators::forward_call(OperatorVertex vertex) const {
  const Operator &op = graph_[vertex];
  // Fused kernels skip what the mask discards; separate products compute every score.
  const double flops = (op.kind == OperatorClass::fused_attention
                            ? std::min(context_load_ * op.causal_matmul_flops, op.matmul_flops)
                            : op.matmul_flops) *
                       shards_.activation_share(op, op.split);
  OperatorCall call{.kind = op.kind,
                    .pass = Pass::forward,
                    .format = format(op),
                    .flops = flops * batch_ * units::flop,
                    .bytes = {},
                    .kernels = 1,
                    .shape = shape(op),
                    .causal = false};
  if (op.kind == OperatorClass::fused_attention && causal_) {
    // To a rank with parts of a sequence the mask means fewer keys: half of them, or up to all.
    if (whole_sequences_)
      call.causal = true;
    else
      call.shape.columns = whole(
          op.columns * std::min(context_load_ * op.causal_matmul_flops / op.matmul_flops, 1.0));
  }
  call.uneven = op.kind == OperatorClass::grouped_gemm && uneven_;
  if (op.kind == OperatorClass::cross_entropy && counts_loss_passes())
    call.bytes = loss_bytes(call.shape, training_.software.loss_forward);
  else if (const auto eager = eager_kernels(op))
    make_eager(call, eager->forward, eager->forward_kernels);
  else
    call.bytes =
        (has_weights(op) ? product_bytes(op, call.shape) : stream_bytes(vertex)) * units::byte;
  return call;
}

/// PyTorch's kernels, in fp32 where marked (4 bytes count as two elements):
/// RMSNorm: cast, square, mean, times root, cast, times weight: 3 + 4 + 2 + 4 + 3 + 2 elements.
/// Backward product with the weight 2 and its gradient 4, cast 3, product with the root 4 and its
/// gradient 8, of the square 8, sum of both 6, cast 3. Kept: the cast input, the normed one.
/// Gated activation: the gate's 2, the product 3; backward 6 and 3. Kept: the activated gate.
/// Rotary embedding: cast, complex product, cast: 3 + 4 + 3, backward the same.
std::optional<EagerKernels> RankOperators::eager_kernels(const Operator &op) const {
  const bool eager = training_.operators == OperatorFusion::eager;
  const bool clamps_apart = eager || training_.software.fused_clamping < 1;
  if (op.role == OperatorRole::expert_down_bias)
    return EagerKernels{14, 20, 4, 8, 0};
  if (op.role == OperatorRole::expert_up_bias)
    return clamps_apart ? EagerKernels{4, 3, 2, 2, 0} : EagerKernels{0, 1, 0, 1, 0};
  if (op.clamped && clamps_apart)
    return EagerKernels{17, 36, 8, 14, 8};
  if (!eager)
    return std::nullopt;
  switch (op.kind) {
  case OperatorClass::normalization:
    if (rmsnorm_)
      return EagerKernels{18, 38, 8, 13, 6};
    break;
  case OperatorClass::rotary:
    return EagerKernels{10, 10, 6, 6, 0};
  default:
    break;
  }
  if (op.gated)
    return EagerKernels{5, 9, 2, 3, 2};
  return std::nullopt;
}

/// Narrower formats are for products inside layers. Scores of separate products, the router's
/// choice and the logits stay in 16 bits: NVIDIA, Transformer Engine, FP8 primer; torchtitan,
/// float8.md (recalled).
NumberFormat RankOperators::format(const Operator &op) const {
  const bool narrow =
      training_.precision == NumberFormat::fp8 || training_.precision == NumberFormat::fp4;
  const bool kept = op.kind == OperatorClass::batched_gemm || op.role == OperatorRole::logits ||
                    op.role == OperatorRole::router || op.role == OperatorRole::shared_gate;
  return narrow && kept ? NumberFormat::bf16 : training_.precision;
}

/// As element-wise kernels over the call's tensor that move so many elements for each of its own.
void RankOperators::make_eager(OperatorCall &call, double elements, std::int64_t kernels) const {
  call.kind = OperatorClass::elementwise;
  call.kernels = kernels;
  call.bytes = elements * static_cast<double>(call.shape.rows) *
               static_cast<double>(call.shape.columns) * element_ * units::byte;
}

OperatorCall RankOperators::tile(const Operator &op, const OperatorCall &all,
                                 std::int64_t tiles) const {
  OperatorCall one = all;
  one.shape.rows = whole(static_cast<double>(all.shape.rows) / static_cast<double>(tiles));
  one.flops *= 1 / static_cast<double>(tiles);
  one.bytes = product_bytes(op, one.shape) * units::byte;
  return one;
}

/// A product reads its input whole and writes its output whole, also where sequence parallelism
/// splits the tensor before it is gathered and after it is scattered.
double RankOperators::product_bytes(const Operator &op, const MatrixShape &shape) const {
  const auto m = static_cast<double>(shape.rows);
  const auto n = static_cast<double>(shape.columns);
  const auto k = static_cast<double>(shape.depth);
  return static_cast<double>(shape.batch) *
         (m * k * element_ + k * n * weight_ + m * n * output_bytes(op));
}

/// What comes over the edges and the output. An embedding reads the rows that it looks up, not
/// the table.
double RankOperators::stream_bytes(OperatorVertex vertex) const {
  const Operator &op = graph_[vertex];
  double again = 0;
  if (moved_again_ > 0 && routes_rows(op)) {
    const OperatorVertex rows = op.role == OperatorRole::expert_dispatch
                                    ? vertex
                                    : boost::source(*boost::in_edges(vertex, graph_).first, graph_);
    again = moved_again_ * graph_[rows].output_elements *
            shards_.activation_share(op, Split::routed) * element_;
  }
  double read = op.role == OperatorRole::token_embedding
                    ? op.output_elements * shards_.activation_share(op, op.split)
                    : 0;
  const auto [in, in_end] = boost::in_edges(vertex, graph_);
  for (auto edge = in; edge != in_end; ++edge)
    read += graph_[*edge].elements *
            shards_.activation_share(graph_[boost::source(*edge, graph_)], graph_[*edge].split);
  const double written = op.output_elements * shards_.activation_share(op, op.output_split);
  return (read * element_ + written * output_bytes(op) + again) * batch_;
}

BackwardCalls RankOperators::backward_calls(const Operator &op, const OperatorCall &forward) const {
  OperatorCall call = forward;
  call.pass = Pass::backward;
  if (const auto eager = eager_kernels(op)) {
    make_eager(call, eager->backward, eager->backward_kernels);
    return {{call, {}}, 1};
  }
  switch (forward.kind) {
  case OperatorClass::gemm:
  case OperatorClass::grouped_gemm:
  case OperatorClass::batched_gemm: {
    // Two products of the forward one's size: the gradients of the input (m × k, over n) and of
    // the weights (k × n, over m).
    const MatrixShape &s = forward.shape;
    OperatorCall of_input = call;
    of_input.shape = {.batch = s.batch, .rows = s.rows, .columns = s.depth, .depth = s.columns};
    call.shape = {.batch = s.batch, .rows = s.depth, .columns = s.columns, .depth = s.rows};
    call.uneven = false; // experts' rows are the depth here
    call.accumulates = sums_gradients_ && forward.kind != OperatorClass::batched_gemm;
    return {{of_input, call}, 2};
  }
  case OperatorClass::fused_attention:
    // Five products for two: the scores are computed again.
    call.flops *= 2.5;
    break;
  case OperatorClass::cross_entropy:
    if (counts_loss_passes()) {
      call.bytes = loss_bytes(call.shape, training_.software.loss_backward);
      return {{call, {}}, 1};
    }
    break;
  default:
    break;
  }
  // Gradients of rows travel as the rows did, the other way round. Of all others the gradient and
  // what was saved are read, and a gradient is written.
  if (!routes_rows(op))
    call.bytes *= 2.0;
  return {{call, {}}, 1};
}

std::int64_t RankOperators::launches(const Operator &op, Pass pass) const {
  if (const auto eager = eager_kernels(op))
    return op.count * (pass == Pass::forward ? eager->forward_kernels : eager->backward_kernels);
  if (op.kind != OperatorClass::cross_entropy || !counts_loss_passes())
    return op.count;
  const double passes =
      pass == Pass::forward ? training_.software.loss_forward : training_.software.loss_backward;
  return op.count * static_cast<std::int64_t>(std::ceil(passes));
}

} // namespace flopcast
