// SPDX-License-Identifier: Apache-2.0
#include "gui/pages/step_page.hpp"

#include "gui/plots/plot_panel.hpp"
#include "model/planning/pipeline_work.hpp"

#include <QLineEdit>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QSplitter>
#include <QVBoxLayout>

namespace flopcast {
namespace {

// More parts than a plot of half the page has pixels.
constexpr std::size_t parts_of_a_step = 800;

} // namespace

StepPage::StepPage(const PageContext & /*context*/, QWidget *parent)
    : Page(parent), job_([this](const std::shared_ptr<const Simulated> &simulated) {
        simulated_ = simulated;
        show_stage();
      }) {
  auto *rows = new QSplitter(Qt::Vertical, this);
  rows->setObjectName(QStringLiteral("step"));
  rows->setChildrenCollapsible(false);
  step_ = new PlotPanel(rows);
  auto *columns = new QSplitter(Qt::Horizontal, rows);
  columns->setObjectName(QStringLiteral("memory"));
  columns->setChildrenCollapsible(false);
  memory_ = new PlotPanel(columns);
  over_time_ = new PlotPanel(columns);
  stage_ = new QSpinBox(this);
  stage_->setObjectName(QStringLiteral("stage"));
  stage_->setPrefix(tr("stage "));
  stage_->setAccessibleName(tr("Pipeline stage"));
  stage_->findChild<QLineEdit *>()->setAccessibleName(tr("Pipeline stage"));
  stage_->setToolTip(tr("The stage whose memory is shown; the first one holds most"));
  over_time_->add_to_head(stage_);
  columns->addWidget(memory_);
  columns->addWidget(over_time_);
  columns->setSizes({370, 370});
  rows->addWidget(step_);
  rows->addWidget(columns);
  rows->setSizes({300, 340});
  auto *layout = new QVBoxLayout(this);
  layout->addWidget(rows);
  connect(stage_, &QSpinBox::valueChanged, this, &StepPage::show_stage);
}

void StepPage::show_input(const PageInput &input) {
  step_->set_plot(input.plan ? step_chart(*input.plan) : PlotData());
  memory_->set_plot(input.plan ? memory_chart(*input.plan) : PlotData());
  const bool runs = input.plan && input.plan->estimate.step;
  stage_->setVisible(runs && input.plan->run.plan.parallelism.pipeline_parallel > 1);
  if (runs) {
    simulate(input.plan);
    return;
  }
  job_.cancel();
  simulated_ = nullptr;
  show_stage();
}

void StepPage::simulate(const EstimatedPlanPointer &plan) {
  job_.start([plan, last = simulated_](
                 const std::stop_token &stop) -> std::optional<std::shared_ptr<const Simulated>> {
    Simulated now{pipeline_work(plan->run.plan, plan->run.cluster), nullptr};
    if (last && same_work(last->work, now.work))
      return last;
    if (timeline_size(now.work) <= most_spans) {
      auto memory = memory_over_time(now.work, parts_of_a_step, stop);
      if (!memory)
        return std::nullopt;
      now.memory = std::make_shared<const StageMemory>(std::move(*memory));
    }
    return std::make_shared<const Simulated>(std::move(now));
  });
}

void StepPage::show_stage() {
  if (!simulated_ || !simulated_->memory) {
    PlotData plot = stage_memory_chart({}, 0);
    if (simulated_)
      plot.empty_text = tr("This step has too many tasks to be simulated here");
    over_time_->set_plot(plot);
    return;
  }
  const StageMemory &memory = *simulated_->memory;
  {
    const QSignalBlocker quiet(stage_);
    stage_->setRange(0, static_cast<int>(memory.most.size()) - 1);
  }
  over_time_->set_plot(stage_memory_chart(memory, static_cast<std::size_t>(stage_->value())));
}

} // namespace flopcast
