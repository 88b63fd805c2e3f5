// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/allocation.hpp"
#include "model/scaling/allocation_answer.hpp"
#include "model/scaling/law_reader.hpp"
#include "model/scaling/prediction.hpp"
#include "tests/support/paths.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace flopcast::tests {
namespace {

using testing::Contains;
using testing::HasSubstr;

const AdditiveForm additive{1.8, 480, 2100, 0.35, 0.37};

BudgetProblem problem(double served = 0) {
  return {.form = additive, .point = {}, .cost = flop_cost(1, served * units::token)};
}

ScalingLaw huber() { return load_law(shipped_presets(), "besiroglu-2024-huber"); }

TEST(Allocation, MeetsTheClosedFormOfTheAdditiveLaw) {
  // N* = G (C/6)^(b/(a+b)), G = (aA/bB)^(1/(a+b)). Source: Hoffmann et al. 2022, eq. 4.
  const double g = std::pow(0.35 * 480 / (0.37 * 2100), 1 / 0.72);
  for (const double compute : {1e18, 1e21, 1e25}) {
    const double expected = g * std::pow(compute / 6, 0.37 / 0.72);
    EXPECT_NEAR(best_split(problem(), compute)->params / expected, 1, 1e-12) << compute;
  }
}

TEST(Allocation, SpendsTheWholeBudget) {
  for (const double served : {0.0, 1e11})
    EXPECT_NEAR(best_split(problem(served), 1e22)->cost / 1e22, 1, 1e-12) << served;
}

TEST(Allocation, TheCheapestModelOfALossIsTheBestOfItsCost) {
  for (const double served : {0.0, 1e12}) {
    const BudgetSplit best = *best_split(problem(served), 1e23);
    const BudgetSplit cheapest = *cheapest_split(problem(served), best.loss);
    EXPECT_NEAR(cheapest.cost / best.cost, 1, 1e-9);
    EXPECT_NEAR(cheapest.params / best.params, 1, 1e-6); // flat: cost is second order in N
  }
}

TEST(Allocation, NeitherHalfNorTwiceTheSizeIsBetter) {
  const BudgetSplit best = *best_split(problem(), 1e21);
  for (const double factor : {0.5, 0.9, 1.1, 2.0})
    EXPECT_GT(*loss_of_other_size(problem(), best, factor), 0) << factor;
}

TEST(Allocation, ServingMakesTheModelSmaller) {
  EXPECT_LT(best_split(problem(1e12), 1e23)->params, best_split(problem(), 1e23)->params);
}

TEST(Allocation, OfAMixtureThatUsesAQuarterOfItsParametersIsAsOfFourTimesTheBudget) {
  BudgetProblem sparse = problem();
  sparse.cost = flop_cost(0.25, TokenCount{});
  EXPECT_NEAR(best_split(sparse, 1e21)->params / best_split(problem(), 4e21)->params, 1, 1e-12);
}

TEST(Allocation, ACapOnTokensLeavesTheRestToParameters) {
  BudgetProblem capped = problem();
  capped.most_tokens = 1e9 * units::token;
  const BudgetSplit split = *best_split(capped, 1e22);
  EXPECT_DOUBLE_EQ(split.tokens.in(units::token), 1e9);
  EXPECT_NEAR(split.params / (1e22 / 6e9), 1, 1e-9);
}

TEST(Allocation, WhatIsFixedStays) {
  BudgetProblem fixed = problem();
  fixed.params = 1e9;
  EXPECT_NEAR(best_split(fixed, 6e19)->tokens.in(units::token) / 1e10, 1, 1e-12);
  BudgetProblem tokens = problem();
  tokens.tokens = 1e10 * units::token;
  EXPECT_NEAR(best_split(tokens, 6e19)->params / 1e9, 1, 1e-9);
}

TEST(Allocation, ALossBelowTheIrreducibleOneIsOutOfReach) {
  EXPECT_FALSE(cheapest_split(problem(), 1.79));
}

TEST(Allocation, ABudgetThatServingEatsLeavesNoModel) {
  // The least model of a thousand parameters serves 1e20 tokens for 2e23 FLOP.
  EXPECT_FALSE(best_split(problem(1e20), 1e20));
}

TEST(AllocationAnswer, IntervalsHoldTheOptimumAndWidenWithTheBudget) {
  const ScalingLaw law = huber();
  const auto at = [&](double compute) {
    return *allocate(law, {.form = *law.form, .point = {}, .cost = flop_cost(1, TokenCount{})},
                     {.budget = compute});
  };
  const AllocationAnswer near = at(1e21);
  const AllocationAnswer far = at(1e25);
  for (const AllocationAnswer &answer : {near, far}) {
    EXPECT_LT(answer.tokens_per_parameter->low, answer.tokens_per_parameter->base);
    EXPECT_GT(answer.tokens_per_parameter->high, answer.tokens_per_parameter->base);
    EXPECT_GT(answer.flatness_double->low, 0);
  }
  EXPECT_GT(far.params->high / far.params->low, near.params->high / near.params->low);
}

TEST(AllocationAnswer, TokensPerParameterSpreadAsTheBootstrapOfTheDataSays) {
  // 4,000 case resamples give an 80 % interval of D/N at 5.76e23 FLOP of 9.873 to 28.992, at 1e21
  // of 16.944 to 26.301. Normal draws with the covariance of 200 of them: 10 % for its own sampling
  // error (5 % of a standard deviation) and for what is not normal.
  const ScalingLaw law = huber();
  const auto ratio = [&](double compute) {
    const BudgetProblem flops{.form = *law.form, .point = {}, .cost = flop_cost(1, TokenCount{})};
    return *allocate(law, flops, {.budget = compute})->tokens_per_parameter;
  };
  EXPECT_NEAR(ratio(5.76e23).low / 9.873, 1, 0.1);
  EXPECT_NEAR(ratio(5.76e23).high / 28.992, 1, 0.1);
  EXPECT_NEAR(ratio(1e21).low / 16.944, 1, 0.1);
  EXPECT_NEAR(ratio(1e21).high / 26.301, 1, 0.1);
}

TEST(AllocationAnswer, TheStatedOptimumIsThePapers) {
  // 1.3e9 at one PF-day. Source: Kaplan et al. 2020, table 6.
  const ScalingLaw kaplan = load_law(shipped_presets(), "kaplan-2020");
  EXPECT_NEAR(stated_optimum(kaplan, 8.64e19 * units::flop)->params, 1.3e9, 1);
  EXPECT_FALSE(stated_optimum(huber(), 1e20 * units::flop));
}

TEST(AllocationAnswer, ABatchIsNeverAboveTheCriticalOne) {
  const auto advice = [](double loss, double tokens) {
    return batch_advice(load_law(shipped_presets(), "critical-batch"),
                        load_law(shipped_presets(), "step-law-2025"),
                        {1e9, tokens * units::token, loss, 0});
  };
  const BatchAdvice early = advice(4, 1e12);
  EXPECT_EQ(early.batch, early.critical);
  const BatchAdvice late = advice(1.9, 1e10);
  EXPECT_EQ(late.batch, late.usual);
}

TEST(Prediction, FarOutsideTheDataIsCalledExtrapolated) {
  const LossPrediction prediction =
      predict(huber(), {.point = {.params = 1e12, .tokens = 2e13 * units::token}, .tokenizer = {}},
              nullptr);
  EXPECT_THAT(prediction.warnings, Contains(HasSubstr("extrapolated: N")));
  EXPECT_THAT(prediction.warnings, Contains(HasSubstr("extrapolated: D")));
  EXPECT_THAT(prediction.warnings, Contains(HasSubstr("extrapolated: C")));
}

TEST(Prediction, InsideTheDataWarnsOfNothing) {
  EXPECT_TRUE(predict(huber(),
                      {.point = {.params = 1e9, .tokens = 2e10 * units::token}, .tokenizer = {}},
                      nullptr)
                  .warnings.empty());
}

TEST(Prediction, ARunsIntervalHoldsThatOfTheMean) {
  const LossPrediction p = predict(
      huber(), {.point = {.params = 1e9, .tokens = 2e10 * units::token}, .tokenizer = {}}, nullptr);
  EXPECT_LT(p.interval->low, p.of_coefficients->low);
  EXPECT_GT(p.interval->high, p.of_coefficients->high);
  EXPECT_EQ(p.interval->base, p.loss);
}

TEST(Prediction, WarnsWhereRoundedConstantsMatter) {
  // Printed and TeX constants at 70e9 and 1.4e12: 1.9366 and 1.9208.
  const ScalingLaw printed = load_law(shipped_presets(), "hoffmann-2022-printed");
  const ScalingLaw exact = load_law(shipped_presets(), printed.unrounded);
  const LossPrediction p = predict(
      printed, {.point = {.params = 7e10, .tokens = 1.4e12 * units::token}, .tokenizer = {}},
      &exact);
  EXPECT_THAT(p.warnings, Contains(HasSubstr("rounded constants")));
  EXPECT_THAT(p.warnings, Contains(HasSubstr("1.9208")));
}

TEST(Prediction, ConvertsParametersOfAnotherConventionAndSaysSo) {
  const ScalingLaw kaplan = load_law(shipped_presets(), "kaplan-2020");
  LawQuestion question{.point = {.params = 1e9, .tokens = 2e10 * units::token},
                       .params = ParamsConvention::total,
                       .tokenizer = "own"};
  const LossPrediction p = predict(kaplan, question, nullptr);
  // x + 47491 x^(1/3) = 1e9
  EXPECT_NEAR(p.point.params + 47491 * std::cbrt(p.point.params), 1e9, 1);
  EXPECT_THAT(p.warnings, Contains(HasSubstr("mixed conventions: the law counts non-embedding")));
  EXPECT_THAT(p.warnings, Contains(HasSubstr("not of \"own\"")));
  EXPECT_NEAR(usual_total_params(p.point.params), 1e9, 1);
}

TEST(Prediction, IsTheSameEveryTime) {
  const LawQuestion question{.point = {.params = 1e9, .tokens = 2e10 * units::token},
                             .tokenizer = {}};
  EXPECT_EQ(predict(huber(), question, nullptr).interval->high,
            predict(huber(), question, nullptr).interval->high);
}

// Costs that jump by half at 1e9 parameters (a machine that must recompute from there on) leave an
// optimum on either side; without the bend a bisection ends at one of them, whichever.
TEST(Allocation, IsTheBestOnEitherSideOfABend) {
  BudgetProblem bent = problem();
  bent.cost = [](double params) {
    return SizeCost{.training = 6 * params * (params > 1e9 ? 1.5 : 1.0), .training_slope = 1};
  };
  bent.bends = {1e9};
  const auto best = best_split(bent, 1.2e20);
  ASSERT_TRUE(best);
  for (double params = 1e8; params < 1e10; params *= 1.05) {
    BudgetProblem fixed = bent;
    fixed.params = params;
    const auto other = best_split(fixed, 1.2e20);
    ASSERT_TRUE(other);
    EXPECT_GE(other->loss, best->loss * (1 - 1e-9)) << params;
  }
}

} // namespace
} // namespace flopcast::tests
