// SPDX-License-Identifier: Apache-2.0
#include "profiler/measuring/prepared_operator.hpp"

namespace flopcast {

ConvolutionShape measured_convolution(const MatrixShape &shape) {
  constexpr std::int64_t largest_side = 64;
  constexpr std::int64_t usual_filter = 3;
  std::int64_t side = largest_side;
  while (side > 1 && shape.rows % (side * side) != 0)
    --side;
  const std::int64_t area = usual_filter * usual_filter;
  const std::int64_t kernel = shape.depth % area == 0 ? usual_filter : 1;
  return {.batch = shape.rows / (side * side),
          .height = side,
          .width = side,
          .in_channels = shape.depth / (kernel * kernel),
          .out_channels = shape.columns,
          .kernel = kernel};
}

void PreparedOperator::prepare_convolution() {
  const ConvolutionShape shape = measured_convolution(call_.shape);
  const NumberFormat format = call_.format;
  const Operand image = input(format, shape.input_elements());
  const Operand filter = input(format, shape.filter_elements());
  if (call_.pass == Pass::forward) {
    const Operand output = result(format, shape.output_elements());
    run_ = [=, this] { kernels_.convolution(shape, at(image), at(filter), at(output)); };
    return;
  }
  const Operand gradient = input(format, shape.output_elements());
  const Operand of_image = result(format, shape.input_elements());
  const Operand of_filter = result(format, shape.filter_elements());
  run_ = [=, this] {
    kernels_.convolution_data_gradient(shape, at(filter), at(gradient), at(of_image));
    kernels_.convolution_weight_gradient(shape, at(image), at(gradient), at(of_filter));
  };
}

} // namespace flopcast
