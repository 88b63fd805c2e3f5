// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/log_grid.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace flopcast {
namespace {

// A logarithm for places in a grid: every estimate asks for hundreds, and a library's last digits
// are not needed. Between 128 places of an octave a polynomial, off by less than 1e-12; exact at
// octaves.
constexpr std::size_t places_per_octave = 128;

struct LogPlace {
  double inverse = 1; ///< of the place, 1 to 2
  double log = 0;     ///< its log2
};

constexpr std::array<LogPlace, places_per_octave + 1> make_log_places() {
  std::array<LogPlace, places_per_octave + 1> places{};
  for (std::size_t i = 0; i < places.size(); ++i) {
    const double place = 1 + static_cast<double>(i) / places_per_octave;
    // ln x = 2 artanh((x - 1) / (x + 1)), at most a third: 40 terms reach rounding.
    const double ratio = (place - 1) / (place + 1);
    double power = ratio;
    double sum = 0;
    for (int n = 1; n < 80; n += 2, power *= ratio * ratio)
      sum += power / n;
    places[i] = {1 / place, 2 * sum * std::numbers::log2e};
  }
  places.back().log = 1;
  return places;
}

constexpr auto log_places = make_log_places();

/// log2 of a normal positive number; far below any other for zero.
double fast_log2(double x) {
  constexpr int mantissa_bits = 52;
  constexpr std::uint64_t one = 1023ULL << mantissa_bits;
  constexpr std::uint64_t mantissa_mask = (1ULL << mantissa_bits) - 1;
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const auto exponent =
      static_cast<double>(static_cast<std::int64_t>(bits >> mantissa_bits) - 1023);
  const auto mantissa = std::bit_cast<double>((bits & mantissa_mask) | one);
  constexpr int shift = mantissa_bits - 7;
  const LogPlace &near = log_places[((bits & mantissa_mask) + (1ULL << (shift - 1))) >> shift];
  const double r = mantissa * near.inverse - 1;
  constexpr double c = std::numbers::log2e;
  const double r2 = r * r; // short chains of multiplications: they run beside each other
  return (exponent + near.log) + (c * r - c / 2 * r2) + r2 * r * (c / 3 - c / 4 * r);
}

struct Cell {
  std::size_t low = 0;
  double fraction = 0; ///< of the way to the next knot
};

// Three calls in the inner loop of every estimate: a call would take as long as the work.
[[gnu::always_inline]] inline Cell locate(const LogAxis &axis, double variable) {
  if (axis.count < 2)
    return {};
  // Most grids have a knot an octave, which needs no division; signed numbers are converted in one
  // step.
  const double octaves = fast_log2(variable) - axis.first;
  const double position = axis.step == 1 ? octaves : octaves / axis.step;
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
