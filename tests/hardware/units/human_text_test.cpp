// SPDX-License-Identifier: Apache-2.0
// Expected texts follow the rules of text.hpp: four significant digits, the largest unit of the
// field that leaves a number of at least one, thousands separators from 1,000.
#include "hardware/units/text.hpp"

#include <gtest/gtest.h>

namespace flopcast {
namespace {

using namespace units;

TEST(HumanText, PicksTheUnitOfTheField) {
  EXPECT_EQ(human_text(80.0 * gigabyte), "80 GB");
  EXPECT_EQ(human_text(999.0 * byte), "999 B");
  EXPECT_EQ(human_text(3350.0 * gigabyte / second), "3.35 TB/s");
  EXPECT_EQ(human_text(50.0 * gigabyte / second), "50 GB/s");
  EXPECT_EQ(human_text(989.4 * teraflop / second), "989.4 TFLOP/s");
  EXPECT_EQ(human_text(1978.9 * teraflop / second), "1.979 PFLOP/s");
  EXPECT_EQ(human_text(700.0 * watt), "700 W");
  EXPECT_EQ(human_text(10.2 * kilowatt), "10.2 kW");
  EXPECT_EQ(human_text(700.0 * watt / gpu), "700 W/GPU");
  EXPECT_EQ(human_text(1.5 * kilowatt_hour), "1.5 kWh");
  EXPECT_EQ(human_text(433.0 * megawatt_hour), "433 MWh");
  EXPECT_EQ(human_text(552.1e6 * gram), "552.1 t");
  EXPECT_EQ(human_text(120.0 * kilogram), "120 kg");
  EXPECT_EQ(human_text(1.41e9 / second), "1.41 GHz");
}

TEST(HumanText, WritesPricesInTheUnitOfThePriceList) {
  EXPECT_EQ(human_text(2.10 * usd / gpu_hour), "2.1 USD/(GPU*h)");
  EXPECT_EQ(human_text(0.0815 * usd / kilowatt_hour), "0.0815 USD/kWh");
  EXPECT_EQ(human_text(429.0 * gram / kilowatt_hour), "429 g/kWh");
  EXPECT_EQ(human_text(0.02 * usd / (gigabyte * (730.0 * hour))), "0.02 USD/(GB*month)");
  EXPECT_EQ(human_text(33600.0 * usd / gpu), "33,600 USD/GPU");
}

TEST(HumanText, WritesTimesAsPeopleSayThem) {
  EXPECT_EQ(human_text(10.0 * microsecond), "10 us");
  EXPECT_EQ(human_text(250e-9 * second), "250 ns");
  EXPECT_EQ(human_text(1.0 * second), "1 s");
  EXPECT_EQ(human_text(90.0 * second), "90 s");
  EXPECT_EQ(human_text(36.0 * hour), "36 h");
  EXPECT_EQ(human_text(48.0 * hour), "2 d");
  EXPECT_EQ(human_text(60.0 * hour), "2.5 d");
}

TEST(HumanText, WritesWorkAndTokensAsThePapersDo) {
  EXPECT_EQ(human_text(3.143e23 * flop), "3.143e+23 FLOP");
  EXPECT_EQ(human_text(300e9 * token), "300e9 token");
  EXPECT_EQ(human_text(1.4e12 * token), "1.4e12 token");
  EXPECT_EQ(human_text(2.5e6 * token), "2.5e6 token");
  EXPECT_EQ(human_text(2048.0 * token), "2,048 token");
}

TEST(HumanText, CountsInFullWhatPeopleCount) {
  EXPECT_EQ(human_text(8.0 * gpu), "8 GPU");
  EXPECT_EQ(human_text(1024.0 * gpu), "1,024 GPU");
  EXPECT_EQ(human_text(1671168.0 * usd), "1,671,168 USD");
  EXPECT_EQ(human_text(99.5 * usd), "99.5 USD");
  // 1024 GPU × 34 d × 24 h/d
  EXPECT_EQ(human_text(1024.0 * gpu * (34.0 * day)), "835,584 GPU*h");
}

TEST(HumanText, ZeroHasTheBaseUnit) {
  EXPECT_EQ(human_text(Seconds{}), "0 s");
  EXPECT_EQ(human_text(Bytes{}), "0 B");
  EXPECT_EQ(human_text(Bandwidth{}), "0 B/s");
  EXPECT_EQ(human_text(FlopRate{}), "0 FLOP/s");
  EXPECT_EQ(human_text(TokenCount{}), "0 token");
  EXPECT_EQ(human_text(Joules{}), "0 J");
  EXPECT_EQ(human_text(Mass{}), "0 g");
  EXPECT_EQ(human_text(Money{}), "0 USD");
  EXPECT_EQ(human_text(GpuTime{}), "0 GPU*h");
}

TEST(HumanText, NegativeValuesKeepTheirUnit) {
  EXPECT_EQ(human_text(-80.0 * gigabyte), "-80 GB");
  EXPECT_EQ(human_text(-1500.0 * usd), "-1,500 USD");
}

TEST(HumanText, WritesUnnamedDimensionsInBaseUnits) {
  EXPECT_EQ(human_text((2.0 * byte) * (3.0 * byte)), "6 B*B");
  EXPECT_EQ(human_text(0.5, Exponents{}), "0.5");
}

TEST(GroupedInteger, SeparatesThousands) {
  EXPECT_EQ(grouped_integer(0), "0");
  EXPECT_EQ(grouped_integer(999), "999");
  EXPECT_EQ(grouped_integer(1000), "1,000");
  EXPECT_EQ(grouped_integer(999.6), "1,000");
  EXPECT_EQ(grouped_integer(174604259328.0), "174,604,259,328");
  EXPECT_EQ(grouped_integer(-999), "-999");
  EXPECT_EQ(grouped_integer(-1234567), "-1,234,567");
}

TEST(GroupedInteger, KnowsNoNegativeZero) { EXPECT_EQ(grouped_integer(-0.3), "0"); }

TEST(HumanNumber, ChangesItsFormWithTheSize) {
  EXPECT_EQ(human_number(0), "0");
  EXPECT_EQ(human_number(96), "96");
  EXPECT_EQ(human_number(-96), "-96");
  EXPECT_EQ(human_number(0.46234), "0.4623");
  EXPECT_EQ(human_number(1.5), "1.5");
  EXPECT_EQ(human_number(1024), "1,024");
  EXPECT_EQ(human_number(174604259328.0), "174,604,259,328");
  EXPECT_EQ(human_number(3.143e23), "3.143e+23");
  EXPECT_EQ(human_number(5e-6), "5e-06");
}

} // namespace
} // namespace flopcast
