// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/charts/step_timeline.hpp"
#include "gui/plots/timeline_lanes.hpp"

#include <QFont>
#include <QHash>
#include <QPalette>
#include <QRect>
#include <QStaticText>

class QPainter;

namespace flopcast {

/// Where the parts of a picture lie.
struct TimelineParts {
  QRect lanes;
  QRect axis;   ///< ticks and title, below the lanes
  QRect legend; ///< below the axis
};
[[nodiscard]] TimelineParts timeline_parts(const StepTimeline &timeline, const QRect &whole,
                                           const QFont &font);

/// Texts inside spans, laid out once each.
using SpanLabels = QHash<QString, QStaticText>;

/// All of it: lanes, names of stages, axis, legend.
void paint_timeline(QPainter &painter, const StepTimeline &timeline, const TimelineWindow &window,
                    const QRect &whole, const QPalette &palette, double scale, SpanLabels &labels);

/// A time at the precision that `range` asks for: "12.35 ms".
[[nodiscard]] QString time_text(double seconds, double range);

} // namespace flopcast
