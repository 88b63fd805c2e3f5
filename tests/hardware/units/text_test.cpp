// SPDX-License-Identifier: Apache-2.0
#include "hardware/units/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <concepts>
#include <ostream>
#include <random>
#include <string>
#include <vector>

namespace flopcast {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

struct Written {
  std::string text;
  double base_value; ///< in FLOP, byte, s, J, USD, GPU, token, g
  Exponents exponents;

  friend void PrintTo(const Written &written, std::ostream *stream) { *stream << written.text; }
};

//                                FLOP B  s  J USD GPU tok g
constexpr Exponents plain{};
constexpr Exponents work{1, 0, 0, 0, 0, 0, 0, 0};
constexpr Exponents work_rate{1, 0, -1, 0, 0, 0, 0, 0};
constexpr Exponents data{0, 1, 0, 0, 0, 0, 0, 0};
constexpr Exponents data_rate{0, 1, -1, 0, 0, 0, 0, 0};
constexpr Exponents time_{0, 0, 1, 0, 0, 0, 0, 0};
constexpr Exponents rate{0, 0, -1, 0, 0, 0, 0, 0};
constexpr Exponents energy{0, 0, 0, 1, 0, 0, 0, 0};
constexpr Exponents power{0, 0, -1, 1, 0, 0, 0, 0};
constexpr Exponents rent{0, 0, -1, 0, 1, -1, 0, 0};
constexpr Exponents tokens{0, 0, 0, 0, 0, 0, 1, 0};
constexpr Exponents mass{0, 0, 0, 0, 0, 0, 0, 1};
constexpr Exponents energy_price{0, 0, 0, -1, 1, 0, 0, 0};
constexpr Exponents carbon{0, 0, 0, -1, 0, 0, 0, 1};
constexpr Exponents storage_price{0, -1, -1, 0, 1, 0, 0, 0};

class ReadsUnit : public testing::TestWithParam<Written> {};

TEST_P(ReadsUnit, AsItsBaseValue) {
  const Written &written = GetParam();
  const AnyQuantity read = parse_any_quantity(written.text);
  // A prefix and a quotient of units: a few roundings, within the 4 ulp of EXPECT_DOUBLE_EQ.
  EXPECT_DOUBLE_EQ(read.value, written.base_value);
  EXPECT_EQ(read.exponents, written.exponents);
}

INSTANTIATE_TEST_SUITE_P(
    Text, ReadsUnit,
    testing::Values(
        Written{"42", 42, plain}, Written{" -1.5e3 ", -1500, plain}, Written{"5 s/s", 5, plain},
        Written{"3.14e23 FLOP", 3.14e23, work}, Written{"1 EFLOP", 1e18, work},
        Written{"989.4 TFLOP/s", 989.4e12, work_rate}, Written{"1 PFLOP/s", 1e15, work_rate},
        Written{"80 GiB", 85899345920, data}, // 80 × 2^30
        Written{"80 GB", 80e9, data}, Written{"80GB", 80e9, data}, Written{"1 byte", 1, data},
        Written{"1 PiB", 1125899906842624, data}, // 2^50
        Written{"5EB", 5e18, data},               // not the number 5E with a unit B
        Written{"8 b", 1, data},                  // bits
        Written{"400 Gb/s", 50e9, data_rate},     // 400e9 / 8
        Written{"900 GB/s", 900e9, data_rate}, Written{"3.35 TB / s", 3.35e12, data_rate},
        Written{"10 us", 10e-6, time_}, Written{"10 µs", 10e-6, time_},
        Written{"250 ns", 250e-9, time_}, Written{"3 ms", 3e-3, time_},
        Written{"2 min", 120, time_}, Written{"1.5 h", 5400, time_},
        Written{"34 d", 2937600, time_}, Written{"1 month", 2628000, time_}, // 730 × 3600
        Written{"5 /s", 5, rate}, Written{"1410 MHz", 1.41e9, rate}, Written{"6 / min", 0.1, rate},
        Written{"1.5 kWh", 5.4e6, energy}, Written{"2 MWh", 7.2e9, energy},
        Written{"3 kJ", 3000, energy}, Written{"700 W", 700, power}, Written{"700 J/s", 700, power},
        Written{"10.2 kW", 10200, power}, Written{"2.10 USD/(GPU*h)", 2.10 / 3600, rent},
        Written{"2.10 USD/GPU/h", 2.10 / 3600, rent}, Written{"300e9 token", 300e9, tokens},
        Written{"300e9 tokens", 300e9, tokens}, Written{"552.1 t", 552.1e6, mass},
        Written{"120 kg", 120e3, mass}, Written{"0.0815 USD/kWh", 0.0815 / 3.6e6, energy_price},
        Written{"429 g/kWh", 429 / 3.6e6, carbon}, Written{"0.429 kg/kWh", 429 / 3.6e6, carbon},
        Written{"0.02 USD/(GB*month)", 0.02 / (1e9 * 2628000), storage_price},
        Written{"7 ((((((((s))))))))", 7, time_}));

TEST(Text, QuotientsReadFromLeftToRight) {
  // As in arithmetic: USD/GPU*h is (USD/GPU)*h.
  const Exponents expected{0, 0, 1, 0, 1, -1, 0, 0};
  EXPECT_EQ(parse_any_quantity("1 USD/GPU*h").exponents, expected);
}

TEST(Text, UnitWithoutNumeratorReadsFromLeftToRightToo) {
  // 1/min/min, not 1/(min/min).
  const AnyQuantity twice = parse_any_quantity("3600 /min/min");
  EXPECT_EQ(twice.exponents, (Exponents{0, 0, -2, 0, 0, 0, 0, 0}));
  EXPECT_DOUBLE_EQ(twice.value, 1.0); // 3600 / 60²
  const AnyQuantity product = parse_any_quantity("2 /s*GPU");
  EXPECT_EQ(product.exponents, (Exponents{0, 0, -1, 0, 0, 1, 0, 0}));
}

class Refused : public testing::TestWithParam<const char *> {};

TEST_P(Refused, WithUnitError) {
  EXPECT_THROW((void)parse_any_quantity(GetParam()), UnitError) << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Text, Refused,
                         testing::Values("", " ", "GB", "nan", "NaN GB", "inf", "-inf s",
                                         "infinity", "1e400 s",
                                         "1e308 TB", // 1e320 byte is beyond double
                                         "80 GiBs", "80 gb/s", "1 kUSD", "1 KiFLOP", "0x10 B",
                                         "80 GB GB", "80,5 GB", "1 GB/", "1 /", "1 *s", "1 GB//s",
                                         "1 USD/(GPU*h", "1 USD/GPU)", "1 ()",
                                         "1 (((((((((s)))))))))", "1 s*s*s*s*s*s*s*s*s*s",
                                         "80 \tGB", "80\nGB", "1 month/month/month2"));

TEST(Text, HostileNestingEndsInAnErrorNotInTheStack) {
  EXPECT_THROW((void)parse_any_quantity("1 " + std::string(1'000'000, '(')), UnitError);
  std::string long_product = "1 s";
  for (int i = 0; i < 100'000; ++i)
    long_product += "/s*s";
  EXPECT_EQ(parse_any_quantity(long_product).exponents, time_);
}

TEST(Text, ErrorNamesTheUnknownUnit) {
  EXPECT_THAT([] { (void)parse_any_quantity("80 GiBs"); },
              ThrowsMessage<UnitError>(HasSubstr("\"GiBs\"")));
}

TEST(Text, OtherDimensionIsRefusedWithAnExample) {
  EXPECT_THAT([] { (void)parse_quantity<GpuPrice::dimension>("2.10 USD/h"); },
              ThrowsMessage<UnitError>(testing::AllOf(HasSubstr("a price of GPU time"),
                                                      HasSubstr("2.10 USD/(GPU*h)"),
                                                      HasSubstr("got \"2.10 USD/h\""))));
  EXPECT_THROW((void)parse_quantity<Bytes::dimension>("80"), UnitError);
}

TEST(Text, ReadsTheTypeThatWasAskedFor) {
  using namespace units;
  EXPECT_EQ(parse_quantity<Bytes::dimension>("80 GiB"), 80.0 * gibibyte);
  EXPECT_EQ(parse_quantity<Dimensionless>("3"), Quantity<Dimensionless>::from_base(3));
}

TEST(Text, DimensionsHaveNames) {
  EXPECT_EQ(describe_dimension(plain), "a plain number");
  EXPECT_EQ(describe_dimension(data_rate), "a bandwidth such as \"900 GB/s\"");
  EXPECT_EQ(describe_dimension({0, 2, 0, 0, 0, 0, 0, 0}), "a quantity in B*B");
}

TEST(ExactText, WritesBaseUnits) {
  using namespace units;
  EXPECT_EQ(exact_text(80.0 * gigabyte), "80000000000 B");
  EXPECT_EQ(exact_text(0.1 * second), "0.1 s");
  EXPECT_EQ(exact_text(3600.0 * watt * second), "3600 J");
  EXPECT_EQ(exact_text(0.5, plain), "0.5");
  EXPECT_EQ(exact_text(2, {0, 0, -2, 0, 0, 0, 0, 0}), "2 /(s*s)");
  EXPECT_EQ(exact_text(2, {1, 0, 0, 0, 0, -1, -1, 0}), "2 FLOP/(GPU*token)");
}

TEST(ExactText, ReadsBackAsTheSameBits) {
  std::mt19937_64 random(20261123);
  std::uniform_int_distribution<int> power_of_base(-3, 3);
  std::uniform_real_distribution<double> mantissa(-10, 10);
  // Far beyond any quantity of a plan, and far from overflow and underflow.
  std::uniform_int_distribution<int> power_of_ten(-200, 200);
  for (int round = 0; round < 2000; ++round) {
    Exponents exponents{};
    for (int &exponent : exponents)
      exponent = power_of_base(random);
    const double value = mantissa(random) * std::pow(10.0, power_of_ten(random));
    const std::string text = exact_text(value, exponents);
    const AnyQuantity read = parse_any_quantity(text);
    ASSERT_EQ(read.value, value) << text;
    ASSERT_EQ(read.exponents, exponents) << text;
  }
}

template <class Q> class EveryNamedQuantity : public testing::Test {};

using NamedQuantities =
    testing::Types<FlopCount, Bytes, Seconds, Joules, Money, GpuCount, TokenCount, Mass, FlopRate,
                   FlopPerToken, Bandwidth, Frequency, Power, GpuTime, GpuPrice, PurchasePrice,
                   PowerPerGpu, EnergyPrice, CarbonIntensity, StoragePrice, TokenRate,
                   TokenRatePerGpu>;
TYPED_TEST_SUITE(EveryNamedQuantity, NamedQuantities);

TYPED_TEST(EveryNamedQuantity, SurvivesItsExactText) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> power_of_ten(-30, 30);
  for (int round = 0; round < 200; ++round) {
    const auto quantity = TypeParam::from_base(std::pow(10.0, power_of_ten(random)));
    const std::string text = exact_text(quantity);
    ASSERT_EQ(parse_quantity<typename TypeParam::dimension>(text), quantity) << text;
  }
}

TYPED_TEST(EveryNamedQuantity, HasAnExampleThatReads) {
  const std::string described = describe_dimension(TypeParam::dimension::exponents);
  const auto open = described.find('"');
  ASSERT_NE(open, std::string::npos) << described;
  const std::string example = described.substr(open + 1, described.size() - open - 2);
  EXPECT_EQ(parse_any_quantity(example).exponents, TypeParam::dimension::exponents) << example;
}

TYPED_TEST(EveryNamedQuantity, HasAHumanTextThatReadsBackToFourDigits) {
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> power_of_ten(-4, 12);
  for (int round = 0; round < 200; ++round) {
    const double value = std::pow(10.0, power_of_ten(random));
    const std::string text = human_text(TypeParam::from_base(value));
    if (text.find(',') != std::string::npos)
      continue; // thousands separators are for people only
    const AnyQuantity read = parse_any_quantity(text);
    ASSERT_EQ(read.exponents, TypeParam::dimension::exponents) << text;
    // Four significant digits: half a unit of the fourth is at most 5e-4 of the value. Dollars,
    // GPUs and GPU hours are counted in whole ones from 100: half of one is at most 5e-3.
    const bool counted = std::same_as<TypeParam, Money> || std::same_as<TypeParam, GpuCount> ||
                         std::same_as<TypeParam, GpuTime>;
    ASSERT_NEAR(read.value / value, 1.0, counted ? 5.01e-3 : 5.01e-4) << text;
  }
}

} // namespace
} // namespace flopcast
