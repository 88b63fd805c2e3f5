// SPDX-License-Identifier: Apache-2.0
// Fits of 240 runs whose sizes, budgets and noise are like those of Hoffmann et al. 2022.
#include "model/scaling/fit/analysis.hpp"
#include "model/scaling/fit/random_stream.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

namespace flopcast {
namespace {

/// E + A/N^alpha + B/D^beta with the coefficients that fit the published points, and residuals
/// with their long tails.
std::vector<ScalingRun> runs_like_chinchilla() {
  RandomStream random(20, 0);
  std::vector<ScalingRun> runs;
  for (int i = 0; i < 240; ++i) {
    const double c = std::pow(10, 18.8 + 2.7 * random.uniform());
    const double n = 0.13 * std::pow(c, 0.5) * std::exp(2.4 * (random.uniform() - 0.5));
    ScalingRun run;
    run.set(RunFeature::parameters, n);
    run.set(RunFeature::tokens, c / 6 / n);
    run.set(RunFeature::compute, c);
    const double size = random.uniform() < 0.1 ? 0.02 : 0.005;
    run.loss = (1.8172 + 477.83 * std::pow(n, -0.34731) + 2143.4 * std::pow(c / 6 / n, -0.36717)) *
               std::exp(size * random.normal());
    runs.push_back(run);
  }
  return runs;
}

/// The default certified fit: at most 50 ms.
void certified_fit(benchmark::State &state) {
  const auto runs = runs_like_chinchilla();
  for (auto _ : state)
    benchmark::DoNotOptimize(fit_law(runs, {}).objective);
}
BENCHMARK(certified_fit)->Unit(benchmark::kMillisecond);

/// From the 4,500 starts of Hoffmann et al.: at most 1.5 s; scipy needs 19 to 69 s.
void certified_fit_from_4500_starts(benchmark::State &state) {
  const auto runs = runs_like_chinchilla();
  for (auto _ : state) {
    const LawFit fit = fit_law(runs, {.hoffmann_starts = true});
    state.counters["agreeing"] = fit.certificate.starts_agreeing;
  }
}
BENCHMARK(certified_fit_from_4500_starts)->Unit(benchmark::kMillisecond);

/// On one thread: at most 1.2 s; scipy needs 18 to 20 s.
void bootstrap_of_4000(benchmark::State &state) {
  const LawFit fit = fit_law(runs_like_chinchilla(), {});
  const auto kind = state.range(0) == 0 ? BootstrapKind::cases : BootstrapKind::residuals;
  for (auto _ : state)
    benchmark::DoNotOptimize(
        bootstrap(fit, {.kind = kind, .resamples = 4000, .threads = 1}).not_converged);
}
BENCHMARK(bootstrap_of_4000)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

/// All that `flopcast law fit` computes, with 1,000 resamples on one thread.
void whole_analysis(benchmark::State &state) {
  const auto runs = runs_like_chinchilla();
  for (auto _ : state)
    benchmark::DoNotOptimize(
        analyse_law(runs, {.bootstrap = {.resamples = 1000, .threads = 1}}).straying);
}
BENCHMARK(whole_analysis)->Unit(benchmark::kMillisecond);

/// The objective with its gradient and curvature at one point, 240 runs.
void one_evaluation(benchmark::State &state) {
  LawFit fit = fit_law(runs_like_chinchilla(), {});
  Eigen::MatrixXd jacobian;
  Eigen::MatrixXd curvature = Eigen::MatrixXd::Zero(5, 5);
  const Eigen::ArrayXd factor = Eigen::ArrayXd::Ones(240);
  for (auto _ : state) {
    fit.problem.model.set(fit.theta);
    fit.problem.model.jacobian(jacobian);
    fit.problem.model.add_curvature(factor, jacobian, curvature);
    benchmark::DoNotOptimize(curvature);
  }
}
BENCHMARK(one_evaluation)->Unit(benchmark::kMicrosecond);

} // namespace
} // namespace flopcast
