// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/sample.hpp"

#include <gmock/gmock.h>

namespace flopcast {
namespace {

OperatorCall call_of(OperatorClass kind, const MatrixShape &shape) {
  return {.kind = kind, .flops = {}, .bytes = {}, .shape = shape};
}

TEST(HeldBack, ProductsThatDifferOnlyInRowsAreOnOneSide) {
  for (std::int64_t columns = 256; columns <= 16384; columns += 256)
    for (const OperatorClass kind : {OperatorClass::gemm, OperatorClass::normalization}) {
      const auto held = [&](std::int64_t rows) {
        return is_held_back(
            call_of(kind, {.batch = 1, .rows = rows, .columns = columns, .depth = 4096}));
      };
      EXPECT_EQ(held(1), held(4096));
    }
}

TEST(HeldBack, AttentionIsHeldBackByHeadsSequenceAndWidth) {
  int held = 0;
  constexpr int all = 64 * 16;
  for (std::int64_t batch = 1; batch <= 64; ++batch)
    for (std::int64_t sequence = 1; sequence <= 16; ++sequence)
      held +=
          is_held_back(call_of(
              OperatorClass::fused_attention,
              {.batch = batch, .rows = 1024 * sequence, .columns = 1024 * sequence, .depth = 128}))
              ? 1
              : 0;
  // A quarter, within three standard deviations: √(1024 · ¼ · ¾) = 13.9.
  EXPECT_NEAR(held, all / 4, 42);
}

TEST(HeldBack, GroupedProductsAreHeldBackByExpertsAndWidthButNotByRows) {
  int held = 0;
  constexpr int all = 64 * 16;
  for (std::int64_t experts = 1; experts <= 64; ++experts)
    for (std::int64_t width = 1; width <= 16; ++width) {
      const auto is_held = [&](std::int64_t rows) {
        return is_held_back(
            call_of(OperatorClass::grouped_gemm,
                    {.batch = experts, .rows = rows, .columns = 256 * width, .depth = 4096}));
      };
      EXPECT_EQ(is_held(1), is_held(4096));
      held += is_held(1) ? 1 : 0;
    }
  EXPECT_NEAR(held, all / 4, 42); // as for attention
}

TEST(HeldBack, OptimizerIsHeldBackByRows) {
  int held = 0;
  for (std::int64_t rows = 1; rows <= 1024; ++rows)
    held += is_held_back(call_of(OperatorClass::optimizer,
                                 {.batch = 1, .rows = rows, .columns = 1, .depth = 0}))
                ? 1
                : 0;
  EXPECT_NEAR(held, 256, 42);
}

} // namespace
} // namespace flopcast
