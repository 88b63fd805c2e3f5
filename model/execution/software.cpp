// SPDX-License-Identifier: Apache-2.0
#include "model/execution/software.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace flopcast {
namespace {

constexpr SoftwareConstant share(std::string_view key, double Software::*member, double lowest,
                                 double highest, std::string_view meaning) {
  return {.key = key, .share = member, .lowest = lowest, .highest = highest, .meaning = meaning};
}

constexpr SoftwareConstant time(std::string_view key, Seconds Software::*member, double highest,
                                std::string_view meaning) {
  return {.key = key, .time = member, .lowest = 0, .highest = highest, .meaning = meaning};
}

constexpr std::array constants{
    time("host_forward", &Software::host_forward, 1e-3,
         "the host's time to launch an operator, forward"),
    time("host_backward", &Software::host_backward, 1e-3,
         "the host's time to launch an operator, backward"),
    time("host_exchange", &Software::host_exchange, 1e-2, "the host's time to launch a collective"),
    time("host_experts", &Software::host_experts, 1e-1,
         "the host's time for an expert of the rank in a layer, each pass"),
    share("host_lead", &Software::host_lead, 0, 1,
          "1: the host runs ahead over a pass; 0: over layers, embedding and head each alone"),
    share("products", &Software::products, 0.5, 4, "time of matrix products over theirs alone"),
    share("scores", &Software::scores, 0.3, 4,
          "time of the products of unfused attention over theirs alone"),
    share("experts", &Software::experts, 0.3, 6, "time of experts' products over theirs alone"),
    share("attention", &Software::attention, 0.5, 8, "time of fused attention over its own alone"),
    share("streams", &Software::streams, 0.2, 8, "time of memory-bound operators, fused once each"),
    share("unaligned_products", &Software::unaligned_products, 1, 8,
          "time of products of odd width over that of padded ones"),
    share("fused_clamping", &Software::fused_clamping, 0, 1,
          "1: bias, clamping and gate of a clamped activation are one kernel; 0: one each"),
    share("loss_forward", &Software::loss_forward, 0, 40,
          "passes of the loss over logits in fp32, forward; 0: one kernel"),
    share("loss_backward", &Software::loss_backward, 0, 40, "the same, backward"),
    share("tensor_exchange", &Software::tensor_exchange, 0.3, 8,
          "time of tensor-parallel collectives over theirs alone"),
    time("exchange_overhead", &Software::exchange_overhead, 1e-1,
         "time of a tensor-parallel collective beside its bytes'"),
    share("gradient_exchange", &Software::gradient_exchange, 0.3, 8,
          "time of gradient and weight exchange over its own alone"),
    share("stage_exchange", &Software::stage_exchange, 0.1, 20,
          "time of messages between stages over theirs alone"),
    time("message_overhead", &Software::message_overhead, 1,
         "time of a message between stages beside its bytes'"),
    share("scattered_messages", &Software::scattered_messages, 0, 1,
          "share of a message that is scattered over the tensor-parallel ranks"),
    share("hidden_messages", &Software::hidden_messages, 0, 1,
          "share of the messages of interleaved stages behind other chunks' work"),
    share("expert_exchange", &Software::expert_exchange, 0.2, 8,
          "time of tokens' way to experts over its own alone"),
    share("hidden_expert_exchange", &Software::hidden_expert_exchange, 0, 1,
          "share of tokens' way to experts behind other work"),
    share("hidden_tensor_exchange", &Software::hidden_tensor_exchange, 0, 1,
          "share of tensor-parallel exchange behind products"),
    share("hidden_gradient_sums", &Software::hidden_gradient_sums, 0, 1,
          "share of the sums of inputs' gradients behind gradients of weights"),
    time("step_overhead", &Software::step_overhead, 10, "time of a step outside of the model"),
    share("cast_weights", &Software::cast_weights, 0, 1,
          "1: ZeRO-3 holds weights in fp32 alone, and casts what it gathers"),
    share("weight_gradient_bytes", &Software::weight_gradient_bytes, 0, 16,
          "bytes of a parameter of the largest matrix while its gradient is made"),
    share("kept_gradient_bytes", &Software::kept_gradient_bytes, 0, 4,
          "bytes of a parameter of 16-bit gradients beside wider sums"),
    share("logit_copies", &Software::logit_copies, 0, 8, "copies of the logits beside one in fp32"),
    share("saved", &Software::saved, 0.2, 2, "activations kept over those of operators fused once"),
    SoftwareConstant{.key = "context",
                     .size = &Software::context,
                     .lowest = 0,
                     .highest = 1e11,
                     .meaning = "memory of driver, libraries and collectives' buffers"},
    share("fragmentation", &Software::fragmentation, 0, 1,
          "what the allocator holds over what tensors take"),
    share("jitter", &Software::jitter, 0, 0.2, "standard deviation of a GPU's step, as a share"),
};

/// Rows of 16-bit matrices that begin at multiples of 16 bytes: NVIDIA, Matrix Multiplication
/// Background, section 2.
bool is_aligned(const MatrixShape &shape) {
  constexpr std::int64_t multiple = 8;
  return shape.columns % multiple == 0 && shape.depth % multiple == 0;
}

double slowdown(const Software &software, OperatorClass kind) {
  switch (kind) {
  case OperatorClass::gemm:
  case OperatorClass::convolution:
    return software.products;
  case OperatorClass::grouped_gemm:
    return software.experts;
  case OperatorClass::batched_gemm:
    return software.scores;
  case OperatorClass::fused_attention:
    return software.attention;
  case OperatorClass::cross_entropy:
    return software.loss_forward > 0 ? 1 : software.streams; // its passes are counted
  default:
    return software.streams;
  }
}

} // namespace

double SoftwareConstant::of(const Software &software) const {
  if (share != nullptr)
    return software.*share;
  return time != nullptr ? (software.*time).in(units::second) : (software.*size).in(units::byte);
}

void SoftwareConstant::set(Software &software, double value) const {
  if (share != nullptr)
    software.*share = value;
  else if (time != nullptr)
    software.*time = value * units::second;
  else
    software.*size = value * units::byte;
}

std::span<const SoftwareConstant> software_constants() { return constants; }

Seconds in_training(const Software &software, const OperatorCall &call, Seconds alone) {
  const Seconds time = slowdown(software, call.kind) * alone;
  return call.kind == OperatorClass::gemm && !is_aligned(call.shape)
             ? software.unaligned_products * time
             : time;
}

Seconds with_host(Seconds device, Seconds host) {
  if (host <= Seconds{} || device <= Seconds{})
    return std::max(device, host);
  constexpr double sharpness = 8;
  const double ratio = std::min(host / device, device / host);
  return std::pow(1 + std::pow(ratio, sharpness), 1 / sharpness) * std::max(device, host);
}

double slowest_of(const Software &software, double gpus) {
  return 1 + software.jitter * std::sqrt(2 * std::log(std::max(gpus, 1.0)));
}

} // namespace flopcast
