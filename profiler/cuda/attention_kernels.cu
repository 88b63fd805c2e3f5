// SPDX-License-Identifier: Apache-2.0
// What unfused attention does between its products: a block a row of scores.
#include "profiler/cuda/rows.cuh"

namespace flopcast::cuda {
namespace {

constexpr int threads = 256;

/// Columns that a row may see.
__device__ __forceinline__ std::int64_t allowed(std::int64_t row, std::int64_t sequence,
                                                bool causal) {
  return causal ? row % sequence + 1 : sequence;
}

template <class T>
__global__ void __launch_bounds__(threads)
    masked_softmax(std::int64_t rows, std::int64_t sequence, bool causal, float scale, T *scores,
                   float *statistics, bool known) {
  for (std::int64_t r = blockIdx.x; r < rows; r += gridDim.x) {
    T *const row = scores + r * sequence;
    const std::int64_t seen = allowed(r, sequence, causal);
    float log_sum = 0;
    if (known) {
      log_sum = statistics[r];
    } else {
      SoftmaxState state = softmax_start();
      for (std::int64_t c = threadIdx.x; c < seen; c += threads)
        state = merged(state, {scale * widened(row[c]), 1});
      state = over_block(state, softmax_start(),
                         [](SoftmaxState a, SoftmaxState b) { return merged(a, b); });
      log_sum = state.maximum + logf(state.sum);
      if (threadIdx.x == 0)
        statistics[r] = log_sum;
    }
    for (std::int64_t c = threadIdx.x; c < sequence; c += threads)
      row[c] = narrowed<T>(c < seen ? expf(scale * widened(row[c]) - log_sum) : 0);
  }
}

template <class T>
__global__ void __launch_bounds__(threads)
    score_gradient(std::int64_t rows, std::int64_t sequence, float scale, const T *probabilities,
                   T *gradients) {
  for (std::int64_t r = blockIdx.x; r < rows; r += gridDim.x) {
    const T *const p = probabilities + r * sequence;
    T *const g = gradients + r * sequence;
    float sum = 0;
    for (std::int64_t c = threadIdx.x; c < sequence; c += threads)
      sum += widened(p[c]) * widened(g[c]);
    sum = sum_over_block(sum);
    for (std::int64_t c = threadIdx.x; c < sequence; c += threads)
      g[c] = narrowed<T>(scale * widened(p[c]) * (widened(g[c]) - sum));
  }
}

} // namespace

void attention_softmax(Element format, std::int64_t rows, std::int64_t sequence, bool causal,
                       float scale, void *scores, float *statistics, cudaStream_t stream) {
  with_type(format, [&]<class T>(T *) {
    masked_softmax<<<static_cast<unsigned>(blocks_for(rows, 1)), threads, 0, stream>>>(
        rows, sequence, causal, scale, static_cast<T *>(scores), statistics, false);
  });
}

void attention_probabilities(Element format, std::int64_t rows, std::int64_t sequence, bool causal,
                             float scale, void *scores, const float *statistics,
                             cudaStream_t stream) {
  with_type(format, [&]<class T>(T *) {
    masked_softmax<<<static_cast<unsigned>(blocks_for(rows, 1)), threads, 0, stream>>>(
        rows, sequence, causal, scale, static_cast<T *>(scores),
        const_cast<float *>(statistics), // only read where they are known
        true);
  });
}

void attention_score_gradient(Element format, std::int64_t rows, std::int64_t sequence, float scale,
                              const void *probabilities, void *gradients, cudaStream_t stream) {
  with_type(format, [&]<class T>(T *) {
    score_gradient<<<static_cast<unsigned>(blocks_for(rows, 1)), threads, 0, stream>>>(
        rows, sequence, scale, static_cast<const T *>(probabilities), static_cast<T *>(gradients));
  });
}

} // namespace flopcast::cuda
