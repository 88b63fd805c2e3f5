// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/counters.hpp"

#include "profiler/cuda_environment.hpp"
#include "tests/support/sanitized.hpp"

#include <gtest/gtest.h>

namespace flopcast::cuda {
namespace {

/// CUPTI loads its counters' library with RTLD_DEEPBIND, which ends a program under a sanitizer.
class Counters : public testing::Test {
protected:
  void SetUp() override {
    if (tests::sanitized())
      GTEST_SKIP() << "the counters' library cannot be loaded under a sanitizer";
  }
};

TEST_F(Counters, OfAllFormatsAreKnownOnHopper) {
  using enum NumberFormat;
  for (const NumberFormat format : {fp32, tf32, fp16, bf16, fp8})
    EXPECT_TRUE(chip_has_counters("GH100", counter_names(format))) << to_text(format);
}

TEST_F(Counters, OfBf16AreKnownOnA100AndBlackwell) {
  for (const char *const chip : {"GA100", "GB100"}) {
    EXPECT_TRUE(chip_has_counters(chip, counter_names(NumberFormat::bf16))) << chip;
    // They count fp16 under other names: bytes only there.
    EXPECT_FALSE(chip_has_counters(chip, counter_names(NumberFormat::fp16))) << chip;
    EXPECT_TRUE(chip_has_counters(chip, counter_names(NumberFormat::fp32))) << chip;
  }
}

TEST_F(Counters, ThatDoNotExistAreNotKnown) {
  EXPECT_FALSE(chip_has_counters("GH100", {"sm__no_such_counter.sum"}));
}

TEST_F(Counters, RefusedAreAnOutcomeWithAReason) {
  if (!cuda_environment().devices.empty())
    GTEST_SKIP() << "there is a GPU here";
  bool ran = false;
  const CounterReading reading = count(0, NumberFormat::bf16, [&] { ran = true; });
  EXPECT_FALSE(reading.dram_bytes);
  EXPECT_FALSE(reading.refusal.empty());
  EXPECT_FALSE(ran);
}

} // namespace
} // namespace flopcast::cuda
