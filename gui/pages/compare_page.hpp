// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/models/report_model.hpp"
#include "gui/pages/page.hpp"

#include <vector>

class QComboBox;
class QLabel;
class QPushButton;
class QTreeView;

namespace flopcast {

class PlotPanel;

/// Pinned scenarios side by side, with the change from one of them.
class ComparePage : public Page {
  Q_OBJECT

public:
  ComparePage(const PageContext &context, QWidget *parent);

  void show_input(const PageInput &input) override;

private:
  void show_scenarios();
  void copy_markdown();
  [[nodiscard]] Report report() const;

  std::vector<Scenario> scenarios_; ///< pinned ones, then the plan as it stands
  ReportModel rows_;
  QComboBox *baseline_;
  QLabel *legend_;
  QPushButton *copy_;
  QPushButton *take_;
  QPushButton *remove_;
  QComboBox *chosen_;
  QTreeView *tree_;
  PlotPanel *plot_;
};

} // namespace flopcast
