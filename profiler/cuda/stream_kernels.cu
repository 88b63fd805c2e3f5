// SPDX-License-Identifier: Apache-2.0
// Element by element: bound by memory, so every thread moves 16 bytes at a time and has several
// loads in flight.
#include "profiler/cuda/vectors.cuh"

#include <cuda_fp8.h>

namespace flopcast::cuda {
namespace {

constexpr int threads = 256;
constexpr int unrolled = 4; // packs in flight a thread

struct Same {
  static constexpr bool two = false;
  static __device__ __forceinline__ float at(float a, float, float) { return a; }
};
struct Gelu {
  static constexpr bool two = false;
  static __device__ __forceinline__ float at(float a, float, float) { return gelu(a); }
};
struct Plus {
  static constexpr bool two = true;
  static __device__ __forceinline__ float at(float a, float b, float) { return a + b; }
};
struct Triad {
  static constexpr bool two = true;
  static __device__ __forceinline__ float at(float a, float b, float factor) {
    return a + factor * b;
  }
};
struct GeluGradient {
  static constexpr bool two = true;
  static __device__ __forceinline__ float at(float a, float b, float) {
    return gelu_slope_at(a) * b;
  }
};

/// The first `packs` packs together, then what is left one by one.
template <class T, class F>
__global__ void __launch_bounds__(threads) elementwise(const T *a, const T *b, float factor, T *out,
                                                       std::int64_t packs, std::int64_t count) {
  constexpr int size = widest<T>;
  const std::int64_t tile = std::int64_t{threads} * unrolled;
  for (std::int64_t base = blockIdx.x * tile + threadIdx.x; base < packs;
       base += gridDim.x * tile) {
    float x[unrolled][size], y[unrolled][size];
#pragma unroll
    for (int k = 0; k < unrolled; ++k) {
      const std::int64_t pack = base + std::int64_t{k} * threads;
      if (pack >= packs)
        continue;
      load(a, pack, x[k]);
      if constexpr (F::two)
        load(b, pack, y[k]);
    }
#pragma unroll
    for (int k = 0; k < unrolled; ++k) {
      const std::int64_t pack = base + std::int64_t{k} * threads;
      if (pack >= packs)
        continue;
#pragma unroll
      for (int i = 0; i < size; ++i)
        x[k][i] = F::at(x[k][i], F::two ? y[k][i] : 0, factor);
      store(out, pack, x[k]);
    }
  }
  const std::int64_t stride = std::int64_t{threads} * gridDim.x;
  for (std::int64_t i = packs * size + std::int64_t{blockIdx.x} * threads + threadIdx.x; i < count;
       i += stride)
    out[i] = narrowed<T>(F::at(widened(a[i]), F::two ? widened(b[i]) : 0, factor));
}

template <class T, class F>
void run(const void *a, const void *b, float factor, void *out, std::int64_t count,
         cudaStream_t stream) {
  const std::int64_t packs = aligned(a, F::two ? b : a, out) ? count / widest<T> : 0;
  const std::int64_t work = packs > 0 ? packs : count;
  const auto blocks = static_cast<unsigned>(blocks_for(work, threads * unrolled));
  elementwise<T, F><<<blocks, threads, 0, stream>>>(static_cast<const T *>(a),
                                                    static_cast<const T *>(b), factor,
                                                    static_cast<T *>(out), packs, count);
}

/// A row of `in` holds `columns` gates, then as many values. One thread, one pack of the output.
template <class T, int size, bool backward>
__global__ void __launch_bounds__(threads)
    swiglu_kernel(std::int64_t rows, std::int64_t columns, const T *in, const T *output_gradient,
                  T *out) {
  const std::int64_t of_row = columns / size, packs = rows * of_row;
  for (std::int64_t pack = std::int64_t{blockIdx.x} * threads + threadIdx.x; pack < packs;
       pack += std::int64_t{gridDim.x} * threads) {
    const std::int64_t row = pack / of_row, gates = row * of_row + pack; // 2 · row · of_row + rest
    float gate[size], value[size], gradient[size];
    load(in, gates, gate);
    load(in, gates + of_row, value);
    if constexpr (backward)
      load(output_gradient, pack, gradient);
#pragma unroll
    for (int i = 0; i < size; ++i) {
      if constexpr (backward) {
        const SwigluGradient both = swiglu_gradient(gate[i], value[i], gradient[i]);
        gate[i] = both.gate;
        value[i] = both.value;
      } else {
        gate[i] = swiglu(gate[i], value[i]);
      }
    }
    store(out, backward ? gates : pack, gate);
    if constexpr (backward)
      store(out, gates + of_row, value);
  }
}

template <class T, bool backward>
void run_swiglu(std::int64_t rows, std::int64_t columns, const void *in, const void *gradient,
                void *out, cudaStream_t stream) {
  const auto launch = [&]<int size>() {
    const auto blocks = static_cast<unsigned>(blocks_for(rows * columns / size, threads));
    swiglu_kernel<T, size, backward>
        <<<blocks, threads, 0, stream>>>(rows, columns, static_cast<const T *>(in),
                                         static_cast<const T *>(gradient), static_cast<T *>(out));
  };
  if (columns % widest<T> == 0 && aligned(in, backward ? gradient : in, out))
    launch.template operator()<widest<T>>();
  else
    launch.template operator()<1>();
}

constexpr int heads_together = 4; // share the sine and cosine of a position

/// One thread: a pack of pairs of one position, in a few heads.
template <class T, int size>
__global__ void __launch_bounds__(threads)
    rotary_kernel(std::int64_t tokens, std::int64_t sequence, int heads, int width, float turn,
                  T *vectors) {
  const int half = width / 2 / size; // packs of the first elements of pairs
  const std::int64_t work = tokens * half;
  for (std::int64_t at = std::int64_t{blockIdx.x} * threads + threadIdx.x; at < work;
       at += std::int64_t{gridDim.x} * threads) {
    const std::int64_t token = at / half;
    const int pack = static_cast<int>(at % half);
    float sine[size], cosine[size];
#pragma unroll
    for (int i = 0; i < size; ++i)
      sincosf(turn * rotary_angle(token % sequence, pack * size + i, width), &sine[i], &cosine[i]);
    const int first = static_cast<int>(blockIdx.y) * heads_together;
#pragma unroll
    for (int k = 0; k < heads_together; ++k) {
      if (first + k >= heads)
        break;
      const std::int64_t head = (token * heads + first + k) * (width / size) + pack;
      float left[size], right[size];
      load(vectors, head, left);
      load(vectors, head + half, right);
#pragma unroll
      for (int i = 0; i < size; ++i) {
        const Pair pair = rotated({left[i], right[i]}, cosine[i], sine[i]);
        left[i] = pair.first;
        right[i] = pair.second;
      }
      store(vectors, head, left);
      store(vectors, head + half, right);
    }
  }
}

template <class T>
__global__ void normal_kernel(T *to, std::int64_t count, float deviation, std::uint64_t seed) {
  for (std::int64_t i = std::int64_t{blockIdx.x} * threads + threadIdx.x; i < count;
       i += std::int64_t{gridDim.x} * threads) {
    const float value = deviation * normal_value(seed, static_cast<std::uint64_t>(i));
    if constexpr (sizeof(T) == 1)
      to[i] = T(value);
    else
      to[i] = narrowed<T>(value);
  }
}

template <class T>
void run_normal(void *to, std::int64_t count, float deviation, std::uint64_t seed,
                cudaStream_t stream) {
  const auto blocks = static_cast<unsigned>(blocks_for(count, threads * unrolled));
  normal_kernel<<<blocks, threads, 0, stream>>>(static_cast<T *>(to), count, deviation, seed);
}

__global__ void scrub_kernel(uint4 *to, std::int64_t packs) {
  for (std::int64_t i = std::int64_t{blockIdx.x} * threads + threadIdx.x; i < packs;
       i += std::int64_t{gridDim.x} * threads) {
    const auto bits = static_cast<unsigned>(i);
    to[i] = {bits, ~bits, bits * 2654435761U, bits};
  }
}

__global__ void empty_kernel() {}

} // namespace

void map(Map what, Element format, const void *in, void *out, std::int64_t count,
         cudaStream_t stream) {
  with_type(format, [&]<class T>(T *) {
    if (what == Map::copy)
      run<T, Same>(in, nullptr, 0, out, count, stream);
    else
      run<T, Gelu>(in, nullptr, 0, out, count, stream);
  });
}

void combine(Combination what, Element format, const void *a, const void *b, float factor,
             void *out, std::int64_t count, cudaStream_t stream) {
  with_type(format, [&]<class T>(T *) {
    if (what == Combination::sum)
      run<T, Plus>(a, b, factor, out, count, stream);
    else if (what == Combination::triad)
      run<T, Triad>(a, b, factor, out, count, stream);
    else
      run<T, GeluGradient>(a, b, factor, out, count, stream);
  });
}

void swiglu(Element format, std::int64_t rows, std::int64_t columns, const void *in, void *out,
            cudaStream_t stream) {
  with_type(format,
            [&]<class T>(T *) { run_swiglu<T, false>(rows, columns, in, nullptr, out, stream); });
}

void swiglu_backward(Element format, std::int64_t rows, std::int64_t columns, const void *in,
                     const void *output_gradient, void *input_gradient, cudaStream_t stream) {
  with_type(format, [&]<class T>(T *) {
    run_swiglu<T, true>(rows, columns, in, output_gradient, input_gradient, stream);
  });
}

void rotary(Element format, std::int64_t batch, std::int64_t sequence, std::int64_t heads,
            std::int64_t width, float turn, void *vectors, cudaStream_t stream) {
  with_type(format, [&]<class T>(T *) {
    const auto launch = [&]<int size>() {
      const std::int64_t tokens = batch * sequence;
      const dim3 grid(static_cast<unsigned>(blocks_for(tokens * (width / 2 / size), threads)),
                      static_cast<unsigned>((heads + heads_together - 1) / heads_together));
      rotary_kernel<T, size>
          <<<grid, threads, 0, stream>>>(tokens, sequence, static_cast<int>(heads),
                                         static_cast<int>(width), turn, static_cast<T *>(vectors));
    };
    if (width / 2 % widest<T> == 0 && aligned(vectors))
      launch.template operator()<widest<T>>();
    else
      launch.template operator()<1>();
  });
}

void fill_normal(Element format, void *to, std::int64_t count, float deviation, std::uint64_t seed,
                 cudaStream_t stream) {
  with_type(format, [&]<class T>(T *) { run_normal<T>(to, count, deviation, seed, stream); });
}

void fill_normal_fp8(void *to, std::int64_t count, float deviation, std::uint64_t seed,
                     cudaStream_t stream) {
  run_normal<__nv_fp8_e4m3>(to, count, deviation, seed, stream);
}

void scrub(void *to, std::int64_t bytes, cudaStream_t stream) {
  const std::int64_t packs = bytes / 16;
  scrub_kernel<<<static_cast<unsigned>(blocks_for(packs, threads * unrolled)), threads, 0,
                 stream>>>(static_cast<uint4 *>(to), packs);
}

void launch_empty(cudaStream_t stream) { empty_kernel<<<1, 32, 0, stream>>>(); }

} // namespace flopcast::cuda
