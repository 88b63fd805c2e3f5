// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/gemm_fit.hpp"

#include "hardware/efficiency/monotone_grid.hpp"
#include "hardware/efficiency/sample.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace flopcast {
namespace {

using namespace units;

DeviceRates a100() { return {312.0 * teraflop / second, 2.039 * terabyte / second, 108}; }

GemmModel truth() {
  GemmModel model;
  model.launch = 4.0 * microsecond;
  model.memory_efficiency = 0.8;
  model.partial_tile = 0.5;
  model.partial_wave = 0.6;
  model.fill_depth = 150;
  model.split_cost = 2;
  model.tile_efficiency = {0.55, 0.6, 0.6, 0.65, 0.65, 0.75, 0.85, 0.85};
  return model;
}

/// Products over a grid of sizes, timed by the truth with log-normal noise.
std::vector<GemmSample> planted(double noise) {
  std::mt19937 random(7);
  std::normal_distribution<double> spread(0, 1);
  std::vector<GemmSample> samples;
  for (const std::int64_t m : {1, 16, 64, 128, 300, 512, 1024, 1500, 2048, 4096, 8192})
    for (const std::int64_t n : {64, 256, 768, 1024, 3000, 4096, 8192, 16384})
      for (const std::int64_t k : {64, 256, 1024, 2500, 4096, 8192, 16384}) {
        const MatrixShape shape{1, m, n, k};
        samples.push_back({shape, gemm_time(truth(), a100(), shape, ElementBytes{}) *
                                      std::exp(noise * spread(random))});
      }
  return samples;
}

double median_error(const GemmModel &model, const std::vector<GemmSample> &samples) {
  std::vector<double> errors;
  for (const GemmSample &sample : samples)
    errors.push_back(gemm_time(model, a100(), sample.shape, ElementBytes{}) / sample.time - 1);
  return summarize(errors).median;
}

TEST(GemmFit, RecoversAPlantedModel) {
  const GemmModel fitted = fit_gemm(planted(0.03), a100(), ElementBytes{}, false);
  EXPECT_NEAR(fitted.launch.in(microsecond), 4, 0.4);
  EXPECT_NEAR(fitted.memory_efficiency, 0.8, 0.05);
  // Tiles trade places with one another and with the residual: the best of them is what large
  // products show.
  EXPECT_NEAR(*std::ranges::max_element(fitted.tile_efficiency), 0.85, 0.1);
  EXPECT_EQ(fitted.conversion_bytes, 0);
  // Against the truth itself, the noise of 3 % is averaged over hundreds of samples.
  EXPECT_LT(median_error(fitted, planted(0)), 0.02);
}

TEST(GemmFit, IsNotLedAstrayByOutliers) {
  std::vector<GemmSample> samples = planted(0.02);
  for (std::size_t i = 0; i < samples.size(); i += 20)
    samples[i].time *= 3; // a twentieth of the kernels were disturbed
  EXPECT_LT(median_error(fit_gemm(samples, a100(), ElementBytes{}, false), planted(0)), 0.03);
}

TEST(GemmFit, DoesNotDependOnTheOrderOfSamples) {
  std::vector<GemmSample> samples = planted(0.02);
  const GemmModel one = fit_gemm(samples, a100(), ElementBytes{}, false);
  std::ranges::reverse(samples);
  const GemmModel other = fit_gemm(samples, a100(), ElementBytes{}, false);
  EXPECT_EQ(one.residual, other.residual);
  EXPECT_EQ(one.launch, other.launch);
}

TEST(GemmFit, StaysMonotoneOverRandomShapes) {
  // Noise of 10 % tempts the residual into bumps that the projection must take out.
  const GemmModel model = fit_gemm(planted(0.1), a100(), ElementBytes{}, false);
  std::mt19937 random(3);
  std::uniform_real_distribution<double> octaves(0, 15);
  std::uniform_real_distribution<double> growth(0, 1);
  const auto side = [&] { return static_cast<std::int64_t>(std::exp2(octaves(random))); };
  for (int i = 0; i < 100'000; ++i) {
    const MatrixShape small{1, side(), side(), side()};
    MatrixShape large = small;
    std::int64_t &grown = i % 3 == 0 ? large.rows : i % 3 == 1 ? large.columns : large.depth;
    grown += 1 + static_cast<std::int64_t>(growth(random) * static_cast<double>(grown));
    ASSERT_LE(gemm_time(model, a100(), small, ElementBytes{}) * (1 - 1e-12),
              gemm_time(model, a100(), large, ElementBytes{}))
        << small.rows << " " << small.columns << " " << small.depth << " to " << large.rows << " "
        << large.columns << " " << large.depth;
  }
}

TEST(MonotoneGrid, FallsByNoMoreThanTheBaseRises) {
  // base = x·y·z rises by ln 2 an octave along each axis; four fifths of it may be used up, less a
  // reserve and rounded down: 0.8 × 0.6931 − 0.006 = 0.5485.
  LogGrid grid{.axes = {LogAxis{0, 1, 3}, LogAxis{0, 1, 2}, LogAxis{0, 1, 2}},
               .values = {0, 0, 0, 0, -2, -2, -2, -2, 1, 1, 1, 1}};
  make_monotone(grid, [](const std::array<double, 3> &at) { return at[0] * at[1] * at[2]; });
  const double fall = grid.values[0] - grid.values[4];
  EXPECT_LE(fall, 0.548 + 1e-9);
  EXPECT_GT(fall, 0.548 - 2e-3);             // and it uses what it may
  EXPECT_GT(grid.values[8], grid.values[4]); // where it rose it still rises
}

TEST(ErrorSummary, OfFourErrorsIsWhatAHandCounts) {
  // Sizes 1, 2, 3, 10 %: the nearest ranks of 0.5 and 0.9 over 0…3 are 2 (3 %) and 3 (10 %).
  const ErrorSummary summary = summarize({0.01, -0.02, 0.03, -0.10});
  EXPECT_EQ(summary.samples, 4);
  EXPECT_DOUBLE_EQ(summary.median, 0.03);
  EXPECT_DOUBLE_EQ(summary.p90, 0.10);
  EXPECT_DOUBLE_EQ(summary.mean, 0.04);
  EXPECT_DOUBLE_EQ(summary.bias, -0.02);
  EXPECT_EQ(summarize({}), ErrorSummary{});
}

} // namespace
} // namespace flopcast
