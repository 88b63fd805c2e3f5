// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/charts/step_timeline.hpp"

#include <QImage>
#include <QPalette>
#include <QSize>

#include <cstddef>
#include <vector>

namespace flopcast {

/// What part of a timeline is looked at.
struct TimelineWindow {
  double from = 0; ///< shares of the step
  double to = 1;
  double row_height = 0; ///< of a stage, in pixels
  double scroll = 0;     ///< pixels of stages above the first that is seen
};

/// Whether a lane holds work, not messages.
[[nodiscard]] inline bool computes(TimelineLane lane) {
  return lane == TimelineLane::compute || lane == TimelineLane::paired_compute;
}

/// A lane of a stage in a picture; `top` counts from the top of the lanes' rectangle.
struct LaneBox {
  std::size_t stage = 0;
  TimelineLane lane = TimelineLane::compute;
  int top = 0;
  int height = 0;
};
/// Those that are seen.
[[nodiscard]] std::vector<LaneBox> lane_boxes(const StepTimeline &timeline,
                                              const TimelineWindow &window, int height);

/// The least height of a stage's row in which its lanes can be told apart, and the most.
[[nodiscard]] double least_row_height(const StepTimeline &timeline);
inline constexpr double most_row_height = 120;

/// The lanes alone, `scale` pixels of the picture to one of `size`. Where spans are narrower than
/// pixels, each column shows how much of its time belongs to what.
[[nodiscard]] QImage lanes_image(const StepTimeline &timeline, const TimelineWindow &window,
                                 const QSize &size, double scale, const QPalette &palette);

} // namespace flopcast
