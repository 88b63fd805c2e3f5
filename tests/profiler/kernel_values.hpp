// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/kernels/kernels.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <functional>
#include <random>
#include <vector>

namespace flopcast::tests {

using Values = std::vector<float>;

/// Reproducible values of mean 0 and deviation 1.
inline Values random_values(std::int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Values values(static_cast<std::size_t>(count));
  for (float &value : values)
    value = normal(random);
  return values;
}

inline std::vector<std::int32_t> random_indices(std::int64_t count, std::int32_t below,
                                                unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<std::int32_t> uniform(0, below - 1);
  std::vector<std::int32_t> indices(static_cast<std::size_t>(count));
  for (std::int32_t &index : indices)
    index = uniform(random);
  return indices;
}

/// fp32 tensors on a device, kept as long as this lives.
class DeviceValues {
public:
  explicit DeviceValues(Kernels &kernels) : kernels_(kernels) {}

  Tensor put(const Values &values) {
    const Tensor tensor = empty(static_cast<std::int64_t>(values.size()));
    kernels_.upload(values, tensor);
    return tensor;
  }
  /// Filled with a value that no operator may let through.
  Tensor blank(std::int64_t elements) {
    return put(Values(static_cast<std::size_t>(elements), 1e30F));
  }
  Tensor zeros(std::int64_t elements) { return put(Values(static_cast<std::size_t>(elements))); }
  void *put_indices(const std::vector<std::int32_t> &indices) {
    kept_.push_back(kernels_.allocate(indices.size() * sizeof(std::int32_t)));
    kernels_.upload_indices(indices, kept_.back().get());
    return kept_.back().get();
  }
  [[nodiscard]] Values get(const Tensor &tensor) const {
    Values values(static_cast<std::size_t>(tensor.elements));
    kernels_.download(tensor, values);
    return values;
  }

private:
  Tensor empty(std::int64_t elements) {
    kept_.push_back(kernels_.allocate(static_cast<std::size_t>(elements) * sizeof(float)));
    return {kept_.back().get(), NumberFormat::fp32, elements};
  }

  Kernels &kernels_;
  std::vector<std::shared_ptr<void>> kept_;
};

/// Σ weight · value, in double precision.
inline double weighted_sum(const Values &weights, const Values &values) {
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i)
    sum += static_cast<double>(weights.at(i)) * static_cast<double>(values[i]);
  return sum;
}

/// Expects `gradient` of a scalar function to be that which central differences see at `at`.
/// A step of 1/64 leaves a truncation error of about 1e-4 for functions whose third derivative is
/// about 1, and 64 roundings of fp32; the tolerance is several times that.
inline void expect_gradient(const std::function<double(const Values &)> &function, Values at,
                            const Values &gradient, double tolerance = 4e-3) {
  ASSERT_EQ(at.size(), gradient.size());
  constexpr float step = 1.0F / 64;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const float here = at[i];
    at[i] = here + step;
    const double above = function(at);
    at[i] = here - step;
    const double below = function(at);
    at[i] = here;
    const double expected = (above - below) / (2.0 * static_cast<double>(step));
    EXPECT_NEAR(static_cast<double>(gradient[i]), expected,
                tolerance * std::max(1.0, std::abs(expected)))
        << "element " << i;
  }
}

inline void expect_near(const Values &values, const std::vector<double> &expected,
                        double tolerance) {
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_NEAR(static_cast<double>(values[i]), expected[i],
                tolerance * std::max(1.0, std::abs(expected[i])))
        << "element " << i;
}

} // namespace flopcast::tests
