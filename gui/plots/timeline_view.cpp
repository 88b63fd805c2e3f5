// SPDX-License-Identifier: Apache-2.0
#include "gui/plots/timeline_view.hpp"

#include "gui/theme.hpp"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QScopedValueRollback>
#include <QScrollBar>
#include <QToolTip>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>
#include <utility>

namespace flopcast {
namespace {

constexpr double closer = 0.8;         // a notch of the wheel
constexpr double narrowest = 1e-9;     // of the step: below a task of any
constexpr double bar_length = 1e6;     // steps of the scroll bar in time
constexpr double key_step = 0.1;       // of what is seen
constexpr double a_notch = 120;        // QWheelEvent: eighths of a degree
constexpr double most_fitted_row = 64; // a single stage need not fill the page

} // namespace

TimelineView::TimelineView(QWidget *parent) : QAbstractScrollArea(parent) {
  setFrameShape(QFrame::NoFrame);
  setMinimumSize(320, 200);
  setFocusPolicy(Qt::StrongFocus);
  viewport()->setMouseTracking(true);
  viewport()->setBackgroundRole(QPalette::Base);
  horizontalScrollBar()->setAccessibleName(tr("Time"));
  verticalScrollBar()->setAccessibleName(tr("Stages"));
}

void TimelineView::set_timeline(StepTimelinePointer timeline, const QString &empty_text) {
  if (timeline == timeline_ && empty_text == empty_text_)
    return;
  timeline_ = std::move(timeline);
  empty_text_ = empty_text;
  changed();
}

TimelineParts TimelineView::parts() const {
  return timeline_parts(*timeline_, viewport()->rect(), font());
}

void TimelineView::changed() {
  bound();
  set_up_bars();
  viewport()->update();
}

void TimelineView::bound() {
  const double width = std::clamp(window_.to - window_.from, narrowest, 1.0);
  window_.from = std::clamp(window_.from, 0.0, 1.0 - width);
  window_.to = window_.from + width;
  if (!timeline_)
    return;
  const double height = parts().lanes.height();
  const auto stages = static_cast<double>(timeline_->stages());
  const double least = least_row_height(*timeline_);
  if (rows_fit_)
    window_.row_height = std::clamp(height / stages, least, most_fitted_row);
  window_.row_height = std::clamp(window_.row_height, least, most_row_height);
  window_.scroll =
      std::clamp(window_.scroll, 0.0, std::max(0.0, stages * window_.row_height - height));
}

void TimelineView::set_up_bars() {
  const QScopedValueRollback guard(bars_move_, true);
  const double width = window_.to - window_.from;
  const bool zoomed = timeline_ && width < 1;
  QScrollBar &time = *horizontalScrollBar();
  time.setRange(0, zoomed ? static_cast<int>(bar_length * (1 - width)) : 0);
  time.setPageStep(std::max(1, static_cast<int>(bar_length * width)));
  time.setSingleStep(std::max(1, static_cast<int>(key_step * bar_length * width)));
  time.setValue(static_cast<int>(bar_length * window_.from));
  QScrollBar &rows = *verticalScrollBar();
  if (!timeline_) {
    rows.setRange(0, 0);
    return;
  }
  const int height = parts().lanes.height();
  const double all = static_cast<double>(timeline_->stages()) * window_.row_height;
  rows.setRange(0, std::max(0, static_cast<int>(std::ceil(all)) - height));
  rows.setPageStep(height);
  rows.setSingleStep(static_cast<int>(window_.row_height));
  rows.setValue(static_cast<int>(window_.scroll));
}

void TimelineView::scrollContentsBy(int /*dx*/, int /*dy*/) {
  if (bars_move_)
    return;
  const double width = window_.to - window_.from;
  // The bar's steps are coarse where little is seen: only a move of it counts.
  if (const auto at = static_cast<int>(bar_length * window_.from);
      at != horizontalScrollBar()->value()) {
    window_.from = horizontalScrollBar()->value() / bar_length;
    window_.to = window_.from + width;
  }
  window_.scroll = verticalScrollBar()->value();
  bound();
  viewport()->update();
}

void TimelineView::show_part(double from, double to) {
  window_.from = from;
  window_.to = to;
  changed();
}

void TimelineView::show_all() {
  window_ = {};
  rows_fit_ = true;
  changed();
}

void TimelineView::zoom(double factor) { zoom_about(factor, 0.5); }

void TimelineView::zoom_about(double factor, double share) {
  const double width = window_.to - window_.from;
  const double about = window_.from + share * width;
  const double wanted = std::clamp(width * factor, narrowest, 1.0);
  window_.from = about - share * wanted;
  window_.to = window_.from + wanted;
  changed();
}

void TimelineView::pan(double share) {
  const double by = share * (window_.to - window_.from);
  window_.from += by;
  window_.to += by;
  changed();
}

void TimelineView::make_rows_higher(double factor, int about) {
  const double before = window_.row_height;
  rows_fit_ = false;
  window_.row_height *= factor;
  bound();
  window_.scroll = (window_.scroll + about) * window_.row_height / before - about;
  changed();
}

QString TimelineView::told_at(const QPoint &position) const {
  if (!timeline_)
    return {};
  const TimelineParts where = parts();
  if (!where.lanes.contains(position))
    return {};
  const double share =
      static_cast<double>(position.x() - where.lanes.left()) / std::max(1, where.lanes.width());
  const double range = (window_.to - window_.from) * timeline_->length();
  const double time = window_.from * timeline_->length() + share * range;
  for (const LaneBox &box : lane_boxes(*timeline_, window_, where.lanes.height())) {
    const int y = position.y() - where.lanes.top();
    if (y < box.top || y > box.top + box.height)
      continue;
    const QString place = tr("stage %1, %2").arg(box.stage).arg(lane_name(box.lane));
    const TimelineSpan *span = timeline_->span_at(box.stage, box.lane, time);
    if (span == nullptr) {
      const auto spans = timeline_->spans(box.stage, box.lane);
      const std::size_t next = timeline_->first_after(box.stage, box.lane, time);
      const double begin = next == 0 ? 0 : spans[next - 1].end;
      const double end = next < spans.size() ? spans[next].start : timeline_->length();
      const bool waits =
          box.lane == TimelineLane::compute || box.lane == TimelineLane::paired_compute;
      return QStringLiteral("%1\n%2\n%3 – %4")
          .arg(waits ? tr("bubble: %1").arg(time_text(end - begin, end - begin))
                     : tr("nothing: %1").arg(time_text(end - begin, end - begin)),
               place, time_text(begin, range), time_text(end, range));
    }
    const bool numbered =
        span->kind != IntervalKind::optimizer && span->kind != IntervalKind::gradients;
    const QString batch = numbered ? tr(", micro-batch %1").arg(span->micro_batch) : QString();
    const QString chunk =
        timeline_->work().chunks > 1 ? tr(", chunk %1").arg(span->chunk) : QString();
    const double lasts = span->end - span->start;
    return QStringLiteral("%1%2%3: %4\n%5\n%6 – %7")
        .arg(kind_name(span->kind), batch, chunk, time_text(lasts, lasts), place,
             time_text(span->start, range), time_text(span->end, range));
  }
  return {};
}

QPoint TimelineView::place_of(const StepTimeline::Task &task) const {
  const TimelineParts where = parts();
  const double middle = 0.5 * (task.span.start + task.span.end) / timeline_->length();
  const double share = (middle - window_.from) / (window_.to - window_.from);
  for (const LaneBox &box : lane_boxes(*timeline_, window_, where.lanes.height()))
    if (box.stage == task.stage && box.lane == task.lane)
      return {where.lanes.left() + static_cast<int>(std::lround(share * where.lanes.width())),
              where.lanes.top() + box.top + box.height / 2};
  return {};
}

QSize TimelineView::picture_size() const { return viewport()->size().expandedTo({640, 360}); }

void TimelineView::paint_on(QPaintDevice &device, const QSize &size, double scale) const {
  QPainter painter(&device);
  painter.scale(static_cast<double>(device.width()) / size.width(),
                static_cast<double>(device.height()) / size.height());
  painter.setFont(font());
  painter.fillRect(QRect(QPoint(), size), palette().color(QPalette::Base));
  if (timeline_)
    paint_timeline(painter, *timeline_, window_, QRect(QPoint(), size).adjusted(6, 6, -6, -6),
                   palette(), scale, labels_);
}

void TimelineView::paintEvent(QPaintEvent * /*event*/) {
  QPainter painter(viewport());
  painter.fillRect(viewport()->rect(), palette().color(QPalette::Base));
  painter.setFont(font());
  if (timeline_) {
    paint_timeline(painter, *timeline_, window_, viewport()->rect(), palette(),
                   viewport()->devicePixelRatioF(), labels_);
    return;
  }
  painter.setPen(secondary_text(palette()));
  painter.drawText(viewport()->rect().adjusted(20, 20, -20, -20),
                   Qt::AlignCenter | Qt::TextWordWrap, empty_text_);
}

void TimelineView::resizeEvent(QResizeEvent *event) {
  QAbstractScrollArea::resizeEvent(event);
  changed();
}

void TimelineView::changeEvent(QEvent *event) {
  QAbstractScrollArea::changeEvent(event);
  if (event->type() == QEvent::FontChange)
    labels_.clear();
  if (event->type() == QEvent::FontChange || event->type() == QEvent::PaletteChange)
    changed();
}

void TimelineView::wheelEvent(QWheelEvent *event) {
  if (!timeline_)
    return;
  const TimelineParts where = parts();
  const double notches = event->angleDelta().y() / a_notch;
  if ((event->modifiers() & Qt::ControlModifier) != 0)
    make_rows_higher(std::pow(closer, -notches),
                     static_cast<int>(event->position().y()) - where.lanes.top());
  else if ((event->modifiers() & Qt::ShiftModifier) != 0)
    pan(-notches * key_step);
  else if (event->angleDelta().x() != 0)
    pan(-event->angleDelta().x() / a_notch * key_step);
  else
    zoom_about(std::pow(closer, notches), std::clamp((event->position().x() - where.lanes.left()) /
                                                         std::max(1, where.lanes.width()),
                                                     0.0, 1.0));
  event->accept();
}

void TimelineView::mousePressEvent(QMouseEvent *event) {
  if (event->button() == Qt::LeftButton)
    dragged_from_ = event->pos();
}

void TimelineView::mouseMoveEvent(QMouseEvent *event) {
  if (!timeline_ || !dragged_from_)
    return;
  const QPoint by = event->pos() - *dragged_from_;
  dragged_from_ = event->pos();
  window_.scroll -= by.y();
  pan(-static_cast<double>(by.x()) / std::max(1, parts().lanes.width()));
  viewport()->setCursor(Qt::ClosedHandCursor);
}

void TimelineView::mouseReleaseEvent(QMouseEvent * /*event*/) {
  dragged_from_.reset();
  viewport()->unsetCursor();
}

void TimelineView::mouseDoubleClickEvent(QMouseEvent * /*event*/) { show_all(); }

void TimelineView::keyPressEvent(QKeyEvent *event) {
  switch (event->key()) {
  case Qt::Key_Plus:
  case Qt::Key_Equal:
    return zoom(closer);
  case Qt::Key_Minus:
    return zoom(1 / closer);
  case Qt::Key_0:
    return show_all();
  case Qt::Key_Left:
    return pan(-key_step);
  case Qt::Key_Right:
    return pan(key_step);
  case Qt::Key_Home:
    return pan(-1 / (window_.to - window_.from));
  case Qt::Key_End:
    return pan(1 / (window_.to - window_.from));
  case Qt::Key_Up:
    return verticalScrollBar()->triggerAction(QAbstractSlider::SliderSingleStepSub);
  case Qt::Key_Down:
    return verticalScrollBar()->triggerAction(QAbstractSlider::SliderSingleStepAdd);
  default:
    QAbstractScrollArea::keyPressEvent(event);
  }
}

bool TimelineView::viewportEvent(QEvent *event) {
  if (event->type() == QEvent::ToolTip) {
    const auto *help = static_cast<QHelpEvent *>(event);
    const QString told = told_at(help->pos());
    if (told.isEmpty())
      QToolTip::hideText();
    else
      QToolTip::showText(help->globalPos(), told, viewport());
    return true;
  }
  return QAbstractScrollArea::viewportEvent(event);
}

} // namespace flopcast
