// SPDX-License-Identifier: Apache-2.0
#include "hardware/calibration_file.hpp"
#include "tests/hardware/preset_texts.hpp"
#include "tests/hardware/reading.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace flopcast {
namespace {

using namespace units;
using testing::HasSubstr;
using tests::calibration_text;
using tests::complaints_of;
using tests::Key;
using tests::replaced;
using tests::Slip;
using tests::without_key;

/// Without defaults to fall back on: everything must be there.
Calibration read_whole(const InputValue &root, const std::string &id, Diagnostics &diagnostics) {
  return read_calibration(root, id, nullptr, diagnostics);
}

Calibration read(const std::string &text) {
  Diagnostics diagnostics;
  Calibration calibration = read_whole(parse_toml(text, "f"), "mine", diagnostics);
  EXPECT_EQ(complaints_of(diagnostics), "");
  return calibration;
}

TEST(CalibrationReader, ReadsEveryShareOfAFullFile) {
  const Calibration calibration = read(calibration_text);
  EXPECT_EQ(calibration.id, "mine");
  EXPECT_EQ(calibration.name, "Measured shares");
  EXPECT_EQ(calibration.origin, Origin::measured);
  EXPECT_EQ(calibration.provenance.source, "benchmark");
  EXPECT_EQ(calibration.gemm_efficiency, 0.8);
  EXPECT_EQ(calibration.batched_gemm_efficiency, 0.4);
  EXPECT_EQ(calibration.attention_forward_efficiency, 0.5);
  EXPECT_EQ(calibration.attention_backward_efficiency, 0.25);
  EXPECT_EQ(calibration.memory_efficiency, 0.75);
  EXPECT_DOUBLE_EQ(calibration.launch.in(microsecond), 4.0);
  EXPECT_EQ(calibration.scale_up_efficiency, 0.7);
  EXPECT_EQ(calibration.scale_out_efficiency, 0.6);
}

TEST(CalibrationReader, KnowsItsOrigins) {
  const auto origin = [](const std::string &text) {
    return read(replaced(calibration_text, "\"measured\"", text)).origin;
  };
  EXPECT_EQ(origin("\"calibrated\""), Origin::calibrated);
  EXPECT_EQ(origin("\"default\""), Origin::defaulted);
  // What says nothing about itself claims nothing.
  EXPECT_EQ(read(without_key(calibration_text, "", "origin")).origin, Origin::defaulted);
  EXPECT_THAT(complaints_of(read_whole, replaced(calibration_text, "\"measured\"", "\"guessed\"")),
              HasSubstr("origin: \"guessed\" is not known; expected one of measured"));
}

class RequiredCalibrationKey : public testing::TestWithParam<Key> {};

TEST_P(RequiredCalibrationKey, IsNamedWhereItIsMissing) {
  const auto &[table, key] = GetParam();
  const std::string complaints =
      complaints_of(read_whole, without_key(calibration_text, table, key));
  EXPECT_EQ(tests::count_of(complaints), 1U) << complaints;
  EXPECT_THAT(complaints, HasSubstr(": " + GetParam().full() + ": is missing"));
}

INSTANTIATE_TEST_SUITE_P(Calibration, RequiredCalibrationKey,
                         testing::Values(Key{"", "name"}, Key{"", "source"}, Key{"", "date"},
                                         Key{"compute", "gemm"}, Key{"compute", "batched_gemm"},
                                         Key{"compute", "attention_forward"},
                                         Key{"compute", "attention_backward"},
                                         Key{"compute", "source"}, Key{"memory", "bandwidth"},
                                         Key{"launch", "kernel"}, Key{"network", "scale_up"},
                                         Key{"network", "scale_out"}, Key{"network", "date"}));

class SlippedShare : public testing::TestWithParam<Slip> {};

TEST_P(SlippedShare, IsCaughtAtItsKey) {
  const Slip &slip = GetParam();
  const std::string complaints =
      complaints_of(read_whole, replaced(calibration_text, slip.before, slip.after));
  EXPECT_EQ(tests::count_of(complaints), 1U) << complaints;
  EXPECT_THAT(complaints, HasSubstr(": " + slip.key + ": "));
}

INSTANTIATE_TEST_SUITE_P(
    Calibration, SlippedShare,
    testing::Values(Slip{"gemm = 0.8", "gemm = 80", "compute.gemm"},               // percent
                    Slip{"bandwidth = 0.75", "bandwidth = 0", "memory.bandwidth"}, // would divide
                    Slip{"scale_up = 0.7", "scale_up = -0.7", "network.scale_up"},
                    Slip{"attention_forward = 0.5", "attention_forward = nan",
                         "compute.attention_forward"},
                    Slip{"\"4 us\"", "\"4 h\"", "launch.kernel"},
                    Slip{"\"4 us\"", "4", "launch.kernel"},
                    Slip{"scale_out = 0.6", "scale_out = \"0.6\"", "network.scale_out"}));

Device device_with(std::initializer_list<std::pair<NumberFormat, double>> teraflops) {
  Device device;
  for (const auto &[format, rate] : teraflops)
    device.peak[static_cast<std::size_t>(format)] = rate * teraflop / second;
  return device;
}

using enum NumberFormat;

TEST(UsablePeak, IsTheDevicesOwnWhereItHasOne) {
  const Device device = device_with({{fp32, 1}, {bf16, 2}, {fp8, 4}});
  EXPECT_EQ(usable_peak(device, fp32), 1.0 * teraflop / second);
  EXPECT_EQ(usable_peak(device, bf16), 2.0 * teraflop / second);
  EXPECT_EQ(usable_peak(device, fp8), 4.0 * teraflop / second);
}

TEST(UsablePeak, HalfFormatsStandInForEachOther) {
  // A V100 has no bf16, a TPU no fp16.
  EXPECT_EQ(usable_peak(device_with({{fp16, 125}, {fp32, 15.7}}), bf16), 125.0 * teraflop / second);
  EXPECT_EQ(usable_peak(device_with({{bf16, 275}}), fp16), 275.0 * teraflop / second);
}

TEST(UsablePeak, NarrowFormatsRunAtTheNearestWiderOne) {
  // Ampere has no fp8: such products run in bf16.
  const Device ampere = device_with({{fp32, 19.5}, {tf32, 156}, {fp16, 311}, {bf16, 312}});
  EXPECT_EQ(usable_peak(ampere, fp8), 312.0 * teraflop / second);
  EXPECT_EQ(usable_peak(ampere, fp4), 312.0 * teraflop / second);
  EXPECT_EQ(usable_peak(ampere, int8), 312.0 * teraflop / second);
  const Device hopper = device_with({{bf16, 989}, {fp8, 1979}});
  EXPECT_EQ(usable_peak(hopper, fp4), 1979.0 * teraflop / second);
  EXPECT_EQ(usable_peak(hopper, int8), 1979.0 * teraflop / second);
}

TEST(UsablePeak, Tf32RunsAsFp32WhereMatrixUnitsDoNotKnowIt) {
  EXPECT_EQ(usable_peak(device_with({{fp32, 15.7}, {fp16, 125}}), tf32), 15.7 * teraflop / second);
  EXPECT_EQ(usable_peak(device_with({{fp32, 15.7}}), bf16), 15.7 * teraflop / second);
}

TEST(UsablePeak, NarrowerFormatNeverStandsIn) {
  EXPECT_FALSE(usable_peak(device_with({{fp32, 1}, {tf32, 2}, {bf16, 4}}), fp64));
  EXPECT_FALSE(usable_peak(device_with({{fp16, 2}, {bf16, 2}, {fp8, 4}}), fp32));
  EXPECT_FALSE(usable_peak(device_with({{fp8, 4}, {fp4, 8}, {int8, 4}}), bf16));
  EXPECT_FALSE(usable_peak(device_with({{fp4, 8}}), fp8));
}

TEST(UsablePeak, IsEmptyWithoutAnyRate) { EXPECT_FALSE(usable_peak(Device{}, bf16)); }

} // namespace
} // namespace flopcast
