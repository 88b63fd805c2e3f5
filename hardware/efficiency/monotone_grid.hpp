// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/efficiency/log_grid.hpp"

#include <Eigen/SparseCore>

#include <functional>
#include <vector>

namespace flopcast {

/// Penalty matrix of a grid: `second` × squared second differences along each axis + `size` ×
/// squared values.
[[nodiscard]] Eigen::SparseMatrix<double> smoothness(const std::array<LogAxis, 3> &axes,
                                                     double second, double size);

/// Residuals are kept, and written to files, in whole steps of this: rounding must not make them
/// fall where the constraints forbid it.
inline constexpr double residual_step = 0.001;

[[nodiscard]] double rounded_residual(double value);

/// Changes the grid as little as needed for base(x) × exp(grid(x)) never to fall along an axis, and
/// rounds it. The grid may fall between two knots only by part of what the base rises at its
/// flattest around them.
void make_monotone(LogGrid &grid, const std::function<double(const std::array<double, 3> &)> &base);

/// The same where the grid may use up `usable` of what the base rises at its flattest: 0.8 for a
/// base with steps, near 1 for a smooth one.
void make_monotone(LogGrid &grid, const std::function<double(const std::array<double, 3> &)> &base,
                   double usable);

/// The same where a knot moves the less the more it weighs: how much samples tell of it.
void make_monotone(LogGrid &grid, const std::function<double(const std::array<double, 3> &)> &base,
                   double usable, const std::vector<double> &weights);

} // namespace flopcast
