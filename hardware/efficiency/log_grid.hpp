// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace flopcast {

/// Evenly spaced knots over log2 of a positive variable.
struct LogAxis {
  double first = 0; ///< log2 of the lowest knot
  double step = 1;  ///< octaves between knots
  std::size_t count = 0;

  bool operator==(const LogAxis &) const = default;
};

/// A smooth function of three positive variables: multilinear between knots in their logarithms,
/// constant beyond the ends. Empty: zero everywhere.
struct LogGrid {
  std::array<LogAxis, 3> axes;
  std::vector<double> values; ///< last axis fastest

  [[nodiscard]] bool empty() const { return values.empty(); }
  [[nodiscard]] double at(const std::array<double, 3> &variables) const;

  bool operator==(const LogGrid &) const = default;
};

/// The knots around a point and their weights: value = Σ weight × values[index].
struct LogGridWeights {
  std::array<std::size_t, 8> index;
  std::array<double, 8> weight;
};

[[nodiscard]] LogGridWeights grid_weights(const std::array<LogAxis, 3> &axes,
                                          const std::array<double, 3> &variables);

} // namespace flopcast
