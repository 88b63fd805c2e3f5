// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/job.hpp"
#include "gui/models/plot_table_model.hpp"
#include "gui/pages/page.hpp"

#include <vector>

class QTableView;

namespace flopcast {

class PlotPanel;

/// The lines of the budget, and the same run paid for in other ways.
class CostPage : public Page {
  Q_OBJECT

public:
  CostPage(const PageContext &context, QWidget *parent);

  void show_input(const PageInput &input) override;
  [[nodiscard]] bool busy() const override { return job_.busy(); }

private:
  using Variants = std::vector<Variant>;

  void show_variants(const Variants &variants);

  const PlanSession *session_;
  PlanRequest shown_;
  PlotPanel *lines_;
  PlotPanel *prices_;
  PlotTableModel rows_;
  QTableView *table_;
  LatestJob<Variants> job_;
};

} // namespace flopcast
