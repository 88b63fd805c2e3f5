// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/models/report_model.hpp"
#include "gui/pages/page.hpp"

class QTreeView;

namespace flopcast {

class MessageArea;
class PlotPanel;

/// How fast the plan's device really is, where that was measured, and how far it is off.
class CalibrationPage : public Page {
  Q_OBJECT

public:
  CalibrationPage(const PageContext &context, QWidget *parent);

  void show_input(const PageInput &input) override;

private:
  ReportModel facts_;
  QTreeView *tree_;
  PlotPanel *errors_;
  MessageArea *notice_;
};

} // namespace flopcast
