// SPDX-License-Identifier: Apache-2.0
#include "hardware/product_shapes.hpp"

#include "hardware/calibration.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace flopcast {
namespace {

using namespace units;

TEST(ConvolutionShape, HasARowForEachOutputPointAndADepthOfWhatItSees) {
  // ResNet's stem: 7 x 7 over 3 channels to 64, 112 x 112 points of 8 images.
  EXPECT_EQ(convolution_shape({.batch = 8,
                               .out_height = 112,
                               .out_width = 112,
                               .in_channels = 3,
                               .out_channels = 64,
                               .kernel_height = 7,
                               .kernel_width = 7}),
            (MatrixShape{.batch = 1, .rows = 8LL * 112 * 112, .columns = 64, .depth = 3LL * 49}));
}

TEST(ConvolutionShape, OfOnePointIsAPlainProduct) {
  EXPECT_EQ(convolution_shape({.batch = 16, .in_channels = 512, .out_channels = 1000}),
            (MatrixShape{.batch = 1, .rows = 16, .columns = 1000, .depth = 512}));
}

TEST(ConvolutionShape, HasAProductForEachGroup) {
  // Depth-wise: as many groups as channels, each of one column.
  EXPECT_EQ(convolution_shape({.batch = 2,
                               .out_height = 14,
                               .out_width = 14,
                               .in_channels = 96,
                               .out_channels = 96,
                               .kernel_height = 3,
                               .kernel_width = 3,
                               .groups = 96}),
            (MatrixShape{.batch = 96, .rows = 2LL * 14 * 14, .columns = 1, .depth = 9}));
}

TEST(ConvolutionShape, KeepsTheFlopsOfAllGroups) {
  // FLOPs = 2 · points · out channels · (in channels / groups) · kernel: half of it with two
  // groups.
  const auto work = [](std::int64_t groups) {
    const MatrixShape s = convolution_shape({.batch = 4,
                                             .out_height = 28,
                                             .out_width = 28,
                                             .in_channels = 128,
                                             .out_channels = 256,
                                             .kernel_height = 3,
                                             .kernel_width = 3,
                                             .groups = groups});
    return 2 * s.batch * s.rows * s.columns * s.depth;
  };
  EXPECT_EQ(work(1), 2LL * 4 * 28 * 28 * 256 * 128 * 9);
  EXPECT_EQ(work(2) * 2, work(1));
}

TEST(GroupedShape, SpreadsTheRowsOverTheExperts) {
  EXPECT_EQ(grouped_shape(32, 4096, 2048, 1024), (MatrixShape{32, 128, 2048, 1024}));
  EXPECT_EQ(grouped_shape(32, 4111, 2048, 1024), (MatrixShape{32, 128, 2048, 1024})); // 128.5 − ε
}

TEST(GroupedShape, TouchesNoMoreExpertsThanItHasRows) {
  EXPECT_EQ(grouped_shape(32, 5, 2048, 1024), (MatrixShape{5, 1, 2048, 1024}));
  EXPECT_EQ(grouped_shape(32, 0.25, 2048, 1024), (MatrixShape{1, 1, 2048, 1024}));
}

TEST(GroupedShape, NeverFallsWhenRowsGrow) {
  MatrixShape before = grouped_shape(48, 0.1, 1, 1);
  for (int step = 0; step < 1200; ++step) {
    const double rows = 0.1 * std::pow(1.01, step);
    const MatrixShape now = grouped_shape(48, rows, 1, 1);
    EXPECT_GE(now.batch, before.batch) << rows;
    EXPECT_GE(now.rows, before.rows) << rows;
    before = now;
  }
}

/// With a model of dense products in bf16 and none of anything else.
struct DenseOnly {
  Device device;
  Calibration calibration;

  DenseOnly() {
    device.peak[static_cast<std::size_t>(NumberFormat::bf16)] = 100.0 * teraflop / second;
    device.memory_bandwidth = terabyte / second;
    device.multiprocessors = 100;
    GemmModel &model = calibration.gemm[static_cast<std::size_t>(NumberFormat::bf16)].emplace();
    model.tile_efficiency.fill(0.8);
    model.measured_from = {1, 1, 1, 1};
    model.measured_to = {1, 1 << 20, 1 << 20, 1 << 20};
  }

  [[nodiscard]] Seconds time(OperatorClass kind, const MatrixShape &shape) const {
    return operator_time(device, calibration, call(kind, shape));
  }
  static OperatorCall call(OperatorClass kind, const MatrixShape &shape) {
    return {.kind = kind, .flops = {}, .bytes = {}, .shape = shape};
  }
};

TEST(Unmeasured, ConvolutionsTakeTheTimeOfTheirProduct) {
  const DenseOnly dense;
  const MatrixShape shape{1, 8LL * 56 * 56, 256, 576};
  EXPECT_EQ(dense.time(OperatorClass::convolution, shape), dense.time(OperatorClass::gemm, shape));
  EXPECT_GT(dense.time(OperatorClass::gemm, shape), Seconds{});
}

TEST(Unmeasured, ConvolutionsAndGroupedProductsAreNeverInRange) {
  const DenseOnly dense;
  const MatrixShape shape{1, 4096, 4096, 4096};
  const auto in_range = [&](OperatorClass kind) {
    return in_calibrated_range(dense.calibration, DenseOnly::call(kind, shape));
  };
  EXPECT_TRUE(in_range(OperatorClass::gemm));
  EXPECT_FALSE(in_range(OperatorClass::convolution));
  EXPECT_FALSE(in_range(OperatorClass::grouped_gemm));
}

TEST(Unmeasured, LayersOfExpertsTakeTheTimeOfTheirTwoProducts) {
  const DenseOnly dense;
  OperatorCall layer = DenseOnly::call(OperatorClass::grouped_gemm,
                                       {.batch = 8, .rows = 512, .columns = 8192, .depth = 2048});
  layer.kernels = 2;
  layer.expert_width = 4096;
  EXPECT_DOUBLE_EQ(operator_time(dense.device, dense.calibration, layer).in(microsecond),
                   (dense.time(OperatorClass::gemm, {8, 512, 8192, 2048}) +
                    dense.time(OperatorClass::gemm, {8, 512, 2048, 4096}))
                       .in(microsecond));
}

TEST(GroupedModelOfACalibration, GoesBeforeTheDenseOne) {
  DenseOnly dense;
  GroupedModel &model =
      dense.calibration.grouped_gemm[static_cast<std::size_t>(NumberFormat::bf16)].emplace();
  model.product.tile_efficiency.fill(0.4); // half as fast
  model.product.measured_from = {1, 1, 1, 1};
  model.product.measured_to = {64, 1 << 20, 1 << 20, 1 << 20};
  const MatrixShape shape{8, 4096, 8192, 8192};
  EXPECT_NEAR(dense.time(OperatorClass::grouped_gemm, shape) /
                  dense.time(OperatorClass::gemm, shape),
              2, 0.01);
  EXPECT_TRUE(
      in_calibrated_range(dense.calibration, DenseOnly::call(OperatorClass::grouped_gemm, shape)));
  EXPECT_FALSE(in_calibrated_range(
      dense.calibration, DenseOnly::call(OperatorClass::grouped_gemm, {65, 4096, 8192, 8192})));
}

} // namespace
} // namespace flopcast
