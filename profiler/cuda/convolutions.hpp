// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/kernels/kernels.hpp"

#include <cuda_runtime_api.h>

#include <memory>

namespace flopcast::cuda {

/// Data on the device: what is convolved, filters, what comes out, or their gradients.
struct ConvolutionTensors {
  void *image = nullptr;
  void *filter = nullptr;
  void *output = nullptr;
};

/// Convolutions of cuDNN through its backend graphs, fp32, fp16 or bf16. A plan is made once for
/// each shape.
class Convolutions {
public:
  explicit Convolutions(cudaStream_t stream);
  ~Convolutions();
  Convolutions(const Convolutions &) = delete;
  Convolutions &operator=(const Convolutions &) = delete;

  /// Whether cuDNN is there, at build and at run time.
  [[nodiscard]] bool available() const;

  // Throw MeasurementError where cuDNN has no kernel for the shape.
  void forward(const ConvolutionShape &shape, NumberFormat format,
               const ConvolutionTensors &tensors);
  void data_gradient(const ConvolutionShape &shape, NumberFormat format,
                     const ConvolutionTensors &tensors);
  void weight_gradient(const ConvolutionShape &shape, NumberFormat format,
                       const ConvolutionTensors &tensors);

private:
  struct State;
  std::unique_ptr<State> state_; ///< null without cuDNN
};

} // namespace flopcast::cuda
