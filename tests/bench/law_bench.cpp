// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/allocation_answer.hpp"
#include "model/scaling/law_reader.hpp"
#include "model/scaling/prediction.hpp"
#include "tests/support/paths.hpp"

#include <benchmark/benchmark.h>

namespace flopcast {
namespace {

ScalingLaw law() { return load_law(tests::shipped_presets(), "besiroglu-2024-huber"); }

/// A budget divided once: bracketing the first-order condition to the last digit.
void division_of_a_budget(benchmark::State &state) {
  const BudgetProblem problem{.form = *law().form, .point = {}, .cost = flop_cost(1, TokenCount{})};
  for (auto _ : state)
    benchmark::DoNotOptimize(best_split(problem, 1e23));
}
BENCHMARK(division_of_a_budget)->Unit(benchmark::kMicrosecond);

/// The same with intervals: a thousand draws of the coefficients, each with its own optimum.
void division_with_intervals(benchmark::State &state) {
  const ScalingLaw read = law();
  const BudgetProblem problem{.form = *read.form, .point = {}, .cost = flop_cost(1, TokenCount{})};
  for (auto _ : state)
    benchmark::DoNotOptimize(allocate(read, problem, {.budget = 1e23}));
}
BENCHMARK(division_with_intervals)->Unit(benchmark::kMillisecond);

/// A loss with its intervals.
void prediction_of_a_loss(benchmark::State &state) {
  const ScalingLaw read = law();
  const LawQuestion question{.point = {.params = 7e10, .tokens = 1.4e12 * units::token},
                             .tokenizer = {}};
  for (auto _ : state)
    benchmark::DoNotOptimize(predict(read, question, nullptr));
}
BENCHMARK(prediction_of_a_loss)->Unit(benchmark::kMicrosecond);

} // namespace
} // namespace flopcast
