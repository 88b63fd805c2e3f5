// SPDX-License-Identifier: Apache-2.0
#include "hardware/product_shapes.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace flopcast {

MatrixShape convolution_shape(const ConvolutionSize &size) {
  assert(size.groups > 0 && size.in_channels % size.groups == 0 &&
         size.out_channels % size.groups == 0);
  return {.batch = size.groups,
          .rows = size.batch * size.out_height * size.out_width,
          .columns = size.out_channels / size.groups,
          .depth = size.in_channels / size.groups * size.kernel_height * size.kernel_width};
}

MatrixShape grouped_shape(std::int64_t experts, double rows, std::int64_t columns,
                          std::int64_t depth) {
  const auto touched = std::min(experts, std::max<std::int64_t>(std::llround(std::ceil(rows)), 1));
  const auto mean = std::max<std::int64_t>(std::llround(rows / static_cast<double>(touched)), 1);
  return {.batch = touched, .rows = mean, .columns = columns, .depth = depth};
}

} // namespace flopcast
