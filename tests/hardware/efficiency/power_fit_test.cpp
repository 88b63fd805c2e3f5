// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/power_fit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace flopcast {
namespace {

using namespace units;

constexpr double idle = 120;    // W
constexpr double of_bf16 = 0.7; // pJ/FLOP
constexpr double of_fp8 = 0.4;  // pJ/FLOP
constexpr double of_byte = 90;  // pJ/B
const Power limit = 700.0 * watt;

KernelSample kernel(NumberFormat format, double tera_flops, double tera_bytes, Seconds time,
                    double watts) {
  KernelSample sample;
  sample.call.format = format;
  sample.call.flops = tera_flops * teraflop / second * time;
  sample.call.bytes = tera_bytes * terabyte / second * time;
  sample.time = time;
  sample.power = watts * watt;
  return sample;
}

/// Kernels at many rates with 3 % noise, and as many short ones that the device waits between. Each
/// `low`th reading of a long kernel began with a pause: it tells half of what is above idle.
std::vector<KernelSample> metered(int low) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> noise(0, 0.03);
  std::vector<KernelSample> samples;
  int count = 0;
  for (const NumberFormat format : {NumberFormat::bf16, NumberFormat::fp8})
    for (int i = 1; i <= 30; ++i)
      for (int j = 1; j <= 10; ++j) {
        const double flops = 20 * i;
        const double bytes = 0.2 * j;
        const double above =
            flops * (format == NumberFormat::fp8 ? of_fp8 : of_bf16) + bytes * of_byte;
        const double share = ++count % low == 0 ? 0.5 : 1;
        samples.push_back(kernel(format, flops, bytes, 1.0 * millisecond,
                                 (idle + share * above) * std::exp(noise(random))));
        samples.push_back(kernel(format, 0.1, 0.001, 4.0 * microsecond, idle + above / 20));
      }
  return samples;
}

PowerModel fitted(const std::vector<KernelSample> &samples) {
  return fit_power(samples, limit).value_or(PowerModel{});
}

TEST(PowerFit, FindsThePlantedEnergiesUnderNoise) {
  // 600 kernels with 3 % each tell an energy to about 1 %; idle is the lowest of the short ones.
  const PowerModel model = fitted(metered(1'000'000));
  EXPECT_NEAR(model.idle.in(watt), idle, 4);
  EXPECT_NEAR(energy_per_flop(model, NumberFormat::bf16)->in(picojoule / flop), of_bf16, 0.02);
  EXPECT_NEAR(energy_per_flop(model, NumberFormat::fp8)->in(picojoule / flop), of_fp8, 0.02);
  EXPECT_NEAR(model.per_byte.in(picojoule / byte), of_byte, 3);
  EXPECT_EQ(model.limit, limit);
}

TEST(PowerFit, LeavesOutReadingsThatHoldAPause) {
  // A sixth reads low; a fit to all of them would find a twelfth less.
  const PowerModel model = fitted(metered(6));
  EXPECT_NEAR(energy_per_flop(model, NumberFormat::bf16)->in(picojoule / flop), of_bf16, 0.03);
  EXPECT_NEAR(model.per_byte.in(picojoule / byte), of_byte, 5);
}

TEST(PowerFit, DoesNotAskShortKernelsForTheirEnergy) {
  std::vector<KernelSample> samples = metered(1'000'000);
  for (KernelSample &sample : samples)
    if (sample.time < metered_from)
      sample.call.flops = 1e6 * sample.call.flops;
  EXPECT_EQ(fitted(samples), fitted(metered(1'000'000)));
}

TEST(PowerFit, NeedsPowerOfShortAndOfLongKernels) {
  const std::vector<KernelSample> all = metered(1'000'000);
  std::vector<KernelSample> some = all;
  std::erase_if(some, [](const KernelSample &s) { return s.time < metered_from; });
  EXPECT_FALSE(fit_power(some, limit));
  some = all;
  std::erase_if(some, [](const KernelSample &s) { return s.time >= metered_from; });
  EXPECT_FALSE(fit_power(some, limit));
  some = all;
  for (KernelSample &sample : some)
    sample.power.reset();
  EXPECT_FALSE(fit_power(some, limit));
}

TEST(PowerErrors, CountKernelsOfAtLeastAHundredMicroseconds) {
  PowerModel model;
  model.idle = 100.0 * watt;
  model.limit = 1e4 * watt;
  model.per_flop[static_cast<std::size_t>(NumberFormat::bf16)] = 1.0 * picojoule / flop;
  // 100 W + 1 pJ/FLOP × 100 TFLOP/s = 200 W: 0 and +100 % off.
  const ErrorSummary errors =
      power_errors(model, {kernel(NumberFormat::bf16, 100, 0, 1.0 * millisecond, 200),
                           kernel(NumberFormat::bf16, 100, 0, 1.0 * millisecond, 100),
                           kernel(NumberFormat::bf16, 100, 0, 9.0 * microsecond, 1)});
  EXPECT_EQ(errors.samples, 2);
  EXPECT_NEAR(errors.mean, 0.5, 1e-9);
}

} // namespace
} // namespace flopcast
