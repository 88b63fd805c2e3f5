// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/planning/estimate.hpp"
#include "model/planning/layout_search.hpp"
#include "model/scaling/allocation_answer.hpp"

#include <optional>
#include <string>
#include <vector>

namespace flopcast {

/// The decoder of the same proportions with about `factor` times the parameters: width and depth
/// grow alike, by whole heads and, from four GPUs' worth of layers on, by whole pipelines. A
/// mixture keeps how many experts it has and uses; their width grows with the model's.
[[nodiscard]] Decoder scaled_decoder(const Decoder &base, double factor);

/// What a model will answer in its life, and how: a share of the tokens is prompt, read at once at
/// the matrix units' pace; the others are written one by one, when weights and keys and values are
/// read from memory.
struct Serving {
  TokenCount tokens;
  double prompt_share = 0.75;
  double batch = 64;               ///< sequences that are written at once
  double context = 2048;           ///< tokens that each sequence holds
  double compute_efficiency = 0.5; ///< of the dense peak, for prompts
  double memory_efficiency = 0.7;  ///< of the memory's bandwidth, for writing
};

/// Parameters that writing a token for each of so many sequences reads: of a mixture's experts
/// those that some sequence is sent to, if each is sent on its own.
[[nodiscard]] double params_read(const Decoder &decoder, const ParameterCounts &counts,
                                 double sequences);

/// GPU time that a token of the mix takes. Source: Pope et al. 2022, section 2; of latent attention
/// the latent is kept (DeepSeek-V2 2024, section 2.1).
[[nodiscard]] GpuTime serving_time_per_token(const Device &device, NumberFormat format,
                                             const Decoder &decoder, const ParameterCounts &counts,
                                             const Serving &serving);

/// What may be spent; at least one is set.
struct HardwareBudget {
  std::optional<GpuTime> gpu_time = std::nullopt;
  std::optional<Money> money = std::nullopt;
  std::optional<Seconds> deadline = std::nullopt;
};

struct HardwareQuestion {
  Plan plan; ///< machine's terms, training and the decoder whose proportions are kept
  Cluster cluster;
  bool count_is_given = false; ///< else the number of GPUs is chosen
  HardwareBudget budget;
  std::optional<double> target_loss = std::nullopt; ///< then the cheapest, within the budget
  Serving serving;
  /// Form, point and data cap; its cost is replaced, and what the point leaves open of experts and
  /// bits is that of the plan.
  BudgetProblem law;
  BatchAdvice batch;
};

/// One size of the family on the machine.
struct SizeOnHardware {
  double params = 0; ///< by the law's convention
  ParameterCounts counts;
  double factor = 0; ///< of the family's own decoder
  Decoder decoder;
  Layout layout;
  GpuTime held_per_token; ///< goodput included, times one token
  Money money_per_token;
  Seconds wall_per_token;
  GpuTime served;   ///< in all of its life
  Money served_for; ///< the same
};

/// A whole answer: what to train, on how many GPUs, how laid out, for how long and how much.
struct HardwareAnswer {
  AllocationAnswer split; ///< cost in GPU-seconds, or in dollars where money is the budget
  std::vector<SizeOnHardware> sizes; ///< what the optimum was sought between
  bool at_the_edge = false;          ///< of the sizes: a smaller or larger one may be better still
  SizeOnHardware chosen;             ///< the nearest real decoder
  TokenCount tokens;                 ///< that it trains on
  double loss = 0;
  std::int64_t gpus = 0;
  Seconds duration;
  GpuTime training_time;
  GpuTime serving_time;
  Money training_cost;
  Money serving_cost;
  Estimate estimate;
};

/// N, D, batch, layout and number of GPUs together: sizes of the family are laid out by
/// fastest_layout() and timed by estimate() on each candidate number of GPUs, their costs are
/// interpolated over ln N, and the law's first-order condition is solved on that curve. Empty if no
/// size fits the machine and the budget.
[[nodiscard]] std::optional<HardwareAnswer> allocate_on_hardware(const ScalingLaw &law,
                                                                 const HardwareQuestion &question);

} // namespace flopcast
