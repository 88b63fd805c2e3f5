// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/cuda/convolutions.hpp"
#include "profiler/cuda/cudnn.hpp"
#include "profiler/kernels/kernels.hpp"

#include <array>

namespace flopcast::cuda {

enum class ConvolutionPass { forward, data_gradient, weight_gradient };

/// A convolution as a graph of cuDNN: one operation, sums in fp32.
class ConvolutionGraph {
public:
  ConvolutionGraph(const Cudnn &library, PlanTarget target, const ConvolutionShape &shape,
                   NumberFormat format, ConvolutionPass pass);

  /// Chooses a kernel. False where cuDNN has none.
  [[nodiscard]] bool plan() { return graph_.plan(); }
  [[nodiscard]] std::int64_t workspace_bytes() const { return graph_.workspace_bytes(); }
  void run(const ConvolutionTensors &tensors, void *workspace) const;

private:
  CudnnGraph graph_;
  std::array<std::int64_t, 3> ids_{}; ///< of image, filter, output
};

} // namespace flopcast::cuda
