// SPDX-License-Identifier: Apache-2.0
#include "gui/pages/timeline_page.hpp"

#include "gui/plots/timeline_panel.hpp"
#include "model/planning/pipeline_work.hpp"

#include <QLabel>
#include <QVBoxLayout>

namespace flopcast {
namespace {

QString name_of(PipelineSchedule schedule) {
  const std::string_view name = to_text(schedule);
  return QString::fromUtf8(name.data(), static_cast<int>(name.size()));
}

} // namespace

TimelinePage::TimelinePage(const PageContext & /*context*/, QWidget *parent)
    : Page(parent), panel_(new TimelinePanel(this)),
      job_([this](const Simulated &simulated) { show_timeline(simulated); }) {
  auto *hint = new QLabel(tr("Wheel: zoom in time; with Ctrl: higher rows; with Shift, or drag: "
                             "move; double click: all. Hover tells a task."),
                          this);
  hint->setForegroundRole(QPalette::PlaceholderText);
  hint->setWordWrap(true);
  auto *layout = new QVBoxLayout(this);
  layout->addWidget(panel_, 1);
  layout->addWidget(hint);
}

void TimelinePage::show_input(const PageInput &input) {
  if (!input.plan || !input.plan->estimate.step) {
    job_.cancel();
    shown_ = {};
    timeline_ = nullptr;
    panel_->set_timeline(nullptr, tr("Timeline of a step"),
                         input.plan ? tr("This layout has no step") : QString());
    return;
  }
  if (input.request == shown_)
    return;
  shown_ = input.request;
  job_.start([plan = input.plan,
              last = timeline_](const std::stop_token &stop) -> std::optional<Simulated> {
    PipelineWork work = pipeline_work(plan->run.plan, plan->run.cluster);
    if (last && same_work(last->work(), work))
      return Simulated{last};
    if (const double spans = timeline_size(work); spans > most_spans)
      return Simulated{nullptr, spans};
    if (StepTimelinePointer timeline = simulated_timeline(std::move(work), stop))
      return Simulated{std::move(timeline)};
    return std::nullopt;
  });
}

void TimelinePage::show_timeline(const Simulated &simulated) {
  if (shown_ == PlanRequest()) // the plan went away meanwhile
    return;
  timeline_ = simulated.timeline;
  if (!timeline_) {
    panel_->set_timeline(
        nullptr, tr("Timeline of a step"),
        tr("This step has about %1 million tasks, more than are shown here (%2 million). "
           "\"flopcast trace\" writes them all; a larger micro-batch makes fewer.")
            .arg(simulated.spans / 1e6, 0, 'f', 1)
            .arg(most_spans / 1e6, 0, 'f', 0));
    return;
  }
  const PipelineWork &work = timeline_->work();
  panel_->set_timeline(
      timeline_,
      tr("Timeline of a step: schedule %1, %2 stages, %3 micro-batches, %4 % waiting")
          .arg(name_of(work.schedule))
          .arg(work.stages)
          .arg(work.micro_batches)
          .arg(100 * bubble_share(timeline_->outcome()), 0, 'f', 1),
      {});
}

} // namespace flopcast
