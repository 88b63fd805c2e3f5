// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/job.hpp"
#include "gui/models/plot_table_model.hpp"
#include "gui/pages/page.hpp"

#include <string>
#include <utility>
#include <vector>

class QTableView;

namespace flopcast {

class PlotPanel;

/// The plan on fewer and on more GPUs.
class ScalingPage : public Page {
  Q_OBJECT

public:
  ScalingPage(const PageContext &context, QWidget *parent);

  void show_input(const PageInput &input) override;
  [[nodiscard]] bool busy() const override { return job_.busy(); }

private:
  using Points = std::vector<ScalingPoint>;

  void show_points(const Points &points);

  const PlanSession *session_;
  std::int64_t own_gpus_ = 0;
  PlanRequest shown_;
  std::vector<std::pair<std::string, PlotPanel *>> plots_; ///< by the key of their quantity
  PlotTableModel rows_;
  QTableView *table_;
  LatestJob<Points> job_;
};

} // namespace flopcast
