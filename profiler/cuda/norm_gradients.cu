// SPDX-License-Identifier: Apache-2.0
// Norms and softmax, gradients of their inputs: a block a row. column_sums.cu has those of weights.
#include "profiler/cuda/rows.cuh"

namespace flopcast::cuda {
namespace {

/// With x̂ the normalised input and g = output gradient · weight:
/// layer norm: scale · (g − mean(g) − x̂ · mean(g · x̂)); RMS norm: the same without mean(g).
template <class T, int size, int held, bool centred>
__global__ void norm_gradient_kernel(std::int64_t rows, std::int64_t columns, const T *in,
                                     const T *weight, const float *statistics,
                                     const T *output_gradient, T *input_gradient) {
  for (std::int64_t r = blockIdx.x; r < rows; r += gridDim.x) {
    const float mean = centred ? statistics[2 * r] : 0;
    const float scale = centred ? statistics[2 * r + 1] : statistics[r];
    const T *const gradient = output_gradient + r * columns;
    Row<T, size, held> row(in + r * columns, columns);
    Pair sums{0, 0}; // of g and of g · x̂
    row.each([&](std::int64_t pack, const float(&x)[size]) {
      float w[size], dy[size];
      load(weight, pack, w);
      load(gradient, pack, dy);
      for (int i = 0; i < size; ++i) {
        const float g = dy[i] * w[i];
        sums.first += g;
        sums.second += g * (x[i] - mean) * scale;
      }
    });
    sums = over_block(sums, Pair{0, 0}, [](Pair a, Pair b) {
      return Pair{a.first + b.first, a.second + b.second};
    });
    const float share = 1.0F / static_cast<float>(columns);
    const float g_mean = centred ? sums.first * share : 0, gx_mean = sums.second * share;
    row.each([&](std::int64_t pack, const float(&x)[size]) {
      float w[size], dy[size], dx[size];
      load(weight, pack, w);
      load(gradient, pack, dy); // again, from the L1 cache
      for (int i = 0; i < size; ++i)
        dx[i] = scale * (dy[i] * w[i] - g_mean - (x[i] - mean) * scale * gx_mean);
      store(input_gradient + r * columns, pack, dx);
    });
  }
}

template <class T, int size, int held>
__global__ void softmax_gradient_kernel(std::int64_t rows, std::int64_t columns, const T *out,
                                        const T *output_gradient, T *input_gradient) {
  for (std::int64_t r = blockIdx.x; r < rows; r += gridDim.x) {
    Row<T, size, held> row(out + r * columns, columns);
    const T *const gradient = output_gradient + r * columns;
    float sum = 0;
    row.each([&](std::int64_t pack, const float(&y)[size]) {
      float dy[size];
      load(gradient, pack, dy);
      for (int i = 0; i < size; ++i)
        sum += y[i] * dy[i];
    });
    sum = sum_over_block(sum);
    row.each([&](std::int64_t pack, const float(&y)[size]) {
      float dy[size], dx[size];
      load(gradient, pack, dy);
      for (int i = 0; i < size; ++i)
        dx[i] = y[i] * (dy[i] - sum);
      store(input_gradient + r * columns, pack, dx);
    });
  }
}

template <bool centred>
void run(Element format, std::int64_t rows, std::int64_t columns, const void *in,
         const void *weight, const float *statistics, const void *output_gradient,
         void *input_gradient, cudaStream_t stream) {
  with_type(format, [&]<class T>(T *) {
    with_row_shape<T>(columns, aligned(in, weight, output_gradient, input_gradient),
                      [&]<int size, int held>(int threads) {
                        norm_gradient_kernel<T, size, held, centred>
                            <<<static_cast<unsigned>(blocks_for(rows, 1)), threads, 0, stream>>>(
                                rows, columns, static_cast<const T *>(in),
                                static_cast<const T *>(weight), statistics,
                                static_cast<const T *>(output_gradient),
                                static_cast<T *>(input_gradient));
                      });
  });
}

} // namespace

void layer_norm_input_gradient(Element format, std::int64_t rows, std::int64_t columns,
                               const void *in, const void *weight, const float *statistics,
                               const void *output_gradient, void *input_gradient,
                               cudaStream_t stream) {
  run<true>(format, rows, columns, in, weight, statistics, output_gradient, input_gradient, stream);
}

void rms_norm_input_gradient(Element format, std::int64_t rows, std::int64_t columns,
                             const void *in, const void *weight, const float *statistics,
                             const void *output_gradient, void *input_gradient,
                             cudaStream_t stream) {
  run<false>(format, rows, columns, in, weight, statistics, output_gradient, input_gradient,
             stream);
}

void softmax_backward(Element format, std::int64_t rows, std::int64_t columns, const void *out,
                      const void *output_gradient, void *input_gradient, cudaStream_t stream) {
  with_type(format, [&]<class T>(T *) {
    with_row_shape<T>(columns, aligned(out, output_gradient, input_gradient),
                      [&]<int size, int held>(int threads) {
                        softmax_gradient_kernel<T, size, held>
                            <<<static_cast<unsigned>(blocks_for(rows, 1)), threads, 0, stream>>>(
                                rows, columns, static_cast<const T *>(out),
                                static_cast<const T *>(output_gradient),
                                static_cast<T *>(input_gradient));
                      });
  });
}

} // namespace flopcast::cuda
