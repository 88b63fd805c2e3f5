// SPDX-License-Identifier: Apache-2.0
#include "hardware/units/quantity.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <concepts>
#include <type_traits>

namespace flopcast {
namespace {

using namespace units;

// Each names an operation, so that "it does not compile" can be asserted.
template <class A, class B>
concept Addable = requires(A a, B b) {
  a + b;
};
template <class A, class B>
concept Subtractable = requires(A a, B b) {
  a - b;
};
template <class A, class B>
concept Comparable = requires(A a, B b) {
  a < b;
};
template <class A, class B>
concept EqualityComparable = requires(A a, B b) {
  a == b;
};
template <class A, class Unit>
concept ReadableIn = requires(A a, Unit unit) {
  a.in(unit);
};
template <class A, class B>
concept Accumulates = requires(A a, B b) {
  a += b;
};
template <class A, class B>
concept Scales = requires(A a, B b) {
  a *= b;
};

using MoneyPerTime = decltype(usd / hour);

// What is right compiles, or the refusals below would prove nothing.
static_assert(Addable<Seconds, Seconds> && Subtractable<Seconds, Seconds>);
static_assert(Comparable<Bytes, Bytes> && EqualityComparable<Bytes, Bytes>);
static_assert(ReadableIn<Bandwidth, Bandwidth> && Accumulates<Money, Money>);
static_assert(Scales<Money, double>);

// Sums and comparisons across dimensions.
static_assert(!Addable<Seconds, Bytes> && !Subtractable<Seconds, Bytes>);
static_assert(!Addable<Joules, Power> && !Addable<FlopCount, FlopRate>);
static_assert(!Addable<GpuCount, TokenCount>);
static_assert(!Comparable<Seconds, Bytes> && !EqualityComparable<Seconds, Bytes>);
static_assert(!Comparable<FlopRate, FlopCount>);
static_assert(!Accumulates<Seconds, Bytes>);

// A bare number is no quantity and a quantity no bare number.
static_assert(!std::is_convertible_v<double, Seconds> && !std::is_constructible_v<Seconds, double>);
static_assert(!std::is_convertible_v<Seconds, double> && !std::is_constructible_v<double, Seconds>);
static_assert(!Addable<Seconds, double> && !Comparable<Seconds, double>);
static_assert(!Scales<Seconds, Seconds>);

// USD/h where USD/(GPU*h) is meant, and the other slips of the trade.
static_assert(std::same_as<decltype(usd / (gpu * hour)), GpuPrice>);
static_assert(!std::is_convertible_v<MoneyPerTime, GpuPrice>);
static_assert(!std::is_constructible_v<GpuPrice, MoneyPerTime>);
static_assert(!std::is_assignable_v<GpuPrice &, MoneyPerTime>);
static_assert(!ReadableIn<GpuPrice, MoneyPerTime>);
static_assert(!std::is_convertible_v<Power, PowerPerGpu>);
static_assert(!std::is_convertible_v<GpuTime, Seconds>);
static_assert(!std::is_convertible_v<TokenRate, TokenRatePerGpu>);
static_assert(!std::is_convertible_v<CarbonIntensity, EnergyPrice>);
static_assert(!ReadableIn<Bytes, Bandwidth> && !ReadableIn<Seconds, double>);

// Products and quotients have the dimension that they should have.
static_assert(std::same_as<decltype(Bandwidth{} * Seconds{}), Bytes>);
static_assert(std::same_as<decltype(FlopCount{} / FlopRate{}), Seconds>);
static_assert(std::same_as<decltype(GpuPrice{} * GpuTime{}), Money>);
static_assert(std::same_as<decltype(PowerPerGpu{} * GpuCount{} * Seconds{}), Joules>);
static_assert(std::same_as<decltype(1.0 / Frequency{}), Seconds>);

// What cancels is a plain number.
static_assert(std::same_as<decltype(Seconds{} / Seconds{}), double>);
static_assert(std::same_as<decltype(Frequency{} * Seconds{}), double>);
static_assert(std::same_as<decltype(hour / minute), double>);

// Everything is computable while compiling. Powers of two and whole numbers are exact in double.
static_assert(gibibyte.in(byte) == 1073741824.0); // 2^30
static_assert(mebibyte.in(byte) == 1048576.0);    // 2^20
static_assert(gigabyte.in(byte) == 1e9);
static_assert(gibibyte > gigabyte);
static_assert(kilowatt_hour.in(joule) == 3.6e6); // 1000 J/s for 3600 s
static_assert(megawatt_hour.in(kilowatt_hour) == 1000.0);
static_assert(day.in(hour) == 24.0 && hour.in(second) == 3600.0 && hour / minute == 60.0);
static_assert(petaflop.in(teraflop) == 1000.0);
static_assert((3.0 * hour + 30.0 * minute).in(minute) == 210.0);

TEST(Quantity, IsZeroUntilItIsSet) { EXPECT_EQ(Seconds{}.in(second), 0.0); }

TEST(Quantity, AddsSubtractsAndNegates) {
  EXPECT_EQ((2.0 * second + 3.0 * second).in(second), 5.0);
  EXPECT_EQ((2.0 * second - 3.0 * second).in(second), -1.0);
  EXPECT_EQ((-(2.0 * second)).in(second), -2.0);
  Seconds total = 1.0 * second;
  total += 4.0 * second;
  total -= 2.0 * second;
  total *= 10.0;
  EXPECT_EQ(total.in(second), 30.0);
}

TEST(Quantity, ScalesFromBothSides) {
  EXPECT_EQ(2.5 * gigabyte, gigabyte * 2.5);
  EXPECT_EQ((10.0 * gigabyte / 4.0).in(gigabyte), 2.5);
}

TEST(Quantity, ComesBackInTheUnitItWentInWith) {
  // 2.5 / 3600 / (1 / 3600): two roundings, within the 4 ulp of EXPECT_DOUBLE_EQ.
  EXPECT_DOUBLE_EQ((2.5 * usd / (gpu * hour)).in(usd / gpu_hour), 2.5);
  EXPECT_DOUBLE_EQ((36.0 * hour).in(day), 1.5);
}

TEST(Quantity, GibibyteIsSevenPercentMoreThanGigabyte) {
  EXPECT_DOUBLE_EQ((80.0 * gibibyte).in(gigabyte), 85.89934592); // 80 × 1.073741824
}

TEST(Quantity, WorkOverRateIsTime) {
  // 312e12 FLOP/s for 2 h is 312e12 × 7200 = 2.2464e18 FLOP.
  const FlopRate rate = 312.0 * teraflop / second;
  EXPECT_DOUBLE_EQ((2.2464e18 * flop / rate).in(hour), 2.0);
}

TEST(Quantity, RentTimesGpuTimeIsMoney) {
  // 1024 GPU × 34 d × 24 h/d × 2 USD/(GPU*h) = 1,671,168 USD.
  const GpuPrice rent = 2.0 * usd / gpu_hour;
  EXPECT_DOUBLE_EQ((rent * (1024.0 * gpu) * (34.0 * day)).in(usd), 1671168.0);
}

TEST(Quantity, PlainRatioKeepsItsValue) {
  const double ratio = (3.0 * hour) / (2.0 * hour);
  EXPECT_EQ(ratio, 1.5);
  EXPECT_DOUBLE_EQ((2.0 / (4.0 * second)).in(1.0 / second), 0.5);
}

TEST(Quantity, OrdersByValue) {
  EXPECT_LT(59.0 * second, minute);
  EXPECT_GE(60.0 * second, minute);
  EXPECT_NE(gigabyte, gibibyte);
  EXPECT_EQ(std::max(gigabyte, gibibyte), gibibyte);
}

} // namespace
} // namespace flopcast
