// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/cuda/attention.hpp"

#include <cuda_runtime_api.h>

#include <memory>
#include <string>

namespace flopcast::cuda {

/// Flash attention of cuDNN, through its backend graphs. Where cuDNN is missing, at build or at run
/// time, or has no fused kernel for a shape, calls return false and nothing was done.
class FusedAttention {
public:
  explicit FusedAttention(cudaStream_t stream);
  ~FusedAttention();
  FusedAttention(const FusedAttention &) = delete;
  FusedAttention &operator=(const FusedAttention &) = delete;

  [[nodiscard]] bool available() const;
  [[nodiscard]] std::string describe() const; ///< "cuDNN 9.19.0", or why not

  /// Whether cuDNN plans one kernel for the shape.
  [[nodiscard]] bool has_kernel(const AttentionShape &shape, NumberFormat format, bool backward);
  [[nodiscard]] bool forward(const AttentionShape &shape, NumberFormat format,
                             const AttentionTensors &tensors);
  [[nodiscard]] bool backward(const AttentionShape &shape, NumberFormat format,
                              const AttentionTensors &tensors);

private:
  struct State;
  std::unique_ptr<State> state_;
  std::string missing_; ///< why there is no state
};

} // namespace flopcast::cuda
