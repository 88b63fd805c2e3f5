// SPDX-License-Identifier: Apache-2.0
#include "tests/profiler/cpu_fixture.hpp"

namespace flopcast {
namespace {

using namespace tests;

// Roundings of fp32 over sums of at most 100 products of about 1.
constexpr double rounding = 2e-5;

/// Element (row, column) of one matrix of a batch as it is stored.
double element(const Values &matrix, bool transposed, std::int64_t b, std::int64_t row,
               std::int64_t column, std::int64_t rows, std::int64_t columns) {
  const std::int64_t at = transposed ? column * rows + row : row * columns + column;
  return static_cast<double>(matrix.at(static_cast<std::size_t>(b * rows * columns + at)));
}

std::vector<double> reference(const Product &product, const Values &left, const Values &right,
                              const Values &before) {
  const auto [batch, m, n, k] = product.shape;
  std::vector<double> result;
  for (std::int64_t b = 0; b < batch; ++b)
    for (std::int64_t i = 0; i < m; ++i)
      for (std::int64_t j = 0; j < n; ++j) {
        double sum = product.accumulate ? static_cast<double>(before.at(result.size())) : 0;
        for (std::int64_t l = 0; l < k; ++l)
          sum += element(left, product.transpose_left, b, i, l, m, k) *
                 element(right, product.transpose_right, b, l, j, k, n);
        result.push_back(sum);
      }
  return result;
}

class CpuProduct : public OnCpu {
protected:
  Values result_of(const Product &product, const Values &left, const Values &right,
                   const Values &before, const Values &bias = {}) {
    DeviceValues device(on());
    const Tensor result = device.put(before);
    on().product(product, device.put(left), device.put(right), result,
                 bias.empty() ? Tensor{} : device.put(bias), {});
    return device.get(result);
  }
};

// Few and many products a thread, sizes that no grain divides, and rows too few to be split.
TEST_F(CpuProduct, IsThatOfThePlainLoopsInEveryLayout) {
  const std::vector<MatrixShape> shapes{
      {1, 37, 53, 19}, {1, 5, 70, 90}, {1, 70, 5, 3}, {7, 9, 11, 13}, {1, 1, 1, 1}};
  for (const MatrixShape &shape : shapes)
    for (const bool left : {false, true})
      for (const bool right : {false, true})
        for (const bool accumulate : {false, true}) {
          const Product product{.shape = shape,
                                .transpose_left = left,
                                .transpose_right = right,
                                .accumulate = accumulate};
          const Values a = random_values(shape.batch * shape.rows * shape.depth, 1);
          const Values b = random_values(shape.batch * shape.depth * shape.columns, 2);
          const Values before = random_values(shape.batch * shape.rows * shape.columns, 3);
          expect_near(result_of(product, a, b, before), reference(product, a, b, before), rounding);
        }
}

TEST_F(CpuProduct, AddsTheBiasToEveryRow) {
  Product product{.shape = {1, 33, 40, 8}};
  const Values a = random_values(33 * 8, 1), b = random_values(8 * 40, 2);
  const Values bias = random_values(40, 3), before(33 * 40, 1e30F);
  std::vector<double> expected = reference(product, a, b, before);
  for (std::size_t i = 0; i < expected.size(); ++i)
    expected[i] += static_cast<double>(bias[i % 40]);
  product.epilogue = Epilogue::bias;
  expect_near(result_of(product, a, b, before, bias), expected, rounding);
}

TEST_F(CpuProduct, KeepsWhatCameBeforeTheGelu) {
  const Product product{.shape = {1, 33, 40, 8}, .epilogue = Epilogue::bias_gelu};
  const Values a = random_values(33 * 8, 1), b = random_values(8 * 40, 2);
  const Values bias = random_values(40, 3);
  DeviceValues device(on());
  const Tensor result = device.blank(33 * 40), kept = device.blank(33 * 40);
  const Tensor alone = device.blank(33 * 40);
  on().product(product, device.put(a), device.put(b), result, device.put(bias), kept);
  on().gelu(kept, alone);
  EXPECT_EQ(device.get(result), device.get(alone));
  Product plain = product;
  plain.epilogue = Epilogue::bias;
  EXPECT_EQ(device.get(kept), result_of(plain, a, b, Values(33 * 40), bias));
}

TEST_F(CpuProduct, BiasGradientAddsTheSumsOfTheColumns) {
  DeviceValues device(on());
  const Values gradient = random_values(50 * 37, 1);
  const Values before = random_values(37, 2);
  const Tensor sums = device.put(before);
  on().bias_gradient(50, 37, device.put(gradient), sums);
  std::vector<double> expected(before.begin(), before.end());
  for (std::size_t i = 0; i < gradient.size(); ++i)
    expected[i % 37] += static_cast<double>(gradient[i]);
  expect_near(device.get(sums), expected, rounding);
}

TEST_F(CpuProduct, OfAnotherFormatIsRefused) {
  DeviceValues device(on());
  Tensor left = device.zeros(4);
  left.format = NumberFormat::bf16;
  EXPECT_THROW(
      on().product({.shape = {1, 2, 2, 2}}, left, device.zeros(4), device.zeros(4), {}, {}),
      MeasurementError);
  EXPECT_FALSE(on().knows(OperatorClass::gemm, Pass::forward, NumberFormat::bf16));
}

TEST_F(CpuProduct, TimeCountsTheCalls) {
  DeviceValues device(on());
  const Tensor a = device.zeros(64), b = device.zeros(64);
  const RunTimes times = on().time([&] {
    on().copy(a, b);
    on().add(a, a, b);
  });
  EXPECT_EQ(times.kernels, 2);
  EXPECT_GT(times.device_seconds, 0);
  EXPECT_EQ(times.host_seconds, 0);
}

TEST_F(CpuProduct, DescriptionNamesTheProcessorAndTheLibrary) {
  const DeviceDescription description = on().describe();
  EXPECT_NE(description.software.find("OpenBLAS"), std::string::npos) << description.software;
  EXPECT_EQ(description.multiprocessors, cpu_threads());
  EXPECT_GT(description.memory_bytes, 64 << 20);
}

TEST(CpuKernels, RefuseThreadsThatAreNotThere) {
  EXPECT_THROW((void)make_cpu_kernels(0), MeasurementError);
  EXPECT_THROW((void)make_cpu_kernels(1 << 20), MeasurementError);
}

} // namespace
} // namespace flopcast
