// SPDX-License-Identifier: Apache-2.0
#include "hardware/input/value.hpp"
#include "model/execution/software.hpp"
#include "model/execution/software_preset.hpp"
#include "tests/model/examples.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace flopcast {
namespace {

using namespace tests;
using units::microsecond;
using units::second;

TEST(Software, IsNeutralByDefault) {
  const Software neutral;
  for (const auto &[name, kind] : operator_class_names()) {
    OperatorCall call;
    call.kind = kind;
    EXPECT_EQ(in_training(neutral, call, 3.0 * second), 3.0 * second) << name;
  }
  EXPECT_EQ(with_host(3.0 * second, {}), 3.0 * second);
  EXPECT_EQ(slowest_of(neutral, 1e5), 1);
}

TEST(Software, SlowsEachClassByItsOwnConstant) {
  Software software;
  software.products = 2;
  software.scores = 3;
  software.experts = 4;
  software.attention = 5;
  software.streams = 6;
  const auto of = [&](OperatorClass kind) {
    OperatorCall call;
    call.kind = kind;
    return in_training(software, call, 1.0 * second).in(second);
  };
  EXPECT_EQ(of(OperatorClass::gemm), 2);
  EXPECT_EQ(of(OperatorClass::batched_gemm), 3);
  EXPECT_EQ(of(OperatorClass::grouped_gemm), 4);
  EXPECT_EQ(of(OperatorClass::fused_attention), 5);
  EXPECT_EQ(of(OperatorClass::softmax), 6);
}

TEST(Software, ALossWhosePassesAreCountedIsNotScaledAgain) {
  Software software;
  software.streams = 1.5;
  OperatorCall call;
  call.kind = OperatorClass::cross_entropy;
  EXPECT_EQ(in_training(software, call, 1.0 * second).in(second), 1.5);
  software.loss_forward = 9.5;
  EXPECT_EQ(in_training(software, call, 1.0 * second).in(second), 1);
}

TEST(Software, ProductsOfOddWidthTakeTheirOwnFactor) {
  Software software;
  software.products = 1.5;
  software.unaligned_products = 2;
  const auto of = [&](std::int64_t columns, std::int64_t depth, OperatorClass kind) {
    OperatorCall call;
    call.kind = kind;
    call.shape = {.batch = 1, .rows = 1023, .columns = columns, .depth = depth};
    return in_training(software, call, 1.0 * second).in(second);
  };
  // GPT-2's vocabulary as it is and padded to a multiple of 128.
  EXPECT_EQ(of(50257, 1024, OperatorClass::gemm), 3);
  EXPECT_EQ(of(1024, 50257, OperatorClass::gemm), 3);
  EXPECT_EQ(of(50304, 1024, OperatorClass::gemm), 1.5);
  EXPECT_EQ(of(50257, 1024, OperatorClass::batched_gemm), 1);
}

TEST(Software, HidesTheHostBehindADeviceThatIsMuchSlower) {
  // (1 + (1/10)^8)^(1/8) is 1 to nine digits.
  EXPECT_NEAR(with_host(10.0 * second, 1.0 * second).in(second), 10, 1e-7);
  EXPECT_NEAR(with_host(1.0 * second, 10.0 * second).in(second), 10, 1e-7);
  // Where both take 5 ms: 5 ms x 2^(1/8) = 5.4525 ms.
  EXPECT_NEAR(with_host(5e-3 * second, 5e-3 * second).in(second), 5.4525e-3, 1e-7);
}

TEST(Software, WaitsLongerForTheSlowestOfMoreGpus) {
  Software software;
  software.jitter = 0.01;
  // sqrt(2 ln 1024) = 3.7233
  EXPECT_NEAR(slowest_of(software, 1024), 1.037233, 1e-6);
  EXPECT_GT(slowest_of(software, 2048), slowest_of(software, 1024));
}

TEST(SoftwarePreset, SurvivesItsText) {
  SoftwarePreset preset;
  preset.base.framework = "some";
  preset.base.products = 1.25;
  preset.base.host_forward = 40.0 * microsecond;
  preset.base.context = 3e9 * units::byte;
  preset.base.spread.step_time = {.samples = 12, .p10 = -0.11, .p50 = 0.01, .p90 = 0.2};
  preset.base.spread.memory = {.samples = 4, .p10 = -0.05, .p50 = 0, .p90 = 0.3};
  preset.base.spread.hardware = 0.07;
  Software hopper = preset.base;
  hopper.attention = 1.5;
  preset.by_architecture.emplace("Hopper", hopper);
  preset.fixed = {"products", "jitter"};

  const InputValue root = parse_toml(software_toml(preset), "some.toml");
  Diagnostics diagnostics;
  TableReader reader(root, "", diagnostics);
  const SoftwarePreset read = read_software(reader.table("software"), "some");
  diagnostics.throw_if_any();
  EXPECT_EQ(read.base.products, 1.25);
  EXPECT_NEAR(read.base.host_forward.in(microsecond), 40, 1e-9);
  EXPECT_NEAR(read.base.context.in(units::byte), 3e9, 1);
  EXPECT_EQ(read.on("Hopper").attention, 1.5);
  EXPECT_EQ(read.on("Hopper").products, 1.25); // as the framework's
  EXPECT_EQ(read.on("Ampere").attention, 1);
  EXPECT_EQ(read.base.spread, preset.base.spread);
  EXPECT_EQ(read.on("Hopper").spread, preset.base.spread);
  EXPECT_EQ(read.fixed, preset.fixed);
}

TEST(SoftwarePreset, OfBlackwellServesItsLaterEdition) {
  SoftwarePreset preset;
  Software blackwell;
  blackwell.products = 1.5;
  preset.by_architecture.emplace("Blackwell", blackwell);
  EXPECT_EQ(preset.on("Blackwell Ultra").products, 1.5);
}

TEST(SoftwarePreset, NamesAConstantThatItDoesNotKnow) {
  const InputValue root = parse_toml("[software]\nproduct = 1.1\n", "some.toml");
  Diagnostics diagnostics;
  TableReader reader(root, "", diagnostics);
  (void)read_software(reader.table("software"), "some");
  try {
    diagnostics.throw_if_any();
    FAIL() << "a misspelt key was taken";
  } catch (const InputError &error) {
    EXPECT_NE(std::string(error.what()).find("products"), std::string::npos) << error.what();
  }
}

} // namespace
} // namespace flopcast
