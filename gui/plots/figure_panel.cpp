// SPDX-License-Identifier: Apache-2.0
#include "gui/plots/figure_panel.hpp"

#include "gui/pages/table_look.hpp"

#include <QHBoxLayout>
#include <QLabel>
#include <QStackedWidget>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>

namespace flopcast {

FigurePanel::FigurePanel(QWidget *parent)
    : QWidget(parent), title_(new QLabel(this)), as_table_(new QToolButton(this)),
      head_(new QHBoxLayout), stack_(new QStackedWidget(this)) {
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
  connect(as_table_, &QToolButton::toggled, this, &FigurePanel::show_table);
  connect(save_button, &QToolButton::clicked, this, &FigurePanel::export_wanted);

  head_->addWidget(title_, 1);
  head_->addWidget(as_table_);
  head_->addWidget(save_button);
  auto *layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(4);
  layout->addLayout(head_);
  layout->addWidget(stack_, 1);
}

void FigurePanel::set_title(const QString &title) {
  title_->setText(title);
  table_->setAccessibleName(title.isEmpty() ? tr("The same numbers as a table") : title);
}

void FigurePanel::set_twins(QWidget *picture, QTableView *table) {
  table_ = table;
  make_readable(*table_);
  table_->setAccessibleName(tr("The same numbers as a table"));
  stack_->addWidget(picture);
  stack_->addWidget(table_);
}

void FigurePanel::add_to_head(QWidget *widget) { head_->insertWidget(1, widget); }

bool FigurePanel::shows_table() const { return stack_->currentWidget() == table_; }

void FigurePanel::show_table(bool table) {
  as_table_->setChecked(table);
  if (table)
    fill_table();
  stack_->setCurrentIndex(table ? 1 : 0);
}

} // namespace flopcast
