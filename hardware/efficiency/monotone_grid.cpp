// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/monotone_grid.hpp"

#include "hardware/efficiency/spread_point.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace flopcast {
namespace {

/// Calls visit(axis, low index, high index, low knot) for each pair of neighbours along each axis.
template <class Visit> void for_each_pair(const std::array<LogAxis, 3> &axes, Visit visit) {
  const std::array<std::size_t, 3> count{axes[0].count, axes[1].count, axes[2].count};
  const std::array<std::size_t, 3> stride{count[1] * count[2], count[2], 1};
  for (std::size_t axis = 0; axis < 3; ++axis)
    for (std::size_t i = 0; i < count[0]; ++i)
      for (std::size_t j = 0; j < count[1]; ++j)
        for (std::size_t k = 0; k < count[2]; ++k) {
          const std::array<std::size_t, 3> knot{i, j, k};
          if (knot[axis] + 1 == count[axis])
            continue;
          const std::size_t low = i * stride[0] + j * stride[1] + k;
          visit(axis, low, low + stride[axis], knot);
        }
}

struct Constraint {
  std::size_t low;
  std::size_t high;
  double allowed_fall;
};

using Base = std::function<double(const std::array<double, 3> &)>;

/// Slopes of log base between two knots along each axis, the least found in a cell.
using CellSlopes = std::array<double, 3>;

/// The least slopes in the cell above a knot. The base may jump up (another tile, another wave),
/// and does so to make up for being flat before: it is the slope between the jumps that counts.
/// Cells at the rim stand for what lies beyond it too, where the residual goes on as it is at the
/// rim; nothing has less than one row, column or byte.
CellSlopes least_slopes(const std::array<LogAxis, 3> &axes, const std::array<std::size_t, 3> &knot,
                        const Base &base) {
  constexpr int points = 2048;
  constexpr double nearby = 1e-5; // octaves: far above rounding, far below a tile
  constexpr double beyond = 12;   // octaves
  CellSlopes least{axes[0].step, axes[1].step, axes[2].step};
  for (int i = 0; i < points; ++i) {
    const std::array<double, 3> point = spread_point<3>(static_cast<std::size_t>(i));
    std::array<double, 3> at{};
    std::array<bool, 3> inside{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      // Along each axis every other point of the rim's cells lies outside.
      const int place = i >> 2 * axis & 3;
      const bool low = knot[axis] == 0 && place == 1;
      const bool high = knot[axis] + 2 >= axes[axis].count && place == 3;
      const double cell = axes[axis].first + axes[axis].step * static_cast<double>(knot[axis]);
      inside[axis] = !low && !high;
      at[axis] = std::exp2(low    ? std::max(cell - beyond * point[axis], std::min(cell, 0.0))
                           : high ? cell + axes[axis].step + beyond * point[axis]
                                  : cell + axes[axis].step * point[axis]);
    }
    const double here = base(at);
    for (std::size_t axis = 0; axis < 3; ++axis)
      if (inside[axis]) {
        std::array<double, 3> next = at;
        next[axis] *= std::exp2(nearby);
        least[axis] = std::min(least[axis], std::log(base(next) / here) / nearby * axes[axis].step);
      }
  }
  for (double &slope : least)
    slope = std::max(slope, 0.0);
  return least;
}

/// How much log base rises along each edge of the grid if it rose everywhere as slowly as at its
/// flattest in the cells around; by axis, then by the edge's lower knot.
std::array<std::vector<double>, 3> flattest_rises(const std::array<LogAxis, 3> &axes,
                                                  const Base &base) {
  const std::array<std::size_t, 3> count{axes[0].count, axes[1].count, axes[2].count};
  std::array<std::vector<double>, 3> rises;
  rises.fill(
      std::vector<double>(count[0] * count[1] * count[2], std::numeric_limits<double>::infinity()));
  const auto cells = [&](std::size_t axis) { return std::max<std::size_t>(count[axis], 2) - 1; };
  for (std::size_t i = 0; i < cells(0); ++i)
    for (std::size_t j = 0; j < cells(1); ++j)
      for (std::size_t k = 0; k < cells(2); ++k) {
        const CellSlopes least = least_slopes(axes, {i, j, k}, base);
        for (std::size_t corner = 0; corner < 8; ++corner) {
          const std::array<std::size_t, 3> at{i + (corner & 1), j + (corner >> 1 & 1),
                                              k + (corner >> 2 & 1)};
          if (at[0] >= count[0] || at[1] >= count[1] || at[2] >= count[2])
            continue;
          const std::size_t index = (at[0] * count[1] + at[1]) * count[2] + at[2];
          for (std::size_t axis = 0; axis < 3; ++axis)
            if ((corner >> axis & 1) == 0)
              rises[axis][index] = std::min(rises[axis][index], least[axis]);
        }
      }
  return rises;
}

} // namespace

double rounded_residual(double value) { return residual_step * std::round(value / residual_step); }

Eigen::SparseMatrix<double> smoothness(const std::array<LogAxis, 3> &axes, double second,
                                       double size) {
  const auto unknowns = static_cast<Eigen::Index>(axes[0].count * axes[1].count * axes[2].count);
  std::vector<Eigen::Triplet<double>> entries;
  for_each_pair(axes, [&](std::size_t axis, std::size_t low, std::size_t high,
                          const std::array<std::size_t, 3> &knot) {
    if (knot[axis] == 0)
      return;
    const std::array<std::size_t, 3> three{low - (high - low), low, high};
    constexpr std::array<double, 3> difference{1, -2, 1};
    for (std::size_t a = 0; a < 3; ++a)
      for (std::size_t b = 0; b < 3; ++b)
        entries.emplace_back(static_cast<Eigen::Index>(three[a]),
                             static_cast<Eigen::Index>(three[b]),
                             second * difference[a] * difference[b]);
  });
  for (Eigen::Index i = 0; i < unknowns; ++i)
    entries.emplace_back(i, i, size);
  Eigen::SparseMatrix<double> matrix(unknowns, unknowns);
  matrix.setFromTriplets(entries.begin(), entries.end());
  return matrix;
}

void make_monotone(LogGrid &grid,
                   const std::function<double(const std::array<double, 3> &)> &base) {
  // Between the places that were looked at the base may be flatter still.
  make_monotone(grid, base, 0.8);
}

void make_monotone(LogGrid &grid, const std::function<double(const std::array<double, 3> &)> &base,
                   double usable) {
  make_monotone(grid, base, usable, std::vector<double>(grid.values.size(), 1));
}

void make_monotone(LogGrid &grid, const std::function<double(const std::array<double, 3> &)> &base,
                   double usable, const std::vector<double> &weights) {
  const auto rises = flattest_rises(grid.axes, base);
  std::vector<Constraint> constraints;
  for_each_pair(grid.axes, [&](std::size_t axis, std::size_t low, std::size_t high,
                               const std::array<std::size_t, 3> &) {
    // A base that is nearly flat where it was looked at may be flat a little beside: with this
    // reserve none of the 100,000 random pairs of each shipped model in tests/presets falls.
    // Whole steps: then rounding the values to steps keeps to it.
    constexpr double unseen = 0.006;
    const double fall = std::max(usable * rises[axis][low] - unseen, 0.0);
    constraints.push_back({low, high, residual_step * std::floor(fall / residual_step)});
  });
  // Hildreth's method comes near the closest feasible grid, in squares by weight: a force on every
  // constraint, never a pulling one …
  constexpr int sweeps = 3000;
  std::vector<double> forces(constraints.size(), 0);
  for (int sweep = 0; sweep < sweeps; ++sweep) {
    double largest = 0;
    for (std::size_t i = 0; i < constraints.size(); ++i) {
      const Constraint &c = constraints[i];
      const double missing = grid.values[c.low] - c.allowed_fall - grid.values[c.high];
      const double give = 1 / weights[c.low] + 1 / weights[c.high];
      const double more = std::max(missing / give, -forces[i]);
      if (more == 0)
        continue;
      forces[i] += more;
      grid.values[c.low] -= more / weights[c.low];
      grid.values[c.high] += more / weights[c.high];
      largest = std::max(largest, std::abs(more) * give);
    }
    if (largest < 1e-6)
      break;
  }
  for (double &value : grid.values)
    value = rounded_residual(value);
  // … and raising what still falls makes it exact. Each pass only raises, so it ends.
  for (bool changed = true; changed;) {
    changed = false;
    for (const Constraint &c : constraints) {
      const double least = rounded_residual(grid.values[c.low] - c.allowed_fall);
      if (grid.values[c.high] < least) {
        grid.values[c.high] = least;
        changed = true;
      }
    }
  }
}

} // namespace flopcast
