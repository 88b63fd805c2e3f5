// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/device.hpp"
#include "hardware/efficiency/matrix_shape.hpp"
#include "hardware/units/quantity.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace flopcast {

/// What a kernel does, as far as its speed depends on it.
enum class OperatorClass : std::size_t {
  gemm,            ///< dense matrix product
  batched_gemm,    ///< the two products of unfused attention
  grouped_gemm,    ///< products of the experts of a layer
  fused_attention, ///< flash attention, one kernel
  softmax,
  normalization, ///< layer norm, RMS norm
  elementwise,   ///< activations, residual sums, dropout, masks
  rotary,        ///< rotation of queries and keys
  embedding,     ///< rows looked up, or their gradients added
  cross_entropy, ///< loss over the vocabulary
  optimizer,     ///< one pass over weights, gradients and states
  convolution,   ///< as the product of convolution_shape()
};

inline constexpr std::size_t operator_class_count = 12;

[[nodiscard]] std::span<const Spelled<OperatorClass>> operator_class_names();
[[nodiscard]] std::string_view to_text(OperatorClass kind);

/// Whether the class multiplies matrices; the others are bound by memory traffic.
[[nodiscard]] bool multiplies_matrices(OperatorClass kind);

enum class Pass : std::size_t { forward, backward };

/// Which operator of a class, where the rest of a call does not tell: what is measured differs, not
/// what is predicted.
enum class OperatorVariant : std::uint8_t {
  usual,            ///< a layer norm; a sum or a GELU, as the bytes say
  root_mean_square, ///< an RMS norm
  gated,            ///< SwiGLU: two tensors read, one written
  copy,             ///< of one tensor: memory bandwidth
  triad,            ///< a + factor · b: memory bandwidth
};

/// "" for the usual one.
[[nodiscard]] std::string_view to_text(OperatorVariant variant);
[[nodiscard]] std::span<const Spelled<OperatorVariant>> operator_variant_names();

/// One operator on one device.
struct OperatorCall {
  OperatorClass kind = OperatorClass::elementwise;
  Pass pass = Pass::forward;
  NumberFormat format = NumberFormat::bf16;
  FlopCount flops; ///< matrix work, masked scores left out; zero for memory-bound operators
  Bytes bytes;     ///< read and written in device memory
  std::int64_t kernels = 1; ///< launches
  /// Products: see MatrixShape; a backward call of two kernels is both gradients of that forward
  /// product, one of one kernel is a product of its own shape. Attention: rows are queries, columns
  /// keys, depth a head's width. Memory-bound operators: rows × columns elements, a row being what
  /// is reduced together.
  MatrixShape shape = {};
  /// Attention and its softmax: scores above the diagonal are skipped.
  bool causal = false;
  /// Grouped products: above zero, the call is a whole layer of experts of this width on one
  /// device, forward: rows brought to their experts, the product `shape` (gate and up beside each
  /// other), the activation, the product back to `shape.depth` columns, rows added up by token.
  std::int64_t expert_width = 0;
  std::int64_t tokens = 0; ///< of such a layer, each of which gives a row to each of its experts
  /// Grouped products: experts get unequal shares, as under a power law; `shape.rows` is the mean.
  /// A device with more rows than others is not this: give it its own rows.
  bool uneven = false;
  OperatorVariant variant = OperatorVariant::usual;
  /// A gradient of weights, or both gradients of a product: that of the weights is added to sums in
  /// fp32, as Megatron's fused accumulation does, and not written in the format of the weights.
  bool accumulates = false;

  bool operator==(const OperatorCall &) const = default;
};

/// "16 x 2,048 x 128 x 2,048": groups, rows, columns and depth, as far as the call has them.
[[nodiscard]] std::string shape_text(const OperatorCall &call);

} // namespace flopcast
