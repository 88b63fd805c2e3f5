// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/charts/step_timeline.hpp"
#include "gui/job.hpp"
#include "gui/pages/page.hpp"

namespace flopcast {

class TimelinePanel;

/// How the stages of a pipeline spend a step, task by task.
class TimelinePage : public Page {
  Q_OBJECT

public:
  TimelinePage(const PageContext &context, QWidget *parent);

  void show_input(const PageInput &input) override;
  [[nodiscard]] bool busy() const override { return job_.busy(); }

private:
  /// A timeline, or why there is none.
  struct Simulated {
    StepTimelinePointer timeline;
    double spans = 0; ///< of one that is too long to show
  };

  void show_timeline(const Simulated &simulated);

  TimelinePanel *panel_;
  PlanRequest shown_;
  StepTimelinePointer timeline_;
  LatestJob<Simulated> job_;
};

} // namespace flopcast
