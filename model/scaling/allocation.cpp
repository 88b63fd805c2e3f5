// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/allocation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace flopcast {
namespace {

/// Halvings that take any bracket of logarithms to the last digit of a double.
constexpr int most_halvings = 100;

/// Where a function that rises from below zero to above it crosses.
template <class Function> double crossing(double low, double high, Function rising) {
  for (int i = 0; i < most_halvings; ++i) {
    const double middle = 0.5 * (low + high);
    if (middle == low || middle == high)
      break;
    (rising(middle) < 0 ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

LawPoint at(const BudgetProblem &allocation, double params, double tokens) {
  LawPoint point = allocation.point;
  point.params = params;
  point.tokens = tokens * units::token;
  return point;
}

double tokens_for(const SizeCost &cost, double budget) {
  return (budget - cost.serving) / cost.training;
}

BudgetSplit split_at(const BudgetProblem &allocation, double params, double tokens) {
  const SizeCost cost = allocation.cost(params);
  return {params, tokens * units::token, loss(allocation.form, at(allocation, params, tokens)),
          tokens * cost.training + cost.serving};
}

/// dL/dlnN at constant cost. With X the budget, D = (X - S(N)) / t(N), so
/// dlnD/dlnN = -S'/(t D) - t'/t.
double slope_at(const BudgetProblem &allocation, double params, double tokens) {
  const SizeCost cost = allocation.cost(params);
  const LossValue value = evaluate(allocation.form, at(allocation, params, tokens));
  return value.by_log_params -
         value.by_log_tokens *
             (cost.serving_slope / (cost.training * tokens) + cost.training_slope);
}

/// Tokens with which a model of that size reaches the loss; infinite if none do.
double tokens_to_reach(const BudgetProblem &allocation, double params, double wanted) {
  const auto excess = [&](double log_tokens) {
    return wanted - loss(allocation.form, at(allocation, params, std::exp(log_tokens)));
  };
  constexpr double fewest = 0;  // ln of one token
  constexpr double most = 80.6; // ln of 1e35 tokens
  if (excess(most) < 0)
    return std::numeric_limits<double>::infinity();
  return std::exp(crossing(fewest, most, excess));
}

/// The answer of the part between two bends that has least of what counts.
template <class Solve>
std::optional<BudgetSplit> best_of_parts(const BudgetProblem &whole, Solve solve,
                                         double BudgetSplit::*counts) {
  std::optional<BudgetSplit> best;
  BudgetProblem part = whole;
  part.bends.clear();
  for (std::size_t i = 0; i <= whole.bends.size(); ++i) {
    part.least_params = i == 0 ? whole.least_params : whole.bends[i - 1];
    part.most_params = i == whole.bends.size() ? whole.most_params : whole.bends[i];
    const auto split = solve(part);
    if (split && (!best || *split.*counts < *best.*counts))
      best = split;
  }
  return best;
}

} // namespace

CostCurve flop_cost(double active_share, TokenCount served) {
  return [=](double params) {
    const double active = active_share * params;
    const double serving = 2 * active * served.in(units::token);
    return SizeCost{6 * active, 1, serving, serving};
  };
}

std::optional<BudgetSplit> best_split(const BudgetProblem &allocation, double budget) {
  if (!allocation.bends.empty() && !allocation.params && !allocation.tokens)
    return best_of_parts(
        allocation, [&](const BudgetProblem &part) { return best_split(part, budget); },
        &BudgetSplit::loss);
  const auto tokens_of = [&](double params) { return tokens_for(allocation.cost(params), budget); };
  if (allocation.params) {
    const double tokens = tokens_of(*allocation.params);
    return tokens > 0 ? std::optional(split_at(allocation, *allocation.params, tokens))
                      : std::nullopt;
  }
  const double least = std::log(allocation.least_params);
  // Below one token a law says nothing: the sizes that leave more are a bracket from below.
  double most = crossing(least, std::log(allocation.most_params),
                         [&](double log_params) { return 1 - tokens_of(std::exp(log_params)); });
  if (tokens_of(std::exp(least)) <= 1)
    return std::nullopt;
  most = std::max(std::nextafter(most, least), least);
  const auto spent_on = [&](double wanted) { // the size that sees so many tokens
    return std::exp(crossing(
        least, most, [&](double log_params) { return wanted - tokens_of(std::exp(log_params)); }));
  };
  if (allocation.tokens)
    return split_at(allocation, spent_on(allocation.tokens->in(units::token)),
                    allocation.tokens->in(units::token));
  const double params = std::exp(crossing(least, most, [&](double log_params) {
    const double size = std::exp(log_params);
    return slope_at(allocation, size, tokens_of(size));
  }));
  double tokens = tokens_of(params);
  if (allocation.most_tokens && tokens > allocation.most_tokens->in(units::token)) {
    tokens = allocation.most_tokens->in(units::token);
    return split_at(allocation, spent_on(tokens), tokens);
  }
  return split_at(allocation, params, tokens);
}

std::optional<BudgetSplit> cheapest_split(const BudgetProblem &allocation, double wanted) {
  if (!allocation.bends.empty() && !allocation.params)
    return best_of_parts(
        allocation, [&](const BudgetProblem &part) { return cheapest_split(part, wanted); },
        &BudgetSplit::cost);
  const auto tokens_of = [&](double params) { return tokens_to_reach(allocation, params, wanted); };
  const double highest = std::log(allocation.most_params);
  const double least_log = std::log(allocation.least_params);
  if (!std::isfinite(tokens_of(allocation.params.value_or(allocation.most_params))))
    return std::nullopt;
  double size = allocation.params.value_or(0);
  if (!allocation.params) {
    // Below the least size no number of tokens is enough.
    const double least = crossing(least_log, highest, [&](double log_params) {
      return std::isfinite(tokens_of(std::exp(log_params))) ? 1.0 : -1.0;
    });
    // At constant loss dlnD/dlnN = -L_N/L_D, and the cost t D + S is least where the slope of the
    // loss at constant cost is zero: the same condition as for a budget.
    size = std::exp(crossing(least, highest, [&](double log_params) {
      const double params = std::exp(log_params);
      const double tokens = tokens_of(params);
      return std::isfinite(tokens) ? slope_at(allocation, params, tokens) : -1.0;
    }));
  }
  double tokens = tokens_of(size);
  if (allocation.most_tokens && tokens > allocation.most_tokens->in(units::token)) {
    tokens = allocation.most_tokens->in(units::token);
    if (loss(allocation.form, at(allocation, allocation.most_params, tokens)) > wanted)
      return std::nullopt;
    size = std::exp(crossing(least_log, highest, [&](double log_params) {
      return wanted - loss(allocation.form, at(allocation, std::exp(log_params), tokens));
    }));
  }
  return split_at(allocation, size, tokens);
}

std::optional<double> loss_of_other_size(const BudgetProblem &allocation, const BudgetSplit &best,
                                         double factor) {
  const double params = factor * best.params;
  if (params < allocation.least_params || params > allocation.most_params)
    return std::nullopt;
  const double tokens = tokens_for(allocation.cost(params), best.cost);
  if (tokens <= 0)
    return std::nullopt;
  return loss(allocation.form, at(allocation, params, tokens)) - best.loss;
}

} // namespace flopcast
