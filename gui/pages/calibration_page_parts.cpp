// SPDX-License-Identifier: Apache-2.0
// What the page of calibrations is built of.
#include "gui/pages/calibration_page.hpp"

#include "gui/pages/heading.hpp"
#include "gui/pages/table_look.hpp"
#include "gui/plots/plot_panel.hpp"

#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QSplitter>
#include <QTabWidget>
#include <QTableView>
#include <QTreeView>
#include <QVBoxLayout>

namespace flopcast {

void CalibrationPage::add_controls() {
  open_->setObjectName(QStringLiteral("open-kernels"));
  open_->setToolTip(
      tr("Times of kernels as flopcast calibrate validate reads them, CSV or SimuMax's "
         "JSON, or the store that calibrate run fills; a file may also be dropped on "
         "the window"));
  stop_->setObjectName(QStringLiteral("stop-kernels"));
  state_->setForegroundRole(QPalette::PlaceholderText);
  state_->setObjectName(QStringLiteral("kernels-state"));
  const auto prepare = [this](QComboBox *box, const char *name, const QString &text, int length) {
    box->setObjectName(QLatin1String(name));
    box->setAccessibleName(text);
    box->setToolTip(text);
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    box->setMinimumContentsLength(length);
    connect(box, &QComboBox::activated, this, &CalibrationPage::study);
  };
  prepare(sets_, "kernel-sets", tr("Device that was measured"), 18);
  prepare(classes_, "kernel-classes",
          tr("Class of operators that is shown; one alone has the band that is expected"), 18);
  prepare(parts_, "kernel-parts", tr("Which shapes are shown"), 12);
  parts_->addItem(tr("held-back shapes"), true);
  parts_->addItem(tr("all shapes"), false);
  parts_->setToolTip(
      tr("A quarter of the shapes is held back from every fit, always the same ones: "
         "on them a calibration is judged"));
  auto *first = new QHBoxLayout;
  first->addWidget(open_);
  first->addWidget(state_, 1);
  first->addWidget(stop_);
  choices_ = new QWidget(this);
  auto *second = new QHBoxLayout(choices_);
  second->setContentsMargins(0, 0, 0, 0);
  second->addWidget(sets_, 3);
  second->addWidget(classes_, 3);
  second->addWidget(parts_, 2);
  auto *rows = dynamic_cast<QVBoxLayout *>(layout());
  rows->addLayout(first);
  rows->addWidget(choices_);
  stop_->hide();
  connect(open_, &QPushButton::clicked, this, &CalibrationPage::ask_for_kernels);
  connect(stop_, &QPushButton::clicked, this, &CalibrationPage::stop_studying);
}

QWidget *CalibrationPage::errors_tab() {
  tree_->setModel(&facts_);
  tree_->setAlternatingRowColors(true);
  tree_->setAccessibleName(tr("What the calibration knows"));
  auto *split = new QSplitter(Qt::Vertical, tabs_);
  split->setObjectName(QStringLiteral("calibration"));
  split->setChildrenCollapsible(false);
  split->addWidget(errors_);
  split->addWidget(tree_);
  split->setSizes({380, 220});
  return split;
}

QWidget *CalibrationPage::ranges_tab() {
  ranges_->setModel(&range_rows_);
  ranges_->setObjectName(QStringLiteral("calibrated-range"));
  operators_->setModel(&operator_rows_);
  operators_->setObjectName(QStringLiteral("plan-operators"));
  const auto below_heading = [this](QTableView *table, const QString &text, QLabel *&label) {
    make_readable(*table);
    auto *tab = new QWidget(tabs_);
    label = heading(text, table, tab);
    label->setWordWrap(true);
    table->setAccessibleName(text);
    auto *layout = new QVBoxLayout(tab);
    layout->setContentsMargins(0, 6, 0, 0);
    layout->setSpacing(4);
    layout->addWidget(label);
    layout->addWidget(table, 1);
    return tab;
  };
  auto *split = new QSplitter(Qt::Vertical, tabs_);
  split->setObjectName(QStringLiteral("calibrated-ranges"));
  split->setChildrenCollapsible(false);
  split->addWidget(below_heading(operators_, tr("Operators of this plan"), plan_heading_));
  split->addWidget(below_heading(ranges_, tr("What was measured"), range_heading_));
  split->setSizes({300, 300});
  // Numbers stand together at the right, not one of them at the far end.
  ranges_->horizontalHeader()->setStretchLastSection(false);
  return split;
}

QWidget *CalibrationPage::kernels_tab() {
  judged_->setModel(&judged_rows_);
  judged_->setObjectName(QStringLiteral("kernel-errors"));
  judged_->setAlternatingRowColors(true);
  judged_->setAccessibleName(tr("Errors on held-back samples"));
  auto *plots = new QSplitter(Qt::Horizontal, tabs_);
  plots->setObjectName(QStringLiteral("kernel-plots"));
  plots->setChildrenCollapsible(false);
  plots->addWidget(agreement_);
  plots->addWidget(residuals_);
  plots->setSizes({370, 370});
  auto *split = new QSplitter(Qt::Vertical, tabs_);
  split->setObjectName(QStringLiteral("kernels-page"));
  split->setChildrenCollapsible(false);
  split->addWidget(plots);
  split->addWidget(judged_);
  split->setSizes({450, 120});
  return split;
}

void CalibrationPage::add_tabs() {
  kernels_->setModel(&kernel_rows_);
  kernels_->setObjectName(QStringLiteral("kernels"));
  kernels_->setAccessibleName(tr("Measured kernels beside predicted ones"));
  make_readable(*kernels_);
  kernels_->setSortingEnabled(true);
  kernels_->horizontalHeader()->setSortIndicator(-1, Qt::AscendingOrder);
  kernels_->horizontalHeader()->setSortIndicatorClearable(true);
  // Of 100,000 rows none is asked how wide it is.
  const auto make_wide = [this](int column, const char *longest) {
    constexpr int air = 16;
    kernels_->setColumnWidth(
        column, kernels_->fontMetrics().horizontalAdvance(QLatin1String(longest)) + air);
  };
  make_wide(KernelModel::class_column, "batched gemm, backward, bf16");
  make_wide(KernelModel::shape_column, "128 x 16,384 x 16,384 x 128");
  make_wide(KernelModel::measured_column, "measured +");
  make_wide(KernelModel::predicted_column, "predicted +");
  make_wide(KernelModel::error_column, "+1000.0 %");
  make_wide(KernelModel::part_column, "held back +");
  tabs_->setDocumentMode(true);
  tabs_->setObjectName(QStringLiteral("calibration-tabs"));
  tabs_->addTab(errors_tab(), tr("Errors"));
  tabs_->addTab(ranges_tab(), tr("Calibrated range"));
  tabs_->addTab(kernels_tab(), tr("Measured kernels"));
  tabs_->addTab(kernels_, tr("One by one"));
}

} // namespace flopcast
