// SPDX-License-Identifier: Apache-2.0
#include "gui/plots/timeline_picture.hpp"

#include "gui/plots/timeline_patterns.hpp"
#include "gui/theme.hpp"

#include <QCoreApplication>
#include <QFontMetrics>
#include <QImage>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace flopcast {
namespace {

struct Pictures {
  Q_DECLARE_TR_FUNCTIONS(Pictures)
};

struct LegendEntry {
  std::size_t fill = 0;
  QString text;
};

std::vector<LegendEntry> legend_of(const StepTimeline &timeline) {
  std::vector<LegendEntry> entries;
  for (const IntervalKind kind : timeline.kinds()) {
    const QString letter = kind_letter(kind);
    entries.push_back({fill_of(kind), letter.isEmpty()
                                          ? kind_name(kind)
                                          : letter + QStringLiteral("  ") + kind_name(kind)});
  }
  entries.push_back({timeline_fill::bubble, Pictures::tr("bubble: the stage waits")});
  return entries;
}

constexpr int swatch_width = 26;
constexpr int between_entries = 18;
constexpr int air = 6;

/// Where each entry begins; the height is that of the last line's foot.
std::vector<QPoint> legend_places(const std::vector<LegendEntry> &entries, int width,
                                  const QFontMetrics &metrics) {
  std::vector<QPoint> places;
  QPoint at;
  for (const LegendEntry &entry : entries) {
    const int wide = swatch_width + air + metrics.horizontalAdvance(entry.text);
    if (at.x() > 0 && at.x() + wide > width)
      at = {0, at.y() + metrics.height() + 2};
    places.push_back(at);
    at.rx() += wide + between_entries;
  }
  return places;
}

QString stage_name(std::size_t stage) { return Pictures::tr("stage %1").arg(stage); }

/// A step of 1, 2 or 5 times a power of ten.
double tick_step(double range, int most) {
  const double rough = range / most;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= rough)
      return factor * power;
  return 10 * power;
}

struct TimeUnit {
  double seconds = 1;
  QString name;
};

TimeUnit unit_of(double range) {
  if (range >= 1)
    return {1, QStringLiteral("s")};
  return range >= 1e-3 ? TimeUnit{1e-3, QStringLiteral("ms")}
                       : TimeUnit{1e-6, QStringLiteral("µs")};
}

void paint_axis(QPainter &painter, const StepTimeline &timeline, const TimelineWindow &window,
                const TimelineParts &parts, const QPalette &palette) {
  const double from = window.from * timeline.length();
  const double range = (window.to - window.from) * timeline.length();
  const TimeUnit unit = unit_of(range);
  const QFontMetrics metrics = painter.fontMetrics();
  const double step = tick_step(range / unit.seconds, std::max(2, parts.lanes.width() / 110));
  const int decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
  painter.setPen(secondary_text(palette));
  painter.drawLine(parts.lanes.bottomLeft() + QPoint(0, 1),
                   parts.lanes.bottomRight() + QPoint(0, 1));
  for (double tick = std::ceil(from / unit.seconds / step) * step;
       tick <= (from + range) / unit.seconds + 1e-9 * step; tick += step) {
    const int x =
        parts.lanes.left() + static_cast<int>(std::lround((tick * unit.seconds - from) / range *
                                                          (parts.lanes.width() - 1)));
    painter.setPen(secondary_text(palette));
    painter.drawLine(x, parts.axis.top(), x, parts.axis.top() + 4);
    painter.setPen(palette.color(QPalette::Text));
    const QString text = QString::number(tick, 'f', decimals);
    const int wide = metrics.horizontalAdvance(text);
    const int left =
        std::clamp(x - wide / 2, parts.lanes.left() - wide / 2, parts.lanes.right() - wide);
    painter.drawText(left, parts.axis.top() + air + metrics.ascent(), text);
  }
  painter.drawText(QRect(parts.axis.left(), parts.axis.top() + air + metrics.height(),
                         parts.axis.width(), metrics.height()),
                   Qt::AlignHCenter | Qt::AlignTop,
                   Pictures::tr("time since the step began (%1)").arg(unit.name));
}

void paint_legend(QPainter &painter, const StepTimeline &timeline, const QRect &area,
                  const QPalette &palette, double scale) {
  const TimelineTiles tiles = timeline_tiles(palette);
  const std::vector<LegendEntry> entries = legend_of(timeline);
  const QFontMetrics metrics = painter.fontMetrics();
  const std::vector<QPoint> places = legend_places(entries, area.width(), metrics);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const QRect swatch(area.topLeft() + places[i] + QPoint(0, 2),
                       QSize(swatch_width, metrics.height() - 4));
    QImage image(swatch.size() * scale, QImage::Format_RGB32);
    for (int y = 0; y < image.height(); ++y)
      for (int x = 0; x < image.width(); ++x)
        image.setPixel(x, y, tiles[entries[i].fill][in_tile(x, y)]);
    painter.drawImage(swatch, image);
    painter.setPen(secondary_text(palette));
    painter.drawRect(swatch.adjusted(0, 0, -1, -1));
    painter.setPen(palette.color(QPalette::Text));
    painter.drawText(swatch.right() + 1 + air, area.top() + places[i].y() + metrics.ascent(),
                     entries[i].text);
  }
}

/// Names of stages beside their rows, a line above each row.
void paint_stages(QPainter &painter, const StepTimeline &timeline, const TimelineWindow &window,
                  const TimelineParts &parts, const QPalette &palette) {
  const QFontMetrics metrics = painter.fontMetrics();
  QColor line = secondary_text(palette);
  line.setAlpha(60);
  int free_from = parts.lanes.top() - metrics.height();
  for (std::size_t stage = 0; stage < timeline.stages(); ++stage) {
    const double top = static_cast<double>(stage) * window.row_height - window.scroll;
    if (top + window.row_height < 0 || top > parts.lanes.height())
      continue;
    const int y = parts.lanes.top() + static_cast<int>(std::lround(top));
    if (y > parts.lanes.top()) {
      painter.setPen(line);
      painter.drawLine(parts.lanes.left(), y, parts.lanes.right(), y);
    }
    const int middle = y + static_cast<int>(window.row_height / 2);
    const int text_top = middle - metrics.height() / 2;
    // Rows lower than a line of text: every second, third … has its name.
    if (text_top < free_from || text_top < parts.lanes.top() - metrics.height() / 2 ||
        text_top + metrics.height() / 2 > parts.lanes.bottom())
      continue;
    painter.setPen(palette.color(QPalette::Text));
    painter.drawText(QRect(parts.axis.left() - 400, text_top,
                           parts.lanes.left() - air - parts.axis.left() + 400, metrics.height()),
                     Qt::AlignRight | Qt::AlignVCenter, stage_name(stage));
    free_from = text_top + metrics.height();
  }
}

/// What stands inside spans that are wide enough for it.
void paint_labels(QPainter &painter, const StepTimeline &timeline, const TimelineWindow &window,
                  const TimelineParts &parts, const QPalette &palette, SpanLabels &labels) {
  const QFontMetrics metrics = painter.fontMetrics();
  const double from = window.from * timeline.length();
  const double a_pixel =
      (window.to - window.from) * timeline.length() / std::max(1, parts.lanes.width());
  const double narrowest = metrics.horizontalAdvance(QStringLiteral("F0")) + 6.0;
  constexpr qsizetype most_labels = 20'000; // of a step with more micro-batches the rest is remade
  if (labels.size() > most_labels)
    labels.clear();
  painter.save();
  painter.setClipRect(parts.lanes);
  for (const LaneBox &box : lane_boxes(timeline, window, parts.lanes.height())) {
    if (box.height < metrics.height() - 2 || !computes(box.lane))
      continue;
    const auto spans = timeline.spans(box.stage, box.lane);
    const std::size_t first = timeline.first_after(box.stage, box.lane, from);
    const std::size_t last =
        timeline.first_after(box.stage, box.lane, from + a_pixel * parts.lanes.width());
    if (narrowest * static_cast<double>(last - first) > 4.0 * parts.lanes.width())
      continue; // too many for texts
    for (std::size_t i = first; i < std::min(last + 1, spans.size()); ++i) {
      const double wide = (spans[i].end - spans[i].start) / a_pixel;
      if (wide < narrowest)
        continue;
      const bool numbered = spans[i].kind != IntervalKind::optimizer;
      const QString text = kind_letter(spans[i].kind) +
                           (numbered ? QString::number(spans[i].micro_batch) : QString());
      auto found = labels.find(text);
      if (found == labels.end()) {
        QStaticText laid_out(text);
        laid_out.setTextFormat(Qt::PlainText);
        laid_out.prepare({}, painter.font());
        found = labels.insert(text, laid_out);
      }
      const QSizeF size = found->size();
      if (size.width() + 4 > wide)
        continue;
      const double x =
          parts.lanes.left() + (0.5 * (spans[i].start + spans[i].end) - from) / a_pixel;
      const QPointF at(x - size.width() / 2,
                       parts.lanes.top() + box.top + (box.height - size.height()) / 2);
      const QColor color = series_color(series_of(spans[i].kind), palette);
      // A ground of its own: patterns would run through the text.
      painter.fillRect(QRectF(at, size).adjusted(-2, 1, 2, -1), color);
      painter.setPen(color.lightnessF() > 0.5 ? Qt::black : Qt::white);
      painter.drawStaticText(at, *found);
    }
  }
  painter.restore();
}

} // namespace

TimelineParts timeline_parts(const StepTimeline &timeline, const QRect &whole, const QFont &font) {
  const QFontMetrics metrics(font);
  const int names =
      metrics.horizontalAdvance(stage_name(timeline.stages() > 0 ? timeline.stages() - 1 : 0)) +
      2 * air;
  const int width = std::max(1, whole.width() - names - air);
  const std::vector<LegendEntry> entries = legend_of(timeline);
  const int legend = legend_places(entries, width, metrics).back().y() + metrics.height() + air / 2;
  const int axis = 2 * metrics.height() + 2 * air;
  TimelineParts parts;
  parts.lanes = QRect(whole.left() + names, whole.top() + 2, width,
                      std::max(1, whole.height() - legend - axis - 3));
  parts.axis = QRect(parts.lanes.left(), parts.lanes.bottom() + 2, width, axis);
  parts.legend = QRect(parts.lanes.left(), parts.axis.bottom() + 1, width, legend);
  return parts;
}

void paint_timeline(QPainter &painter, const StepTimeline &timeline, const TimelineWindow &window,
                    const QRect &whole, const QPalette &palette, double scale, SpanLabels &labels) {
  const TimelineParts parts = timeline_parts(timeline, whole, painter.font());
  painter.drawImage(parts.lanes, lanes_image(timeline, window, parts.lanes.size(), scale, palette));
  paint_stages(painter, timeline, window, parts, palette);
  paint_labels(painter, timeline, window, parts, palette, labels);
  paint_axis(painter, timeline, window, parts, palette);
  paint_legend(painter, timeline, parts.legend, palette, scale);
}

QString time_text(double seconds, double range) {
  const TimeUnit unit = unit_of(std::max(range, 1e-12));
  const double step = std::max(range, 1e-12) / unit.seconds / 1000;
  const int decimals = std::clamp(-static_cast<int>(std::floor(std::log10(step))), 0, 9);
  return QString::number(seconds / unit.seconds, 'f', decimals) + u' ' + unit.name;
}

} // namespace flopcast
