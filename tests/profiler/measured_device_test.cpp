// SPDX-License-Identifier: Apache-2.0
#include "profiler/measured_device.hpp"

#include "hardware/calibration_file.hpp"
#include "hardware/presets/load.hpp"
#include "tests/support/paths.hpp"

#include <gtest/gtest.h>

namespace flopcast {
namespace {

using namespace units;

const Provenance provenance{"a test's device", {2026, 11, 24}};

DeviceDescription description() {
  DeviceDescription processor;
  processor.name = "AMD EPYC 7B13 64-Core";
  processor.software = "OpenBLAS";
  processor.multiprocessors = 2;
  processor.memory_bytes = 24'000'000'000;
  processor.cache_bytes = 32'000'000;
  return processor;
}

/// m × n × 256 at 100 GFLOP/s.
MeasuredOperator product(std::int64_t m, std::int64_t n) {
  MeasuredOperator one;
  one.call.kind = OperatorClass::gemm;
  one.call.format = NumberFormat::fp32;
  one.call.shape = {.batch = 1, .rows = m, .columns = n, .depth = 256};
  one.call.flops = 2.0 * static_cast<double>(m * n * 256) * flop;
  one.median = one.call.flops / (100 * gigaflop / second);
  one.host = 3e-6 * second;
  return one;
}

MeasuredOperator copy(double bytes, double bandwidth, CacheState cache) {
  MeasuredOperator one;
  one.call.kind = OperatorClass::elementwise;
  one.call.format = NumberFormat::fp32;
  one.call.bytes = bytes * byte;
  one.cache = cache;
  one.median = bytes / bandwidth * second;
  one.host = 2e-6 * second;
  return one;
}

TEST(MeasuredDevice, HasTheBestRatesThatWereMeasured) {
  std::vector<MeasuredOperator> measured{product(512, 512), copy(1e9, 20e9, CacheState::cold),
                                         copy(1e8, 10e9, CacheState::cold),
                                         copy(1e6, 900e9, CacheState::warm)};
  measured.push_back(product(64, 64));
  measured.back().median *= 4; // a quarter of the other's rate
  const Device device = measured_device(description(), measured, provenance);
  EXPECT_EQ(device.id, "amd-epyc-7b13-64-core");
  EXPECT_EQ(device.vendor, "AMD");
  EXPECT_DOUBLE_EQ(device.peak_of(NumberFormat::fp32)->in(gigaflop / second), 100);
  EXPECT_FALSE(device.peak_of(NumberFormat::bf16).has_value());
  // What came from the cache does not count as the memory's.
  EXPECT_DOUBLE_EQ(device.memory_bandwidth.in(gigabyte / second), 20);
  EXPECT_EQ(device.multiprocessors, 2);
}

TEST(MeasuredDevice, NeedsAProductAndAMemoryBoundOperator) {
  const std::vector<MeasuredOperator> products{product(512, 512)};
  EXPECT_THROW((void)measured_device(description(), products, provenance), MeasurementError);
  const std::vector<MeasuredOperator> copies{copy(1e9, 20e9, CacheState::cold)};
  EXPECT_THROW((void)measured_device(description(), copies, provenance), MeasurementError);
}

TEST(MeasuredDevice, ComesBackFromItsPreset) {
  const std::vector<MeasuredOperator> measured{product(512, 512),
                                               copy(1e9, 20e9, CacheState::cold)};
  Device device = measured_device(description(), measured, provenance);
  device.name = "a \"quoted\" name\\";
  Diagnostics diagnostics;
  const Device back = read_device(parse_toml(device_toml(device), "made"), device.id, diagnostics);
  diagnostics.throw_if_any();
  EXPECT_EQ(back.name, device.name);
  EXPECT_EQ(back.peak, device.peak);
  EXPECT_EQ(back.memory_bandwidth, device.memory_bandwidth);
  EXPECT_EQ(back.memory_capacity, device.memory_capacity);
  EXPECT_EQ(back.l2_cache, device.l2_cache);
  EXPECT_EQ(back.multiprocessors, device.multiprocessors);
  EXPECT_EQ(back.provenance.source, provenance.source);
}

TEST(MeasuredDevice, CalibrationTellsLaunchAndFitsClassesWithEnoughShapes) {
  std::vector<MeasuredOperator> measured{copy(1e9, 20e9, CacheState::cold)};
  for (std::int64_t m = 64; m <= 2048; m += 64)
    for (std::int64_t n = 64; n <= 640; n += 64)
      measured.push_back(product(m, n));
  const Device device = measured_device(description(), measured, provenance);
  const Calibration base = load_calibration(tests::shipped_presets(), "default");
  Calibration fitted = measured_calibration(base, device, measured);
  fitted.provenance = provenance;
  EXPECT_DOUBLE_EQ(fitted.launch.in(microsecond), 2); // the copy's: the least
  ASSERT_TRUE(fitted.gemm_model(OperatorClass::gemm, NumberFormat::fp32));
  // One copy tells nothing of its class.
  EXPECT_FALSE(fitted.stream_of(OperatorClass::elementwise, Pass::forward).has_value());
  // All products ran at one rate: their times are known to a few percent of tiles and waves.
  const MeasuredOperator asked = product(1024, 1024);
  EXPECT_NEAR(operator_time(device, fitted, asked.call) / asked.median, 1, 0.1);

  Diagnostics diagnostics;
  const Calibration back = read_calibration(parse_toml(measured_calibration_toml(fitted), "made"),
                                            fitted.id, &base, diagnostics);
  diagnostics.throw_if_any();
  EXPECT_NEAR(back.launch / fitted.launch, 1, 1e-5);
  EXPECT_NEAR(operator_time(device, back, asked.call) / operator_time(device, fitted, asked.call),
              1, 2e-3);
}

TEST(MeasuredDevice, FitsMemoryBoundOperatorsOfAllFormatsAsOne) {
  // Eighty of each format: neither has the 100 that a fit needs. 2 us, then 20 GB/s.
  std::vector<MeasuredOperator> measured{product(512, 512)};
  for (const NumberFormat format : {NumberFormat::fp32, NumberFormat::bf16})
    for (std::int64_t rows = 64; rows <= 512; rows += 64)
      for (std::int64_t columns = 1024; columns <= 10240; columns += 1024) {
        const double element = format == NumberFormat::fp32 ? 4 : 2;
        MeasuredOperator one =
            copy(2 * element * static_cast<double>(rows * columns), 20e9, CacheState::cold);
        one.median += 2e-6 * second;
        one.call.format = format;
        one.call.shape = {.batch = 1, .rows = rows, .columns = columns, .depth = 1};
        measured.push_back(one);
      }
  const Device device = measured_device(description(), measured, provenance);
  const Calibration fitted =
      measured_calibration(load_calibration(tests::shipped_presets(), "default"), device, measured);
  ASSERT_EQ(fitted.errors.size(), 1U);
  EXPECT_EQ(fitted.errors.front().kind, OperatorClass::elementwise);
  // The fit keeps time monotone and smooth, which costs a few percent.
  for (const MeasuredOperator &one : measured) {
    if (one.call.kind == OperatorClass::elementwise) {
      EXPECT_NEAR(operator_time(device, fitted, one.call) / one.median, 1, 0.05);
    }
  }
}

TEST(PresetId, IsMadeOfLettersDigitsAndSingleHyphens) {
  EXPECT_EQ(preset_id("NVIDIA H200"), "nvidia-h200");
  EXPECT_EQ(preset_id("Intel(R) Xeon(R) @ 2.20GHz"), "intel-r-xeon-r-2-20ghz");
  EXPECT_EQ(preset_id("  "), "");
}

} // namespace
} // namespace flopcast
