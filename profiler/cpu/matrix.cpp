// SPDX-License-Identifier: Apache-2.0
#include "profiler/cpu/matrix.hpp"

#include "profiler/cpu/elementwise.hpp"
#include "profiler/cpu/thread_ranges.hpp"
#include "profiler/cpu/vector_math.hpp"

#include <cblas.h>

#include <limits>

namespace flopcast::cpu {
namespace {

// Rows and columns of a part: multiples of what OpenBLAS computes at once.
constexpr std::int64_t row_grain = 16;
constexpr std::int64_t column_grain = 16;
// Multiply-adds, about 10 µs of one core: less is done before a second thread has begun.
constexpr std::int64_t least_split = 1 << 19;

struct Grid {
  int rows = 1;
  int columns = 1;
};

/// How many parts each way. A part reads its rows of the left and its columns of the right operand,
/// so the squarest parts read least.
Grid part_grid(int threads, std::int64_t rows, std::int64_t columns) {
  Grid best;
  double least = std::numeric_limits<double>::max();
  for (int r = 1; r <= threads; ++r) {
    if (threads % r != 0)
      continue;
    const int c = threads / r;
    const double read = static_cast<double>(rows) / r + static_cast<double>(columns) / c;
    const bool fits = rows >= r * row_grain && columns >= c * column_grain;
    if (fits && read < least) {
      least = read;
      best = {.rows = r, .columns = c};
    }
  }
  return best;
}

struct Operands {
  const float *left;
  const float *right;
  float *result;
  const float *bias;
  float *before_gelu;
};

void part_of_product(const Product &product, const Operands &data, Range rows, Range columns) {
  const auto [batch, m, n, k] = product.shape;
  const float *left = data.left + rows.begin * (product.transpose_left ? 1 : k);
  const float *right = data.right + columns.begin * (product.transpose_right ? k : 1);
  float *result = data.result + rows.begin * n + columns.begin;
  const auto as_int = [](std::int64_t size) { return static_cast<blasint>(size); };
  const std::int64_t width = columns.end - columns.begin;
  cblas_sgemm(CblasRowMajor, product.transpose_left ? CblasTrans : CblasNoTrans,
              product.transpose_right ? CblasTrans : CblasNoTrans, as_int(rows.end - rows.begin),
              as_int(width), as_int(k), 1.0F, left, as_int(product.transpose_left ? m : k), right,
              as_int(product.transpose_right ? k : n), product.accumulate ? 1.0F : 0.0F, result,
              as_int(n));
  if (product.epilogue == Epilogue::none)
    return;
  for (std::int64_t row = rows.begin; row < rows.end; ++row) {
    const std::int64_t at = row * n + columns.begin;
    add_range(data.result + at, data.bias + columns.begin, data.result + at, width);
    if (product.epilogue == Epilogue::bias_gelu) {
      if (data.before_gelu != nullptr)
        std::copy_n(data.result + at, width, data.before_gelu + at);
      gelu_range(data.result + at, data.result + at, width);
    }
  }
}

FLOPCAST_VECTOR_CLONES void add_rows(const float *rows, std::int64_t count, std::int64_t stride,
                                     std::int64_t width, float *sums) {
  for (std::int64_t row = 0; row < count; ++row) {
    const float *values = rows + row * stride;
#pragma omp simd
    for (std::int64_t i = 0; i < width; ++i)
      sums[i] += values[i];
  }
}

} // namespace

void product(int threads, const Product &product, const float *left, const float *right,
             float *result, const float *bias, float *before_gelu) {
  const auto [batch, m, n, k] = product.shape;
  if (std::max({m, n, k}) > std::numeric_limits<blasint>::max())
    throw MeasurementError("a matrix is wider than OpenBLAS can count");
  const auto operands = [&](std::int64_t b) {
    return Operands{left + b * m * k, right + b * k * n, result + b * m * n, bias,
                    before_gelu == nullptr ? nullptr : before_gelu + b * m * n};
  };
  if (batch * m * n * k < least_split)
    threads = 1;
  if (batch >= threads) {
    for_ranges(threads, batch, 1, [&](std::int64_t, Range range) {
      for (std::int64_t b = range.begin; b < range.end; ++b)
        part_of_product(product, operands(b), {0, m}, {0, n});
    });
    return;
  }
  const Grid grid = part_grid(threads, m, n);
  for (std::int64_t b = 0; b < batch; ++b)
    for_ranges(grid.rows * grid.columns, grid.rows * grid.columns, 1,
               [&](std::int64_t, Range parts) {
                 for (std::int64_t part = parts.begin; part < parts.end; ++part)
                   part_of_product(product, operands(b),
                                   part_of(m, row_grain, grid.rows, part / grid.columns),
                                   part_of(n, column_grain, grid.columns, part % grid.columns));
               });
}

void bias_gradient(int threads, std::int64_t rows, std::int64_t columns,
                   const float *output_gradient, float *gradient) {
  for_ranges(threads, columns, column_grain, [&](std::int64_t, Range range) {
    add_rows(output_gradient + range.begin, rows, columns, range.end - range.begin,
             gradient + range.begin);
  });
}

void use_callers_thread() { openblas_set_num_threads(1); }

std::string matrix_library() {
  const std::string config = openblas_get_config(); // "OpenBLAS 0.3.21 NO_LAPACKE …"
  const std::size_t version = config.find(' ');
  return config.substr(0, config.find(' ', version + 1)) + ", " + openblas_get_corename() +
         " kernels";
}

} // namespace flopcast::cpu
