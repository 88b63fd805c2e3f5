// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/models/plot_table_model.hpp"
#include "gui/plots/figure_panel.hpp"
#include "gui/plots/plot_data.hpp"

namespace flopcast {

class PlotView;

/// A plot with its title, its twin as a table and its export.
class PlotPanel : public FigurePanel {
  Q_OBJECT

public:
  explicit PlotPanel(QWidget *parent);

  void set_plot(const PlotData &plot);
  [[nodiscard]] const PlotData &plot() const;
  using FigurePanel::add_to_head;

  [[nodiscard]] QString figure_id() const override;
  [[nodiscard]] bool has_figure() const override;
  void save(const QString &file) override;

protected:
  void fill_table() override;

private:
  PlotView *view_;
  PlotTableModel rows_;
};

} // namespace flopcast
