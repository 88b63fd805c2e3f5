// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/models/plot_table_model.hpp"
#include "gui/models/report_model.hpp"
#include "gui/pages/page.hpp"

#include "reports/preset_report.hpp"

#include <vector>

class QComboBox;
class QLabel;
class QLineEdit;
class QTableView;
class QTreeView;

namespace flopcast {

/// Models, devices, nodes, plans, prices: what is known, and from where.
class PresetsPage : public Page {
  Q_OBJECT

public:
  PresetsPage(const PageContext &context, QWidget *parent);

  void show_input(const PageInput &input) override;

private:
  void list();
  void show_chosen();

  const PlanSession *session_;
  std::vector<PresetSummary> found_;
  PlotTableModel rows_;
  ReportModel facts_;
  QComboBox *kind_;
  QLineEdit *words_;
  QTableView *table_;
  QTreeView *tree_;
  QLabel *count_;
};

} // namespace flopcast
