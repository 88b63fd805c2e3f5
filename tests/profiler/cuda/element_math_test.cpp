// SPDX-License-Identifier: Apache-2.0
// The arithmetic of the CUDA kernels, on the host, against references in fp64.
#include "profiler/cuda/element_math.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace flopcast::cuda {
namespace {

constexpr double rounding = 2e-6; // a few roundings of fp32 at values near 1

double gelu64(double x) {
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x)));
}

double silu64(double x) { return x / (1 + std::exp(-x)); }

/// By central differences; a step of 1e-5 leaves errors of 1e-10.
template <class F> double slope(F f, double x) {
  constexpr double step = 1e-5;
  return (f(x + step) - f(x - step)) / (2 * step);
}

TEST(ElementMath, GeluIsThatOfTheFormula) {
  for (const double x : {-30.0, -4.0, -1.0, -0.1, 0.0, 0.5, 2.0, 30.0}) {
    const auto at = static_cast<float>(x);
    EXPECT_NEAR(static_cast<double>(gelu(at)), gelu64(static_cast<double>(at)),
                rounding * (1 + std::abs(x)));
  }
  EXPECT_EQ(gelu(0), 0);
}

TEST(ElementMath, SlopeOfGeluIsItsDerivative) {
  for (const float x : {-5.0F, -1.0F, -0.3F, 0.0F, 0.7F, 3.0F})
    EXPECT_NEAR(static_cast<double>(gelu_slope_at(x)), slope(gelu64, static_cast<double>(x)),
                rounding);
}

TEST(ElementMath, SwigluIsSiluOfTheGateTimesTheValue) {
  for (const float gate : {-40.0F, -1.0F, 0.0F, 0.5F, 6.0F})
    EXPECT_NEAR(static_cast<double>(swiglu(gate, 1.5F)), 1.5 * silu64(static_cast<double>(gate)),
                rounding * 10);
}

TEST(ElementMath, GradientOfSwigluIsItsDerivative) {
  for (const float gate : {-3.0F, -0.5F, 0.0F, 2.0F}) {
    const SwigluGradient gradient = swiglu_gradient(gate, -0.75F, 2.0F);
    EXPECT_NEAR(static_cast<double>(gradient.gate),
                2.0 * -0.75 * slope(silu64, static_cast<double>(gate)), rounding);
    EXPECT_NEAR(static_cast<double>(gradient.value), 2.0 * silu64(static_cast<double>(gate)),
                rounding);
  }
}

TEST(ElementMath, RotationKeepsLengthsAndTurnsBack) {
  const float angle = rotary_angle(37, 3, 64);
  const Pair turned = rotated({3, 4}, std::cos(angle), std::sin(angle));
  EXPECT_NEAR(turned.first * turned.first + turned.second * turned.second, 25.0, 1e-4);
  const Pair back = rotated(turned, std::cos(-angle), std::sin(-angle));
  EXPECT_NEAR(back.first, 3.0, 1e-5);
  EXPECT_NEAR(back.second, 4.0, 1e-5);
}

TEST(ElementMath, RotaryAnglesFallByPowersOf10000) {
  EXPECT_EQ(rotary_angle(0, 5, 64), 0);
  EXPECT_NEAR(static_cast<double>(rotary_angle(7, 0, 64)), 7.0, 1e-5);
  // Pair 16 of width 64: 10000^(-2 · 16 / 64) = 1/100.
  EXPECT_NEAR(static_cast<double>(rotary_angle(700, 16, 64)), 7.0, 1e-4);
}

TEST(ElementMath, MergedSoftmaxStatesAreThoseOfAllValues) {
  const std::vector<float> values{1, -2, 90, 89.5F, 3};
  SoftmaxState left = softmax_start(), right = softmax_start();
  for (std::size_t i = 0; i < values.size(); ++i)
    (i < 2 ? left : right) = merged(i < 2 ? left : right, {values[i], 1});
  const SoftmaxState all = merged(left, right);
  EXPECT_EQ(all.maximum, 90);
  // e^(1−90), e^(−92) and e^(−87) vanish beside 1 + e^(−0.5).
  EXPECT_NEAR(static_cast<double>(all.sum), 1 + std::exp(-0.5), rounding);
}

TEST(ElementMath, AnEmptySoftmaxStateChangesNothing) {
  const SoftmaxState some{2, 3};
  EXPECT_EQ(merged(some, softmax_start()).sum, 3);
  EXPECT_EQ(merged(softmax_start(), some).maximum, 2);
  EXPECT_EQ(merged(softmax_start(), softmax_start()).sum, 0); // not NaN
}

TEST(ElementMath, CrossEntropyOfTwoEqualLogitsIsLogTwo) {
  const SoftmaxState row = merged({5, 1}, {5, 1});
  EXPECT_NEAR(static_cast<double>(cross_entropy_loss(row, 5)), std::log(2.0), rounding);
  // Probability 1/2 each, of one row of four: (1/2 − 1) / 4 and 1/2 / 4.
  EXPECT_NEAR(static_cast<double>(cross_entropy_gradient(row, 5, true, 0.25F)), -0.125, rounding);
  EXPECT_NEAR(static_cast<double>(cross_entropy_gradient(row, 5, false, 0.25F)), 0.125, rounding);
}

TEST(ElementMath, AdamsFirstStepMovesByTheLearningRate) {
  // At step 1 the corrected moments are g and g²: the step is rate · g / (|g| + epsilon).
  const AdamStep step{.learning_rate = 0.1F,
                      .beta1 = 0.9F,
                      .beta2 = 0.95F,
                      .epsilon = 1e-8F,
                      .weight_decay = 0,
                      .correction1 = 0.1F,
                      .correction2 = 0.05F};
  const AdamState after = adam_update(step, {2, 0, 0}, -3);
  EXPECT_NEAR(static_cast<double>(after.weight), 2.1, rounding);
  EXPECT_NEAR(static_cast<double>(after.first), -0.3, rounding);
  EXPECT_NEAR(static_cast<double>(after.second), 0.45, rounding);
}

TEST(ElementMath, AdamDecaysWeightsApartFromGradients) {
  const AdamStep step{.learning_rate = 0.5F,
                      .beta1 = 0.9F,
                      .beta2 = 0.95F,
                      .epsilon = 1,
                      .weight_decay = 0.1F,
                      .correction1 = 1,
                      .correction2 = 1};
  EXPECT_NEAR(static_cast<double>(adam_update(step, {2, 0, 0}, 0).weight), 2 - 0.5 * 0.1 * 2,
              rounding);
}

TEST(ElementMath, RandomValuesAreNormal) {
  constexpr int count = 200'000;
  double sum = 0, squares = 0, fourth = 0;
  int beyond = 0;
  for (int i = 0; i < count; ++i) {
    const double x = static_cast<double>(normal_value(42, static_cast<std::uint64_t>(i)));
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
    beyond += std::abs(x) > 1.96 ? 1 : 0;
  }
  // Five standard errors: 1/√n of the mean, √2/√n of the variance, √96/√n of the fourth moment,
  // √(0.05 · 0.95 / n) of the share beyond 1.96.
  const double error = 5 / std::sqrt(count);
  EXPECT_NEAR(sum / count, 0, error);
  EXPECT_NEAR(squares / count, 1, error * std::sqrt(2));
  EXPECT_NEAR(fourth / count, 3, error * std::sqrt(96));
  EXPECT_NEAR(static_cast<double>(beyond) / count, 0.05, error * std::sqrt(0.05 * 0.95));
}

TEST(ElementMath, RandomValuesFollowFromSeedAndIndex) {
  EXPECT_EQ(normal_value(1, 5), normal_value(1, 5));
  EXPECT_NE(normal_value(1, 5), normal_value(2, 5));
  EXPECT_NE(normal_value(1, 5), normal_value(1, 6));
}

} // namespace
} // namespace flopcast::cuda
