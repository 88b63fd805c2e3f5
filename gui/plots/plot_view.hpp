// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/plots/plot_data.hpp"

#include <QWidget>

class QCPAbstractPlottable;
class QCPAxis;
class QCustomPlot;

namespace flopcast {

/// Draws a plot in the colours of the palette. The only place that knows QCustomPlot. Lines zoom
/// with the wheel and move with the mouse; a double click shows all again.
class PlotView : public QWidget {
  Q_OBJECT

public:
  explicit PlotView(QWidget *parent);

  void set_plot(const PlotData &plot);
  [[nodiscard]] const PlotData &plot() const { return plot_; }

  /// As save_picture().
  void save(const QString &file);

  void show_all();
  void zoom(double factor);

protected:
  void changeEvent(QEvent *event) override;
  void keyPressEvent(QKeyEvent *event) override;

private:
  void draw();
  void apply_palette();
  void draw_bars();
  void draw_lines();
  void draw_band(const PlotSeries &series, const QColor &color);
  void draw_marks();
  void label_bars(const QCPAbstractPlottable *bars, const PlotSeries &series);
  void set_up_axis(QCPAxis &axis, const PlotAxis &from, bool reversed);
  void fit_axes();
  void tell_value(const QPoint &position);

  QCustomPlot *canvas_;
  PlotData plot_;
};

} // namespace flopcast
