// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/models/plot_table_model.hpp"
#include "gui/plots/plot_data.hpp"

#include <QWidget>

class QLabel;
class QStackedWidget;
class QTableView;
class QToolButton;

namespace flopcast {

class PlotView;

/// A plot with its title, its twin as a table and its export.
class PlotPanel : public QWidget {
  Q_OBJECT

public:
  explicit PlotPanel(QWidget *parent);

  void set_plot(const PlotData &plot);
  [[nodiscard]] const PlotData &plot() const;

  void show_table(bool table);
  /// As PlotView::save().
  void save(const QString &file);

signals:
  void export_wanted();

private:
  QLabel *title_;
  QToolButton *as_table_;
  QStackedWidget *stack_;
  PlotView *view_;
  QTableView *table_;
  PlotTableModel rows_;
};

} // namespace flopcast
