// SPDX-License-Identifier: Apache-2.0
#include "profiler/measuring/statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

namespace flopcast {
namespace {

using namespace units;

std::vector<double> one_to(int n) {
  std::vector<double> values(static_cast<std::size_t>(n));
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

TEST(Median, IsTheMiddleOrTheMeanOfTwo) {
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 3, 2}), 2.5);
  EXPECT_EQ(median({7}), 7);
}

// 1 − 2 · 2^-6 = 0.969, but 1 − 2 · 2^-5 = 0.938.
TEST(MedianInterval, NeedsSixValues) {
  EXPECT_FALSE(median_interval(one_to(5)));
  const auto six = median_interval(one_to(6));
  ASSERT_TRUE(six);
  EXPECT_EQ(six->low, 1);
  EXPECT_EQ(six->high, 6);
}

// Of 20 values the 6th and the 15th enclose the median with 95.9 %, the 7th and the 14th with
// 88.5 %: the sign test's table.
TEST(MedianInterval, OfTwentyValuesIsTheSixthToTheFifteenth) {
  const auto interval = median_interval(one_to(20));
  ASSERT_TRUE(interval);
  EXPECT_EQ(interval->low, 6);
  EXPECT_EQ(interval->high, 15);
}

// The normal approximation: (n − 1.96 √n) / 2 = 1,938 values below.
TEST(MedianInterval, DoesNotUnderflow) {
  const auto interval = median_interval(one_to(4000));
  ASSERT_TRUE(interval);
  EXPECT_NEAR(interval->low, 1939, 2);
  EXPECT_NEAR(interval->high, 4000 - 1938, 2);
}

// At least 95 % are promised; 14 of 15 values a sample give 96.5 % (r = 4). With 2,000 samples the
// share is known to ±0.9 % (two standard errors).
TEST(MedianInterval, HoldsTheMedianOfASkewedDistribution) {
  std::mt19937_64 random(1); // NOLINT(bugprone-random-generator-seed,cert-msc51-cpp)
  std::exponential_distribution<double> skewed(1.0);
  int held = 0;
  constexpr int samples = 2000;
  for (int i = 0; i < samples; ++i) {
    std::vector<double> values(15);
    for (double &value : values)
      value = skewed(random);
    const auto interval = median_interval(values);
    ASSERT_TRUE(interval);
    held += interval->low <= std::log(2.0) && std::log(2.0) <= interval->high ? 1 : 0;
  }
  EXPECT_NEAR(held / static_cast<double>(samples), 0.965, 0.009);
}

// The interval of 20 values is 6 to 15, the median 10.5.
TEST(RelativeError, IsHalfTheIntervalOverTheMedian) {
  EXPECT_DOUBLE_EQ(relative_error(one_to(20)), 4.5 / 10.5);
  EXPECT_DOUBLE_EQ(relative_error({1, 2, 3}), 0.5);
  EXPECT_EQ(relative_error({2}), 0);
}

// Median 10, absolute deviations 0.1 in the middle: 5 · 1.4826 · 0.1 = 0.74.
TEST(Outliers, LieFarFromTheMedian) {
  EXPECT_EQ(outlier_count({9.9, 10.1, 10, 9.9, 10.1, 10.7}), 0);
  EXPECT_EQ(outlier_count({9.9, 10.1, 10, 9.9, 10.1, 11}), 1);
  EXPECT_EQ(outlier_count({}), 0);
}

TEST(Outliers, AreNotRunsAlikeToATick) {
  EXPECT_EQ(outlier_count({10, 10, 10, 10, 10.05}), 0);
  EXPECT_EQ(outlier_count({10, 10, 10, 10, 10.2}), 1);
}

TEST(StopRule, WaitsForTheFewestRuns) {
  const StopRule rule{
      .relative_error = 0.1, .fewest_runs = 8, .most_runs = 50, .most_time = 1.0 * second};
  const std::vector<double> alike(50, 1e-3);
  EXPECT_FALSE(enough(rule, std::span(alike).first(7), {}));
  EXPECT_TRUE(enough(rule, std::span(alike).first(8), {}));
}

TEST(StopRule, GoesOnWhileRunsDifferAndThereIsTime) {
  const StopRule rule{
      .relative_error = 0.1, .fewest_runs = 6, .most_runs = 20, .most_time = 1.0 * second};
  const std::vector<double> spread = one_to(20);
  EXPECT_FALSE(enough(rule, std::span(spread).first(19), 0.9 * second));
  EXPECT_TRUE(enough(rule, spread, 0.9 * second));
  EXPECT_TRUE(enough(rule, std::span(spread).first(3), 1.0 * second));
}

TEST(StopRule, TakesThreeRunsHoweverLong) {
  const StopRule rule{
      .relative_error = 0.1, .fewest_runs = 6, .most_runs = 20, .most_time = 1.0 * second};
  EXPECT_FALSE(enough(rule, std::vector<double>{5, 5}, 10.0 * second));
  EXPECT_TRUE(enough(rule, std::vector<double>{5, 5, 5}, 15.0 * second));
}

} // namespace
} // namespace flopcast
