// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/counters.hpp"

#include "profiler/cuda_environment.hpp"

#include <gtest/gtest.h>

namespace flopcast::cuda {
namespace {

TEST(Counters, AreKnownOnA100AndHopper) {
  using enum NumberFormat;
  for (const char *const chip : {"GA100", "GH100"})
    for (const NumberFormat format : {fp32, tf32, fp16, bf16})
      EXPECT_TRUE(chip_has_counters(chip, counter_names(format))) << chip << to_text(format);
  EXPECT_TRUE(chip_has_counters("GH100", counter_names(fp8)));
}

TEST(Counters, OfBytesAreKnownOnBlackwell) {
  EXPECT_TRUE(chip_has_counters("GB100", counter_names(NumberFormat::bf16)));
  // It counts fp16 under other names: bytes only there.
  EXPECT_FALSE(chip_has_counters("GB100", counter_names(NumberFormat::fp16)));
  EXPECT_TRUE(chip_has_counters("GB100", counter_names(NumberFormat::fp32)));
}

TEST(Counters, ThatDoNotExistAreNotKnown) {
  EXPECT_FALSE(chip_has_counters("GH100", {"sm__no_such_counter.sum"}));
}

TEST(Counters, RefusedAreAnOutcomeWithAReason) {
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
