// SPDX-License-Identifier: Apache-2.0
#include "hardware/operator_call.hpp"

#include "hardware/units/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <vector>

namespace flopcast {
namespace {

constexpr std::array<Spelled<OperatorClass>, operator_class_count> names{{
    {"gemm", OperatorClass::gemm},
    {"batched_gemm", OperatorClass::batched_gemm},
    {"grouped_gemm", OperatorClass::grouped_gemm},
    {"fused_attention", OperatorClass::fused_attention},
    {"softmax", OperatorClass::softmax},
    {"normalization", OperatorClass::normalization},
    {"elementwise", OperatorClass::elementwise},
    {"rotary", OperatorClass::rotary},
    {"embedding", OperatorClass::embedding},
    {"cross_entropy", OperatorClass::cross_entropy},
    {"optimizer", OperatorClass::optimizer},
    {"convolution", OperatorClass::convolution},
}};

constexpr std::array variants{
    Spelled<OperatorVariant>{"", OperatorVariant::usual},
    Spelled<OperatorVariant>{"root_mean_square", OperatorVariant::root_mean_square},
    Spelled<OperatorVariant>{"gated", OperatorVariant::gated},
    Spelled<OperatorVariant>{"copy", OperatorVariant::copy},
    Spelled<OperatorVariant>{"triad", OperatorVariant::triad},
};

} // namespace

std::string_view to_text(OperatorVariant variant) {
  return variants[static_cast<std::size_t>(variant)].first;
}

std::span<const Spelled<OperatorVariant>> operator_variant_names() { return variants; }

std::span<const Spelled<OperatorClass>> operator_class_names() { return names; }

std::string_view to_text(OperatorClass kind) { return names[static_cast<std::size_t>(kind)].first; }

bool multiplies_matrices(OperatorClass kind) {
  return kind == OperatorClass::gemm || kind == OperatorClass::batched_gemm ||
         kind == OperatorClass::grouped_gemm || kind == OperatorClass::fused_attention ||
         kind == OperatorClass::convolution;
}

std::string shape_text(const OperatorCall &call) {
  std::vector<std::string> sides;
  const auto add = [&](std::int64_t side, std::int64_t least) {
    if (side > least)
      sides.push_back(grouped_integer(static_cast<double>(side)));
  };
  // A product of one is written as such; memory-bound operators have no depth.
  add(call.shape.batch, 1);
  add(call.shape.rows, 0);
  add(call.shape.columns, 0);
  add(call.shape.depth, multiplies_matrices(call.kind) ? 0 : 1);
  return fmt::format("{}", fmt::join(sides, " x "));
}

} // namespace flopcast
