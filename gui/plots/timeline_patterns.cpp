// SPDX-License-Identifier: Apache-2.0
#include "gui/plots/timeline_patterns.hpp"

#include "gui/theme.hpp"

#include <QColor>

#include <cmath>

namespace flopcast {
namespace {

/// Whether the pattern has a line there.
bool has_line(std::size_t fill, int x, int y) {
  if (fill == timeline_fill::bubble)
    return x % 4 == 0 && y % 4 == (x / 4) * 2;
  if (fill >= interval_kind_count)
    return false;
  switch (static_cast<IntervalKind>(fill)) {
  case IntervalKind::backward:
  case IntervalKind::input_gradient:
    return (x + y) % timeline_tile_size < 2;
  case IntervalKind::weight_gradient:
    return y % 4 == 0;
  case IntervalKind::backward_message:
    return x % 4 < 2;
  case IntervalKind::scatter:
    return (x + timeline_tile_size - y) % timeline_tile_size < 2;
  case IntervalKind::gradients:
    return (x + y) % 4 == 0;
  case IntervalKind::optimizer:
    return (x + y) % timeline_tile_size == 0 ||
           (x + timeline_tile_size - y) % timeline_tile_size == 0;
  case IntervalKind::forward:
  case IntervalKind::forward_message:
  case IntervalKind::gather:
    return false;
  }
  return false;
}

QColor mixed(const QColor &a, const QColor &b, double share_of_b) {
  const auto mix = [&](int from, int to) {
    return static_cast<int>(std::lround(from + share_of_b * (to - from)));
  };
  return {mix(a.red(), b.red()), mix(a.green(), b.green()), mix(a.blue(), b.blue())};
}

} // namespace

std::size_t series_of(IntervalKind kind) {
  switch (kind) {
  case IntervalKind::forward:
    return 0;
  case IntervalKind::backward:
  case IntervalKind::input_gradient:
    return 1;
  case IntervalKind::weight_gradient:
    return 2;
  case IntervalKind::forward_message:
    return 5;
  case IntervalKind::backward_message:
    return 7;
  case IntervalKind::gather:
    return 3;
  case IntervalKind::scatter:
    return 4;
  case IntervalKind::gradients:
    return 3;
  case IntervalKind::optimizer:
    return 6;
  }
  return 0;
}

TimelineTiles timeline_tiles(const QPalette &palette) {
  const QColor base = palette.color(QPalette::Base);
  const QColor faint = secondary_text(palette);
  TimelineTiles tiles{};
  for (std::size_t fill = 0; fill < timeline_fill::count; ++fill) {
    QColor plain = base;
    QColor line = base;
    if (fill < interval_kind_count) {
      plain = series_color(series_of(static_cast<IntervalKind>(fill)), palette);
      line = mixed(plain, base, 0.4);
    } else if (fill == timeline_fill::bubble) {
      line = mixed(base, faint, 0.7);
    } else if (fill == timeline_fill::ground) {
      plain = mixed(base, faint, 0.10);
    }
    for (int y = 0; y < timeline_tile_size; ++y)
      for (int x = 0; x < timeline_tile_size; ++x)
        tiles[fill][in_tile(x, y)] = (has_line(fill, x, y) ? line : plain).rgb();
  }
  return tiles;
}

} // namespace flopcast
