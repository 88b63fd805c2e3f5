// SPDX-License-Identifier: Apache-2.0
#include "gui/pages/cost_page.hpp"

#include "gui/pages/table_look.hpp"
#include "gui/plots/plot_panel.hpp"

#include <QSplitter>
#include <QTableView>
#include <QVBoxLayout>

namespace flopcast {

CostPage::CostPage(const PageContext &context, QWidget *parent)
    : Page(parent), session_(&context.session), lines_(new PlotPanel(this)),
      prices_(new PlotPanel(this)), table_(new QTableView(this)),
      job_([this](const Variants &variants) { show_variants(variants); }) {
  table_->setModel(&rows_);
  table_->setAccessibleName(tr("The same run at listed prices"));
  make_readable(*table_);
  auto *rows = new QSplitter(Qt::Vertical, this);
  rows->setObjectName(QStringLiteral("cost"));
  rows->setChildrenCollapsible(false);
  rows->addWidget(lines_);
  rows->addWidget(prices_);
  rows->addWidget(table_);
  rows->setSizes({190, 280, 170});
  auto *layout = new QVBoxLayout(this);
  layout->addWidget(rows);
}

void CostPage::show_input(const PageInput &input) {
  lines_->set_plot(input.plan ? cost_chart(*input.plan) : PlotData());
  if (!input.plan) {
    job_.cancel();
    shown_ = {};
    show_variants({});
    return;
  }
  if (input.request == shown_)
    return;
  shown_ = input.request;
  job_.start([session = session_, request = input.request](const std::stop_token &stop) {
    return price_variants(*session, request, stop);
  });
}

void CostPage::show_variants(const Variants &variants) {
  prices_->set_plot(price_chart(variants));
  rows_.set_rows(price_table(variants));
  table_->resizeColumnsToContents();
}

} // namespace flopcast
