// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/host_conversion.hpp"

#include "profiler/kernels/kernels.hpp"

#include <gmock/gmock.h>

#include <array>

namespace flopcast::cuda {
namespace {

using testing::ElementsAre;

std::array<float, 4> there_and_back(NumberFormat format, const std::array<float, 4> &values) {
  std::array<float, 4> back{};
  decode(format, encoded(format, values), back);
  return back;
}

TEST(HostConversion, KeepsWhatEachFormatHolds) {
  const std::array<float, 4> values{0, 1, -0.5F, 448}; // 448 is the largest of e4m3
  for (const NumberFormat format : {NumberFormat::fp32, NumberFormat::tf32, NumberFormat::fp16,
                                    NumberFormat::bf16, NumberFormat::fp8})
    EXPECT_EQ(there_and_back(format, values), values) << to_text(format);
}

TEST(HostConversion, RoundsToNearest) {
  // bf16 has 7 bits after the point: 1 + 3/512 lies nearest to 1 + 1/128.
  EXPECT_EQ(there_and_back(NumberFormat::bf16, {1 + 3.0F / 512, 0, 0, 0})[0], 1 + 1.0F / 128);
  // e4m3 has 3: 1.1 lies nearest to 1.125; 1e4 saturates.
  EXPECT_EQ(there_and_back(NumberFormat::fp8, {1.1F, 1e4F, 0, 0})[0], 1.125F);
  EXPECT_EQ(there_and_back(NumberFormat::fp8, {1.1F, 1e4F, 0, 0})[1], 448);
}

TEST(HostConversion, LaysElementsOutOneAfterTheOther) {
  EXPECT_THAT(encoded(NumberFormat::bf16, std::array{1.0F}),
              ElementsAre(std::byte{0x80}, std::byte{0x3f})); // 0x3f80, low byte first
}

TEST(HostConversion, RefusesFormatsThatAreNotStored) {
  EXPECT_THROW((void)encoded(NumberFormat::int8, std::array{1.0F}), MeasurementError);
}

} // namespace
} // namespace flopcast::cuda
