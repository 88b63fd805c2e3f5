// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/grouped_fit.hpp"
#include "hardware/efficiency/grouped_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

namespace flopcast {
namespace {

using namespace units;

/// 100 TFLOP/s over 100 multiprocessors, 1 TB/s.
DeviceRates rates() { return {100.0 * teraflop / second, terabyte / second, 100}; }

/// Hard quantisation, full efficiency, tiles of 128 x 128: times can be counted by hand.
GroupedModel ideal() {
  GroupedModel model;
  model.product.partial_tile = 0;
  model.product.partial_wave = 0;
  model.product.tile_efficiency.fill(1e-6);
  model.product.tile_efficiency[5] = 1;
  return model;
}

OperatorCall product(const MatrixShape &shape) {
  return {.kind = OperatorClass::grouped_gemm, .flops = {}, .bytes = {}, .shape = shape};
}

OperatorCall layer(std::int64_t experts, std::int64_t rows, std::int64_t hidden, std::int64_t width,
                   std::int64_t tokens) {
  OperatorCall call =
      product({.batch = experts, .rows = rows, .columns = 2 * width, .depth = hidden});
  call.kernels = 2;
  call.expert_width = width;
  call.tokens = tokens;
  return call;
}

double microseconds(const GroupedModel &model, const OperatorCall &call) {
  return grouped_time(model, rates(), call, ElementBytes{}).in(microsecond);
}

TEST(GroupedTime, SumsTheTilesOfAllExperts) {
  // 4 experts with 5 x 5 tiles fill 100 multiprocessors once: 2·128²·4096 / 1e12 = 134.2 us.
  // Memory: 4·2·(2·640·4096 + 640²) / 1e12 = 45.2 us, (45.2 / 134.2)^4 / 4 = 0.3 %.
  EXPECT_NEAR(microseconds(ideal(), product({4, 640, 640, 4096})), 134.2 * 1.003, 0.1);
}

TEST(GroupedTime, PaysAWholeTileForAnExpertThatIsBegun) {
  // One row or 128: 20 experts with 1 x 5 tiles fill 100 multiprocessors once either way. Memory:
  // 20·2·(m·4096 + 4096·640 + m·640) / 1e12 = 105.0 us for one row, 129.1 us for 128.
  const auto smooth = [](double memory) {
    return std::pow(std::pow(134.2, 4) + std::pow(memory, 4), 0.25);
  };
  EXPECT_NEAR(microseconds(ideal(), product({20, 1, 640, 4096})), smooth(105.0), 0.3);
  EXPECT_NEAR(microseconds(ideal(), product({20, 128, 640, 4096})), smooth(129.1), 0.3);
}

TEST(GroupedTime, NeverSplitsTheDepth) {
  // 4 tiles on 100 multiprocessors: each takes its whole depth, 2·128²·65536 / 1e12 = 2147 us.
  EXPECT_NEAR(microseconds(ideal(), product({4, 128, 128, 65536})), 2147.5, 1);
}

TEST(GroupedTime, ReadsTheWeightsOfEveryExpert) {
  GroupedModel model = ideal();
  model.product.tile_efficiency.fill(1);
  // 64 experts of 2·4096·4096 B: 2.15 GB at 1 TB/s are 2147 us. The fastest tile for one row is 64
  // x 64: 64·64 tiles in 41 waves of 2·64²·4096 / 1e12 = 33.6 us, 1376 us.
  const double smooth = std::pow(std::pow(2147.5 + 1.0, 4) + std::pow(1375.7, 4), 0.25);
  EXPECT_NEAR(microseconds(model, product({64, 1, 4096, 4096})), smooth, 2);
}

TEST(GroupedTime, OfALayerIsBothProductsAndWhatStandsAround) {
  GroupedModel model = ideal();
  const OperatorCall call = layer(4, 640, 4096, 2048, 1280);
  const double products = microseconds(model, product({4, 640, 4096, 4096})) +
                          microseconds(model, product({4, 640, 4096, 2048}));
  EXPECT_NEAR(microseconds(model, call), products, 1e-6);
  model.layer_launch = 20.0 * microsecond;
  model.permuted_bytes = 6;
  model.activated_bytes = 8;
  model.token_bytes = 2;
  // At 1 TB/s: 4·640·4096·6 B = 62.9 us; 4·640·2048·8 B = 41.9 us; 1280·4096·2 B = 10.5 us.
  EXPECT_NEAR(microseconds(model, call) - products, 20 + 62.9 + 41.9 + 10.5, 0.1);
}

TEST(GroupedTime, OfBothGradientsIsTheirProducts) {
  OperatorCall gradients = product({8, 512, 2048, 4096});
  gradients.pass = Pass::backward;
  gradients.kernels = 2;
  EXPECT_NEAR(microseconds(ideal(), gradients),
              microseconds(ideal(), product({8, 512, 4096, 2048})) +
                  microseconds(ideal(), product({8, 4096, 2048, 512})),
              1e-6);
}

TEST(GroupedTime, CountsUnequalSharesAsMoreRows) {
  GroupedModel model = ideal();
  model.uneven_rows = 64;
  OperatorCall uneven = product({4, 576, 640, 4096});
  uneven.uneven = true;
  EXPECT_NEAR(microseconds(model, uneven), microseconds(model, product({4, 640, 640, 4096})), 1e-6);
}

GroupedModel plausible() {
  GroupedModel model;
  model.layer_launch = 25.0 * microsecond;
  model.product.memory_efficiency = 0.9;
  model.product.partial_tile = 0.05;
  model.product.partial_wave = 0.4;
  model.product.fill_depth = 300;
  model.product.tile_efficiency = {0.3, 0.5, 0.45, 0.4, 0.7, 0.65, 0.9, 0.8};
  model.permuted_bytes = 9;
  model.activated_bytes = 12;
  model.token_bytes = 4;
  model.uneven_rows = 20;
  return model;
}

TEST(GroupedTime, NeverFallsAsALayerGrows) {
  const GroupedModel model = plausible();
  std::mt19937 random(1);
  std::uniform_real_distribution<double> octaves(0, 13);
  std::uniform_real_distribution<double> growth(0, 1);
  const auto side = [&] { return static_cast<std::int64_t>(std::exp2(octaves(random))); };
  for (int i = 0; i < 20'000; ++i) {
    const OperatorCall small = layer(1 + side() % 256, side(), side(), side(), side());
    OperatorCall large = small;
    const std::array grown{&large.shape.batch, &large.shape.rows,   &large.shape.columns,
                           &large.shape.depth, &large.expert_width, &large.tokens};
    std::int64_t &one = *grown[static_cast<std::size_t>(i) % grown.size()];
    one += 1 + static_cast<std::int64_t>(growth(random) * static_cast<double>(one));
    ASSERT_LE(microseconds(model, small), microseconds(model, large) * (1 + 1e-12))
        << i % 6 << ": " << small.shape.batch << " " << small.shape.rows << " "
        << small.shape.columns << " " << small.shape.depth;
    large = small;
    large.uneven = true;
    ASSERT_LE(microseconds(model, small), microseconds(model, large) * (1 + 1e-12));
  }
}

std::vector<KernelSample> samples_of(const GroupedModel &model) {
  std::vector<KernelSample> samples;
  for (const std::int64_t experts : {1, 4, 16, 64})
    for (const std::int64_t width : {512, 1536, 4096})
      for (const std::int64_t hidden : {2048, 4096, 7168})
        for (std::int64_t rows = 1; rows <= 4096; rows *= 4)
          for (const std::int64_t top : {2, 8})
            for (const bool uneven : {false, true}) {
              OperatorCall call = layer(experts, rows, hidden, width, experts * rows / top + 1);
              call.uneven = uneven;
              samples.push_back({call, grouped_time(model, rates(), call, ElementBytes{})});
            }
  return samples;
}

TEST(GroupedFit, MeetsWhatItsOwnModelMade) {
  const std::vector<KernelSample> samples = samples_of(plausible());
  const GroupedModel fitted = fit_grouped(samples, rates(), ElementBytes{});
  std::vector<double> errors;
  errors.reserve(samples.size());
  for (const KernelSample &sample : samples)
    errors.push_back(grouped_time(fitted, rates(), sample.call, ElementBytes{}) / sample.time - 1);
  // The tiles are not told apart where another is nearly as fast: times are, to 2 %.
  const ErrorSummary summary = summarize(errors);
  EXPECT_LT(summary.median, 0.02);
  EXPECT_LT(summary.p90, 0.05);
  EXPECT_EQ(fitted.product.measured_from, (MatrixShape{1, 1, 1024, 512}));
  EXPECT_EQ(fitted.product.measured_to, (MatrixShape{64, 4096, 8192, 7168}));
}

TEST(GroupedFit, DoesNotDependOnTheOrderOfSamples) {
  std::vector<KernelSample> samples = samples_of(plausible());
  const GroupedModel one = fit_grouped(samples, rates(), ElementBytes{});
  std::ranges::reverse(samples);
  const GroupedModel other = fit_grouped(samples, rates(), ElementBytes{});
  EXPECT_EQ(one.product.tile_efficiency, other.product.tile_efficiency);
  EXPECT_EQ(one.permuted_bytes, other.permuted_bytes);
}

TEST(GroupedRange, KnowsTheNumberOfExperts) {
  GroupedModel model;
  model.product.measured_from = {1, 1, 32, 16};
  model.product.measured_to = {256, 4096, 16384, 16384};
  EXPECT_TRUE(in_measured_range(model, product({256, 512, 4096, 4096})));
  EXPECT_FALSE(in_measured_range(model, product({257, 512, 4096, 4096})));
  EXPECT_FALSE(in_measured_range(model, product({256, 8192, 4096, 4096})));
  OperatorCall gradient = product({256, 512, 4096, 4096});
  gradient.pass = Pass::backward;
  EXPECT_FALSE(in_measured_range(model, gradient)); // never measured
}

} // namespace
} // namespace flopcast
