// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/gemm_model.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace flopcast {
namespace {

using namespace units;

/// 100 TFLOP/s over 100 multiprocessors, 1 TB/s.
DeviceRates rates() { return {100.0 * teraflop / second, terabyte / second, 100}; }

/// Hard quantisation, full efficiency, no launch: times can be counted by hand.
GemmModel ideal() {
  GemmModel model;
  model.partial_tile = 0;
  model.partial_wave = 0;
  model.split_cost = 1e9;           // so that nothing is split, unless a test allows it
  model.tile_efficiency.fill(1e-6); // all but one tile out of the race
  model.tile_efficiency[5] = 1;     // 128 x 128
  return model;
}

double microseconds(const GemmModel &model, const MatrixShape &shape) {
  return gemm_time(model, rates(), shape, ElementBytes{}).in(microsecond);
}

/// A product whose forward time is this many microseconds: launch alone.
double gradient_microseconds(double forward) {
  GemmModel model;
  model.launch = forward * microsecond;
  model.tile_efficiency.fill(1);
  model.gradient_time = {1, 1.2, 0.9, 0.8};
  return gradient_product_time(model, rates(), {1, 1, 1, 1}, ElementBytes{}).in(microsecond);
}

TEST(GradientProductTime, IsTheForwardOneTimesAFactorByDuration) {
  constexpr double close = 0.01; // the product itself
  EXPECT_NEAR(gradient_microseconds(2), 2, close) << "shorter than the first";
  EXPECT_NEAR(gradient_microseconds(160), 1.2 * 160, close);
  EXPECT_NEAR(gradient_microseconds(1600), 0.9 * 1600, close);
  EXPECT_NEAR(gradient_microseconds(160 * std::sqrt(10)),
              std::sqrt(1.2 * 0.9) * 160 * std::sqrt(10), close);
  EXPECT_NEAR(gradient_microseconds(1e6), 0.8e6, close) << "longer than the last";
}

// The smooth maximum lifts a compute-bound time by a quarter of (memory / compute)^4.

TEST(GemmTime, OfOneFullWaveIsATileOnEachMultiprocessor) {
  // 10 x 10 tiles of 128 x 128 on 100 multiprocessors: 2·128²·4096 / 1e12 = 134.2 us a tile.
  // Memory: 2·(1280·4096·2 + 1280²) / 1e12 = 24.2 us: (24.2 / 134.2)^4 / 4 = 0.03 %.
  EXPECT_NEAR(microseconds(ideal(), {1, 1280, 1280, 4096}), 134.2, 0.1);
}

TEST(GemmTime, OfOneTileMoreIsAWaveMore) {
  // 11 x 10 tiles: two waves.
  EXPECT_NEAR(microseconds(ideal(), {1, 1281, 1280, 4096}), 268.4, 0.1);
}

TEST(GemmTime, PaysAPartlyFilledWaveInPart) {
  GemmModel model = ideal();
  model.partial_wave = 0.5;
  // 110 tiles on 100: halfway between 1.1 and 2 waves, 1.55.
  EXPECT_NEAR(microseconds(model, {1, 1408, 1280, 4096}), 1.55 * 134.2, 0.2);
}

TEST(GemmTime, OfAShortDepthIsStartingTiles) {
  GemmModel model = ideal();
  model.fill_depth = 128;
  // (128 + 128) / 128 of 2·128³ / 1e12 = 4.19 us; memory 2·(2·1280·128 + 1280²) / 1e12 = 3.93 us.
  const double compute = 8.389;
  const double memory = 3.932;
  const double smooth = std::pow(std::pow(compute, 4) + std::pow(memory, 4), 0.25);
  EXPECT_NEAR(microseconds(model, {1, 1280, 1280, 128}), smooth, 0.01);
}

TEST(GemmTime, SplitsTheDepthWhereTilesDoNotFillTheDevice) {
  GemmModel model = ideal();
  model.split_cost = 0;
  // 25 tiles of depth 65,536 on 100 multiprocessors: split by 4, each does a quarter.
  EXPECT_NEAR(microseconds(model, {1, 640, 640, 65536}), 2 * 128. * 128 * 65536 / 4 / 1e6, 5);
}

TEST(GemmTime, IsBoundByItsBytes) {
  // A row times a matrix: 2·4096·12800 B = 104.9 MB at half of 1 TB/s are 209.7 us, and 100 tiles
  // one wave of 134.2 us.
  GemmModel model = ideal();
  model.memory_efficiency = 0.5;
  const double smooth = std::pow(std::pow(209.7, 4) + std::pow(134.2, 4), 0.25);
  EXPECT_NEAR(microseconds(model, {1, 1, 12800, 4096}), smooth, 0.2);
}

TEST(GemmTime, AddsThePassThatNarrowsTheLeftOperand) {
  GemmModel model = ideal();
  const double plain = microseconds(model, {1, 1280, 1280, 4096});
  model.conversion_bytes = 5; // 1280·4096·5 B at 1 TB/s
  EXPECT_NEAR(microseconds(model, {1, 1280, 1280, 4096}) - plain, 26.2, 0.05);
}

TEST(GemmTime, CountsABatchAsMoreTiles) {
  // 4 x 25 tiles fill the device as 100 of one product do.
  // Memory: 45.2 us, (45.2 / 134.2)^4 / 4 = 0.3 %.
  EXPECT_NEAR(microseconds(ideal(), {4, 640, 640, 4096}), 134.2 * 1.003, 0.1);
}

TEST(GemmTime, StartsAtTheLaunch) {
  GemmModel model = ideal();
  model.launch = 3.0 * microsecond;
  EXPECT_NEAR(microseconds(model, {1, 1, 1, 1}), 3, 0.2);
}

TEST(GemmTime, NeverFallsAsAProductGrows) {
  GemmModel model;
  model.launch = 3.0 * microsecond;
  model.memory_efficiency = 0.8;
  model.partial_tile = 0.3;
  model.partial_wave = 0.5;
  model.fill_depth = 150;
  model.split_cost = 3;
  model.tile_efficiency = {0.6, 0.65, 0.7, 0.5, 0.75, 0.7, 0.9, 0.85};
  std::mt19937 random(1);
  std::uniform_real_distribution<double> octaves(0, 16);
  std::uniform_real_distribution<double> growth(0, 1);
  const auto side = [&] { return static_cast<std::int64_t>(std::exp2(octaves(random))); };
  for (int i = 0; i < 100'000; ++i) {
    const MatrixShape small{1, side(), side(), side()};
    MatrixShape large = small;
    std::int64_t &grown = i % 3 == 0 ? large.rows : i % 3 == 1 ? large.columns : large.depth;
    grown += 1 + static_cast<std::int64_t>(growth(random) * static_cast<double>(grown));
    ASSERT_LE(microseconds(model, small), microseconds(model, large))
        << small.rows << " " << small.columns << " " << small.depth << " to " << large.rows << " "
        << large.columns << " " << large.depth;
  }
}

TEST(MeasuredRange, HoldsShapesBetweenItsCorners) {
  GemmModel model;
  model.measured_from = {1, 1, 32, 32};
  model.measured_to = {1, 8192, 65536, 65536};
  EXPECT_TRUE(in_measured_range(model, {1, 4096, 12288, 4096}));
  EXPECT_FALSE(in_measured_range(model, {1, 8193, 12288, 4096}));
  EXPECT_FALSE(in_measured_range(model, {1, 4096, 16, 4096}));
}

TEST(LogGrid, IsLinearBetweenKnotsInOctaves) {
  LogGrid grid{.axes = {LogAxis{0, 1, 2}, LogAxis{0, 1, 2}, LogAxis{0, 2, 2}},
               .values = {0, 1, 2, 3, 4, 5, 6, 7}};
  EXPECT_DOUBLE_EQ(grid.at({1, 1, 1}), 0);
  EXPECT_DOUBLE_EQ(grid.at({1, 1, 4}), 1);
  EXPECT_DOUBLE_EQ(grid.at({1, 1, 2}), 0.5);            // one octave of two
  EXPECT_DOUBLE_EQ(grid.at({std::sqrt(2.0), 1, 1}), 2); // half of the way to 4
  EXPECT_DOUBLE_EQ(grid.at({2, 2, 4}), 7);
  EXPECT_DOUBLE_EQ(grid.at({1000, 1000, 1000}), 7); // constant beyond
  EXPECT_DOUBLE_EQ(LogGrid{}.at({3, 3, 3}), 0);
}

} // namespace
} // namespace flopcast
