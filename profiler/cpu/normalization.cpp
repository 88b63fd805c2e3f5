// SPDX-License-Identifier: Apache-2.0
#include "profiler/cpu/normalization.hpp"

#include "profiler/cpu/thread_ranges.hpp"
#include "profiler/cpu/vector_math.hpp"

#include <cmath>
#include <limits>
#include <vector>

namespace flopcast::cpu {
namespace {

constexpr float norm_epsilon = 1e-5F; // PyTorch's default for both norms in language models

/// Sums over a row's elements.
struct RowSums {
  float sum = 0;
  float squares = 0;
};

FLOPCAST_VECTOR_CLONES RowSums row_sums(const float *row, float centre, std::int64_t n) {
  float sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum, squares)
  for (std::int64_t i = 0; i < n; ++i) {
    const float distance = row[i] - centre;
    sum += distance;
    squares += distance * distance;
  }
  return {sum, squares};
}

FLOPCAST_VECTOR_CLONES float dot(const float *a, const float *b, std::int64_t n) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < n; ++i)
    sum += a[i] * b[i];
  return sum;
}

FLOPCAST_VECTOR_CLONES void softmax_backward_row(const float *output, const float *output_gradient,
                                                 float mean, float *input_gradient,
                                                 std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i)
    input_gradient[i] = output[i] * (output_gradient[i] - mean);
}

/// output = (input − centre) · factor · weight (+ bias)
FLOPCAST_VECTOR_CLONES void normalize_row(const float *input, float centre, float factor,
                                          const float *weight, const float *bias, float *output,
                                          std::int64_t n) {
  if (bias == nullptr) {
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i)
      output[i] = (input[i] - centre) * factor * weight[i];
    return;
  }
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i)
    output[i] = (input[i] - centre) * factor * weight[i] + bias[i];
}

struct BackwardRow {
  const float *input;
  const float *weight;
  const float *output_gradient;
  float centre;
  float factor;
  std::int64_t columns;
};

/// Sums of the gradient at the normalised values, and of it times them; adds to the parameters'
/// gradients. `bias_gradient` may be null.
FLOPCAST_VECTOR_CLONES RowSums backward_sums(const BackwardRow &row, float *weight_gradient,
                                             float *bias_gradient) {
  const auto [input, weight, output_gradient, centre, factor, n] = row;
  float sum = 0, products = 0;
#pragma omp simd reduction(+ : sum, products)
  for (std::int64_t i = 0; i < n; ++i) {
    const float normal = (input[i] - centre) * factor;
    const float gradient = output_gradient[i] * weight[i];
    sum += gradient;
    products += gradient * normal;
    weight_gradient[i] += output_gradient[i] * normal;
  }
  if (bias_gradient != nullptr) {
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i)
      bias_gradient[i] += output_gradient[i];
  }
  return {sum, products};
}

FLOPCAST_VECTOR_CLONES void backward_row(const BackwardRow &row, float mean, float slope,
                                         float *input_gradient) {
  const auto [input, weight, output_gradient, centre, factor, n] = row;
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    const float normal = (input[i] - centre) * factor;
    input_gradient[i] = factor * (output_gradient[i] * weight[i] - mean - normal * slope);
  }
}

/// Each thread adds up its rows' share of the parameters' gradients; they are summed in the order
/// of the threads, so that a run repeats bit by bit.
class ParameterGradients {
public:
  ParameterGradients(int threads, std::int64_t columns)
      : columns_(columns), sums_(static_cast<std::size_t>(threads * columns)) {}
  [[nodiscard]] float *of(std::int64_t part) { return sums_.data() + part * columns_; }
  void add_to(float *gradient) const {
    for (std::size_t at = 0; at < sums_.size(); at += static_cast<std::size_t>(columns_))
      for (std::int64_t i = 0; i < columns_; ++i)
        gradient[i] += sums_[at + static_cast<std::size_t>(i)];
  }

private:
  std::int64_t columns_;
  std::vector<float> sums_;
};

} // namespace

FLOPCAST_VECTOR_CLONES float greatest(const float *values, std::int64_t count) {
  float most = -std::numeric_limits<float>::infinity();
#pragma omp simd reduction(max : most)
  for (std::int64_t i = 0; i < count; ++i)
    most = values[i] > most ? values[i] : most;
  return most;
}

FLOPCAST_VECTOR_CLONES float exponentials(float *values, std::int64_t count, float shift) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i) {
    values[i] = exponential(values[i] - shift);
    sum += values[i];
  }
  return sum;
}

FLOPCAST_VECTOR_CLONES void scale(float *values, std::int64_t count, float factor) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i)
    values[i] *= factor;
}

void softmax(int threads, std::int64_t rows, std::int64_t columns, const float *input,
             float *output) {
  for_rows(threads, rows, columns, [&](std::int64_t, Range range) {
    for (std::int64_t row = range.begin; row < range.end; ++row) {
      float *values = output + row * columns;
      std::copy_n(input + row * columns, columns, values);
      scale(values, columns, 1 / exponentials(values, columns, greatest(values, columns)));
    }
  });
}

void softmax_backward(int threads, std::int64_t rows, std::int64_t columns, const float *output,
                      const float *output_gradient, float *input_gradient) {
  for_rows(threads, rows, columns, [&](std::int64_t, Range range) {
    for (std::int64_t row = range.begin; row < range.end; ++row) {
      const std::int64_t at = row * columns;
      softmax_backward_row(output + at, output_gradient + at,
                           dot(output + at, output_gradient + at, columns), input_gradient + at,
                           columns);
    }
  });
}

void layer_norm(int threads, std::int64_t rows, std::int64_t columns, const float *input,
                const float *weight, const float *bias, float *output, float *statistics) {
  const auto n = static_cast<float>(columns);
  for_rows(threads, rows, columns, [&](std::int64_t, Range range) {
    for (std::int64_t row = range.begin; row < range.end; ++row) {
      const float *values = input + row * columns;
      const float mean = row_sums(values, 0, columns).sum / n;
      const float variance = row_sums(values, mean, columns).squares / n;
      const float factor = 1 / std::sqrt(variance + norm_epsilon);
      normalize_row(values, mean, factor, weight, bias, output + row * columns, columns);
      statistics[row] = mean;
      statistics[rows + row] = factor;
    }
  });
}

void layer_norm_backward(int threads, std::int64_t rows, std::int64_t columns, const float *input,
                         const float *weight, const float *statistics, const float *output_gradient,
                         float *input_gradient, float *weight_gradient, float *bias_gradient) {
  const auto n = static_cast<float>(columns);
  ParameterGradients weights(threads, columns);
  ParameterGradients biases(threads, columns);
  for_rows(threads, rows, columns, [&](std::int64_t part, Range range) {
    for (std::int64_t row = range.begin; row < range.end; ++row) {
      const std::int64_t at = row * columns;
      const BackwardRow values{
          input + at, weight, output_gradient + at, statistics[row], statistics[rows + row],
          columns};
      const RowSums sums = backward_sums(values, weights.of(part), biases.of(part));
      backward_row(values, sums.sum / n, sums.squares / n, input_gradient + at);
    }
  });
  weights.add_to(weight_gradient);
  biases.add_to(bias_gradient);
}

void rms_norm(int threads, std::int64_t rows, std::int64_t columns, const float *input,
              const float *weight, float *output, float *statistics) {
  const auto n = static_cast<float>(columns);
  for_rows(threads, rows, columns, [&](std::int64_t, Range range) {
    for (std::int64_t row = range.begin; row < range.end; ++row) {
      const float *values = input + row * columns;
      const float factor = 1 / std::sqrt(row_sums(values, 0, columns).squares / n + norm_epsilon);
      normalize_row(values, 0, factor, weight, nullptr, output + row * columns, columns);
      statistics[row] = factor;
    }
  });
}

void rms_norm_backward(int threads, std::int64_t rows, std::int64_t columns, const float *input,
                       const float *weight, const float *statistics, const float *output_gradient,
                       float *input_gradient, float *weight_gradient) {
  const auto n = static_cast<float>(columns);
  ParameterGradients weights(threads, columns);
  for_rows(threads, rows, columns, [&](std::int64_t part, Range range) {
    for (std::int64_t row = range.begin; row < range.end; ++row) {
      const std::int64_t at = row * columns;
      const BackwardRow values{input + at, weight,          output_gradient + at,
                               0,          statistics[row], columns};
      const RowSums sums = backward_sums(values, weights.of(part), nullptr);
      backward_row(values, 0, sums.squares / n, input_gradient + at);
    }
  });
  weights.add_to(weight_gradient);
}

} // namespace flopcast::cpu
