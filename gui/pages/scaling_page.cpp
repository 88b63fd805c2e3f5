// SPDX-License-Identifier: Apache-2.0
#include "gui/pages/scaling_page.hpp"

#include "gui/pages/table_look.hpp"
#include "gui/plots/plot_panel.hpp"

#include <QGridLayout>
#include <QSplitter>
#include <QTableView>
#include <QVBoxLayout>

namespace flopcast {

ScalingPage::ScalingPage(const PageContext &context, QWidget *parent)
    : Page(parent), session_(&context.session), table_(new QTableView(this)),
      job_([this](const Points &points) { show_points(points); }) {
  auto *grid_holder = new QWidget(this);
  auto *grid = new QGridLayout(grid_holder);
  grid->setContentsMargins(0, 0, 0, 0);
  for (const char *key : {"time.step_s", "throughput.mfu", "time.total_s", "cost.total_usd"}) {
    auto *plot = new PlotPanel(grid_holder);
    const auto at = static_cast<int>(plots_.size());
    grid->addWidget(plot, at / 2, at % 2);
    plots_.emplace_back(key, plot);
  }
  for (const int i : {0, 1}) {
    grid->setRowStretch(i, 1);
    grid->setColumnStretch(i, 1);
  }
  table_->setModel(&rows_);
  table_->setAccessibleName(tr("The plan by number of GPUs"));
  make_readable(*table_);
  auto *split = new QSplitter(Qt::Vertical, this);
  split->setObjectName(QStringLiteral("scaling"));
  split->setChildrenCollapsible(false);
  split->addWidget(grid_holder);
  split->addWidget(table_);
  split->setSizes({480, 180});
  auto *layout = new QVBoxLayout(this);
  layout->addWidget(split);
}

void ScalingPage::show_input(const PageInput &input) {
  if (!input.plan) {
    job_.cancel();
    shown_ = {};
    show_points({});
    return;
  }
  if (input.request == shown_)
    return;
  shown_ = input.request;
  own_gpus_ = input.plan->run.cluster.gpus;
  job_.start(
      [session = session_, request = input.request, gpus = own_gpus_](const std::stop_token &stop) {
        return scaling(*session, request, scaling_counts(gpus), stop);
      });
}

void ScalingPage::show_points(const Points &points) {
  for (const auto &[key, plot] : plots_)
    plot->set_plot(scaling_chart(points, key, own_gpus_));
  rows_.set_rows(scaling_table(points));
  table_->resizeColumnsToContents();
}

} // namespace flopcast
