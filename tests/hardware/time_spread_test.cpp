// SPDX-License-Identifier: Apache-2.0
#include "hardware/time_spread.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace flopcast {
namespace {

using namespace units;

/// Products in bf16 of 64 to 4,096 a side: the middle four fifths lie 10 % below to 20 % above.
Calibration calibration() {
  Calibration made;
  GemmModel &model = made.gemm[static_cast<std::size_t>(NumberFormat::bf16)].emplace();
  model.measured_from = {.batch = 1, .rows = 64, .columns = 64, .depth = 64};
  model.measured_to = {.batch = 1, .rows = 4096, .columns = 4096, .depth = 4096};
  ClassErrors errors{.kind = OperatorClass::gemm, .format = NumberFormat::bf16};
  errors.spread[1] = {.samples = 100, .p10 = -0.1, .p50 = 0, .p90 = 0.2};
  errors.spread[3] = {.samples = 100, .p10 = -0.02, .p50 = 0.01, .p90 = 0.04};
  made.errors.push_back(errors);
  return made;
}

OperatorCall product(std::int64_t rows) {
  OperatorCall call{.kind = OperatorClass::gemm, .flops = {}, .bytes = {}};
  call.shape = {.batch = 1, .rows = rows, .columns = 1024, .depth = 1024};
  return call;
}

const Seconds short_time = 200.0 * microsecond;
const Seconds long_time = 20.0 * millisecond;

TEST(TimeSpread, IsThatOfTheClassAtTheDuration) {
  EXPECT_EQ(operator_time_spread(calibration(), product(1024), short_time),
            (TimeSpread{-0.1, 0, 0.2}));
  EXPECT_EQ(operator_time_spread(calibration(), product(1024), long_time),
            (TimeSpread{-0.02, 0.01, 0.04}));
}

TEST(TimeSpread, FallsBackToTheNearestDurationWithEnoughSamples) {
  Calibration few = calibration();
  few.errors[0].spread[1].samples = 5;
  EXPECT_EQ(operator_time_spread(few, product(1024), short_time), (TimeSpread{-0.02, 0.01, 0.04}));
}

TEST(TimeSpread, OfANormalDistributionHasItsDeviation) {
  // 80 % of a normal distribution lie within 1.2816 standard deviations.
  EXPECT_NEAR((TimeSpread{-0.128155, 0, 0.128155}.sigma()), 0.1, 1e-6);
}

TEST(TimeSpread, WidensOnATransferredDevice) {
  Calibration relative = calibration();
  relative.transferred_to = "another";
  const TimeSpread spread = operator_time_spread(relative, product(1024), short_time);
  // In quadrature with 0.10: sqrt(0.1² + (1.2816 × 0.10)²) = 0.1626, sqrt(0.2² + 0.0164) = 0.2375.
  EXPECT_NEAR(spread.p10, -0.1626, 1e-4);
  EXPECT_NEAR(spread.p90, 0.2375, 1e-4);
  EXPECT_EQ(spread.p50, 0);
}

TEST(TimeSpread, WidensWithEachOctaveBeyondWhatWasMeasured) {
  const Calibration made = calibration();
  const auto sigma = [&](std::int64_t rows) {
    return operator_time_spread(made, product(rows), short_time).sigma();
  };
  EXPECT_EQ(sigma(4096), sigma(64));
  EXPECT_GT(sigma(8192), sigma(4096));
  EXPECT_GT(sigma(32768), sigma(8192));
  EXPECT_GT(sigma(16), sigma(64));
}

TEST(TimeSpread, OfAStandInIsWiderThanThatOfItsModel) {
  OperatorCall convolution = product(1024);
  convolution.kind = OperatorClass::convolution;
  EXPECT_GT(operator_time_spread(calibration(), convolution, short_time).sigma(),
            operator_time_spread(calibration(), product(1024), short_time).sigma() + 0.1);
}

TEST(TimeSpread, TakesTheOtherHalfPrecisionAsTheModelDoes) {
  OperatorCall call = product(1024);
  call.format = NumberFormat::fp16;
  EXPECT_EQ(operator_time_spread(calibration(), call, short_time), (TimeSpread{-0.1, 0, 0.2}));
}

TEST(TimeSpread, OfAClassThatNobodyMeasuredIsThatOfTheDefaults) {
  OperatorCall sum{.kind = OperatorClass::elementwise, .flops = {}, .bytes = gigabyte};
  const double sigma = operator_time_spread(calibration(), sum, short_time).sigma();
  // P10 to P90 of −0.20 to 0.08: 0.28 over 2 × 1.2816.
  EXPECT_NEAR(sigma, 0.109, 0.001);
}

TEST(StreamStandIn, TimesARotationAsASumOfAsManyBytes) {
  Device device;
  device.memory_bandwidth = 1000.0 * gigabyte / second;
  Calibration made;
  made.memory_efficiency = 0.7;
  StreamModel &sums = made.stream_of(OperatorClass::elementwise, Pass::forward).emplace();
  sums.launch = 2.0 * microsecond;
  sums.memory_efficiency = 0.9;
  OperatorCall rotation{.kind = OperatorClass::rotary, .flops = {}, .bytes = 0.9 * gigabyte};
  rotation.shape = {.batch = 1, .rows = 1 << 20, .columns = 128, .depth = 1};
  // 0.9 GB at 0.9 × 1,000 GB/s: 1 ms, and the launch. Whole rows of the sum: 24,576 bytes of 0.9
  // GB.
  EXPECT_NEAR(operator_time(device, made, rotation).in(microsecond), 1002, 0.1);
  EXPECT_FALSE(in_calibrated_range(made, rotation));
  // Its own model, where there is one, counts.
  made.stream_of(OperatorClass::rotary, Pass::forward) = sums;
  made.stream_of(OperatorClass::rotary, Pass::forward)->memory_efficiency = 0.45;
  EXPECT_NEAR(operator_time(device, made, rotation).in(microsecond), 2002, 0.1);
}

TEST(StreamStandIn, IsNotTakenForReductions) {
  Calibration made;
  made.stream_of(OperatorClass::elementwise, Pass::forward).emplace();
  for (const OperatorClass kind : {OperatorClass::softmax, OperatorClass::normalization})
    EXPECT_EQ(made.stream_model(kind, Pass::forward), nullptr);
}

TEST(BackwardProducts, PayForSumsInFp32) {
  Device device;
  device.memory_bandwidth = 1000.0 * gigabyte / second;
  device.peak[static_cast<std::size_t>(NumberFormat::bf16)] = 1e15 * flop / second;
  device.multiprocessors = 100;
  Calibration made = calibration();
  made.accumulation_traffic = 0.5;
  made.gemm[static_cast<std::size_t>(NumberFormat::bf16)]->tile_efficiency.fill(0.8);
  OperatorCall both = product(4096);
  both.pass = Pass::backward;
  both.kernels = 2;
  const Seconds written = operator_time(device, made, both);
  both.accumulates = true;
  // Weights of 1,024 × 1,024: half of 6 bytes each at 1 TB/s.
  EXPECT_NEAR((operator_time(device, made, both) - written).in(microsecond), 3.1457, 1e-3);
}

TEST(ErrorSpread, TakesQuantilesOfLogErrors) {
  // 0, 1 … 10: a tenth of the way is 1, the middle 5, nine tenths 9.
  EXPECT_EQ(spread_of({10, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9}),
            (ErrorSpread{.samples = 11, .p10 = 1, .p50 = 5, .p90 = 9}));
  EXPECT_EQ(spread_of({}), ErrorSpread{});
}

TEST(ErrorSpread, IsToldByHalfOfTheHeldBackShapes) {
  int held = 0, telling = 0;
  for (std::int64_t n = 64; n <= 64 * 2000; n += 64) {
    OperatorCall call = product(1);
    call.shape.columns = n;
    held += is_held_back(call) ? 1 : 0;
    telling += tells_spread(call) ? 1 : 0;
    EXPECT_TRUE(!tells_spread(call) || is_held_back(call));
  }
  // Of 2,000 shapes 500 and 250; three standard deviations are 58 and 44.
  EXPECT_NEAR(held, 500, 58);
  EXPECT_NEAR(telling, 250, 44);
}

} // namespace
} // namespace flopcast
