// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/convolutions.hpp"

#if FLOPCAST_HAS_CUDNN

#include "profiler/cuda/convolution_graph.hpp"
#include "profiler/cuda/device_memory.hpp"

#include <map>
#include <tuple>

namespace flopcast::cuda {

struct Convolutions::State {
  explicit State(cudaStream_t stream) {
    cudnnHandle_t created = nullptr;
    library.check(library.create(&created), "starting cuDNN");
    handle = {created, library.destroy};
    library.check(library.set_stream(created, stream), "giving a stream to cuDNN");
  }

  void run(const ConvolutionShape &shape, NumberFormat format, ConvolutionPass pass,
           const ConvolutionTensors &tensors) {
    const std::tuple key{shape, format, pass};
    auto at = graphs.find(key);
    if (at == graphs.end()) {
      auto made = std::make_unique<ConvolutionGraph>(
          library, PlanTarget{.handle = handle.get(), .properties = {}}, shape, format, pass);
      if (!made->plan())
        made = nullptr;
      at = graphs.emplace(key, std::move(made)).first;
    }
    if (!at->second)
      throw MeasurementError("cuDNN has no kernel for this convolution");
    const auto bytes = static_cast<std::size_t>(at->second->workspace_bytes());
    at->second->run(tensors, workspace.at_least(bytes));
  }

  Cudnn library; // first: outlives what its functions destroy
  std::shared_ptr<cudnnContext> handle;
  std::map<std::tuple<ConvolutionShape, NumberFormat, ConvolutionPass>,
           std::unique_ptr<ConvolutionGraph>>
      graphs;
  Workspace workspace;
};

Convolutions::Convolutions(cudaStream_t stream) {
  // The rest is measured without cuDNN too; attention tells why it is missing.
  try {
    state_ = std::make_unique<State>(stream);
  } catch (const MeasurementError &) {
    state_ = nullptr;
  }
}

Convolutions::~Convolutions() = default;

bool Convolutions::available() const { return state_ != nullptr; }

void Convolutions::forward(const ConvolutionShape &shape, NumberFormat format,
                           const ConvolutionTensors &tensors) {
  state_->run(shape, format, ConvolutionPass::forward, tensors);
}

void Convolutions::data_gradient(const ConvolutionShape &shape, NumberFormat format,
                                 const ConvolutionTensors &tensors) {
  state_->run(shape, format, ConvolutionPass::data_gradient, tensors);
}

void Convolutions::weight_gradient(const ConvolutionShape &shape, NumberFormat format,
                                   const ConvolutionTensors &tensors) {
  state_->run(shape, format, ConvolutionPass::weight_gradient, tensors);
}

} // namespace flopcast::cuda

#endif
