// SPDX-License-Identifier: Apache-2.0
// Norms and softmax, forward: a block a row.
#include "profiler/cuda/rows.cuh"

namespace flopcast::cuda {
namespace {

constexpr float epsilon = 1e-5F; // PyTorch's default for both norms

template <class T, int size, int held>
__global__ void layer_norm_kernel(std::int64_t rows, std::int64_t columns, const T *in,
                                  const T *weight, const T *bias, T *out, float *statistics) {
  for (std::int64_t r = blockIdx.x; r < rows; r += gridDim.x) {
    Row<T, size, held> row(in + r * columns, columns);
    const float share = 1.0F / static_cast<float>(columns);
    float sum = 0;
    row.each([&](std::int64_t, const float(&x)[size]) {
      for (int i = 0; i < size; ++i)
        sum += x[i];
    });
    const float mean = sum_over_block(sum) * share;
    // The mean is known first: sums of squares would cancel where it is large.
    float squares = 0;
    row.each([&](std::int64_t, const float(&x)[size]) {
      for (int i = 0; i < size; ++i)
        squares += (x[i] - mean) * (x[i] - mean);
    });
    const float scale = rsqrtf(sum_over_block(squares) * share + epsilon);
    row.each([&](std::int64_t pack, const float(&x)[size]) {
      float w[size], b[size], y[size];
      load(weight, pack, w);
      load(bias, pack, b);
      for (int i = 0; i < size; ++i)
        y[i] = (x[i] - mean) * scale * w[i] + b[i];
      store(out + r * columns, pack, y);
    });
    if (threadIdx.x == 0) {
      statistics[2 * r] = mean;
      statistics[2 * r + 1] = scale;
    }
  }
}

template <class T, int size, int held>
__global__ void rms_norm_kernel(std::int64_t rows, std::int64_t columns, const T *in,
                                const T *weight, T *out, float *statistics) {
  for (std::int64_t r = blockIdx.x; r < rows; r += gridDim.x) {
    Row<T, size, held> row(in + r * columns, columns);
    float squares = 0;
    row.each([&](std::int64_t, const float(&x)[size]) {
      for (int i = 0; i < size; ++i)
        squares += x[i] * x[i];
    });
    const float scale = rsqrtf(sum_over_block(squares) / static_cast<float>(columns) + epsilon);
    row.each([&](std::int64_t pack, const float(&x)[size]) {
      float w[size], y[size];
      load(weight, pack, w);
      for (int i = 0; i < size; ++i)
        y[i] = x[i] * scale * w[i];
      store(out + r * columns, pack, y);
    });
    if (threadIdx.x == 0)
      statistics[r] = scale;
  }
}

template <class T, int size, int held>
__global__ void softmax_kernel(std::int64_t rows, std::int64_t columns, const T *in, T *out) {
  for (std::int64_t r = blockIdx.x; r < rows; r += gridDim.x) {
    Row<T, size, held> row(in + r * columns, columns);
    SoftmaxState state = softmax_start();
    row.each([&](std::int64_t, const float(&x)[size]) {
      float most = x[0];
      for (int i = 1; i < size; ++i)
        most = fmaxf(most, x[i]);
      float sum = 0;
      for (int i = 0; i < size; ++i)
        sum += expf(x[i] - most);
      state = merged(state, {most, sum});
    });
    state = over_block(state, softmax_start(),
                       [](SoftmaxState a, SoftmaxState b) { return merged(a, b); });
    const float scale = 1 / state.sum;
    row.each([&](std::int64_t pack, const float(&x)[size]) {
      float y[size];
      for (int i = 0; i < size; ++i)
        y[i] = expf(x[i] - state.maximum) * scale;
      store(out + r * columns, pack, y);
    });
  }
}

} // namespace

void layer_norm(Element format, std::int64_t rows, std::int64_t columns, const void *in,
                const void *weight, const void *bias, void *out, float *statistics,
                cudaStream_t stream) {
  with_type(format, [&]<class T>(T *) {
    with_row_shape<T>(
        columns, aligned(in, weight, bias, out), [&]<int size, int held>(int threads) {
          layer_norm_kernel<T, size, held>
              <<<static_cast<unsigned>(blocks_for(rows, 1)), threads, 0, stream>>>(
                  rows, columns, static_cast<const T *>(in), static_cast<const T *>(weight),
                  static_cast<const T *>(bias), static_cast<T *>(out), statistics);
        });
  });
}

void rms_norm(Element format, std::int64_t rows, std::int64_t columns, const void *in,
              const void *weight, void *out, float *statistics, cudaStream_t stream) {
  with_type(format, [&]<class T>(T *) {
    with_row_shape<T>(columns, aligned(in, weight, out), [&]<int size, int held>(int threads) {
      rms_norm_kernel<T, size, held>
          <<<static_cast<unsigned>(blocks_for(rows, 1)), threads, 0, stream>>>(
              rows, columns, static_cast<const T *>(in), static_cast<const T *>(weight),
              static_cast<T *>(out), statistics);
    });
  });
}

void softmax(Element format, std::int64_t rows, std::int64_t columns, const void *in, void *out,
             cudaStream_t stream) {
  with_type(format, [&]<class T>(T *) {
    with_row_shape<T>(columns, aligned(in, out), [&]<int size, int held>(int threads) {
      softmax_kernel<T, size, held>
          <<<static_cast<unsigned>(blocks_for(rows, 1)), threads, 0, stream>>>(
              rows, columns, static_cast<const T *>(in), static_cast<T *>(out));
    });
  });
}

} // namespace flopcast::cuda
