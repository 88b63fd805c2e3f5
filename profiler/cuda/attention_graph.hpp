// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/cuda/attention.hpp"
#include "profiler/cuda/cudnn.hpp"

#include <map>
#include <memory>

namespace flopcast::cuda {

/// Attention of one shape as a graph of cuDNN's operations, which it knows as flash attention.
/// Source of the patterns: NVIDIA cuDNN documentation, "Graph API, Fused Flash Attention".
class AttentionGraph {
public:
  AttentionGraph(const Cudnn &library, PlanTarget target, const AttentionShape &shape,
                 NumberFormat format, bool backward);

  /// False where cuDNN has no kernel for it.
  [[nodiscard]] bool plan() { return graph_.plan(); }
  /// cuDNN's own, and the sums of query gradients.
  [[nodiscard]] std::int64_t workspace_bytes() const {
    return sum_bytes_ + graph_.workspace_bytes();
  }
  /// `workspace` starts with this many bytes that must be zero before each run.
  [[nodiscard]] std::int64_t cleared_bytes() const { return sum_bytes_; }
  void run(const AttentionTensors &tensors, void *workspace) const;

private:
  void build_forward(cudnnDataType_t type);
  void build_backward(cudnnDataType_t type);
  /// Of queries, outputs and their gradients; of keys and values with the number of their heads.
  GraphTensor heads(std::int64_t count, cudnnDataType_t type, void *AttentionTensors::*data);
  GraphTensor heads_transposed(std::int64_t count, cudnnDataType_t type,
                               void *AttentionTensors::*data);
  GraphTensor number(float value);
  GraphTensor masked_scores(const GraphTensor &queries, const GraphTensor &keys);

  AttentionShape shape_;
  CudnnGraph graph_;
  std::map<std::int64_t, void * AttentionTensors::*> data_;
  std::map<std::int64_t, float> numbers_;
  std::int64_t sums_ = 0; ///< id of the sums of query gradients
  std::int64_t sum_bytes_ = 0;
};

} // namespace flopcast::cuda
