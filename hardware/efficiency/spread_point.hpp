// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

namespace flopcast {

/// Points that fill the unit cube evenly, however many are taken from the start; the same every
/// time. Source: M. Roberts 2018, "The Unreasonable Effectiveness of Quasirandom Sequences": the
/// steps are the powers of 1/g, where g^(dimensions + 1) = g + 1.
template <std::size_t dimensions>
[[nodiscard]] std::array<double, dimensions> spread_point(std::size_t index) {
  static const double g = [] {
    double root = 1.5;
    for (int i = 0; i < 64; ++i) // a contraction: a digit or more each time
      root = std::pow(1 + root, 1.0 / (dimensions + 1));
    return root;
  }();
  std::array<double, dimensions> point{};
  double step = 1;
  for (double &coordinate : point) {
    step /= g;
    coordinate = 0.5 + static_cast<double>(index + 1) * step;
    coordinate -= std::floor(coordinate);
  }
  return point;
}

} // namespace flopcast
