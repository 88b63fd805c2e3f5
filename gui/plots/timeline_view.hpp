// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/plots/timeline_picture.hpp"

#include <QAbstractScrollArea>

#include <optional>

namespace flopcast {

/// Draws the timeline of a step. The wheel zooms in time about the pointer, with Ctrl it makes the
/// rows higher; the mouse or the arrow keys move; a double click shows all again.
class TimelineView : public QAbstractScrollArea {
  Q_OBJECT

public:
  explicit TimelineView(QWidget *parent);

  /// Null shows `empty_text` instead. The part that is looked at stays.
  void set_timeline(StepTimelinePointer timeline, const QString &empty_text);
  [[nodiscard]] const StepTimelinePointer &timeline() const { return timeline_; }

  void show_all();
  /// By this factor, about the middle of what is seen; below 1 it shows less.
  void zoom(double factor);
  /// By a share of what is seen.
  void pan(double share);
  void show_part(double from, double to);
  [[nodiscard]] const TimelineWindow &window_shown() const { return window_; }

  /// What is under the point, in words; "" where nothing is.
  [[nodiscard]] QString told_at(const QPoint &position) const;
  /// Where a task of what is seen lies, for tests and for the keyboard.
  [[nodiscard]] QPoint place_of(const StepTimeline::Task &task) const;

  /// The whole picture, also beyond what is seen of it in the window.
  void paint_on(QPaintDevice &device, const QSize &size, double scale) const;
  [[nodiscard]] QSize picture_size() const;

protected:
  void paintEvent(QPaintEvent *event) override;
  void resizeEvent(QResizeEvent *event) override;
  void wheelEvent(QWheelEvent *event) override;
  void mousePressEvent(QMouseEvent *event) override;
  void mouseMoveEvent(QMouseEvent *event) override;
  void mouseReleaseEvent(QMouseEvent *event) override;
  void mouseDoubleClickEvent(QMouseEvent *event) override;
  void keyPressEvent(QKeyEvent *event) override;
  void changeEvent(QEvent *event) override;
  void scrollContentsBy(int dx, int dy) override;
  bool viewportEvent(QEvent *event) override;

private:
  [[nodiscard]] TimelineParts parts() const;
  void zoom_about(double factor, double share);
  void make_rows_higher(double factor, int about);
  void bound();
  void set_up_bars();
  void changed();

  StepTimelinePointer timeline_;
  QString empty_text_;
  TimelineWindow window_;
  bool rows_fit_ = true; ///< rows share the height until the user says otherwise
  bool bars_move_ = false;
  std::optional<QPoint> dragged_from_;
  mutable SpanLabels labels_;
};

} // namespace flopcast
