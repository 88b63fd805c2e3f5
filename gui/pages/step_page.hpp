// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/pages/page.hpp"

namespace flopcast {

class PlotPanel;

/// Where a step's time goes, and what a GPU's memory holds.
class StepPage : public Page {
  Q_OBJECT

public:
  StepPage(const PageContext &context, QWidget *parent);

  void show_input(const PageInput &input) override;

private:
  PlotPanel *step_;
  PlotPanel *memory_;
};

} // namespace flopcast
