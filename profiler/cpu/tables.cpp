// SPDX-License-Identifier: Apache-2.0
#include "profiler/cpu/tables.hpp"

#include "profiler/cpu/elementwise.hpp"
#include "profiler/cpu/normalization.hpp"
#include "profiler/cpu/thread_ranges.hpp"
#include "profiler/cpu/vector_math.hpp"

#include <cmath>

namespace flopcast::cpu {
namespace {

/// What a step's settings come to for one element.
struct AdamFactors {
  float beta1;
  float beta2;
  float step;         ///< learning rate / (1 − beta1^step)
  float second_scale; ///< 1 / √(1 − beta2^step)
  float epsilon;
  float decay;
};

AdamFactors adam_factors(const AdamSettings &settings) {
  const auto step = static_cast<double>(settings.step);
  return {.beta1 = static_cast<float>(settings.beta1),
          .beta2 = static_cast<float>(settings.beta2),
          .step = static_cast<float>(settings.learning_rate / (1 - std::pow(settings.beta1, step))),
          .second_scale = static_cast<float>(1 / std::sqrt(1 - std::pow(settings.beta2, step))),
          .epsilon = static_cast<float>(settings.epsilon),
          .decay = static_cast<float>(1 - settings.learning_rate * settings.weight_decay)};
}

FLOPCAST_VECTOR_CLONES void adam_range(const AdamFactors &factors, std::int64_t n, float *gradients,
                                       float *master, float *first, float *second) {
  const auto [beta1, beta2, step, second_scale, epsilon, decay] = factors;
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    const float gradient = gradients[i];
    const float mean = beta1 * first[i] + (1 - beta1) * gradient;
    const float square = beta2 * second[i] + (1 - beta2) * gradient * gradient;
    first[i] = mean;
    second[i] = square;
    master[i] = decay * master[i] - step * mean / (std::sqrt(square) * second_scale + epsilon);
    gradients[i] = 0;
  }
}

} // namespace

void embedding(int threads, std::int64_t rows, std::int64_t columns, const std::int32_t *tokens,
               const float *table, float *output) {
  for_rows(threads, rows, columns, [&](std::int64_t, Range range) {
    for (std::int64_t row = range.begin; row < range.end; ++row)
      std::copy_n(table + tokens[row] * columns, columns, output + row * columns);
  });
}

void embedding_backward(int threads, std::int64_t rows, std::int64_t columns,
                        const std::int32_t *tokens, const float *output_gradient,
                        float *table_gradient) {
  // By columns: two threads never add to the same element.
  for_ranges(threads, columns, 16, [&](std::int64_t, Range range) {
    for (std::int64_t row = 0; row < rows; ++row) {
      float *sum = table_gradient + tokens[row] * columns + range.begin;
      add_range(sum, output_gradient + row * columns + range.begin, sum, range.end - range.begin);
    }
  });
}

void cross_entropy(int threads, std::int64_t rows, std::int64_t columns,
                   const std::int32_t *targets, float *logits, float *losses) {
  const float share = 1 / static_cast<float>(rows);
  for_rows(threads, rows, columns, [&](std::int64_t, Range range) {
    for (std::int64_t row = range.begin; row < range.end; ++row) {
      float *values = logits + row * columns;
      const float most = greatest(values, columns);
      const float target = values[targets[row]];
      const float sum = exponentials(values, columns, most);
      losses[row] = std::log(sum) + most - target;
      scale(values, columns, share / sum);
      values[targets[row]] -= share;
    }
  });
}

void adam(int threads, const AdamSettings &settings, std::int64_t elements, float *gradients,
          float *master, float *first, float *second, float *weights) {
  const AdamFactors factors = adam_factors(settings);
  for_ranges(threads, elements, 4096, [&](std::int64_t, Range range) {
    const std::int64_t at = range.begin, n = range.end - range.begin;
    adam_range(factors, n, gradients + at, master + at, first + at, second + at);
    if (weights != nullptr && weights != master)
      std::copy_n(master + at, n, weights + at);
  });
}

} // namespace flopcast::cpu
