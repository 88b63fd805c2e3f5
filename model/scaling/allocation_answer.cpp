// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/allocation_answer.hpp"

#include <algorithm>
#include <cmath>

namespace flopcast {
namespace {

std::optional<BudgetSplit> solve(const BudgetProblem &allocation, const AllocationGoal &goal) {
  return goal.budget ? best_split(allocation, *goal.budget)
                     : cheapest_split(allocation, *goal.loss);
}

double ratio(const BudgetSplit &split) { return split.tokens.in(units::token) / split.params; }

} // namespace

std::optional<AllocationAnswer> allocate(const ScalingLaw &law, const BudgetProblem &allocation,
                                         const AllocationGoal &goal) {
  const auto best = solve(allocation, goal);
  if (!best)
    return std::nullopt;
  AllocationAnswer answer;
  answer.best = *best;
  answer.flatness = {loss_of_other_size(allocation, *best, 0.5),
                     loss_of_other_size(allocation, *best, 2)};
  std::vector<double> params;
  std::vector<double> tokens;
  std::vector<double> ratios;
  std::vector<double> losses;
  std::vector<double> costs;
  std::vector<double> doubled;
  for (const LawForm &form : sampled_forms(law)) {
    BudgetProblem drawn = allocation;
    drawn.form = form;
    const auto split = solve(drawn, goal);
    if (!split) // under these coefficients the loss is out of reach at any price
      continue;
    params.push_back(split->params);
    tokens.push_back(split->tokens.in(units::token));
    ratios.push_back(ratio(*split));
    losses.push_back(split->loss);
    costs.push_back(split->cost);
    if (const auto lost = loss_of_other_size(drawn, *split, 2))
      doubled.push_back(*lost);
  }
  answer.params = interval_of(params, best->params);
  answer.tokens = interval_of(tokens, best->tokens.in(units::token));
  answer.tokens_per_parameter = interval_of(ratios, ratio(*best));
  answer.loss = interval_of(losses, best->loss);
  answer.cost = interval_of(costs, best->cost);
  if (answer.flatness.double_params)
    answer.flatness_double = interval_of(doubled, *answer.flatness.double_params);
  return answer;
}

std::optional<BudgetSplit> stated_optimum(const ScalingLaw &law, FlopCount budget) {
  const double compute = budget.in(units::flop);
  const auto given = [&](LawQuantity result) -> std::optional<double> {
    const LawRelation *relation = find_relation(law, result);
    if (relation == nullptr || !relation->coefficient || relation->factors.size() != 1 ||
        relation->factors.front().variable != LawQuantity::compute)
      return std::nullopt;
    return evaluate(*relation, {{{LawQuantity::compute, compute}}});
  };
  const std::optional<double> tokens = given(LawQuantity::tokens);
  std::optional<double> params = given(LawQuantity::params);
  if (const auto per_token = given(LawQuantity::flops_per_token); per_token && !params)
    params = *per_token / 6;
  if (!params && !tokens)
    return std::nullopt;
  BudgetSplit split;
  split.params = params ? *params : compute / (6 * *tokens);
  split.tokens = (tokens ? *tokens : compute / (6 * split.params)) * units::token;
  split.cost = compute;
  return split;
}

StatedIntervals stated_intervals(const ScalingLaw &law, FlopCount budget) {
  StatedIntervals intervals;
  const Bounds &budgets = law.range.compute;
  if (!budgets.low || !budgets.high)
    return intervals;
  intervals.about = std::sqrt(*budgets.low * *budgets.high) * units::flop;
  const double times = budget / intervals.about;
  const auto given = [&](LawQuantity result) -> std::optional<LawInterval> {
    const LawRelation *relation = find_relation(law, result);
    if (relation == nullptr || !relation->coefficient || relation->factors.size() != 1 ||
        relation->factors.front().variable != LawQuantity::compute ||
        !relation->exponent_range.low || !relation->exponent_range.high)
      return std::nullopt;
    const double base = evaluate(*relation, {{{LawQuantity::compute, budget.in(units::flop)}}});
    const auto turned = [&](double exponent) {
      return base * std::pow(times, exponent - relation->factors.front().exponent);
    };
    const auto [low, high] = std::minmax(
        {turned(*relation->exponent_range.low), turned(*relation->exponent_range.high)});
    return LawInterval{low, base, high};
  };
  intervals.params = given(LawQuantity::params);
  intervals.tokens = given(LawQuantity::tokens);
  return intervals;
}

BatchAdvice batch_advice(const ScalingLaw &critical, const ScalingLaw &step_law,
                         const BudgetSplit &split) {
  const RelationInputs inputs{{{LawQuantity::loss, split.loss},
                               {LawQuantity::params, split.params},
                               {LawQuantity::tokens, split.tokens.in(units::token)}}};
  const auto value = [&](const ScalingLaw &law, LawQuantity result, std::string_view name) {
    const LawRelation *relation = find_relation(law, result, name);
    if (relation == nullptr)
      throw LawInputError("has no relation of a batch or a learning rate");
    return evaluate(*relation, inputs);
  };
  BatchAdvice advice;
  advice.critical = value(critical, LawQuantity::batch_tokens, "critical") * units::token;
  advice.usual = value(step_law, LawQuantity::batch_tokens, "") * units::token;
  advice.learning_rate = value(step_law, LawQuantity::learning_rate, "");
  advice.batch = std::min({advice.critical, advice.usual, split.tokens});
  return advice;
}

} // namespace flopcast
