// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/efficiency/log_grid.hpp"

#include <array>
#include <vector>

namespace flopcast {

/// One measurement as a residual sees it: seconds ≈ fixed + the smooth maximum of `beside` and
/// base × exp(grid at the variables).
struct ResidualPoint {
  std::array<double, 3> variables;
  double fixed = 0;  ///< seconds that the residual leaves alone: launches
  double base = 0;   ///< seconds by the parameters with a meaning
  double beside = 0; ///< seconds of what runs at the same time, which the residual leaves alone
  double seconds = 0;
  double weight = 1;
};

/// (a⁴ + b⁴)^¼: near the ridge a kernel waits for both its products and its traffic.
[[nodiscard]] double smooth_maximum(double a, double b);

/// Knots from the lowest to the highest of one of the points' variables.
[[nodiscard]] LogAxis axis_over(const std::vector<ResidualPoint> &points, std::size_t variable,
                                double octaves);

/// Penalties of a residual: on squared second differences and on squared values.
struct ResidualPenalty {
  double roughness = 1;
  double size = 0.1;
};

/// The grid that brings the logarithm of those seconds nearest to that of the measured, by
/// penalised least squares in which errors beyond `outlier` pull no harder.
[[nodiscard]] LogGrid fit_residual(const std::array<LogAxis, 3> &axes,
                                   const std::vector<ResidualPoint> &points, double outlier,
                                   const ResidualPenalty &penalty);

} // namespace flopcast
