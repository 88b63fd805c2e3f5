// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/efficiency/matrix_shape.hpp"

#include <cstdint>

namespace flopcast {

/// A convolution on one device; a dimension that it does not have is 1.
struct ConvolutionSize {
  std::int64_t batch = 1;
  std::int64_t out_height = 1;
  std::int64_t out_width = 1;
  std::int64_t in_channels = 1;
  std::int64_t out_channels = 1;
  std::int64_t kernel_height = 1;
  std::int64_t kernel_width = 1;
  std::int64_t groups = 1; ///< must divide both numbers of channels
};

/// The product that a convolution is (implicit GEMM): a row for each output point, a column for
/// each output channel of a group, a depth of the inputs that a point sees; groups are the batch.
/// Times by it are not measured: they leave out that neighbouring points share inputs, and that
/// libraries have other algorithms (Winograd, FFT) and special kernels for depth-wise ones.
[[nodiscard]] MatrixShape convolution_shape(const ConvolutionSize &size);

/// The product of a device's experts with columns × depth weights each, when `rows` rows in all
/// come to them: the mean rows of an expert. Fewer rows than experts touch as many experts.
/// Never falls when rows grow.
[[nodiscard]] MatrixShape grouped_shape(std::int64_t experts, double rows, std::int64_t columns,
                                        std::int64_t depth);

} // namespace flopcast
