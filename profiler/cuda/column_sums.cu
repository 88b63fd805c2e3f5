// SPDX-License-Identifier: Apache-2.0
// Sums over rows: gradients of biases and of the weights of norms. Partial sums first, each of a
// share of the rows, then their sum: the order is fixed, so results repeat.
#include "profiler/cuda/vectors.cuh"

namespace flopcast::cuda {
namespace {

constexpr int across = 32; // threads of a block side by side, a pack each
constexpr int down = 8;    // threads of a block, one below the other
constexpr int shares = 64; // of the rows

template <class T, int size, ColumnSum what>
__global__ void __launch_bounds__(across *down)
    partial_sums(std::int64_t rows, std::int64_t columns, const T *in, const float *statistics,
                 const T *output_gradient, float *partial) {
  const std::int64_t packs = columns / size;
  const std::int64_t pack = std::int64_t{blockIdx.x} * across + threadIdx.x;
  float first[size] = {}, second[size] = {};
  if (pack < packs)
    for (std::int64_t r = std::int64_t{blockIdx.y} * down + threadIdx.y; r < rows;
         r += std::int64_t{shares} * down) {
      float x[size], dy[size];
      load(output_gradient, r * packs + pack, dy);
      if constexpr (what != ColumnSum::plain)
        load(in, r * packs + pack, x);
      const float mean = what == ColumnSum::layer_norm ? statistics[2 * r] : 0;
      const float scale = what == ColumnSum::layer_norm ? statistics[2 * r + 1]
                          : what == ColumnSum::rms_norm ? statistics[r]
                                                        : 1;
#pragma unroll
      for (int i = 0; i < size; ++i) {
        second[i] += dy[i];
        if constexpr (what != ColumnSum::plain)
          first[i] += dy[i] * (x[i] - mean) * scale;
      }
    }
  __shared__ float together[down][across * size];
  const auto put = [&](const float(&values)[size], float *to) {
    __syncthreads();
#pragma unroll
    for (int i = 0; i < size; ++i)
      together[threadIdx.y][threadIdx.x * size + i] = values[i];
    __syncthreads();
    const int thread = static_cast<int>(threadIdx.y) * across + static_cast<int>(threadIdx.x);
    for (int c = thread; c < across * size; c += across * down) {
      const std::int64_t column = std::int64_t{blockIdx.x} * across * size + c;
      if (column >= columns)
        continue;
      float sum = 0;
      for (int y = 0; y < down; ++y)
        sum += together[y][c];
      to[blockIdx.y * columns + column] = sum;
    }
  };
  if constexpr (what != ColumnSum::rms_norm)
    put(second, partial);
  if constexpr (what != ColumnSum::plain)
    put(first, partial + shares * columns);
}

template <class T>
__global__ void add_partial(std::int64_t columns, const float *partial, T *gradient) {
  const std::int64_t column = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (column >= columns)
    return;
  float sum = 0;
  for (int share = 0; share < shares; ++share)
    sum += partial[share * columns + column];
  gradient[column] = narrowed<T>(widened(gradient[column]) + sum);
}

template <class T, int size, ColumnSum what>
void run(std::int64_t rows, std::int64_t columns, const void *in, const float *statistics,
         const void *output_gradient, void *weight_gradient, void *bias_gradient, float *workspace,
         cudaStream_t stream) {
  const dim3 grid(static_cast<unsigned>(blocks_for(columns / size, across)), shares);
  partial_sums<T, size, what><<<grid, dim3(across, down), 0, stream>>>(
      rows, columns, static_cast<const T *>(in), statistics,
      static_cast<const T *>(output_gradient), workspace);
  const auto blocks = static_cast<unsigned>(blocks_for(columns, 128));
  if (what != ColumnSum::rms_norm)
    add_partial<<<blocks, 128, 0, stream>>>(columns, workspace, static_cast<T *>(bias_gradient));
  if (what != ColumnSum::plain)
    add_partial<<<blocks, 128, 0, stream>>>(columns, workspace + shares * columns,
                                            static_cast<T *>(weight_gradient));
}

} // namespace

std::int64_t column_sum_workspace(std::int64_t /*rows*/, std::int64_t columns) {
  return 2 * shares * columns * static_cast<std::int64_t>(sizeof(float));
}

void column_sums(ColumnSum what, Element format, std::int64_t rows, std::int64_t columns,
                 const void *in, const float *statistics, const void *output_gradient,
                 void *weight_gradient, void *bias_gradient, float *workspace,
                 cudaStream_t stream) {
  with_type(format, [&]<class T>(T *) {
    const auto launch = [&]<int size>() {
      const auto of = [&]<ColumnSum sum>() {
        run<T, size, sum>(rows, columns, in, statistics, output_gradient, weight_gradient,
                          bias_gradient, workspace, stream);
      };
      if (what == ColumnSum::plain)
        of.template operator()<ColumnSum::plain>();
      else if (what == ColumnSum::layer_norm)
        of.template operator()<ColumnSum::layer_norm>();
      else
        of.template operator()<ColumnSum::rms_norm>();
    };
    const bool vectors = aligned(output_gradient, what == ColumnSum::plain ? output_gradient : in);
    if (vectors && columns % widest<T> == 0)
      launch.template operator()<widest<T>>();
    else
      launch.template operator()<1>();
  });
}

} // namespace flopcast::cuda
