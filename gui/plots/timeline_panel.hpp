// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/models/timeline_task_model.hpp"
#include "gui/plots/figure_panel.hpp"

namespace flopcast {

class TimelineView;

/// The timeline of a step with its title, all of its tasks as a table and its export. A picture
/// shows the part that is seen; CSV holds every task.
class TimelinePanel : public FigurePanel {
  Q_OBJECT

public:
  explicit TimelinePanel(QWidget *parent);

  /// Null shows `empty_text` instead.
  void set_timeline(const StepTimelinePointer &timeline, const QString &title,
                    const QString &empty_text);
  [[nodiscard]] TimelineView &view() const { return *view_; }

  [[nodiscard]] QString figure_id() const override;
  [[nodiscard]] bool has_figure() const override;
  void save(const QString &file) override;

protected:
  void fill_table() override;

private:
  TimelineView *view_;
  TimelineTaskModel tasks_;
  QString figure_title_;
};

} // namespace flopcast
