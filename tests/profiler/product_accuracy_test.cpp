// SPDX-License-Identifier: Apache-2.0
// Fits matrix products to the collected tables and judges them on shapes that the fit did not see.
#include "hardware/calibration_fit.hpp"
#include "hardware/presets/load.hpp"
#include "profiler/importers/kernel_tables.hpp"
#include "tests/support/paths.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <ostream>

namespace flopcast {
namespace {

struct Case {
  const char *name;
  const char *device;
  const char *table; ///< below ../shared/data/kernels/aiconfigurator
  NumberFormat format;
  double median;
  double p90;
};

void PrintTo(const Case &products, std::ostream *stream) { *stream << products.name; }

class Products : public testing::TestWithParam<Case> {};

TEST_P(Products, AreMetOnHeldBackShapes) {
  const Case &wanted = GetParam();
  const std::string path = std::string("kernels/aiconfigurator/") + wanted.table;
  FLOPCAST_REQUIRE_SHARED(path);
  const PresetCatalog catalog = tests::shipped_presets();
  const Device device = load_device(catalog, wanted.device);
  std::vector<KernelSample> samples;
  for (const KernelTable &table : read_kernel_tables(tests::shared_data() / path))
    if (table.variant.empty())
      for (const KernelSample &sample : table.samples)
        if (sample.call.format == wanted.format)
          samples.push_back(sample);
  const Calibration fitted = fit_calibration(load_calibration(catalog, "default"), device, samples);
  ASSERT_EQ(fitted.errors.size(), 1U);
  const ErrorSummary &errors = fitted.errors.front().held_back;
  EXPECT_GT(errors.samples, 800);
  EXPECT_LE(errors.median, wanted.median);
  EXPECT_LE(errors.p90, wanted.p90);
}

// Targets: 4 % and 12 % in 16 bits, 6 % and 15 % on B200 and in fp8. A100's P90 meets its target by
// a tenth of a percent: between 64 and 768 rows the library's choice of kernels follows no
// neighbour (docs/calibration.md).
INSTANTIATE_TEST_SUITE_P(
    Devices, Products,
    testing::Values(
        Case{"A100Bf16", "a100-sxm4-80gb", "a100_sxm__trtllm__1.0.0__gemm_perf.csv.gz",
             NumberFormat::bf16, 0.04, 0.12},
        Case{"H100Bf16", "h100-sxm5-80gb", "h100_sxm__trtllm__1.3.0rc20__gemm_perf.csv.gz",
             NumberFormat::bf16, 0.04, 0.12},
        Case{"H100Fp8", "h100-sxm5-80gb", "h100_sxm__trtllm__1.3.0rc20__gemm_perf.csv.gz",
             NumberFormat::fp8, 0.06, 0.15},
        Case{"H200Bf16", "h200-sxm-141gb", "h200_sxm__trtllm__1.3.0rc20__gemm_perf.csv.gz",
             NumberFormat::bf16, 0.04, 0.12},
        Case{"B200Bf16", "b200-sxm", "b200_sxm__trtllm__1.3.0rc20__gemm_perf.csv.gz",
             NumberFormat::bf16, 0.06, 0.15},
        Case{"B200Fp8", "b200-sxm", "b200_sxm__trtllm__1.3.0rc20__gemm_perf.csv.gz",
             NumberFormat::fp8, 0.06, 0.15}),
    [](const auto &test) { return test.param.name; });

struct GradientCase {
  const char *name;
  const char *device;
  const char *table; ///< below ../shared/data/kernels
};

void PrintTo(const GradientCase &gradients, std::ostream *stream) { *stream << gradients.name; }

class Gradients : public testing::TestWithParam<GradientCase> {};

// By the forward model alone they are 7 to 10 % off in the median.
TEST_P(Gradients, OfHeldBackShapesAreMet) {
  const std::string path = std::string("kernels/") + GetParam().table;
  FLOPCAST_REQUIRE_SHARED(path);
  const PresetCatalog catalog = tests::shipped_presets();
  const Device device = load_device(catalog, GetParam().device);
  const Calibration shipped = load_calibration(catalog, GetParam().device);
  std::vector<double> errors;
  for (const KernelTable &table : read_kernel_tables(tests::shared_data() / path))
    for (const Agreement &pair : held_back_agreement(shipped, device, table.samples))
      if (pair.call.kind == OperatorClass::gemm && pair.pass == Pass::backward &&
          pair.measured > judged_from)
        errors.push_back(pair.predicted / pair.measured - 1);
  const ErrorSummary summary = summarize(std::move(errors));
  EXPECT_GT(summary.samples, 1500);
  EXPECT_LE(summary.median, 0.04);
  EXPECT_LE(std::abs(summary.bias), 0.04);
}

INSTANTIATE_TEST_SUITE_P(
    Devices, Gradients,
    testing::Values(GradientCase{"A100", "a100-sxm4-80gb", "a100-sxm4-80gb_fp16_operators.csv"},
                    GradientCase{"GH200", "gh200-96gb", "gh200-120gb_fp16_operators.csv"}),
    [](const auto &test) { return test.param.name; });

// Most readings are met within 5 %. The worst tenth is not bounded: readings whose second began
// with a pause stay in the judged part (docs/calibration.md).
TEST(Power, IsMetOnHeldBackShapes) {
  const std::string path = "kernels/aiconfigurator/h200_sxm__vllm__0.22.0__gemm_perf.csv.gz";
  FLOPCAST_REQUIRE_SHARED(path);
  const PresetCatalog catalog = tests::shipped_presets();
  std::vector<KernelSample> samples;
  for (const KernelTable &table : read_kernel_tables(tests::shared_data() / path))
    samples.insert(samples.end(), table.samples.begin(), table.samples.end());
  const auto power = fit_metered_power(load_device(catalog, "h200-sxm-141gb"), samples);
  ASSERT_TRUE(power);
  EXPECT_GT(power->held_back.samples, 4000);
  EXPECT_LE(power->held_back.median, 0.05);
  // And it is what the preset holds, to its six digits.
  const auto shipped = load_calibration(catalog, "h200-sxm-141gb").power;
  ASSERT_TRUE(shipped);
  EXPECT_NEAR(power->model.per_byte / shipped->model.per_byte, 1, 1e-5);
  EXPECT_NEAR(power->model.idle / shipped->model.idle, 1, 1e-5);
}

} // namespace
} // namespace flopcast
