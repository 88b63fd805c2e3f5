// SPDX-License-Identifier: Apache-2.0
#include "gui/plots/timeline_panel.hpp"

#include "gui/plots/picture_file.hpp"
#include "gui/plots/timeline_view.hpp"

#include <QImage>
#include <QTableView>

namespace flopcast {

TimelinePanel::TimelinePanel(QWidget *parent) : FigurePanel(parent), view_(new TimelineView(this)) {
  auto *twin = new QTableView(this);
  twin->setModel(&tasks_);
  set_twins(view_, twin);
}

void TimelinePanel::set_timeline(const StepTimelinePointer &timeline, const QString &title,
                                 const QString &empty_text) {
  figure_title_ = title;
  set_title(title);
  view_->setAccessibleName(title);
  view_->set_timeline(timeline, empty_text);
  if (shows_table())
    fill_table();
  else
    tasks_.set_timeline(nullptr); // which would keep an old one alive
}

QString TimelinePanel::figure_id() const { return QStringLiteral("timeline"); }

bool TimelinePanel::has_figure() const { return view_->timeline() != nullptr; }

void TimelinePanel::fill_table() {
  tasks_.set_timeline(view_->timeline());
  table()->resizeColumnsToContents();
}

void TimelinePanel::save(const QString &file) {
  const QSize size = view_->picture_size();
  save_picture({.title = figure_title_,
                .size = size,
                .paint =
                    [&](QPaintDevice &device, double scale) {
                      // Lanes are pixels in every format: as spans they would be a million shapes.
                      constexpr double printed = 3;
                      view_->paint_on(device, size,
                                      dynamic_cast<QImage *>(&device) == nullptr ? printed : scale);
                    },
                .write_csv = [&](QIODevice &target) { write_tasks(*view_->timeline(), target); }},
               file);
}

} // namespace flopcast
