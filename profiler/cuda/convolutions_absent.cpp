// SPDX-License-Identifier: Apache-2.0
// The answer of a build without cuDNN's headers.
#include "profiler/cuda/convolutions.hpp"

#if !FLOPCAST_HAS_CUDNN

namespace flopcast::cuda {
namespace {

[[noreturn]] void throw_absent() {
  throw MeasurementError("convolutions need cuDNN, which Flopcast was built without");
}

} // namespace

struct Convolutions::State {};

Convolutions::Convolutions(cudaStream_t /*stream*/) {}

Convolutions::~Convolutions() = default;

bool Convolutions::available() const { return false; }

void Convolutions::forward(const ConvolutionShape & /*shape*/, NumberFormat /*format*/,
                           const ConvolutionTensors & /*tensors*/) {
  throw_absent();
}

void Convolutions::data_gradient(const ConvolutionShape & /*shape*/, NumberFormat /*format*/,
                                 const ConvolutionTensors & /*tensors*/) {
  throw_absent();
}

void Convolutions::weight_gradient(const ConvolutionShape & /*shape*/, NumberFormat /*format*/,
                                   const ConvolutionTensors & /*tensors*/) {
  throw_absent();
}

} // namespace flopcast::cuda

#endif
