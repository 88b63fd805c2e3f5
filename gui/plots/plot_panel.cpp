// SPDX-License-Identifier: Apache-2.0
#include "gui/plots/plot_panel.hpp"

#include "gui/pages/table_look.hpp"
#include "gui/plots/plot_view.hpp"

#include <QHBoxLayout>
#include <QLabel>
#include <QStackedWidget>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>

namespace flopcast {

PlotPanel::PlotPanel(QWidget *parent)
    : QWidget(parent), title_(new QLabel(this)), as_table_(new QToolButton(this)),
      stack_(new QStackedWidget(this)), view_(new PlotView(stack_)),
      table_(new QTableView(stack_)) {
  QFont bold = title_->font();
  bold.setBold(true);
  title_->setFont(bold);
  title_->setTextFormat(Qt::PlainText);
  title_->setMinimumWidth(0);
  title_->setWordWrap(true);

  as_table_->setText(tr("Table"));
  as_table_->setCheckable(true);
  as_table_->setAutoRaise(true);
  as_table_->setToolTip(tr("The same numbers as a table"));
  auto *save_button = new QToolButton(this);
  save_button->setText(tr("Export…"));
  save_button->setAutoRaise(true);
  save_button->setToolTip(tr("This plot as PNG, SVG, PDF or CSV"));
  connect(as_table_, &QToolButton::toggled, this, &PlotPanel::show_table);
  connect(save_button, &QToolButton::clicked, this, &PlotPanel::export_wanted);

  table_->setModel(&rows_);
  make_readable(*table_);
  table_->setAccessibleName(tr("The same numbers as a table"));
  stack_->addWidget(view_);
  stack_->addWidget(table_);

  auto *head = new QHBoxLayout;
  head->addWidget(title_, 1);
  head->addWidget(as_table_);
  head->addWidget(save_button);
  auto *layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(4);
  layout->addLayout(head);
  layout->addWidget(stack_, 1);
}

void PlotPanel::set_plot(const PlotData &plot) {
  title_->setText(plot.title);
  table_->setAccessibleName(plot.title);
  // Only what is seen costs time: the other twin follows when it is asked for.
  view_->set_plot(plot);
  rows_.set_rows(plot_table(plot));
  if (stack_->currentWidget() == table_)
    table_->resizeColumnsToContents();
}

const PlotData &PlotPanel::plot() const { return view_->plot(); }

void PlotPanel::show_table(bool table) {
  as_table_->setChecked(table);
  stack_->setCurrentWidget(table ? static_cast<QWidget *>(table_) : view_);
  if (table)
    table_->resizeColumnsToContents();
}

void PlotPanel::save(const QString &file) { view_->save(file); }

} // namespace flopcast
