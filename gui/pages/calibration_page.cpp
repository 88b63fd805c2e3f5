// SPDX-License-Identifier: Apache-2.0
#include "gui/pages/calibration_page.hpp"

#include "gui/core_texts.hpp"
#include "gui/pages/message_area.hpp"
#include "gui/pages/table_look.hpp"
#include "gui/plots/plot_panel.hpp"
#include "reports/calibration_report.hpp"

#include <QSplitter>
#include <QTreeView>
#include <QVBoxLayout>

namespace flopcast {

CalibrationPage::CalibrationPage(const PageContext & /*context*/, QWidget *parent)
    : Page(parent), tree_(new QTreeView(this)), errors_(new PlotPanel(this)),
      notice_(new MessageArea(this)) {
  tree_->setModel(&facts_);
  tree_->setAlternatingRowColors(true);
  tree_->setAccessibleName(tr("What the calibration knows"));
  auto *split = new QSplitter(Qt::Vertical, this);
  split->setObjectName(QStringLiteral("calibration"));
  split->setChildrenCollapsible(false);
  split->addWidget(errors_);
  split->addWidget(tree_);
  split->setSizes({380, 260});
  auto *layout = new QVBoxLayout(this);
  layout->addWidget(notice_);
  layout->addWidget(split, 1);
}

void CalibrationPage::show_input(const PageInput &input) {
  if (!input.plan) {
    errors_->set_plot({});
    facts_.set_report({});
    notice_->clear();
    return;
  }
  const Calibration &calibration = input.plan->run.cluster.calibration;
  errors_->set_plot(calibration_chart(calibration));
  if (Report report = calibration_report(calibration); report.title != facts_.report().title) {
    facts_.set_report(std::move(report));
    unfold(*tree_);
  }
  const QString origin = core_text(to_text(calibration.origin));
  const bool borrowed = !calibration.transferred_to.empty();
  notice_->show_message(
      borrowed || calibration.device.empty() ? Tone::warning : Tone::hint,
      tr("%1 (%2)").arg(QString::fromStdString(calibration.name), origin),
      borrowed ? tr("Borrowed from a relative: this device itself was not measured.")
      : calibration.device.empty()
          ? tr("No measurements: one stated efficiency for each class of operators.")
          : tr("Measured on %1; errors below are of samples that the fit did not see.")
                .arg(QString::fromStdString(calibration.device)));
}

} // namespace flopcast
