// SPDX-License-Identifier: Apache-2.0
#include "model/architecture/decoder_graph_builder.hpp"

namespace flopcast {
namespace {

constexpr double float_bytes = 4;

} // namespace

struct DecoderGraphBuilder::MlpRoles {
  OperatorRole up;
  OperatorRole activation;
  OperatorRole down;
};

DecoderGraphBuilder::Vertex DecoderGraphBuilder::mlp(Vertex input) {
  return plain_mlp(input,
                   {OperatorRole::mlp_up, OperatorRole::mlp_activation, OperatorRole::mlp_down},
                   static_cast<double>(model_.ffn_hidden), model_.activation);
}

DecoderGraphBuilder::Vertex DecoderGraphBuilder::plain_mlp(Vertex input, const MlpRoles &roles,
                                                           double width, Activation activation) {
  const bool bias = model_.bias == BiasTerms::all;
  Operator up = gemm(roles.up, is_gated(activation) ? 2 * width : width, h_, bias);
  // ReLU's derivative is in the sign of its output: its input need not be kept.
  up.saves_output = activation != Activation::relu;
  Operator between{.role = roles.activation,
                   .region = region_,
                   .count = count_,
                   .columns = width,
                   .output_elements = s_ * width,
                   .output_split = Split::tensor,
                   .saves_output = true,
                   .gated = is_gated(activation),
                   .clamped = activation == Activation::clamped_swiglu};
  Operator down = gemm(roles.down, h_, width, bias);
  down.splits_depth = true;
  down.output_split = Split::sequence;
  down.all_reduces = 1;
  const Vertex expanded = add(up, {input});
  return add(down, {add(between, {expanded})});
}

/// A router gives each token to some of the experts; what these make of it is added up, with what
/// the shared experts make. Every rank routes its own part of the sequence.
DecoderGraphBuilder::Vertex DecoderGraphBuilder::experts(Vertex input) {
  const MixtureOfExperts &moe = *model_.experts;
  const auto count = static_cast<double>(moe.count);
  Operator router = gemm(OperatorRole::router, count, h_, moe.router_bias);
  router.split = Split::sequence;
  router.output_split = Split::sequence;
  const Vertex logits = add(router, {input});
  const Vertex routing = add({.role = OperatorRole::routing,
                              .kind = OperatorClass::softmax,
                              .region = region_,
                              .count = count_,
                              .columns = count,
                              .output_elements = s_ * count,
                              .output_width = float_bytes, // chosen in fp32
                              .output_split = Split::sequence,
                              .saves_output = true},
                             {logits});
  const Vertex made = routed_experts(input, routing);
  const Operator combine = on_stream(OperatorRole::expert_combine);
  if (moe.shared_hidden == 0)
    return add(combine, {made, routing});

  const Vertex shared = plain_mlp(
      input, {OperatorRole::shared_up, OperatorRole::shared_activation, OperatorRole::shared_down},
      static_cast<double>(moe.shared_hidden), moe.activation.value_or(model_.activation));
  if (!moe.shared_gate)
    return add(combine, {made, routing, shared});
  graph_[shared].saves_output = true; // the gate's gradient needs it
  Operator gate = gemm(OperatorRole::shared_gate, 1, h_, false);
  gate.split = Split::sequence;
  gate.output_split = Split::sequence;
  gate.saves_output = true;
  return add(combine, {made, routing, shared, add(gate, {input})});
}

DecoderGraphBuilder::Vertex DecoderGraphBuilder::routed_experts(Vertex input, Vertex routing) {
  const MixtureOfExperts &moe = *model_.experts;
  const Activation activation = moe.activation.value_or(model_.activation);
  const auto width = static_cast<double>(moe.hidden);
  const double expanded = is_gated(activation) ? 2 * width : width;
  const double rows = s_ * static_cast<double>(moe.per_token);
  const bool bias = model_.bias == BiasTerms::all;
  const auto product = [&](OperatorRole role, double columns, double depth) {
    Operator op = gemm(role, columns, depth, bias);
    op.kind = OperatorClass::grouped_gemm;
    op.idle_parameters = (moe.count - moe.per_token) * op.parameters;
    op.parameters *= moe.count;
    op.split = Split::expert;
    op.matmul_flops = op.causal_matmul_flops = 2 * rows * columns * depth;
    op.batch = static_cast<double>(moe.count);
    op.rows = rows;
    op.output_elements = rows * columns;
    op.output_split = Split::expert;
    return op;
  };
  Operator dispatch = on_stream(OperatorRole::expert_dispatch);
  dispatch.output_elements = rows * h_;
  dispatch.output_split = Split::routed;
  dispatch.saves_output = true; // the input of the product that follows
  Operator up = product(OperatorRole::expert_up, expanded, h_);
  up.saves_output = activation != Activation::relu;
  // Weighs each row by its token's share too, so that the product's output need not be kept.
  Operator between{.role = OperatorRole::expert_activation,
                   .region = region_,
                   .count = count_,
                   .columns = width,
                   .output_elements = rows * width,
                   .output_split = Split::expert,
                   .saves_output = true,
                   .gated = is_gated(activation),
                   .clamped = activation == Activation::clamped_swiglu};
  Operator down = product(OperatorRole::expert_down, h_, width);
  down.splits_depth = true;
  down.output_split = Split::routed;
  // A grouped product takes no bias.
  const auto biased = [&](OperatorRole role, Vertex unbiased) {
    if (!bias)
      return unbiased;
    const Operator made = graph_[unbiased];
    return add({.role = role,
                .region = region_,
                .count = count_,
                .columns = made.columns,
                .output_elements = made.output_elements,
                .output_split = made.output_split},
               {unbiased});
  };
  const Vertex sent = add(dispatch, {input, routing});
  const Vertex expanded_rows = biased(OperatorRole::expert_up_bias, add(up, {sent}));
  const Vertex activated = add(between, {expanded_rows});
  return biased(OperatorRole::expert_down_bias, add(down, {activated}));
}

} // namespace flopcast
