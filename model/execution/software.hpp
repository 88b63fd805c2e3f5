// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/efficiency/sample.hpp"
#include "hardware/operator_call.hpp"
#include "hardware/units/quantity.hpp"

#include <span>
#include <string>
#include <string_view>

namespace flopcast {

/// How far measured runs of a stack lie from what constants that were fitted without them predict:
/// log(measured / predicted). Samples are groups of runs that are nearly the same.
struct SoftwareSpread {
  ErrorSpread step_time;
  ErrorSpread memory;
  /// Standard deviation of log(step) that kernels and links explain on those runs.
  double hardware = 0;

  bool operator==(const SoftwareSpread &) const = default;
};

/// What a training stack makes of operators and exchanges that a device could do alone: the few
/// constants in which stacks differ, each with a physical meaning. Neutral by default: kernels run
/// as when they were measured one by one, and the host is never waited for.
struct Software {
  std::string framework; ///< id of its preset; "" for the neutral one

  // The host launches operators ahead of the device, which waits where the host is slower.
  Seconds host_forward;
  Seconds host_backward;
  Seconds host_exchange; ///< the same for a collective
  /// For each of the rank's experts in a layer, a pass, beside the layer's operators: its products,
  /// what quantizes them and its gradients go one by one.
  Seconds host_experts;
  /// 1: the host runs ahead over a whole pass, so that what the device does longest in one part
  /// hides launches of another. 0: embedding, layers and head each begin when all before is done.
  double host_lead = 1;

  // Time in training over time alone: sustained clocks, cold caches, kernels of another make.
  double products = 1;  ///< matrix products
  double scores = 1;    ///< products of unfused attention
  double experts = 1;   ///< products of experts
  double attention = 1; ///< fused attention
  double streams = 1;   ///< memory-bound operators: passes over memory that are not fused
  /// Products whose columns or depth are no multiples of 8, which 16-bit tensor cores want: an odd
  /// vocabulary that nobody padded.
  double unaligned_products = 1;

  /// 1: bias, clamping and gate of a clamped activation are one kernel; 0: one each.
  double fused_clamping = 1;

  // A loss that is no single kernel: passes that read or write the logits, in fp32, each launched
  // by itself. 0: one kernel, whose time `streams` scales.
  double loss_forward = 0;
  double loss_backward = 0;

  // Time in training over what the links were measured to take.
  double tensor_exchange = 1;
  /// Of a tensor-parallel collective, whatever its size: its ranks do not come to it at once.
  Seconds exchange_overhead;
  double gradient_exchange = 1; ///< of weights too, under ZeRO
  double stage_exchange = 1;    ///< messages between pipeline stages
  /// Share of a message that tensor-parallel ranks, which all hold it, send a part of each; the
  /// next stage gathers it: Narayanan et al. 2021, section 4.1.
  double scattered_messages = 0;

  /// Share of the messages of interleaved stages that runs behind other chunks' work.
  double hidden_messages = 0;
  Seconds message_overhead; ///< of a message between stages, whatever its size

  double expert_exchange = 1; ///< tokens to experts and back

  double hidden_expert_exchange = 0; ///< share of it behind other work
  double hidden_tensor_exchange = 0; ///< share of them that runs behind the products it is cut into
  /// Share of the sums of gradients of inputs that runs behind products for gradients of weights.
  double hidden_gradient_sums = 0;
  Seconds step_overhead; ///< gradient norm, optimizer launches, data, logging

  // Memory at the peak of a step.
  /// 1: under ZeRO-3 weights are held in fp32 alone, and cast where they are gathered; 0: beside
  /// those in the precision of training.
  double cast_weights = 0;
  double weight_gradient_bytes = 0; ///< a parameter of the largest matrix: its gradient in flight
  double kept_gradient_bytes = 0; ///< a parameter: gradients of 16 bits that stay beside wider sums
  double logit_copies = 0;        ///< fp32 copies of the logits beside the one that the loss keeps
  double saved = 1;               ///< of the activations that kernels, fused once each, would keep
  Bytes context = 2.0 * units::gigabyte; ///< driver, libraries, buffers of collectives: no tensors
  double fragmentation = 0;              ///< of the tensors: what the allocator holds beyond them

  /// Standard deviation of one GPU's step as a share of it: a step waits for the slowest of all.
  double jitter = 0;

  SoftwareSpread spread = {}; ///< no samples: unknown

  bool operator==(const Software &) const = default;
};

/// A constant of Software as files and the fit know it: `share`, `time` or `size`, whichever is
/// set.
struct SoftwareConstant {
  std::string_view key;
  double Software::*share = nullptr;
  Seconds Software::*time = nullptr;
  Bytes Software::*size = nullptr;
  double lowest = 0; ///< in the constant's unit: 1, seconds or bytes
  double highest = 0;
  std::string_view meaning;

  [[nodiscard]] double of(const Software &software) const;
  void set(Software &software, double value) const;
};

[[nodiscard]] std::span<const SoftwareConstant> software_constants();

/// Time of an operator in training that takes `alone` by itself.
[[nodiscard]] Seconds in_training(const Software &software, const OperatorCall &call,
                                  Seconds alone);

/// Time of work that keeps the device busy for `device` and the host, which launches it ahead, for
/// `host`: the longer of the two, and up to 9 % more where they are alike, since neither is always
/// ahead.
[[nodiscard]] Seconds with_host(Seconds device, Seconds host);

/// How much longer a step of `gpus` takes than one GPU's mean step, as a factor: the expected
/// largest of that many draws from a normal distribution, 1 + jitter × √(2 ln n).
[[nodiscard]] double slowest_of(const Software &software, double gpus);

} // namespace flopcast
