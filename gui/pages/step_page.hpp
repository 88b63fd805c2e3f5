// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/charts/step_timeline.hpp"
#include "gui/job.hpp"
#include "gui/pages/page.hpp"

#include <optional>

class QSpinBox;

namespace flopcast {

class PlotPanel;

/// Where a step's time goes, and what a GPU's memory holds: at the peak, and over the step.
class StepPage : public Page {
  Q_OBJECT

public:
  StepPage(const PageContext &context, QWidget *parent);

  void show_input(const PageInput &input) override;
  [[nodiscard]] bool busy() const override { return job_.busy(); }

private:
  /// The memory of a step, with what it was simulated from.
  struct Simulated {
    PipelineWork work;
    std::shared_ptr<const StageMemory> memory;
  };

  void simulate(const EstimatedPlanPointer &plan);
  void show_stage();

  PlotPanel *step_;
  PlotPanel *memory_;
  PlotPanel *over_time_;
  QSpinBox *stage_;
  std::shared_ptr<const Simulated> simulated_;
  LatestJob<std::shared_ptr<const Simulated>> job_;
};

} // namespace flopcast
