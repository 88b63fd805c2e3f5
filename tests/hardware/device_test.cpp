// SPDX-License-Identifier: Apache-2.0
#include "hardware/device.hpp"
#include "tests/hardware/preset_texts.hpp"
#include "tests/hardware/reading.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace flopcast {
namespace {

using namespace units;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using tests::complaints_of;
using tests::device_text;
using tests::Key;
using tests::replaced;
using tests::Slip;
using tests::without_key;

Device read(const std::string &text) {
  Diagnostics diagnostics;
  Device device = read_device(parse_toml(text, "f"), "x1", diagnostics);
  EXPECT_EQ(complaints_of(diagnostics), "");
  return device;
}

TEST(DeviceReader, ReadsEveryFactOfAFullFile) {
  const Device device = read(device_text);
  EXPECT_EQ(device.id, "x1");
  EXPECT_EQ(device.name, "Acme X1");
  EXPECT_EQ(device.vendor, "Acme");
  EXPECT_EQ(device.architecture, "Anvil");
  EXPECT_EQ(device.form_factor, "SXM1");
  EXPECT_EQ(device.released, (Date{2024, 2, 3}));
  EXPECT_EQ(device.provenance.source, "datasheet");
  EXPECT_EQ(device.provenance.date, (Date{2026, 11, 23}));
  EXPECT_THAT(device.unverified, ElementsAre("pcie.generation"));
  EXPECT_THAT(device.caveats, ElementsAre("runs hot"));
  EXPECT_EQ(device.memory_capacity, 80.0 * gibibyte);
  EXPECT_EQ(device.memory_bandwidth, 3.0 * terabyte / second);
  EXPECT_EQ(device.l2_cache, 50.0 * megabyte);
  EXPECT_EQ(device.multiprocessors, 132);
  EXPECT_EQ(device.boost_clock, 1.98e9 / second);
  EXPECT_EQ(device.thermal_design_power, 700.0 * watt);
  EXPECT_EQ(device.link_name, "AcmeLink");
  EXPECT_EQ(device.link_bandwidth, 450.0 * gigabyte / second);
  EXPECT_EQ(device.pcie_generation, 5);
  EXPECT_EQ(device.purchase_price, 30000.0 * usd / gpu);
}

TEST(DeviceReader, KeepsThePeakOfEachFormat) {
  const Device device = read(device_text);
  EXPECT_EQ(device.peak_of(NumberFormat::fp64), 50.0 * teraflop / second);
  EXPECT_EQ(device.peak_of(NumberFormat::fp32), 100.0 * teraflop / second);
  EXPECT_EQ(device.peak_of(NumberFormat::tf32), 400.0 * teraflop / second);
  EXPECT_EQ(device.peak_of(NumberFormat::fp16), 800.0 * teraflop / second);
  EXPECT_EQ(device.peak_of(NumberFormat::bf16), 801.0 * teraflop / second);
  EXPECT_EQ(device.peak_of(NumberFormat::fp8), 1600.0 * teraflop / second);
  EXPECT_EQ(device.peak_of(NumberFormat::fp4), 3200.0 * teraflop / second);
  EXPECT_EQ(device.peak_of(NumberFormat::int8), 1601.0 * teraflop / second);
  const auto measured = [&](NumberFormat format) {
    return device.measured_peak[static_cast<std::size_t>(format)];
  };
  EXPECT_EQ(measured(NumberFormat::bf16), 700.0 * teraflop / second);
  EXPECT_FALSE(measured(NumberFormat::fp8));
}

TEST(DeviceReader, WhatTheDatasheetDoesNotSayIsAbsent) {
  const Device device = read(R"(name = "N"
vendor = "V"
architecture = "A"
form_factor = "F"
source = "s"
date = 2026-11-23
[peak]
bf16 = "1 TFLOP/s"
source = "s"
date = 2026-11-23
[memory]
capacity = "1 GB"
bandwidth = "1 GB/s"
source = "s"
date = 2026-11-23
)");
  EXPECT_FALSE(device.l2_cache);
  EXPECT_FALSE(device.multiprocessors);
  EXPECT_FALSE(device.boost_clock);
  EXPECT_FALSE(device.thermal_design_power);
  EXPECT_FALSE(device.link_bandwidth);
  EXPECT_FALSE(device.pcie_generation);
  EXPECT_FALSE(device.purchase_price);
  EXPECT_FALSE(device.peak_of(NumberFormat::fp8));
}

class RequiredDeviceKey : public testing::TestWithParam<Key> {};

TEST_P(RequiredDeviceKey, IsNamedWhereItIsMissing) {
  const auto &[table, key] = GetParam();
  const std::string complaints = complaints_of(read_device, without_key(device_text, table, key));
  EXPECT_EQ(tests::count_of(complaints), 1U) << complaints;
  EXPECT_THAT(complaints, HasSubstr(": " + GetParam().full() + ": is missing"));
}

INSTANTIATE_TEST_SUITE_P(Device, RequiredDeviceKey,
                         testing::Values(Key{"", "name"}, Key{"", "vendor"},
                                         Key{"", "architecture"}, Key{"", "form_factor"},
                                         Key{"", "source"}, Key{"", "date"}, Key{"peak", "source"},
                                         Key{"peak", "date"}, Key{"memory", "capacity"},
                                         Key{"memory", "bandwidth"}, Key{"memory", "source"},
                                         Key{"memory", "date"}, Key{"compute", "source"},
                                         Key{"power", "date"}, Key{"link", "name"},
                                         Key{"link", "source"}, Key{"pcie", "source"},
                                         Key{"purchase", "date"}, Key{"measured", "source"}));

TEST(DeviceReader, OneRateAtLeastIsRequired) {
  std::string text = device_text;
  for (const char *format : {"fp64", "fp32", "tf32", "fp16", "fp8", "fp4", "int8", "bf16"})
    text = without_key(text, "peak", format);
  EXPECT_THAT(complaints_of(read_device, text), HasSubstr("peak: no rate is given"));
}

TEST(DeviceReader, AnEmptySourceIsNoSource) {
  const std::string text = replaced(device_text, "source = \"shop\"", "source = \"\"");
  EXPECT_THAT(complaints_of(read_device, text), HasSubstr("purchase.source: is empty"));
}

class SlippedDeviceUnit : public testing::TestWithParam<Slip> {};

TEST_P(SlippedDeviceUnit, IsCaughtAtItsKey) {
  const Slip &slip = GetParam();
  const std::string complaints =
      complaints_of(read_device, replaced(device_text, slip.before, slip.after));
  EXPECT_EQ(tests::count_of(complaints), 1U) << complaints;
  EXPECT_THAT(complaints, HasSubstr(": " + slip.key + ": "));
}

INSTANTIATE_TEST_SUITE_P(Device, SlippedDeviceUnit,
                         testing::Values(
                             // Another dimension …
                             Slip{"\"80 GiB\"", "\"80 GiB/s\"", "memory.capacity"},
                             Slip{"\"80 GiB\"", "80", "memory.capacity"},
                             Slip{"\"801 TFLOP/s\"", "\"801 TFLOP\"", "peak.bf16"},
                             Slip{"\"30000 USD/GPU\"", "\"30000 USD\"", "purchase.price"},
                             Slip{"\"700 W\"", "\"700 Wh\"", "power.thermal_design_power"},
                             // … and the right one out of all proportion.
                             Slip{"\"801 TFLOP/s\"", "\"801 FLOP/s\"", "peak.bf16"},
                             Slip{"\"801 TFLOP/s\"", "\"801 ZFLOP/s\"", "peak.bf16"},
                             Slip{"\"80 GiB\"", "\"0 GiB\"", "memory.capacity"},
                             Slip{"\"80 GiB\"", "\"-80 GiB\"", "memory.capacity"},
                             Slip{"\"80 GiB\"", "\"80 EB\"", "memory.capacity"},
                             Slip{"\"3 TB/s\"", "\"3 B/s\"", "memory.bandwidth"},
                             Slip{"\"3 TB/s\"", "\"30 EB/s\"", "memory.bandwidth"},
                             Slip{"\"700 W\"", "\"700 GW\"", "power.thermal_design_power"},
                             Slip{"= 132", "= 0", "compute.multiprocessors"},
                             Slip{"generation = 5", "generation = 50", "pcie.generation"},
                             Slip{"\"30000 USD/GPU\"", "\"0 USD/GPU\"", "purchase.price"},
                             // A key of the wrong name.
                             Slip{"l2_cache", "l2_cach", "memory.l2_cach"},
                             Slip{"[pcie]", "[pci]", "pci"}, Slip{"fp4 =", "fp5 =", "peak.fp5"}));

TEST(DeviceReader, ReportsAllErrorsAtOnce) {
  std::string text = replaced(device_text, "\"80 GiB\"", "80");
  text = replaced(text, "vendor = \"Acme\"", "vendor = 1");
  text = replaced(text, "[pcie]", "[pciex]");
  EXPECT_THAT(complaints_of(read_device, text),
              AllOf(HasSubstr("memory.capacity: expected an amount of data"),
                    HasSubstr("f:2:10: vendor: expected a text"),
                    HasSubstr("pciex: no such key; did you mean \"pcie\"?")));
}

TEST(NumberFormat, NamesComeInTheOrderOfTheEnumeration) {
  ASSERT_EQ(number_format_names().size(), number_format_count);
  for (const auto &[name, format] : number_format_names())
    EXPECT_EQ(to_text(format), name);
  EXPECT_EQ(to_text(NumberFormat::fp64), "fp64");
  EXPECT_EQ(to_text(NumberFormat::int8), "int8");
}

} // namespace
} // namespace flopcast
