// SPDX-License-Identifier: Apache-2.0
// The answer of a build without cuDNN's headers.
#include "profiler/cuda/fused_attention.hpp"

#if !FLOPCAST_HAS_CUDNN

namespace flopcast::cuda {

struct FusedAttention::State {};

FusedAttention::FusedAttention(cudaStream_t /*stream*/)
    : missing_("attention unfused, as Flopcast was built without cuDNN") {}

FusedAttention::~FusedAttention() = default;

bool FusedAttention::available() const { return false; }

std::string FusedAttention::describe() const { return missing_; }

bool FusedAttention::has_kernel(const AttentionShape & /*shape*/, NumberFormat /*format*/,
                                bool /*backward*/) {
  return false;
}

bool FusedAttention::forward(const AttentionShape & /*shape*/, NumberFormat /*format*/,
                             const AttentionTensors & /*tensors*/) {
  return false;
}

bool FusedAttention::backward(const AttentionShape & /*shape*/, NumberFormat /*format*/,
                              const AttentionTensors & /*tensors*/) {
  return false;
}

} // namespace flopcast::cuda

#endif
