// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/kernels/kernels.hpp"

namespace flopcast::cpu {

/// As Kernels::convolution and its gradients: as products of the inputs that each output point
/// sees, laid out side by side for one image after the other.
void convolution(int threads, const ConvolutionShape &shape, const float *input,
                 const float *weight, float *output);
void convolution_data_gradient(int threads, const ConvolutionShape &shape, const float *weight,
                               const float *output_gradient, float *input_gradient);
void convolution_weight_gradient(int threads, const ConvolutionShape &shape, const float *input,
                                 const float *output_gradient, float *weight_gradient);

} // namespace flopcast::cpu
