// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/convolution_graph.hpp"

#include "tests/profiler/cuda/described_gpu.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace flopcast::cuda {
namespace {

class ConvolutionGraphs : public testing::Test {
protected:
  void SetUp() override {
    try {
      library_.emplace();
    } catch (const MeasurementError &error) {
      GTEST_SKIP() << error.what();
    }
  }
  void make(const ConvolutionShape &shape, NumberFormat format, ConvolutionPass pass) {
    (void)ConvolutionGraph(*library_, PlanTarget{.handle = nullptr, .properties = described_h200},
                           shape, format, pass);
  }
  std::optional<Cudnn> library_;
};

constexpr ConvolutionShape layer{
    .batch = 32, .height = 28, .width = 28, .in_channels = 128, .out_channels = 256, .kernel = 3};

TEST_F(ConvolutionGraphs, AreAcceptedByCudnnsChecks) {
  for (const NumberFormat format : {NumberFormat::fp32, NumberFormat::fp16, NumberFormat::bf16})
    for (const ConvolutionPass pass : {ConvolutionPass::forward, ConvolutionPass::data_gradient,
                                       ConvolutionPass::weight_gradient}) {
      EXPECT_NO_THROW(make(layer, format, pass));
      ConvolutionShape strided = layer;
      strided.stride = 2;
      EXPECT_NO_THROW(make(strided, format, pass));
    }
}

// The checks compare sizes: an output one channel too wide is refused.
TEST_F(ConvolutionGraphs, WithSizesThatDoNotFitAreRefused) {
  CudnnGraph graph(*library_, PlanTarget{.handle = nullptr, .properties = described_h200});
  const auto tensor = [&](const Extents &d) {
    return graph.tensor(d, {d[1] * d[2] * d[3], 1, d[3] * d[1], d[1]}, CUDNN_DATA_HALF);
  };
  const GraphTensor image = tensor({8, 64, 14, 14});
  const GraphTensor filter = tensor({128, 64, 3, 3});
  const GraphTensor output = tensor({8, 129, 14, 14});
  EXPECT_THROW(graph.convolution(CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
                                 {.stride = 1, .border = 1}, image, filter, output),
               MeasurementError);
}

} // namespace
} // namespace flopcast::cuda
