// SPDX-License-Identifier: Apache-2.0
#include "gui/pages/step_page.hpp"

#include "gui/plots/plot_panel.hpp"

#include <QSplitter>
#include <QVBoxLayout>

namespace flopcast {

StepPage::StepPage(const PageContext & /*context*/, QWidget *parent) : Page(parent) {
  auto *rows = new QSplitter(Qt::Vertical, this);
  rows->setObjectName(QStringLiteral("step"));
  rows->setChildrenCollapsible(false);
  step_ = new PlotPanel(rows);
  memory_ = new PlotPanel(rows);
  rows->addWidget(step_);
  rows->addWidget(memory_);
  rows->setSizes({300, 340});
  auto *layout = new QVBoxLayout(this);
  layout->addWidget(rows);
}

void StepPage::show_input(const PageInput &input) {
  step_->set_plot(input.plan ? step_chart(*input.plan) : PlotData());
  memory_->set_plot(input.plan ? memory_chart(*input.plan) : PlotData());
}

} // namespace flopcast
