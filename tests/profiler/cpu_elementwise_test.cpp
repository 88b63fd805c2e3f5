// SPDX-License-Identifier: Apache-2.0
#include "tests/profiler/cpu_fixture.hpp"

#include <numbers>

namespace flopcast {
namespace {

using namespace tests;

class CpuElementwise : public OnCpu {
protected:
  Values gelu(const Values &input) {
    DeviceValues device(on());
    const Tensor output = device.blank(static_cast<std::int64_t>(input.size()));
    on().gelu(device.put(input), output);
    return device.get(output);
  }
  Values swiglu(std::int64_t rows, const Values &input) {
    DeviceValues device(on());
    const auto half = static_cast<std::int64_t>(input.size()) / 2;
    const Tensor output = device.blank(half);
    on().swiglu(rows, half / rows, device.put(input), output);
    return device.get(output);
  }
  Values rotated(const Values &vectors, bool backward) {
    DeviceValues device(on());
    const Tensor tensor = device.put(vectors);
    on().rotary(2, 5, 3, 8, backward, tensor);
    return device.get(tensor);
  }
};

TEST_F(CpuElementwise, SumsAndCopies) {
  DeviceValues device(on());
  const Values a = random_values(10'000, 1), b = random_values(10'000, 2);
  const Tensor left = device.put(a), right = device.put(b), to = device.blank(10'000);
  on().copy(left, to);
  EXPECT_EQ(device.get(to), a);
  on().add(left, right, to);
  Values expected = a;
  for (std::size_t i = 0; i < a.size(); ++i)
    expected[i] += b[i];
  EXPECT_EQ(device.get(to), expected);
  on().triad(left, right, 0.5, to); // halves are exact: so is the sum
  for (std::size_t i = 0; i < a.size(); ++i)
    expected[i] = a[i] + 0.5F * b[i];
  EXPECT_EQ(device.get(to), expected);
}

TEST_F(CpuElementwise, GeluIsThatByTanh) {
  const Values input = random_values(9000, 1);
  std::vector<double> expected;
  for (const float value : input) {
    const auto x = static_cast<double>(value);
    expected.push_back(
        x / 2 * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x))));
  }
  expect_near(gelu(input), expected, 1e-6);
  // Far out it is the value or nothing, and never NaN.
  expect_near(gelu({50, -50, 0}), {50, 0, 0}, 1e-30);
}

TEST_F(CpuElementwise, GeluGradientMatchesDifferences) {
  const Values input = random_values(50, 1), weights = random_values(50, 2);
  DeviceValues device(on());
  const Tensor gradient = device.blank(50);
  on().gelu_backward(device.put(input), device.put(weights), gradient);
  expect_gradient([&](const Values &x) { return weighted_sum(weights, gelu(x)); }, input,
                  device.get(gradient));
}

TEST_F(CpuElementwise, SwigluMultipliesGatesAndValues) {
  const Values input = random_values(3 * 2 * 7, 1);
  std::vector<double> expected;
  for (std::size_t row = 0; row < 3; ++row)
    for (std::size_t i = 0; i < 7; ++i) {
      const auto gate = static_cast<double>(input[row * 14 + i]);
      expected.push_back(gate / (1 + std::exp(-gate)) *
                         static_cast<double>(input[row * 14 + 7 + i]));
    }
  expect_near(swiglu(3, input), expected, 1e-6);
}

TEST_F(CpuElementwise, SwigluGradientMatchesDifferences) {
  const Values input = random_values(3 * 2 * 7, 1), weights = random_values(3 * 7, 2);
  DeviceValues device(on());
  const Tensor gradient = device.blank(3 * 2 * 7);
  on().swiglu_backward(3, 7, device.put(input), device.put(weights), gradient);
  expect_gradient([&](const Values &x) { return weighted_sum(weights, swiglu(3, x)); }, input,
                  device.get(gradient));
}

TEST_F(CpuElementwise, RotaryTurnsPairsByTheirPosition) {
  const Values vectors = random_values(2 * 5 * 3 * 8, 1);
  std::vector<double> expected(vectors.begin(), vectors.end());
  for (std::size_t vector = 0; vector < 30; ++vector)
    for (std::size_t i = 0; i < 4; ++i) {
      const auto position = static_cast<double>(vector / 3 % 5);
      const double angle = position * std::pow(10000.0, -2.0 * static_cast<double>(i) / 8);
      const auto a = static_cast<double>(vectors[vector * 8 + i]);
      const auto b = static_cast<double>(vectors[vector * 8 + 4 + i]);
      expected[vector * 8 + i] = a * std::cos(angle) - b * std::sin(angle);
      expected[vector * 8 + 4 + i] = b * std::cos(angle) + a * std::sin(angle);
    }
  expect_near(rotated(vectors, false), expected, 1e-6);
}

// A rotation's transpose turns back: so does its gradient.
TEST_F(CpuElementwise, RotaryBackwardUndoesIt) {
  const Values vectors = random_values(2 * 5 * 3 * 8, 1);
  expect_near(rotated(rotated(vectors, false), true),
              std::vector<double>(vectors.begin(), vectors.end()), 1e-6);
}

TEST_F(CpuElementwise, EmbeddingLooksUpRowsAndAddsTheirGradients) {
  constexpr std::int64_t rows = 600, columns = 40;
  constexpr std::int32_t words = 11;
  const Values table = random_values(words * columns, 1);
  const std::vector<std::int32_t> tokens = random_indices(rows, words, 2);
  DeviceValues device(on());
  const void *indices = device.put_indices(tokens);
  const Tensor output = device.blank(rows * columns);
  on().embedding(rows, columns, indices, device.put(table), output);
  const Values gradient = random_values(rows * columns, 3);
  std::vector<double> found, sums(static_cast<std::size_t>(words * columns), 1);
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t i = 0; i < columns; ++i) {
      const std::size_t at = static_cast<std::size_t>(tokens[row]) * columns + i;
      found.push_back(static_cast<double>(table[at]));
      sums[at] += static_cast<double>(gradient[row * columns + i]);
    }
  expect_near(device.get(output), found, 0);
  const Tensor table_gradient = device.put(Values(words * columns, 1.0F));
  on().embedding_backward(rows, columns, indices, device.put(gradient), table_gradient);
  expect_near(device.get(table_gradient), sums, 1e-5);
}

// Kingma and Ba 2015, algorithm 1, with the decay of Loshchilov and Hutter 2019.
TEST_F(CpuElementwise, AdamFollowsItsPaperAndClearsTheGradients) {
  constexpr std::int64_t elements = 9000;
  const AdamSettings settings{.learning_rate = 0.01, .weight_decay = 0.1, .step = 3};
  const Values gradients = random_values(elements, 1), master = random_values(elements, 2);
  const Values first = random_values(elements, 3);
  Values second = random_values(elements, 4);
  for (float &value : second)
    value = std::abs(value);
  DeviceValues device(on());
  const Tensor g = device.put(gradients), p = device.put(master), m = device.put(first),
               v = device.put(second), weights = device.blank(elements);
  on().adam(settings, g, p, m, v, weights);
  std::vector<double> expected;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const auto gradient = static_cast<double>(gradients[i]);
    const double mean = 0.9 * static_cast<double>(first[i]) + 0.1 * gradient;
    const double square = 0.95 * static_cast<double>(second[i]) + 0.05 * gradient * gradient;
    const double old = static_cast<double>(master[i]) * (1 - 0.01 * 0.1);
    expected.push_back(old - 0.01 * mean / (1 - std::pow(0.9, 3)) /
                                 (std::sqrt(square / (1 - std::pow(0.95, 3))) + 1e-8));
  }
  expect_near(device.get(p), expected, 1e-6);
  EXPECT_EQ(device.get(weights), device.get(p));
  EXPECT_EQ(device.get(g), Values(elements));
}

TEST_F(CpuElementwise, RandomValuesAreNormalAndReproducible) {
  constexpr std::int64_t elements = 100'000;
  DeviceValues device(on());
  const Tensor a = device.blank(elements), b = device.blank(elements), c = device.blank(elements);
  on().fill_random(a, 2, 1);
  on().fill_random(b, 2, 1);
  on().fill_random(c, 2, 2);
  const Values values = device.get(a);
  EXPECT_EQ(values, device.get(b));
  double sum = 0, squares = 0, products = 0;
  const Values others = device.get(c);
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += static_cast<double>(values[i]);
    squares += std::pow(static_cast<double>(values[i]), 2);
    products += static_cast<double>(values[i]) * static_cast<double>(others[i]);
  }
  // Standard errors: 2/√n = 0.006 of the mean, 4 √(2/n) = 0.018 of the variance, 4/√n = 0.013 of
  // the covariance; five of them.
  EXPECT_NEAR(sum / elements, 0, 0.03);
  EXPECT_NEAR(squares / elements, 4, 0.09);
  EXPECT_NEAR(products / elements, 0, 0.065);
}

} // namespace
} // namespace flopcast
