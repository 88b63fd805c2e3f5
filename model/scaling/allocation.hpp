// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/scaling/law_form.hpp"

#include <functional>
#include <optional>
#include <vector>

namespace flopcast {

/// What a model of a size costs, in the budget's own unit (FLOP, GPU-seconds, dollars): for a token
/// that it trains on, and for all that it serves in its life. Slopes are derivatives by ln N.
struct SizeCost {
  double training = 0;       ///< a token
  double training_slope = 0; ///< of ln training by ln N: 1 on C = 6ND
  double serving = 0;
  double serving_slope = 0; ///< of serving by ln N
};
using CostCurve = std::function<SizeCost(double params)>;

/// 6 N D to train, 2 N for each token served, of the share of parameters that a token uses.
[[nodiscard]] CostCurve flop_cost(double active_share, TokenCount served);

/// What is to be divided, and within which bounds.
struct BudgetProblem {
  LawForm form;
  LawPoint point; ///< experts, unique tokens, bits …; its params and tokens are what is sought
  CostCurve cost;
  double least_params = 1e3;
  double most_params = 1e18;
  std::optional<TokenCount> most_tokens = std::nullopt; ///< a data cap without repeats
  /// Sizes at which the curve of costs bends: on either side of one there may be an optimum of its
  /// own, and the best of all is sought.
  std::vector<double> bends = {};
  std::optional<double> params = std::nullopt;     ///< fixed
  std::optional<TokenCount> tokens = std::nullopt; ///< fixed
};

/// The best model for a budget, or the cheapest for a loss.
struct BudgetSplit {
  double params = 0;
  TokenCount tokens;
  double loss = 0;
  double cost = 0; ///< training and serving
};

/// N and D of the least loss whose cost is the budget. On a curve of costs the first-order
/// condition dL/dlnN + dL/dlnD dlnD/dlnN = 0 is bracketed and bisected to the last digit.
/// Empty if no size within the bounds leaves anything to train with.
[[nodiscard]] std::optional<BudgetSplit> best_split(const BudgetProblem &allocation, double budget);

/// N and D of the least cost that reach the loss. Empty if no size within the bounds does.
[[nodiscard]] std::optional<BudgetSplit> cheapest_split(const BudgetProblem &allocation,
                                                        double loss);

/// Loss that is lost by a model of `factor` times the size for the same budget; empty where that
/// lies beyond the sizes.
[[nodiscard]] std::optional<double> loss_of_other_size(const BudgetProblem &allocation,
                                                       const BudgetSplit &best, double factor);

} // namespace flopcast
