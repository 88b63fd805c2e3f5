// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/kernels/kernels.hpp"

// Tables of vectors, the loss over one, and the optimizer; see Kernels for what each does.
namespace flopcast::cpu {

void embedding(int threads, std::int64_t rows, std::int64_t columns, const std::int32_t *tokens,
               const float *table, float *output);
void embedding_backward(int threads, std::int64_t rows, std::int64_t columns,
                        const std::int32_t *tokens, const float *output_gradient,
                        float *table_gradient);
void cross_entropy(int threads, std::int64_t rows, std::int64_t columns,
                   const std::int32_t *targets, float *logits, float *losses);
/// `weights` may be null or the master.
void adam(int threads, const AdamSettings &settings, std::int64_t elements, float *gradients,
          float *master, float *first, float *second, float *weights);

} // namespace flopcast::cpu
