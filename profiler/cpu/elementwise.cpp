// SPDX-License-Identifier: Apache-2.0
#include "profiler/cpu/elementwise.hpp"

#include "profiler/cpu/thread_ranges.hpp"
#include "profiler/cpu/vector_math.hpp"

#include <cmath>

namespace flopcast::cpu {
namespace {

constexpr std::int64_t grain = 4096;

// gelu(x) = x (1 + tanh(u)) / 2 = x · logistic(2u), u = √(2/π) (x + 0.044715 x³).
// Source: Hendrycks and Gimpel 2016, section 2.
constexpr float gelu_scale = 2 * 0.7978845608F;
constexpr float gelu_cubic = 0.044715F;

[[gnu::always_inline]] inline float gelu_of(float x) {
  return x * logistic(gelu_scale * (x + gelu_cubic * x * x * x));
}

/// Bits of a counter, well mixed. Source: C. Wellons 2018, "lowbias32".
[[gnu::always_inline]] inline std::uint32_t mixed(std::uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352dU;
  x ^= x >> 15;
  x *= 0x846ca68bU;
  return x ^ (x >> 16);
}

FLOPCAST_VECTOR_CLONES void random_range(float *to, Range range, float scale, std::uint32_t seed) {
#pragma omp simd
  for (std::int64_t i = range.begin; i < range.end; ++i) {
    const std::uint32_t a = mixed(seed + 2 * static_cast<std::uint32_t>(i));
    const std::uint32_t b = mixed(seed + 2 * static_cast<std::uint32_t>(i) + 1);
    const auto sum =
        static_cast<std::int32_t>((a & 0xffffU) + (a >> 16) + (b & 0xffffU) + (b >> 16));
    to[i] = scale * (static_cast<float>(sum) - 2 * 65535.0F);
  }
}

FLOPCAST_VECTOR_CLONES void triad_range(const float *a, const float *b, float factor, float *to,
                                        std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i)
    to[i] = a[i] + factor * b[i];
}

FLOPCAST_VECTOR_CLONES void gelu_backward_range(const float *input, const float *output_gradient,
                                                float *input_gradient, std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    const float x = input[i];
    const float share = logistic(gelu_scale * (x + gelu_cubic * x * x * x));
    const float slope = gelu_scale * (1 + 3 * gelu_cubic * x * x);
    input_gradient[i] = output_gradient[i] * (share + x * share * (1 - share) * slope);
  }
}

FLOPCAST_VECTOR_CLONES void swiglu_row(const float *gates, const float *values, float *output,
                                       std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i)
    output[i] = gates[i] * logistic(gates[i]) * values[i];
}

FLOPCAST_VECTOR_CLONES void swiglu_backward_row(const float *gates, const float *values,
                                                const float *output_gradient, float *gate_gradient,
                                                float *value_gradient, std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    const float share = logistic(gates[i]);
    const float silu = gates[i] * share;
    gate_gradient[i] = output_gradient[i] * values[i] * (share + silu * (1 - share));
    value_gradient[i] = output_gradient[i] * silu;
  }
}

FLOPCAST_VECTOR_CLONES void rotate(float *first, float *second, const float *cosines,
                                   const float *sines, float sign, std::int64_t half) {
#pragma omp simd
  for (std::int64_t i = 0; i < half; ++i) {
    const float a = first[i];
    const float b = second[i];
    first[i] = a * cosines[i] - sign * b * sines[i];
    second[i] = b * cosines[i] + sign * a * sines[i];
  }
}

} // namespace

FLOPCAST_VECTOR_CLONES void add_range(const float *a, const float *b, float *to, std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i)
    to[i] = a[i] + b[i];
}

FLOPCAST_VECTOR_CLONES void gelu_range(const float *input, float *output, std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i)
    output[i] = gelu_of(input[i]);
}

void fill_random(int threads, float *to, std::int64_t elements, double deviation,
                 std::uint64_t seed) {
  // The sum of four uniform 16-bit numbers has a variance of 4 · 65535² / 12.
  const auto scale = static_cast<float>(deviation * std::sqrt(3.0) / 65535);
  const std::uint32_t start = mixed(static_cast<std::uint32_t>(seed ^ (seed >> 32)));
  for_ranges(threads, elements, grain,
             [&](std::int64_t, Range range) { random_range(to, range, scale, start); });
}

void fill(int threads, float *to, std::int64_t elements, float value) {
  for_ranges(threads, elements, grain, [&](std::int64_t, Range range) {
    std::fill(to + range.begin, to + range.end, value);
  });
}

void copy(int threads, const float *from, float *to, std::int64_t elements) {
  for_ranges(threads, elements, grain, [&](std::int64_t, Range range) {
    std::copy(from + range.begin, from + range.end, to + range.begin);
  });
}

void triad(int threads, const float *a, const float *b, float factor, float *to,
           std::int64_t elements) {
  for_ranges(threads, elements, grain, [&](std::int64_t, Range range) {
    triad_range(a + range.begin, b + range.begin, factor, to + range.begin,
                range.end - range.begin);
  });
}

void add(int threads, const float *a, const float *b, float *to, std::int64_t elements) {
  for_ranges(threads, elements, grain, [&](std::int64_t, Range range) {
    add_range(a + range.begin, b + range.begin, to + range.begin, range.end - range.begin);
  });
}

void gelu(int threads, const float *input, float *output, std::int64_t elements) {
  for_ranges(threads, elements, grain, [&](std::int64_t, Range range) {
    gelu_range(input + range.begin, output + range.begin, range.end - range.begin);
  });
}

void gelu_backward(int threads, const float *input, const float *output_gradient,
                   float *input_gradient, std::int64_t elements) {
  for_ranges(threads, elements, grain, [&](std::int64_t, Range range) {
    gelu_backward_range(input + range.begin, output_gradient + range.begin,
                        input_gradient + range.begin, range.end - range.begin);
  });
}

void swiglu(int threads, std::int64_t rows, std::int64_t columns, const float *input,
            float *output) {
  for_rows(threads, rows, columns, [&](std::int64_t, Range range) {
    for (std::int64_t row = range.begin; row < range.end; ++row) {
      const float *gates = input + row * 2 * columns;
      swiglu_row(gates, gates + columns, output + row * columns, columns);
    }
  });
}

void swiglu_backward(int threads, std::int64_t rows, std::int64_t columns, const float *input,
                     const float *output_gradient, float *input_gradient) {
  for_rows(threads, rows, columns, [&](std::int64_t, Range range) {
    for (std::int64_t row = range.begin; row < range.end; ++row) {
      const std::int64_t at = row * 2 * columns;
      swiglu_backward_row(input + at, input + at + columns, output_gradient + row * columns,
                          input_gradient + at, input_gradient + at + columns, columns);
    }
  });
}

RotaryTable::RotaryTable(std::int64_t sequence, std::int64_t width)
    : sequence_(sequence), width_(width),
      cosines_(static_cast<std::size_t>(sequence * (width / 2))), sines_(cosines_.size()) {
  const std::int64_t half = width / 2;
  for (std::int64_t i = 0; i < half; ++i) {
    const double speed =
        std::pow(10000.0, -2 * static_cast<double>(i) / static_cast<double>(width));
    for (std::int64_t position = 0; position < sequence; ++position) {
      const auto at = static_cast<std::size_t>(position * half + i);
      const double angle = static_cast<double>(position) * speed;
      cosines_[at] = static_cast<float>(std::cos(angle));
      sines_[at] = static_cast<float>(std::sin(angle));
    }
  }
}

void rotary(int threads, std::int64_t batch, std::int64_t sequence, std::int64_t heads,
            std::int64_t width, bool backward, const RotaryTable &table, float *vectors) {
  const float sign = backward ? -1.0F : 1.0F;
  for_rows(threads, batch * sequence, heads * width, [&](std::int64_t, Range range) {
    for (std::int64_t row = range.begin; row < range.end; ++row)
      for (std::int64_t head = 0; head < heads; ++head) {
        float *vector = vectors + (row * heads + head) * width;
        const std::int64_t position = row % sequence;
        rotate(vector, vector + width / 2, table.cosines(position), table.sines(position), sign,
               width / 2);
      }
  });
}

} // namespace flopcast::cpu
