// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

// Compiles a function once for each width of vectors and chooses when the program starts, so that
// one binary is fast everywhere. Not under sanitizers: the choice runs before they are set up.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define FLOPCAST_VECTOR_CLONES                                                                     \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FLOPCAST_VECTOR_CLONES
#endif

namespace flopcast::cpu {

/// e^x within 2e-7 of its value; 0 below -87, where fp32 would leave its normal range. Branchless:
/// loops over it become vector instructions.
/// x = n ln 2 + r with |r| ≤ ln 2 / 2; e^r by its Taylor series, whose next term is below 6e-9.
[[gnu::always_inline]] inline float exponential(float x) {
  constexpr float log2_e = 1.44269504F;
  constexpr float ln2_high = 0.693359375F; // exact in 9 bits: n · ln2_high is exact
  constexpr float ln2_low = -2.12194440e-4F;
  constexpr float round = 12582912.0F; // 1.5 · 2^23: adding it rounds to a whole number
  const float clamped = std::min(std::max(x, -87.0F), 88.0F);
  const float shifted = clamped * log2_e + round;
  const float n = shifted - round;
  const float r = (clamped - n * ln2_high) - n * ln2_low;
  float sum = 1.0F / 5040;
  sum = sum * r + 1.0F / 720;
  sum = sum * r + 1.0F / 120;
  sum = sum * r + 1.0F / 24;
  sum = sum * r + 1.0F / 6;
  sum = sum * r + 0.5F;
  sum = sum * r + 1.0F;
  sum = sum * r + 1.0F;
  const auto exponent = static_cast<std::int32_t>(n) + 127;
  const auto power = std::bit_cast<float>(exponent << 23);
  return x < -87.0F ? 0.0F : sum * power;
}

[[gnu::always_inline]] inline float logistic(float x) { return 1.0F / (1.0F + exponential(-x)); }

} // namespace flopcast::cpu
