// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/fused_attention.hpp"

#if FLOPCAST_HAS_CUDNN

#include "profiler/cuda/attention_graph.hpp"
#include "profiler/cuda/cuda_error.hpp"
#include "profiler/cuda/device_memory.hpp"

#include <map>
#include <tuple>

namespace flopcast::cuda {
namespace {

using Key = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t, bool,
                       NumberFormat, bool>;

} // namespace

struct FusedAttention::State {
  explicit State(cudaStream_t on) : stream(on) {
    cudnnHandle_t created = nullptr;
    library.check(library.create(&created), "starting cuDNN");
    handle = {created, library.destroy};
    library.check(library.set_stream(created, stream), "giving a stream to cuDNN");
  }

  /// Null where cuDNN has no kernel for it; both answers are kept.
  AttentionGraph *graph(const AttentionShape &shape, NumberFormat format, bool backward) {
    if (format != NumberFormat::fp16 && format != NumberFormat::bf16)
      return nullptr;
    const Key key{shape.batch, shape.heads,  shape.key_heads, shape.sequence,
                  shape.width, shape.causal, format,          backward};
    auto at = graphs.find(key);
    if (at == graphs.end()) {
      auto made = std::make_unique<AttentionGraph>(
          library, PlanTarget{.handle = handle.get(), .properties = {}}, shape, format, backward);
      if (!made->plan())
        made = nullptr;
      at = graphs.emplace(key, std::move(made)).first;
    }
    return at->second.get();
  }

  bool run(const AttentionShape &shape, NumberFormat format, bool backward,
           const AttentionTensors &tensors) {
    AttentionGraph *const planned = graph(shape, format, backward);
    if (!planned)
      return false;
    void *const memory = workspace.at_least(static_cast<std::size_t>(planned->workspace_bytes()));
    if (planned->cleared_bytes() > 0)
      check(cudaMemsetAsync(memory, 0, static_cast<std::size_t>(planned->cleared_bytes()), stream),
            "clearing memory for attention");
    planned->run(tensors, memory);
    return true;
  }

  Cudnn library; // first: outlives what its functions destroy
  cudaStream_t stream;
  std::shared_ptr<cudnnContext> handle;
  std::map<Key, std::unique_ptr<AttentionGraph>> graphs;
  Workspace workspace;
};

FusedAttention::FusedAttention(cudaStream_t stream) {
  // Attention without cuDNN is still attention: what is missing is told, not thrown.
  try {
    state_ = std::make_unique<State>(stream);
  } catch (const MeasurementError &error) {
    missing_ = std::string("attention unfused, as ") + error.what();
  }
}

FusedAttention::~FusedAttention() = default;

bool FusedAttention::available() const { return state_ != nullptr; }

std::string FusedAttention::describe() const {
  return state_ ? "cuDNN " + state_->library.version_text() : missing_;
}

bool FusedAttention::has_kernel(const AttentionShape &shape, NumberFormat format, bool backward) {
  return state_ && state_->graph(shape, format, backward) != nullptr;
}

bool FusedAttention::forward(const AttentionShape &shape, NumberFormat format,
                             const AttentionTensors &tensors) {
  return state_ && state_->run(shape, format, false, tensors);
}

bool FusedAttention::backward(const AttentionShape &shape, NumberFormat format,
                              const AttentionTensors &tensors) {
  return state_ && state_->run(shape, format, true, tensors);
}

} // namespace flopcast::cuda

#endif
