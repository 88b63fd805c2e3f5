// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/charts/step_timeline.hpp"

#include <QPalette>
#include <QRgb>

#include <array>
#include <cstddef>

namespace flopcast {

/// What a pixel of a timeline can show: a kind of interval, by its number, or one of these.
namespace timeline_fill {
inline constexpr std::size_t bubble = interval_kind_count;     ///< a stage waits
inline constexpr std::size_t ground = interval_kind_count + 1; ///< a lane of messages is free
inline constexpr std::size_t edge = interval_kind_count + 2;   ///< between two spans
inline constexpr std::size_t count = interval_kind_count + 3;
} // namespace timeline_fill

[[nodiscard]] inline std::size_t fill_of(IntervalKind kind) {
  return static_cast<std::size_t>(kind);
}

inline constexpr int timeline_tile_size = 8;

/// A square of pixels that is repeated over all that shows the same.
using TimelineTile =
    std::array<QRgb, static_cast<std::size_t>(timeline_tile_size *timeline_tile_size)>;
using TimelineTiles = std::array<TimelineTile, timeline_fill::count>;

/// The position of a pixel in the tile that is repeated there.
[[nodiscard]] inline std::size_t in_tile(int x, int y) {
  const auto size = static_cast<std::size_t>(timeline_tile_size);
  return static_cast<std::size_t>(y) % size * size + static_cast<std::size_t>(x) % size;
}

/// Which series' colour a kind takes. Gradients of one pass share a colour: their patterns differ.
[[nodiscard]] std::size_t series_of(IntervalKind kind);

/// Beside its colour every kind has a pattern of its own.
[[nodiscard]] TimelineTiles timeline_tiles(const QPalette &palette);

} // namespace flopcast
