// SPDX-License-Identifier: Apache-2.0
// Whether the middle 80 % that calibrations state hold four fifths of measurements, on held-back
// shapes that neither the fit nor the spread saw.
#include "hardware/calibration_fit.hpp"
#include "hardware/presets/load.hpp"
#include "hardware/time_spread.hpp"
#include "profiler/importers/kernel_tables.hpp"
#include "tests/support/paths.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace flopcast {
namespace {

/// Classes whose table is not what the calibration was fitted to: several eager kernels.
bool was_fitted(OperatorClass kind) {
  using enum OperatorClass;
  return kind != rotary && kind != embedding && kind != cross_entropy && kind != optimizer;
}

void expect_coverage(const std::string &device_id, const std::string &table) {
  const PresetCatalog catalog = tests::shipped_presets();
  const Device device = load_device(catalog, device_id);
  const Calibration calibration = load_calibration(catalog, device_id);
  int inside = 0;
  int all = 0;
  for (const KernelTable &one : read_kernel_tables(tests::shared_data() / table)) {
    if (catalog.resolve("devices", one.device) != device_id || !one.variant.empty())
      continue;
    for (const KernelSample &sample : one.samples) {
      if (!is_held_back(sample.call) || tells_spread(sample.call) || sample.time <= judged_from ||
          !was_fitted(sample.call.kind))
        continue;
      const Seconds predicted = operator_time(device, calibration, sample.call);
      const TimeSpread spread = operator_time_spread(calibration, sample.call, predicted);
      const double error = std::log(sample.time / predicted);
      ++all;
      inside += error >= spread.p10 && error <= spread.p90 ? 1 : 0;
    }
  }
  ASSERT_GT(all, 1000) << device_id;
  const double share = static_cast<double>(inside) / all;
  EXPECT_GE(share, 0.70) << device_id;
  EXPECT_LE(share, 0.90) << device_id;
}

TEST(SpreadCoverage, HoldsOnA100sLayerOperators) {
  const std::string table = "kernels/a100-sxm4-80gb_fp16_operators.csv";
  FLOPCAST_REQUIRE_SHARED(table);
  expect_coverage("a100-sxm4-80gb", table);
}

TEST(SpreadCoverage, HoldsOnGraceHoppersLayerOperators) {
  const std::string table = "kernels/gh200-120gb_fp16_operators.csv";
  FLOPCAST_REQUIRE_SHARED(table);
  expect_coverage("gh200-96gb", table);
}

TEST(SpreadCoverage, HoldsOnB200sProducts) {
  const std::string table = "kernels/aiconfigurator/b200_sxm__trtllm__1.3.0rc20__gemm_perf.csv.gz";
  FLOPCAST_REQUIRE_SHARED(table);
  expect_coverage("b200-sxm", table);
}

} // namespace
} // namespace flopcast
