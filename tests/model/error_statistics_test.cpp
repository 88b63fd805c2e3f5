// SPDX-License-Identifier: Apache-2.0
#include "model/validation/error_statistics.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace flopcast {
namespace {

constexpr double rounding = 1e-12;

TEST(ErrorStatistics, OfNothingAreZero) { EXPECT_EQ(error_statistics({}).n, 0); }

TEST(ErrorStatistics, CountEveryRunOnce) {
  const std::vector<GroupedError> errors{{0.1, "a"}, {-0.3, "b"}, {0.2, "c"}, {-0.4, "d"}};
  const ErrorStatistics s = error_statistics(errors);
  EXPECT_EQ(s.n, 4);
  EXPECT_EQ(s.groups, 4);
  EXPECT_NEAR(s.mape, 0.25, rounding);        // (0.1 + 0.3 + 0.2 + 0.4) / 4
  EXPECT_NEAR(s.median_ape, 0.25, rounding);  // between 0.2 and 0.3
  EXPECT_NEAR(s.signed_bias, -0.1, rounding); // (0.1 - 0.3 + 0.2 - 0.4) / 4
  EXPECT_NEAR(s.p90_ape, 0.37, rounding);     // 0.9 of 3 steps: 0.3 + 0.7 × 0.1
  // Groups of one run each weigh what the runs weigh.
  EXPECT_NEAR(s.group_weighted_mape, s.mape, rounding);
  EXPECT_NEAR(s.group_weighted_bias, s.signed_bias, rounding);
  EXPECT_NEAR(s.group_weighted_median_ape, 0.25, rounding); // half the weight ends between them
}

TEST(ErrorStatistics, AGroupWeighsOneHoweverManyRunsItHas) {
  // Nine runs at 10 % in one group, one at 50 % in another.
  std::vector<GroupedError> errors(9, {0.1, "many"});
  errors.push_back({0.5, "one"});
  const ErrorStatistics s = error_statistics(errors);
  EXPECT_EQ(s.groups, 2);
  EXPECT_NEAR(s.mape, 0.14, rounding);               // (9 × 0.1 + 0.5) / 10
  EXPECT_NEAR(s.group_weighted_mape, 0.3, rounding); // (0.1 + 0.5) / 2
  EXPECT_NEAR(s.median_ape, 0.1, rounding);
  EXPECT_NEAR(s.group_weighted_median_ape, 0.3, rounding); // half the weight is at 0.1, half at 0.5
  EXPECT_NEAR(s.group_weighted_p90_ape, 0.5, rounding);
}

TEST(ErrorStatistics, TheIntervalOfTheBiasDrawsWholeGroups) {
  // One group can only be drawn again and again: its bias is certain, whatever is in it.
  const std::vector<GroupedError> one{{0.4, "a"}, {-0.2, "a"}};
  const ErrorStatistics certain = error_statistics(one);
  EXPECT_NEAR(certain.bias_low, 0.1, rounding);
  EXPECT_NEAR(certain.bias_high, 0.1, rounding);
  // Of two groups a quarter of the draws are twice the one, a quarter twice the other.
  const std::vector<GroupedError> two{{0.4, "a"}, {-0.2, "b"}};
  const ErrorStatistics open = error_statistics(two);
  EXPECT_NEAR(open.bias_low, -0.2, rounding);
  EXPECT_NEAR(open.bias_high, 0.4, rounding);
}

TEST(ErrorStatistics, AreTheSameEveryTime) {
  std::vector<GroupedError> errors;
  const std::vector<std::string> names{"a", "b", "c", "d", "e", "f", "g"};
  for (std::size_t i = 0; i < names.size(); ++i)
    errors.push_back({0.03 * static_cast<double>(i) - 0.1, names[i]});
  const ErrorStatistics first = error_statistics(errors);
  const ErrorStatistics second = error_statistics(errors);
  EXPECT_EQ(first.bias_low, second.bias_low);
  EXPECT_EQ(first.bias_high, second.bias_high);
  EXPECT_LT(first.bias_low, first.signed_bias);
  EXPECT_GT(first.bias_high, first.signed_bias);
}

} // namespace
} // namespace flopcast
