// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/scaling/allocation.hpp"
#include "model/scaling/law.hpp"
#include "model/scaling/law_sampling.hpp"

#include <optional>
#include <string>
#include <vector>

namespace flopcast {

/// What is wanted: the least loss for a budget in the cost's own unit, or the least cost for a
/// loss. Exactly one is set.
struct AllocationGoal {
  std::optional<double> budget = std::nullopt;
  std::optional<double> loss = std::nullopt;
};

/// How much loss a size beside the optimum costs, for the same money.
struct Flatness {
  std::optional<double> half_params;
  std::optional<double> double_params;
};

/// What a law says of a budget, with intervals where its uncertainty is known: over draws of the
/// coefficients, each with an optimum of its own.
struct AllocationAnswer {
  BudgetSplit best;
  std::optional<LawInterval> params;
  std::optional<LawInterval> tokens;
  std::optional<LawInterval> tokens_per_parameter;
  std::optional<LawInterval> loss;
  std::optional<LawInterval> cost;
  Flatness flatness;
  std::optional<LawInterval> flatness_double; ///< of double_params
};

/// Empty if the budget leaves nothing to train with, or no model reaches the loss.
[[nodiscard]] std::optional<AllocationAnswer>
allocate(const ScalingLaw &law, const BudgetProblem &allocation, const AllocationGoal &goal);

/// N and D that the paper's own relations give for a budget of FLOPs, where it has them: then they
/// are what the paper calls optimal. `params` counts by the law's convention; one of
/// flops_per_token M is divided by six. Empty if it has none.
[[nodiscard]] std::optional<BudgetSplit> stated_optimum(const ScalingLaw &law, FlopCount budget);

/// What printed ranges of the exponents leave of stated_optimum(): the relations turned about the
/// geometric middle of the budgets that the law was fitted to, where their data hold them. Absent
/// where the source prints no range, or no budgets are recorded.
struct StatedIntervals {
  std::optional<LawInterval> params;
  std::optional<LawInterval> tokens;
  FlopCount about;
};
[[nodiscard]] StatedIntervals stated_intervals(const ScalingLaw &law, FlopCount budget);

/// Tokens of a batch that hurts neither by noise nor by waste: the Step Law's for the tokens, at
/// most the critical batch of the loss.
struct BatchAdvice {
  TokenCount batch;
  TokenCount critical;
  TokenCount usual; ///< by the Step Law
  double learning_rate = 0;
};
[[nodiscard]] BatchAdvice batch_advice(const ScalingLaw &critical, const ScalingLaw &step_law,
                                       const BudgetSplit &split);

} // namespace flopcast
