// SPDX-License-Identifier: Apache-2.0
#include "gui/plots/timeline_lanes.hpp"

#include "gui/plots/timeline_patterns.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace flopcast {
namespace {

/// What each pixel of a lane shows, column by column, then in colour row by row.
class LaneRaster {
public:
  LaneRaster(const StepTimeline &timeline, const TimelineWindow &window, int width)
      : timeline_(timeline), from_(window.from * timeline.length()),
        a_pixel_((window.to - window.from) * timeline.length() / width), width_(width) {}

  void draw(const LaneBox &box, int height, QRgb *pixels, std::ptrdiff_t stride, int tile_y,
            const TimelineTiles &tiles) {
    height_ = height;
    fills_.assign(static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_),
                  static_cast<std::uint8_t>(computes(box.lane) ? timeline_fill::bubble
                                                               : timeline_fill::ground));
    const std::size_t first = timeline_.first_after(box.stage, box.lane, from_);
    const double until = from_ + a_pixel_ * width_;
    const std::size_t last = timeline_.first_after(box.stage, box.lane, until);
    // Below three pixels a span, seams would be all that is seen.
    if (3 * (last - first) <= static_cast<std::size_t>(width_))
      draw_spans(box, first, last);
    else
      draw_shares(box);
    for (int y = 0; y < height_; ++y) {
      const std::uint8_t *row = &fills_[static_cast<std::size_t>(y) * row_size()];
      const std::size_t line = in_tile(0, tile_y + y);
      QRgb *out = pixels + y * stride;
      for (int x = 0; x < width_; ++x)
        out[x] = tiles[row[x]][line + in_tile(x, 0)];
    }
  }

private:
  [[nodiscard]] std::size_t row_size() const { return static_cast<std::size_t>(width_); }

  void fill(int x, int from_row, int to_row, std::size_t fill) {
    for (int y = from_row; y < to_row; ++y)
      fills_[static_cast<std::size_t>(y) * row_size() + static_cast<std::size_t>(x)] =
          static_cast<std::uint8_t>(fill);
  }

  void draw_spans(const LaneBox &box, std::size_t first, std::size_t last) {
    const auto spans = timeline_.spans(box.stage, box.lane);
    for (std::size_t i = first; i < std::min(last + 1, spans.size()); ++i) {
      const double left = (spans[i].start - from_) / a_pixel_;
      const double right = (spans[i].end - from_) / a_pixel_;
      if (left >= width_)
        break;
      const int begin = std::max(0, static_cast<int>(std::lround(left)));
      const int end = std::min(width_, std::max(static_cast<int>(std::lround(right)), begin + 1));
      for (int x = begin; x < end; ++x)
        fill(x, 0, height_, fill_of(spans[i].kind));
      if (left >= 0 && end - begin >= 4)
        fill(begin, 0, height_, timeline_fill::edge);
    }
  }

  /// A column's kinds stand on each other, each as high as its share of the column's time.
  void draw_shares(const LaneBox &box) {
    KindTimes before = timeline_.done_until(box.stage, box.lane, from_);
    for (int x = 0; x < width_; ++x) {
      const KindTimes after = timeline_.done_until(box.stage, box.lane, from_ + a_pixel_ * (x + 1));
      double top = 0;
      int row = 0;
      for (std::size_t kind = 0; kind < interval_kind_count; ++kind) {
        const double share = (after[kind] - before[kind]) / a_pixel_;
        if (share <= 0)
          continue;
        top = std::min(1.0, top + share);
        // Messages are short: that there are some is seen all the same.
        const int least = computes(box.lane) ? row : std::min(row + (height_ + 1) / 2, height_);
        const int until = std::max(least, static_cast<int>(std::lround(top * height_)));
        fill(x, row, until, kind);
        row = until;
      }
      before = after;
    }
  }

  const StepTimeline &timeline_;
  double from_;
  double a_pixel_; ///< seconds
  int width_;
  int height_ = 0;
  std::vector<std::uint8_t> fills_;
};

} // namespace

double least_row_height(const StepTimeline &timeline) {
  double height = 2;
  for (const TimelineLane lane : timeline.lanes())
    height += computes(lane) ? 8 : 3;
  return std::max(12.0, height);
}

std::vector<LaneBox> lane_boxes(const StepTimeline &timeline, const TimelineWindow &window,
                                int height) {
  std::vector<LaneBox> boxes;
  if (window.row_height <= 0)
    return boxes;
  double weights = 0;
  const auto weight = [](TimelineLane lane) { return computes(lane) ? 4.0 : 1.2; };
  for (const TimelineLane lane : timeline.lanes())
    weights += weight(lane);
  const double room = window.row_height - std::clamp(0.12 * window.row_height, 2.0, 8.0);
  const auto first = static_cast<std::size_t>(std::max(0.0, window.scroll / window.row_height));
  for (std::size_t stage = first; stage < timeline.stages(); ++stage) {
    const double top = static_cast<double>(stage) * window.row_height - window.scroll;
    if (top >= height)
      break;
    double at = top + 1;
    for (const TimelineLane lane : timeline.lanes()) {
      const double next = at + room * weight(lane) / weights;
      const int from = static_cast<int>(std::lround(at));
      const int to = static_cast<int>(std::lround(next));
      boxes.push_back({stage, lane, from, std::max(1, to - from - (computes(lane) ? 0 : 1))});
      at = next;
    }
  }
  return boxes;
}

QImage lanes_image(const StepTimeline &timeline, const TimelineWindow &window, const QSize &size,
                   double scale, const QPalette &palette) {
  QImage image(QSize(std::max(1, static_cast<int>(std::lround(size.width() * scale))),
                     std::max(1, static_cast<int>(std::lround(size.height() * scale)))),
               QImage::Format_RGB32);
  image.fill(palette.color(QPalette::Base));
  if (timeline.length() <= 0)
    return image;
  const TimelineTiles tiles = timeline_tiles(palette);
  LaneRaster raster(timeline, window, image.width());
  auto *pixels = reinterpret_cast<QRgb *>(image.bits());
  const auto stride =
      static_cast<std::ptrdiff_t>(image.bytesPerLine()) / static_cast<std::ptrdiff_t>(sizeof(QRgb));
  TimelineWindow scaled = window;
  scaled.row_height *= scale;
  scaled.scroll *= scale;
  for (const LaneBox &box : lane_boxes(timeline, scaled, image.height())) {
    const int top = std::max(0, box.top);
    const int bottom = std::min(image.height(), box.top + box.height);
    if (bottom > top)
      raster.draw(box, bottom - top, pixels + top * stride, stride, top - box.top, tiles);
  }
  return image;
}

} // namespace flopcast
