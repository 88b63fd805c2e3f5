// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/monotone_grid.hpp"

#include <algorithm>
#include <cmath>

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

/// How much log base rises between two knots if it rose everywhere as slowly as at its flattest.
double flattest_rise(const std::array<LogAxis, 3> &axes, std::size_t axis,
                     const std::array<std::size_t, 3> &knot,
                     const std::function<double(const std::array<double, 3> &)> &base) {
  constexpr int parts = 24;
  constexpr std::array<double, 5> offsets{-0.9, -0.45, 0, 0.45, 0.9};
  const double part = axes[axis].step / parts;
  const std::size_t second = axis == 0 ? 1 : 0;
  const std::size_t third = axis == 2 ? 1 : 2;
  const auto coordinate = [&](std::size_t a, double offset) {
    return std::exp2(axes[a].first + axes[a].step * (static_cast<double>(knot[a]) + offset));
  };
  double least = axes[axis].step;
  // Lines through the cells around the edge, not only the edge: the base is flat in places.
  for (const double in_second : offsets)
    for (const double in_third : offsets) {
      std::array<double, 3> at{};
      at[axis] = coordinate(axis, 0);
      at[second] = coordinate(second, in_second);
      at[third] = coordinate(third, in_third);
      double before = std::log(base(at));
      for (int i = 0; i < parts; ++i) {
        at[axis] *= std::exp2(part);
        const double after = std::log(base(at));
        least = std::min(least, (after - before) * parts);
        before = after;
      }
    }
  return std::max(least, 0.0);
}

} // namespace

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
  // Between knots the base may be flatter than where it was looked at: half is kept in reserve.
  make_monotone(grid, base, 0.5);
}

void make_monotone(LogGrid &grid, const std::function<double(const std::array<double, 3> &)> &base,
                   double usable) {
  std::vector<Constraint> constraints;
  for_each_pair(grid.axes, [&](std::size_t axis, std::size_t low, std::size_t high,
                               const std::array<std::size_t, 3> &knot) {
    constraints.push_back({low, high, usable * flattest_rise(grid.axes, axis, knot, base)});
  });
  // Alternating projections onto the half-spaces come near the closest feasible grid …
  constexpr int sweeps = 3000;
  for (int sweep = 0; sweep < sweeps; ++sweep) {
    double worst = 0;
    for (const Constraint &c : constraints) {
      const double missing = grid.values[c.low] - c.allowed_fall - grid.values[c.high];
      if (missing <= 0)
        continue;
      grid.values[c.low] -= missing / 2;
      grid.values[c.high] += missing / 2;
      worst = std::max(worst, missing);
    }
    if (worst < 1e-6)
      break;
  }
  // … and raising what still falls makes it exact. Each pass only raises, so it ends.
  for (bool changed = true; changed;) {
    changed = false;
    for (const Constraint &c : constraints) {
      const double least = grid.values[c.low] - c.allowed_fall;
      if (grid.values[c.high] < least) {
        grid.values[c.high] = least;
        changed = true;
      }
    }
  }
}

} // namespace flopcast
