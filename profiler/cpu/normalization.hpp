// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// Operators on rows that are reduced together; see Kernels for what each does.
namespace flopcast::cpu {

void softmax(int threads, std::int64_t rows, std::int64_t columns, const float *input,
             float *output);
void softmax_backward(int threads, std::int64_t rows, std::int64_t columns, const float *output,
                      const float *output_gradient, float *input_gradient);
void layer_norm(int threads, std::int64_t rows, std::int64_t columns, const float *input,
                const float *weight, const float *bias, float *output, float *statistics);
void layer_norm_backward(int threads, std::int64_t rows, std::int64_t columns, const float *input,
                         const float *weight, const float *statistics, const float *output_gradient,
                         float *input_gradient, float *weight_gradient, float *bias_gradient);
void rms_norm(int threads, std::int64_t rows, std::int64_t columns, const float *input,
              const float *weight, float *output, float *statistics);
void rms_norm_backward(int threads, std::int64_t rows, std::int64_t columns, const float *input,
                       const float *weight, const float *statistics, const float *output_gradient,
                       float *input_gradient, float *weight_gradient);

// On this thread.
[[nodiscard]] float greatest(const float *values, std::int64_t count);
/// values = e^(values − shift); their sum.
float exponentials(float *values, std::int64_t count, float shift);
void scale(float *values, std::int64_t count, float factor);

} // namespace flopcast::cpu
