// SPDX-License-Identifier: Apache-2.0
#include "gui/plots/plot_panel.hpp"

#include "gui/plots/plot_view.hpp"

#include <QTableView>

namespace flopcast {

PlotPanel::PlotPanel(QWidget *parent) : FigurePanel(parent), view_(new PlotView(this)) {
  auto *twin = new QTableView(this);
  twin->setModel(&rows_);
  set_twins(view_, twin);
}

void PlotPanel::set_plot(const PlotData &plot) {
  // Most changes of a plan leave most plots as they are; to draw one takes milliseconds.
  if (plot == this->plot())
    return;
  set_title(plot.title);
  view_->set_plot(plot);
  if (shows_table())
    fill_table();
}

const PlotData &PlotPanel::plot() const { return view_->plot(); }

QString PlotPanel::figure_id() const { return plot().id; }

bool PlotPanel::has_figure() const { return !plot().empty(); }

void PlotPanel::fill_table() {
  rows_.set_rows(plot_table(plot()));
  table()->resizeColumnsToContents();
}

void PlotPanel::save(const QString &file) { view_->save(file); }

} // namespace flopcast
