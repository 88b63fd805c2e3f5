// SPDX-License-Identifier: Apache-2.0
// Look-ups, the loss over a vocabulary, and the optimizer.
#include "profiler/cuda/rows.cuh"

namespace flopcast::cuda {
namespace {

constexpr int threads = 256;

/// One thread a pack of one row.
template <class T, int size>
__global__ void __launch_bounds__(threads)
    gather(std::int64_t rows, std::int64_t columns, const std::int32_t *tokens, const T *table,
           T *out) {
  const std::int64_t of_row = columns / size;
  for (std::int64_t at = std::int64_t{blockIdx.x} * threads + threadIdx.x; at < rows * of_row;
       at += std::int64_t{gridDim.x} * threads) {
    const std::int64_t from = tokens[at / of_row] * of_row + at % of_row;
    reinterpret_cast<Pack<T, size> *>(out)[at] =
        reinterpret_cast<const Pack<T, size> *>(table)[from];
  }
}

__device__ __forceinline__ void add_to(float *to, const float *from) {
  atomicAdd(to, from[0]);
  atomicAdd(to + 1, from[1]);
}
__device__ __forceinline__ void add_to(__half *to, const __half *from) {
  atomicAdd(reinterpret_cast<__half2 *>(to), __halves2half2(from[0], from[1]));
}
__device__ __forceinline__ void add_to(__nv_bfloat16 *to, const __nv_bfloat16 *from) {
  atomicAdd(reinterpret_cast<__nv_bfloat162 *>(to), __halves2bfloat162(from[0], from[1]));
}

/// Two elements a step: half formats have atomic additions of pairs. Odd widths add single ones.
template <class T, int size>
__global__ void __launch_bounds__(threads)
    scatter_add(std::int64_t rows, std::int64_t columns, const std::int32_t *tokens,
                const T *output_gradient, T *table_gradient) {
  const std::int64_t of_row = columns / size;
  for (std::int64_t at = std::int64_t{blockIdx.x} * threads + threadIdx.x; at < rows * of_row;
       at += std::int64_t{gridDim.x} * threads) {
    const std::int64_t to = (tokens[at / of_row] * of_row + at % of_row) * size;
    const auto read = reinterpret_cast<const Pack<T, size> *>(output_gradient)[at];
    if constexpr (size == 1) {
      atomicAdd(table_gradient + to, read.values[0]);
    } else {
#pragma unroll
      for (int i = 0; i < size; i += 2)
        add_to(table_gradient + to + i, read.values + i);
    }
  }
}

template <class T, int size>
__global__ void __launch_bounds__(1024)
    cross_entropy_kernel(std::int64_t rows, std::int64_t columns, const std::int32_t *targets,
                         T *logits, float *losses) {
  const float share = 1.0F / static_cast<float>(rows);
  for (std::int64_t r = blockIdx.x; r < rows; r += gridDim.x) {
    T *const row_start = logits + r * columns;
    Row<T, size, 0> row(row_start, columns);
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
    const std::int64_t target = targets[r];
    const float target_logit = widened(row_start[target]);
    // All threads have read the target's logit once this returns: it waits for the block.
    state = over_block(state, softmax_start(),
                       [](SoftmaxState a, SoftmaxState b) { return merged(a, b); });
    row.each([&](std::int64_t pack, const float(&x)[size]) {
      float gradient[size];
      for (int i = 0; i < size; ++i)
        gradient[i] = cross_entropy_gradient(state, x[i], pack * size + i == target, share);
      store(row_start, pack, gradient);
    });
    if (threadIdx.x == 0)
      losses[r] = cross_entropy_loss(state, target_logit);
  }
}

template <class G, class W, int size>
__global__ void __launch_bounds__(threads)
    adam_kernel(AdamStep step, G *gradients, float *master, float *first, float *second, W *weights,
                std::int64_t packs) {
  for (std::int64_t pack = std::int64_t{blockIdx.x} * threads + threadIdx.x; pack < packs;
       pack += std::int64_t{gridDim.x} * threads) {
    float g[size], w[size], m[size], v[size];
    load(gradients, pack, g);
    load(master, pack, w);
    load(first, pack, m);
    load(second, pack, v);
#pragma unroll
    for (int i = 0; i < size; ++i) {
      const AdamState state = adam_update(step, {w[i], m[i], v[i]}, g[i]);
      g[i] = 0;
      w[i] = state.weight;
      m[i] = state.first;
      v[i] = state.second;
    }
    store(gradients, pack, g);
    store(master, pack, w);
    store(first, pack, m);
    store(second, pack, v);
    if (weights)
      store(weights, pack, w);
  }
}

template <class G, class W>
void run_adam(const AdamStep &step, void *gradients, float *master, float *first, float *second,
              void *weights, std::int64_t count, cudaStream_t stream) {
  const auto launch = [&]<int size>(std::int64_t from, std::int64_t packs) {
    if (packs == 0)
      return;
    adam_kernel<G, W, size>
        <<<static_cast<unsigned>(blocks_for(packs, threads)), threads, 0, stream>>>(
            step, static_cast<G *>(gradients) + from, master + from, first + from, second + from,
            weights ? static_cast<W *>(weights) + from : nullptr, packs);
  };
  constexpr int size = 4; // 16 bytes of the fp32 states
  if (!aligned(gradients, master, first, second, weights)) {
    launch.template operator()<1>(0, count);
    return;
  }
  launch.template operator()<size>(0, count / size);
  launch.template operator()<1>(count / size * size, count % size);
}

} // namespace

void embedding(Element format, std::int64_t rows, std::int64_t columns, const std::int32_t *tokens,
               const void *table, void *out, cudaStream_t stream) {
  with_type(format, [&]<class T>(T *) {
    const auto launch = [&]<int size>() {
      gather<T, size>
          <<<static_cast<unsigned>(blocks_for(rows * columns / size, threads)), threads, 0,
             stream>>>(rows, columns, tokens, static_cast<const T *>(table), static_cast<T *>(out));
    };
    if (columns % widest<T> == 0 && aligned(table, out))
      launch.template operator()<widest<T>>();
    else
      launch.template operator()<1>();
  });
}

void embedding_backward(Element format, std::int64_t rows, std::int64_t columns,
                        const std::int32_t *tokens, const void *output_gradient,
                        void *table_gradient, cudaStream_t stream) {
  with_type(format, [&]<class T>(T *) {
    const auto launch = [&]<int size>() {
      scatter_add<T, size><<<static_cast<unsigned>(blocks_for(rows * columns / size, threads)),
                             threads, 0, stream>>>(rows, columns, tokens,
                                                   static_cast<const T *>(output_gradient),
                                                   static_cast<T *>(table_gradient));
    };
    if (columns % widest<T> == 0 && aligned(output_gradient, table_gradient))
      launch.template operator()<widest<T>>();
    else
      launch.template operator()<1>();
  });
}

void cross_entropy(Element format, std::int64_t rows, std::int64_t columns,
                   const std::int32_t *targets, void *logits, float *losses, cudaStream_t stream) {
  with_type(format, [&]<class T>(T *) {
    const auto launch = [&]<int size>() {
      const int block = columns / size >= 1024 ? 1024 : 256;
      cross_entropy_kernel<T, size>
          <<<static_cast<unsigned>(blocks_for(rows, 1)), block, 0, stream>>>(
              rows, columns, targets, static_cast<T *>(logits), losses);
    };
    if (columns % widest<T> == 0 && aligned(logits))
      launch.template operator()<widest<T>>();
    else
      launch.template operator()<1>();
  });
}

void adam(const AdamStep &step, Element gradient_format, void *gradients, float *master,
          float *first, float *second, Element weight_format, void *weights, std::int64_t count,
          cudaStream_t stream) {
  with_type(weight_format, [&]<class W>(W *) {
    if (gradient_format == Element::fp32)
      run_adam<float, W>(step, gradients, master, first, second, weights, count, stream);
    else
      run_adam<W, W>(step, gradients, master, first, second, weights, count, stream);
  });
}

} // namespace flopcast::cuda
