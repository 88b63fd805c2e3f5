// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/cuda/element_math.hpp"

#include <cuda_runtime_api.h>

#include <cstdint>

/// The launches of this project's own kernels: pointers to device memory, all of one format unless
/// a name says otherwise. They neither wait nor check; the caller asks cudaGetLastError().
namespace flopcast::cuda {

enum class Element { fp32, fp16, bf16 };

// stream_kernels.cu
enum class Map { copy, gelu };
void map(Map what, Element format, const void *in, void *out, std::int64_t count, cudaStream_t);
enum class Combination { sum, triad, gelu_gradient };
/// sum: a + b; triad: a + factor · b; gelu_gradient: slope of GELU at a, times b.
void combine(Combination what, Element format, const void *a, const void *b, float factor,
             void *out, std::int64_t count, cudaStream_t);
void swiglu(Element format, std::int64_t rows, std::int64_t columns, const void *in, void *out,
            cudaStream_t);
void swiglu_backward(Element format, std::int64_t rows, std::int64_t columns, const void *in,
                     const void *output_gradient, void *input_gradient, cudaStream_t);
/// Pairs are (i, i + width / 2). `turn`: 1 forward, −1 back.
void rotary(Element format, std::int64_t batch, std::int64_t sequence, std::int64_t heads,
            std::int64_t width, float turn, void *vectors, cudaStream_t);
void fill_normal(Element format, void *to, std::int64_t count, float deviation, std::uint64_t seed,
                 cudaStream_t);
void fill_normal_fp8(void *to, std::int64_t count, float deviation, std::uint64_t seed,
                     cudaStream_t);
/// Writes as many bytes as it is told to, to fill the last-level cache with them.
void scrub(void *to, std::int64_t bytes, cudaStream_t);
void launch_empty(cudaStream_t);

// norm_kernels.cu
void layer_norm(Element format, std::int64_t rows, std::int64_t columns, const void *in,
                const void *weight, const void *bias, void *out, float *statistics, cudaStream_t);
void rms_norm(Element format, std::int64_t rows, std::int64_t columns, const void *in,
              const void *weight, void *out, float *statistics, cudaStream_t);
void softmax(Element format, std::int64_t rows, std::int64_t columns, const void *in, void *out,
             cudaStream_t);
// norm_gradients.cu
void layer_norm_input_gradient(Element format, std::int64_t rows, std::int64_t columns,
                               const void *in, const void *weight, const float *statistics,
                               const void *output_gradient, void *input_gradient, cudaStream_t);
void rms_norm_input_gradient(Element format, std::int64_t rows, std::int64_t columns,
                             const void *in, const void *weight, const float *statistics,
                             const void *output_gradient, void *input_gradient, cudaStream_t);
void softmax_backward(Element format, std::int64_t rows, std::int64_t columns, const void *out,
                      const void *output_gradient, void *input_gradient, cudaStream_t);

// column_sums.cu
enum class ColumnSum { plain, layer_norm, rms_norm };
/// Bytes that column_sums needs for partial sums.
[[nodiscard]] std::int64_t column_sum_workspace(std::int64_t rows, std::int64_t columns);
/// plain: bias_gradient += Σ output_gradient. Norms: weight_gradient += Σ output_gradient ·
/// normalised input; layer_norm fills both.
void column_sums(ColumnSum what, Element format, std::int64_t rows, std::int64_t columns,
                 const void *in, const float *statistics, const void *output_gradient,
                 void *weight_gradient, void *bias_gradient, float *workspace, cudaStream_t);

// table_kernels.cu
void embedding(Element format, std::int64_t rows, std::int64_t columns, const std::int32_t *tokens,
               const void *table, void *out, cudaStream_t);
void embedding_backward(Element format, std::int64_t rows, std::int64_t columns,
                        const std::int32_t *tokens, const void *output_gradient,
                        void *table_gradient, cudaStream_t);
void cross_entropy(Element format, std::int64_t rows, std::int64_t columns,
                   const std::int32_t *targets, void *logits, float *losses, cudaStream_t);
/// `weights` may be null: the master weights are then the weights.
void adam(const AdamStep &step, Element gradient_format, void *gradients, float *master,
          float *first, float *second, Element weight_format, void *weights, std::int64_t count,
          cudaStream_t);

// attention_kernels.cu: what unfused attention needs between its products.
/// probabilities = softmax(scale · scores) of the allowed columns, in place; statistics:
/// log-sum-exp of each row. Rows are batch · heads · sequence.
void attention_softmax(Element format, std::int64_t rows, std::int64_t sequence, bool causal,
                       float scale, void *scores, float *statistics, cudaStream_t);
/// scores → probabilities from the statistics of forward, in place.
void attention_probabilities(Element format, std::int64_t rows, std::int64_t sequence, bool causal,
                             float scale, void *scores, const float *statistics, cudaStream_t);
/// gradient of scores = scale · probabilities · (gradient − row's Σ gradient · probability), in
/// place of the gradients of probabilities.
void attention_score_gradient(Element format, std::int64_t rows, std::int64_t sequence, float scale,
                              const void *probabilities, void *gradients, cudaStream_t);

} // namespace flopcast::cuda
