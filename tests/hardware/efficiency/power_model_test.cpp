// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/power_model.hpp"

#include <gtest/gtest.h>

namespace flopcast {
namespace {

using namespace units;

PowerModel model_of(double idle, double limit) {
  PowerModel model;
  model.idle = idle * watt;
  model.limit = limit * watt;
  return model;
}

TEST(MeanPower, IsIdlePowerPlusTheWorksEnergyOverTheTime) {
  // 100 W + 300 J / 2 s = 250 W; a limit four times as high takes 250 W × 4^-32 / 32 off.
  EXPECT_NEAR(mean_power(model_of(100, 1000), 300.0 * joule, 2.0 * second).in(watt), 250, 1e-9);
  EXPECT_DOUBLE_EQ(mean_power(model_of(100, 1000), Joules{}, 2.0 * second).in(watt), 100);
}

TEST(MeanPower, GrowsWithTheWorkAndStaysBelowTheLimit) {
  const PowerModel model = model_of(100, 700);
  Power before;
  for (double watts = 0; watts < 1200; watts += 10) {
    const Power power = mean_power(model, watts * joule, 1.0 * second);
    EXPECT_GT(power, before) << watts;
    EXPECT_LT(power, model.limit) << watts;
    before = power;
  }
  EXPECT_LE(mean_power(model, 1e300 * joule, 1.0 * second), model.limit);
}

TEST(MeanPower, IsTwoPercentLowAtTheLimit) {
  // 2^(-1/32) = 0.9786
  EXPECT_NEAR(mean_power(model_of(100, 700), 600.0 * joule, 1.0 * second) / (700.0 * watt), 0.9786,
              1e-4);
}

TEST(EnergyPerFlop, OfThe16BitFormatsStandInForEachOther) {
  PowerModel model;
  model.per_flop[static_cast<std::size_t>(NumberFormat::bf16)] = 0.7 * picojoule / flop;
  EXPECT_EQ(energy_per_flop(model, NumberFormat::bf16), 0.7 * picojoule / flop);
  EXPECT_EQ(energy_per_flop(model, NumberFormat::fp16), 0.7 * picojoule / flop);
  EXPECT_FALSE(energy_per_flop(model, NumberFormat::fp8));
  EXPECT_FALSE(energy_per_flop(model, NumberFormat::fp32));
}

TEST(PowerModel, ScalesAllOfItsPowerToAnotherLimit) {
  PowerModel model = model_of(100, 700);
  model.per_byte = 100.0 * picojoule / byte;
  const PowerModel half = scaled_to(model, 350.0 * watt);
  EXPECT_DOUBLE_EQ(half.idle.in(watt), 50);
  EXPECT_DOUBLE_EQ(half.per_byte.in(picojoule / byte), 50);
  EXPECT_DOUBLE_EQ(half.limit.in(watt), 350);
}

} // namespace
} // namespace flopcast
