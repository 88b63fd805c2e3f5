// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/cuda/device_memory.hpp"
#include "profiler/cuda/matrix_products.hpp"
#include "profiler/kernels/kernels.hpp"

#include <cuda_runtime_api.h>

namespace flopcast::cuda {

/// What attention reads and writes; see Kernels.
struct AttentionTensors {
  void *queries = nullptr;
  void *keys = nullptr;
  void *values = nullptr;
  void *output = nullptr;
  void *statistics = nullptr; ///< log-sum-exp of each row of scores, fp32
  void *output_gradient = nullptr;
  void *query_gradient = nullptr;
  void *key_gradient = nullptr;
  void *value_gradient = nullptr;
};

/// Attention by two products and a softmax, with all scores in memory: where no fused kernel is to
/// be had. Scores of one sequence at a time.
class UnfusedAttention {
public:
  UnfusedAttention(MatrixProducts &products, cudaStream_t stream);

  void forward(const AttentionShape &shape, NumberFormat format, const AttentionTensors &tensors);
  void backward(const AttentionShape &shape, NumberFormat format, const AttentionTensors &tensors);

private:
  MatrixProducts &products_;
  cudaStream_t stream_;
  Workspace scores_;
};

} // namespace flopcast::cuda
