// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/log_grid.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace flopcast {
namespace {

struct Cell {
  std::size_t low = 0;
  double fraction = 0; ///< of the way to the next knot
};

Cell locate(const LogAxis &axis, double variable) {
  if (axis.count < 2)
    return {};
  // The division does not wait for the logarithm; signed numbers are converted in one step.
  const double position = (std::log2(variable) - axis.first) * (1 / axis.step);
  const auto knots = static_cast<std::int64_t>(axis.count);
  const double clamped = std::clamp(position, 0.0, static_cast<double>(knots - 1));
  const std::int64_t low = std::min(static_cast<std::int64_t>(clamped), knots - 2);
  return {static_cast<std::size_t>(low), clamped - static_cast<double>(low)};
}

} // namespace

LogGridWeights grid_weights(const std::array<LogAxis, 3> &axes,
                            const std::array<double, 3> &variables) {
  const std::array<Cell, 3> cells{locate(axes[0], variables[0]), locate(axes[1], variables[1]),
                                  locate(axes[2], variables[2])};
  LogGridWeights result{};
  for (std::size_t corner = 0; corner < 8; ++corner) {
    std::size_t index = 0;
    double weight = 1;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const bool high = (corner >> axis & 1) != 0;
      const Cell &cell = cells[axis];
      const std::size_t last = std::max<std::size_t>(axes[axis].count, 1) - 1;
      index = index * std::max<std::size_t>(axes[axis].count, 1) +
              std::min(cell.low + (high ? 1 : 0), last);
      weight *= high ? cell.fraction : 1 - cell.fraction;
    }
    result.index[corner] = index;
    result.weight[corner] = weight;
  }
  return result;
}

double LogGrid::at(const std::array<double, 3> &variables) const {
  if (empty())
    return 0;
  // Written out: this is in the inner loop of every estimate.
  const Cell x = locate(axes[0], variables[0]);
  const Cell y = locate(axes[1], variables[1]);
  const Cell z = locate(axes[2], variables[2]);
  const std::size_t row = axes[2].count;
  const std::size_t plane = axes[1].count * row;
  const std::size_t next_plane = axes[0].count > 1 ? plane : 0;
  const std::size_t next_row = axes[1].count > 1 ? row : 0;
  const std::size_t next = axes[2].count > 1 ? 1 : 0;
  const double *corner = values.data() + x.low * plane + y.low * row + z.low;
  const auto along_z = [&](const double *at) { return at[0] + z.fraction * (at[next] - at[0]); };
  const auto along_y = [&](const double *at) {
    const double low = along_z(at);
    return low + y.fraction * (along_z(at + next_row) - low);
  };
  const double low = along_y(corner);
  return low + x.fraction * (along_y(corner + next_plane) - low);
}

} // namespace flopcast
