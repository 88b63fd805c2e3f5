// SPDX-License-Identifier: Apache-2.0
// Softmax, norms and the loss: operators that reduce rows.
#include "tests/profiler/cpu_fixture.hpp"

namespace flopcast {
namespace {

using namespace tests;

constexpr std::int64_t rows = 9, columns = 37;
constexpr double rounding = 1e-5;

double at(const Values &values, std::int64_t row, std::int64_t column) {
  return static_cast<double>(values[static_cast<std::size_t>(row * columns + column)]);
}

class CpuRows : public OnCpu {
protected:
  const Values input_ = random_values(rows * columns, 1);
  const Values weight_ = random_values(columns, 2);
  const Values bias_ = random_values(columns, 3);
  const Values output_gradient_ = random_values(rows * columns, 4);

  Values softmax(const Values &input) {
    DeviceValues device(on());
    const Tensor output = device.blank(rows * columns);
    on().softmax(rows, columns, device.put(input), output);
    return device.get(output);
  }
  Values layer_norm(const Values &input, const Values &weight, const Values &bias,
                    Values *statistics = nullptr) {
    DeviceValues device(on());
    const Tensor output = device.blank(rows * columns), sums = device.blank(2 * rows);
    on().layer_norm(rows, columns, device.put(input), device.put(weight), device.put(bias), output,
                    sums);
    if (statistics != nullptr)
      *statistics = device.get(sums);
    return device.get(output);
  }
  Values rms_norm(const Values &input, const Values &weight, Values *statistics = nullptr) {
    DeviceValues device(on());
    const Tensor output = device.blank(rows * columns), sums = device.blank(rows);
    on().rms_norm(rows, columns, device.put(input), device.put(weight), output, sums);
    if (statistics != nullptr)
      *statistics = device.get(sums);
    return device.get(output);
  }
};

TEST_F(CpuRows, SoftmaxIsThatOfThePlainLoop) {
  std::vector<double> expected;
  for (std::int64_t row = 0; row < rows; ++row) {
    double sum = 0;
    for (std::int64_t i = 0; i < columns; ++i)
      sum += std::exp(at(input_, row, i));
    for (std::int64_t i = 0; i < columns; ++i)
      expected.push_back(std::exp(at(input_, row, i)) / sum);
  }
  expect_near(softmax(input_), expected, rounding);
}

TEST_F(CpuRows, SoftmaxGradientMatchesDifferences) {
  DeviceValues device(on());
  const Tensor gradient = device.blank(rows * columns);
  on().softmax_backward(rows, columns, device.put(softmax(input_)), device.put(output_gradient_),
                        gradient);
  expect_gradient([&](const Values &x) { return weighted_sum(output_gradient_, softmax(x)); },
                  input_, device.get(gradient));
}

TEST_F(CpuRows, LayerNormIsThatOfThePlainLoop) {
  std::vector<double> expected;
  for (std::int64_t row = 0; row < rows; ++row) {
    double mean = 0, variance = 0;
    for (std::int64_t i = 0; i < columns; ++i)
      mean += at(input_, row, i) / columns;
    for (std::int64_t i = 0; i < columns; ++i)
      variance += std::pow(at(input_, row, i) - mean, 2) / columns;
    for (std::int64_t i = 0; i < columns; ++i)
      expected.push_back((at(input_, row, i) - mean) / std::sqrt(variance + 1e-5) *
                             at(weight_, 0, i) +
                         at(bias_, 0, i));
  }
  expect_near(layer_norm(input_, weight_, bias_), expected, rounding);
}

TEST_F(CpuRows, LayerNormGradientsMatchDifferencesAndAddToTheParameters) {
  Values statistics;
  (void)layer_norm(input_, weight_, bias_, &statistics);
  DeviceValues device(on());
  const Tensor of_input = device.blank(rows * columns);
  const Tensor of_weight = device.zeros(columns), of_bias = device.put(Values(columns, 1.0F));
  on().layer_norm_backward(rows, columns, device.put(input_), device.put(weight_),
                           device.put(statistics), device.put(output_gradient_), of_input,
                           of_weight, of_bias);
  const auto loss = [&](const Values &x, const Values &weight, const Values &bias) {
    return weighted_sum(output_gradient_, layer_norm(x, weight, bias));
  };
  expect_gradient([&](const Values &x) { return loss(x, weight_, bias_); }, input_,
                  device.get(of_input));
  expect_gradient([&](const Values &x) { return loss(input_, x, bias_); }, weight_,
                  device.get(of_weight));
  Values bias_gradient = device.get(of_bias);
  for (float &value : bias_gradient)
    value -= 1; // what was there before
  expect_gradient([&](const Values &x) { return loss(input_, weight_, x); }, bias_, bias_gradient);
}

TEST_F(CpuRows, RmsNormIsThatOfThePlainLoop) {
  std::vector<double> expected;
  for (std::int64_t row = 0; row < rows; ++row) {
    double squares = 0;
    for (std::int64_t i = 0; i < columns; ++i)
      squares += std::pow(at(input_, row, i), 2) / columns;
    for (std::int64_t i = 0; i < columns; ++i)
      expected.push_back(at(input_, row, i) / std::sqrt(squares + 1e-5) * at(weight_, 0, i));
  }
  expect_near(rms_norm(input_, weight_), expected, rounding);
}

TEST_F(CpuRows, RmsNormGradientsMatchDifferences) {
  Values statistics;
  (void)rms_norm(input_, weight_, &statistics);
  DeviceValues device(on());
  const Tensor of_input = device.blank(rows * columns), of_weight = device.zeros(columns);
  on().rms_norm_backward(rows, columns, device.put(input_), device.put(weight_),
                         device.put(statistics), device.put(output_gradient_), of_input, of_weight);
  expect_gradient(
      [&](const Values &x) { return weighted_sum(output_gradient_, rms_norm(x, weight_)); }, input_,
      device.get(of_input));
  expect_gradient(
      [&](const Values &x) { return weighted_sum(output_gradient_, rms_norm(input_, x)); }, weight_,
      device.get(of_weight));
}

TEST_F(CpuRows, CrossEntropyIsThatOfThePlainLoopAndItsGradientTakesTheLogitsPlace) {
  const std::vector<std::int32_t> targets = random_indices(rows, columns, 5);
  const auto mean_loss = [&](const Values &logits) {
    double sum = 0;
    for (std::int64_t row = 0; row < rows; ++row) {
      double exponentials = 0;
      for (std::int64_t i = 0; i < columns; ++i)
        exponentials += std::exp(at(logits, row, i));
      sum += std::log(exponentials) - at(logits, row, targets[static_cast<std::size_t>(row)]);
    }
    return sum / rows;
  };
  DeviceValues device(on());
  const Tensor logits = device.put(input_), losses = device.blank(rows);
  on().cross_entropy(rows, columns, device.put_indices(targets), logits, losses);
  double sum = 0;
  for (const float loss : device.get(losses))
    sum += static_cast<double>(loss);
  EXPECT_NEAR(sum / rows, mean_loss(input_), rounding);
  expect_gradient(mean_loss, input_, device.get(logits), 1e-4);
}

} // namespace
} // namespace flopcast
