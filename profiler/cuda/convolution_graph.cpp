// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/convolution_graph.hpp"

#include <utility>

namespace flopcast::cuda {
namespace {

cudnnDataType_t data_type(NumberFormat format) {
  switch (format) {
  case NumberFormat::fp16:
    return CUDNN_DATA_HALF;
  case NumberFormat::bf16:
    return CUDNN_DATA_BFLOAT16;
  default:
    return CUDNN_DATA_FLOAT;
  }
}

/// cuDNN names dimensions images, channels, height, width whatever their order in memory is; here
/// channels lie fastest, as tensor cores want them.
Extents channels_last(const Extents &d) { return {d[1] * d[2] * d[3], 1, d[3] * d[1], d[1]}; }

} // namespace

ConvolutionGraph::ConvolutionGraph(const Cudnn &library, PlanTarget target,
                                   const ConvolutionShape &shape, NumberFormat format,
                                   ConvolutionPass pass)
    : graph_(library, std::move(target)) {
  const cudnnDataType_t type = data_type(format);
  const auto tensor = [&](const Extents &dimensions) {
    return graph_.tensor(dimensions, channels_last(dimensions), type);
  };
  const GraphTensor image = tensor({shape.batch, shape.in_channels, shape.height, shape.width});
  const GraphTensor filter =
      tensor({shape.out_channels, shape.in_channels, shape.kernel, shape.kernel});
  const GraphTensor output =
      tensor({shape.batch, shape.out_channels, shape.out_height(), shape.out_width()});
  ids_ = {image.id, filter.id, output.id};
  const ConvolutionSteps steps{.stride = shape.stride, .border = (shape.kernel - 1) / 2};
  switch (pass) {
  case ConvolutionPass::forward:
    graph_.convolution(CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR, steps, image, filter,
                       output);
    break;
  case ConvolutionPass::data_gradient:
    graph_.convolution(CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR, steps, image,
                       filter, output);
    break;
  case ConvolutionPass::weight_gradient:
    graph_.convolution(CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR, steps, image,
                       filter, output);
    break;
  }
}

void ConvolutionGraph::run(const ConvolutionTensors &tensors, void *workspace) const {
  graph_.run({{ids_[0], tensors.image}, {ids_[1], tensors.filter}, {ids_[2], tensors.output}},
             workspace);
}

} // namespace flopcast::cuda
