// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

// Element-by-element operators; see Kernels for what each does.
namespace flopcast::cpu {

/// Close to normal values: sums of four uniform ones, within 3.5 standard deviations.
void fill_random(int threads, float *to, std::int64_t elements, double deviation,
                 std::uint64_t seed);
void fill(int threads, float *to, std::int64_t elements, float value);
void copy(int threads, const float *from, float *to, std::int64_t elements);
void triad(int threads, const float *a, const float *b, float factor, float *to,
           std::int64_t elements);
void add(int threads, const float *a, const float *b, float *to, std::int64_t elements);
void gelu(int threads, const float *input, float *output, std::int64_t elements);
void gelu_backward(int threads, const float *input, const float *output_gradient,
                   float *input_gradient, std::int64_t elements);
void swiglu(int threads, std::int64_t rows, std::int64_t columns, const float *input,
            float *output);
void swiglu_backward(int threads, std::int64_t rows, std::int64_t columns, const float *input,
                     const float *output_gradient, float *input_gradient);

/// Cosines and sines of every position's angles: position × 10000^(-2i/width).
class RotaryTable {
public:
  RotaryTable() = default;
  RotaryTable(std::int64_t sequence, std::int64_t width);
  [[nodiscard]] bool is_for(std::int64_t sequence, std::int64_t width) const {
    return sequence == sequence_ && width == width_;
  }
  [[nodiscard]] const float *cosines(std::int64_t position) const {
    return cosines_.data() + position * (width_ / 2);
  }
  [[nodiscard]] const float *sines(std::int64_t position) const {
    return sines_.data() + position * (width_ / 2);
  }

private:
  std::int64_t sequence_ = 0;
  std::int64_t width_ = 0;
  std::vector<float> cosines_;
  std::vector<float> sines_;
};

/// Rotates each head's element i with element i + width / 2.
void rotary(int threads, std::int64_t batch, std::int64_t sequence, std::int64_t heads,
            std::int64_t width, bool backward, const RotaryTable &table, float *vectors);

// On this thread, for what follows a product. `to` may be an operand.
void add_range(const float *a, const float *b, float *to, std::int64_t elements);
void gelu_range(const float *input, float *output, std::int64_t elements);

} // namespace flopcast::cpu
