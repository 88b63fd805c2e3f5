// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/kernels/kernels.hpp"

// Attention in tiles: the scores of a block of queries with a block of keys at a time.
// Source: Dao et al. 2022 (FlashAttention), algorithm 1, and appendix B for the backward pass.
namespace flopcast::cpu {

void attention(int threads, const AttentionShape &shape, const float *queries, const float *keys,
               const float *values, float *output, float *statistics);

struct AttentionGradients {
  float *queries;
  float *keys;
  float *values;
};

void attention_backward(int threads, const AttentionShape &shape, const float *queries,
                        const float *keys, const float *values, const float *output,
                        const float *statistics, const float *output_gradient,
                        const AttentionGradients &gradients);

} // namespace flopcast::cpu
