// SPDX-License-Identifier: Apache-2.0
#include "hardware/operator_call.hpp"

#include <array>

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

} // namespace flopcast
