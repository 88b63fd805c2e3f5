// SPDX-License-Identifier: Apache-2.0
#include "gui/pages/compare_page.hpp"

#include "gui/pages/table_look.hpp"
#include "gui/plots/plot_panel.hpp"
#include "reports/compare_report.hpp"

#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSplitter>
#include <QTreeView>
#include <QVBoxLayout>

#include <algorithm>

namespace flopcast {

ComparePage::ComparePage(const PageContext & /*context*/, QWidget *parent)
    : Page(parent), baseline_(new QComboBox(this)), legend_(new QLabel(this)),
      copy_(new QPushButton(tr("Copy as Markdown"), this)),
      take_(new QPushButton(tr("Work on it"), this)), remove_(new QPushButton(tr("Unpin"), this)),
      chosen_(new QComboBox(this)), tree_(new QTreeView(this)), plot_(new PlotPanel(this)) {
  baseline_->setObjectName(QStringLiteral("baseline"));
  baseline_->setAccessibleName(tr("Baseline"));
  chosen_->setAccessibleName(tr("Scenario"));
  legend_->setWordWrap(true);
  legend_->setTextFormat(Qt::PlainText);
  legend_->setForegroundRole(QPalette::PlaceholderText);
  tree_->setModel(&rows_);
  tree_->setAlternatingRowColors(true);
  tree_->setUniformRowHeights(true);
  tree_->setObjectName(QStringLiteral("comparison"));
  tree_->setAccessibleName(tr("Scenarios side by side"));
  take_->setToolTip(tr("The scenario becomes the plan that is edited; undo brings yours back"));

  auto *head = new QHBoxLayout;
  auto *label = new QLabel(tr("&Baseline"), this);
  label->setBuddy(baseline_);
  head->addWidget(label);
  head->addWidget(baseline_);
  head->addStretch(1);
  head->addWidget(chosen_);
  head->addWidget(take_);
  head->addWidget(remove_);
  head->addSpacing(12);
  head->addWidget(copy_);
  auto *split = new QSplitter(Qt::Vertical, this);
  split->setObjectName(QStringLiteral("compare"));
  split->setChildrenCollapsible(false);
  split->addWidget(tree_);
  split->addWidget(plot_);
  split->setSizes({340, 280});
  auto *layout = new QVBoxLayout(this);
  layout->addLayout(head);
  layout->addWidget(legend_);
  layout->addWidget(split, 1);

  connect(baseline_, &QComboBox::currentIndexChanged, this, &ComparePage::show_scenarios);
  connect(copy_, &QPushButton::clicked, this, &ComparePage::copy_markdown);
  connect(remove_, &QPushButton::clicked, this,
          [this] { emit scenario_removed(chosen_->currentIndex()); });
  connect(take_, &QPushButton::clicked, this,
          [this] { emit scenario_wanted(chosen_->currentIndex()); });
}

void ComparePage::show_input(const PageInput &input) {
  scenarios_ = input.scenarios;
  const bool pinned = !scenarios_.empty();
  if (input.plan)
    scenarios_.push_back({tr("now"), input.plan});
  {
    const QSignalBlocker quiet_baseline(baseline_);
    const QSignalBlocker quiet_chosen(chosen_);
    const int baseline = std::max(baseline_->currentIndex(), 0);
    const int chosen = std::max(chosen_->currentIndex(), 0);
    baseline_->clear();
    chosen_->clear();
    for (const Scenario &scenario : scenarios_)
      baseline_->addItem(scenario.name);
    for (const Scenario &scenario : input.scenarios)
      chosen_->addItem(scenario.name);
    baseline_->setCurrentIndex(std::min(baseline, baseline_->count() - 1));
    chosen_->setCurrentIndex(std::min(chosen, chosen_->count() - 1));
  }
  for (QWidget *widget : {static_cast<QWidget *>(chosen_), static_cast<QWidget *>(take_),
                          static_cast<QWidget *>(remove_)})
    widget->setEnabled(pinned);
  show_scenarios();
}

Report ComparePage::report() const {
  const int baseline = baseline_->currentIndex();
  std::vector<const Scenario *> order;
  if (baseline >= 0)
    order.push_back(&scenarios_[static_cast<std::size_t>(baseline)]);
  for (const Scenario &scenario : scenarios_)
    if (order.empty() || &scenario != order.front())
      order.push_back(&scenario);
  std::vector<Answer> answers;
  answers.reserve(order.size());
  for (const Scenario *scenario : order)
    answers.push_back(scenario->plan->answer());
  Report compared = answers.empty() ? Report() : compare_report(answers);
  // Plans often share a name: the letters tell them apart.
  std::size_t next = 0;
  for (std::string &column : compared.columns) {
    const auto found = std::ranges::find_if(
        order.begin() + static_cast<std::ptrdiff_t>(next), order.end(), [&](const Scenario *one) {
          return column.find(one->plan->report.title) != std::string::npos;
        });
    if (found == order.end())
      continue;
    column = (*found)->name.toStdString();
    next = static_cast<std::size_t>(found - order.begin()) + 1;
  }
  return compared;
}

void ComparePage::show_scenarios() {
  QStringList lines;
  for (const Scenario &scenario : scenarios_)
    lines.append(QStringLiteral("%1: %2").arg(scenario.name,
                                              QString::fromStdString(scenario.plan->report.title)));
  legend_->setText(scenarios_.size() < 2
                       ? tr("Pin the plan as it stands (Ctrl+P), then change it: both stand here "
                            "side by side.")
                       : lines.join(QStringLiteral("   ")));
  if (rows_.set_report(report())) {
    unfold(*tree_);
    // Long texts are cut, and told whole by their tooltips, so that changes stand beside numbers.
    constexpr int widest = 132;
    for (int column = 1; column < rows_.columnCount({}); ++column) {
      tree_->resizeColumnToContents(column);
      tree_->setColumnWidth(column, std::min(tree_->columnWidth(column), widest));
    }
  }
  plot_->set_plot(comparison_chart(scenarios_));
  copy_->setEnabled(!scenarios_.empty());
}

void ComparePage::copy_markdown() {
  QApplication::clipboard()->setText(QString::fromStdString(to_markdown(report())));
}

} // namespace flopcast
