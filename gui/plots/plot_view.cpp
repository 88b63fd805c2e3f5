// SPDX-License-Identifier: Apache-2.0
#include "gui/plots/plot_view.hpp"

#include "gui/plots/picture_file.hpp"
#include "gui/theme.hpp"

#include <QEvent>
#include <QImage>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QToolTip>
#include <QVBoxLayout>

#include <qcustomplot.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace flopcast {
namespace {

constexpr double bar_width = 0.62;
constexpr double headroom = 1.08;  // above the largest value
constexpr double mark_room = 1.14; // above a mark, whose label stands on it
constexpr double line_width = 2;   // wider antialiased pens are slow with many points

constexpr std::array shapes{QCPScatterStyle::ssDisc, QCPScatterStyle::ssSquare,
                            QCPScatterStyle::ssTriangle, QCPScatterStyle::ssDiamond,
                            QCPScatterStyle::ssCross};
constexpr std::array dashes{Qt::SolidLine, Qt::DashLine, Qt::DotLine, Qt::DashDotLine};
// Beside its colour every series has a shape, a dash or a pattern of its own.
constexpr std::array patterns{Qt::SolidPattern, Qt::BDiagPattern, Qt::Dense4Pattern,
                              Qt::FDiagPattern, Qt::DiagCrossPattern};

QVector<double> vector_of(const std::vector<double> &values) {
  return {values.begin(), values.end()};
}

/// A value at the end of a bar: whole numbers in groups where they are large.
QString bar_text(double value, const QLocale &locale) {
  constexpr double large = 1000;
  return std::abs(value) >= large ? locale.toString(std::round(value), 'f', 0)
                                  : QString::number(value, 'g', 4);
}

bool has_form(const PlotData &plot, PlotSeries::Form form) {
  return std::ranges::find(plot.series, form, &PlotSeries::form) != plot.series.end();
}

QBrush brush_of(std::size_t series, const QPalette &palette) {
  QColor color = series_color(series, palette);
  return {color, patterns[(series / series_color_count) % patterns.size()]};
}

} // namespace

PlotView::PlotView(QWidget *parent) : QWidget(parent), canvas_(new QCustomPlot(this)) {
  auto *layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(canvas_);
  setMinimumSize(220, 160);
  setFocusPolicy(Qt::StrongFocus);
  canvas_->setMinimumSize(0, 0);
  canvas_->setAutoAddPlottableToLegend(false);
  canvas_->setNoAntialiasingOnDrag(true);
  canvas_->legend->setBorderPen(Qt::NoPen);
  canvas_->legend->setFillOrder(QCPLegend::foColumnsFirst);
  canvas_->legend->setRowSpacing(0);
  connect(canvas_, &QCustomPlot::mouseMove, this,
          [this](QMouseEvent *event) { tell_value(event->pos()); });
  connect(canvas_, &QCustomPlot::mouseDoubleClick, this, [this] { show_all(); });
  // The width is known only once the plot is laid out.
  connect(canvas_, &QCustomPlot::beforeReplot, this, [this] {
    constexpr int pixels_an_entry = 150;
    const int columns = std::max(1, canvas_->viewport().width() / pixels_an_entry);
    if (canvas_->legend->wrap() != columns) {
      canvas_->legend->setWrap(columns);
      canvas_->legend->setFillOrder(QCPLayoutGrid::foColumnsFirst, true);
    }
  });
}

void PlotView::set_plot(const PlotData &plot) {
  plot_ = plot;
  setAccessibleName(plot.title);
  draw();
}

void PlotView::draw() {
  canvas_->clearPlottables();
  canvas_->clearItems();
  canvas_->legend->clearItems();
  canvas_->legend->setVisible(false);
  apply_palette();
  QCPAxis &across = *canvas_->xAxis;
  QCPAxis &upwards = *canvas_->yAxis;
  if (plot_.empty()) {
    for (QCPAxis *axis : {&across, &upwards})
      axis->setVisible(false);
    auto *text = new QCPItemText(canvas_);
    text->position->setType(QCPItemPosition::ptAxisRectRatio);
    text->position->setCoords(0.5, 0.5);
    text->setText(plot_.empty_text);
    text->setColor(secondary_text(palette()));
    text->setFont(font());
    canvas_->replot(QCustomPlot::rpQueuedReplot);
    return;
  }
  for (QCPAxis *axis : {&across, &upwards})
    axis->setVisible(true);
  set_up_axis(plot_.horizontal ? upwards : across, plot_.x, plot_.horizontal);
  set_up_axis(plot_.horizontal ? across : upwards, plot_.y, false);
  draw_lines();
  draw_bars();
  fit_axes();
  draw_marks();
  const bool lines = plot_.x.categories.isEmpty();
  canvas_->setInteractions(lines ? QCP::iRangeDrag | QCP::iRangeZoom : QCP::Interactions());
  if (plot_.series.size() > 1) {
    canvas_->legend->setVisible(true);
    QCPLayoutGrid *grid = canvas_->plotLayout();
    if (grid->rowCount() < 2) {
      // Below the plot, where it covers nothing.
      canvas_->axisRect()->insetLayout()->take(canvas_->legend);
      auto *below = new QCPLayoutGrid;
      grid->addElement(1, 0, below);
      below->addElement(0, 0, canvas_->legend);
      grid->setRowStretchFactor(1, 0.001);
      canvas_->legend->setMargins({4, 0, 4, 0});
    }
    for (int i = 0; i < canvas_->plottableCount(); ++i)
      if (!canvas_->plottable(i)->name().isEmpty())
        canvas_->plottable(i)->addToLegend();
  }
  canvas_->replot(QCustomPlot::rpQueuedReplot);
}

void PlotView::set_up_axis(QCPAxis &axis, const PlotAxis &from, bool reversed) {
  axis.setLabel(from.title);
  axis.setRangeReversed(reversed);
  const bool names = !from.categories.isEmpty();
  axis.setScaleType(from.logarithmic ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
  axis.setNumberFormat(QStringLiteral("g"));
  axis.setNumberPrecision(4);
  axis.grid()->setVisible(!names);
  if (names) {
    const QSharedPointer<QCPAxisTickerText> ticker(new QCPAxisTickerText);
    for (qsizetype i = 0; i < from.categories.size(); ++i)
      ticker->addTick(static_cast<double>(i), from.categories.at(i));
    axis.setTicker(ticker);
  } else if (from.logarithmic) {
    const QSharedPointer<QCPAxisTickerLog> ticker(new QCPAxisTickerLog);
    ticker->setLogBase(&axis == canvas_->xAxis ? 2 : 10);
    axis.setTicker(ticker);
    axis.setNumberPrecision(&axis == canvas_->xAxis ? 6 : 3);
    if (&axis == canvas_->yAxis)
      axis.setNumberFormat(QStringLiteral("gb")); // 10^5 rather than 1e+05
  } else {
    axis.setTicker(QSharedPointer<QCPAxisTicker>(new QCPAxisTicker));
  }
  axis.setTickLength(0, names ? 0 : 4);
  axis.setSubTicks(!names && !from.logarithmic);
}

void PlotView::draw_lines() {
  for (std::size_t i = 0; i < plot_.series.size(); ++i) {
    const PlotSeries &series = plot_.series[i];
    if (series.form == PlotSeries::Form::bars)
      continue;
    const std::size_t look = series.color.value_or(i);
    const QColor color = series_color(look, palette());
    if (series.form == PlotSeries::Form::band) {
      draw_band(series, color);
      continue;
    }
    QCPGraph *graph = canvas_->addGraph();
    graph->setName(series.name);
    graph->setData(vector_of(series.x), vector_of(series.y), true);
    graph->setPen({color, line_width, dashes[look % dashes.size()]});
    if (series.guide) {
      graph->setPen({palette().color(QPalette::Text), 1.2, Qt::DashLine});
      continue;
    }
    // Marks tell points from each other; where there are many they hide the line.
    constexpr std::size_t most_marks = 20;
    constexpr std::size_t crowd = 150; // whose marks would run together
    const double mark_size = series.x.size() > crowd ? 4.5 : 7;
    if (series.form == PlotSeries::Form::points || series.x.size() < most_marks)
      graph->setScatterStyle({shapes[look % shapes.size()], color, color, mark_size});
    if (series.form == PlotSeries::Form::points) {
      graph->setLineStyle(QCPGraph::lsNone);
      graph->setAdaptiveSampling(false); // it would leave out points without saying so
    }
    if (series.form == PlotSeries::Form::steps)
      graph->setLineStyle(QCPGraph::lsStepLeft);
  }
}

void PlotView::draw_band(const PlotSeries &series, const QColor &color) {
  QCPGraph *low = canvas_->addGraph();
  QCPGraph *high = canvas_->addGraph();
  low->setData(vector_of(series.x), vector_of(series.y), true);
  high->setData(vector_of(series.x), vector_of(series.high), true);
  low->setName({}); // has its own number for a name otherwise
  const QPen edge(color, 1, Qt::DotLine);
  low->setPen(edge);
  high->setPen(edge);
  QColor inside = color;
  inside.setAlphaF(0.18F);
  high->setBrush(inside);
  high->setChannelFillGraph(low);
  high->setName(series.name);
}

void PlotView::draw_bars() {
  QCPAxis *keys = plot_.horizontal ? canvas_->yAxis : canvas_->xAxis;
  QCPAxis *values = plot_.horizontal ? canvas_->xAxis : canvas_->yAxis;
  const auto count = static_cast<double>(
      std::ranges::count(plot_.series, PlotSeries::Form::bars, &PlotSeries::form));
  QCPBars *below = nullptr;
  auto *group = plot_.stacked || count < 2 ? nullptr : new QCPBarsGroup(canvas_);
  for (std::size_t i = 0; i < plot_.series.size(); ++i) {
    const PlotSeries &series = plot_.series[i];
    if (series.form != PlotSeries::Form::bars)
      continue;
    auto *bars = new QCPBars(keys, values);
    bars->setName(series.name);
    bars->setData(vector_of(series.x), vector_of(series.y), true);
    // A frame would cover slices that are a pixel or two high.
    bars->setPen(plot_.stacked ? QPen(Qt::NoPen) : QPen(palette().color(QPalette::Base)));
    bars->setBrush(brush_of(i, palette()));
    bars->setWidth(group == nullptr ? bar_width : bar_width / count);
    if (group != nullptr)
      bars->setBarsGroup(group);
    if (plot_.stacked) {
      if (below != nullptr)
        bars->moveAbove(below);
      below = bars;
    } else if (count < 2) {
      label_bars(bars, series);
    }
  }
}

/// The values at the ends of bars: read without following a grid line.
void PlotView::label_bars(const QCPAbstractPlottable * /*bars*/, const PlotSeries &series) {
  double largest = 0;
  for (const double value : series.y)
    if (value > largest) // no gap is
      largest = value;
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    if (std::isnan(series.y[i]))
      continue;
    auto *text = new QCPItemText(canvas_);
    text->setFont(font());
    text->setColor(palette().color(QPalette::Text));
    text->setText(bar_text(series.y[i], locale()));
    const double at = std::max(series.y[i], 0.0) + 0.008 * largest;
    if (plot_.horizontal) {
      text->position->setCoords(at, series.x[i]);
      text->setPositionAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    } else {
      text->position->setCoords(series.x[i], at);
      text->setPositionAlignment(Qt::AlignHCenter | Qt::AlignBottom);
    }
    text->setClipToAxisRect(false);
  }
}

void PlotView::fit_axes() {
  QCPAxis *keys = plot_.horizontal ? canvas_->yAxis : canvas_->xAxis;
  QCPAxis *values = plot_.horizontal ? canvas_->xAxis : canvas_->yAxis;
  const PlotExtent all = extent(plot_);
  if (!plot_.x.categories.isEmpty()) {
    keys->setRange(-0.6, static_cast<double>(plot_.x.categories.size()) - 0.4);
  } else if (plot_.x.logarithmic) {
    keys->setRange(all.first / 1.25, all.last * 1.25);
    // Doublings where there are few, else powers of ten, written as such.
    constexpr double wide = 1e4;
    constexpr double long_number = 1e7;
    if (all.last / all.first > wide || all.last > long_number) {
      const QSharedPointer<QCPAxisTickerLog> ticker(new QCPAxisTickerLog);
      ticker->setLogBase(10);
      keys->setTicker(ticker);
      keys->setNumberFormat(QStringLiteral("gb"));
      keys->setNumberPrecision(1);
    }
  } else {
    // Points at the edges are seen whole.
    const double room =
        has_form(plot_, PlotSeries::Form::points) ? 0.03 * (all.last - all.first) : 0;
    keys->setRange(all.first - room, all.last + room);
  }
  if (plot_.y.logarithmic) {
    values->setRange(all.low / 1.3, all.high * 1.3);
    // Less than three decades would have one or two labels.
    constexpr double narrow = 1000;
    const QSharedPointer<QCPAxisTickerLog> ticker(new QCPAxisTickerLog);
    ticker->setLogBase(all.high / all.low < narrow ? 2 : 10);
    values->setTicker(ticker);
  } else if (!plot_.y.from_zero) {
    const double room = std::max(all.high - all.low, 1e-9) * (headroom - 1);
    values->setRange(all.low - room, all.high + room);
  } else {
    // Room for the labels at the ends of lying bars.
    const double room =
        has_form(plot_, PlotSeries::Form::bars) && plot_.horizontal && !plot_.stacked ? 1.16
        : plot_.y_marks.empty()                                                       ? headroom
                                                                                      : mark_room;
    const double top = std::max(all.high, 0.0) * room;
    const double bottom = std::min(all.low, 0.0) * headroom;
    values->setRange(bottom, top > bottom ? top : 1);
  }
}

void PlotView::draw_marks() {
  const auto draw_mark = [this](const PlotMark &mark, bool along_keys) {
    const bool vertical = along_keys != plot_.horizontal; // a line from bottom to top
    auto *line = new QCPItemStraightLine(canvas_);
    line->point1->setCoords(vertical ? mark.at : 0, vertical ? 0 : mark.at);
    line->point2->setCoords(vertical ? mark.at : 1, vertical ? 1 : mark.at);
    if (vertical && canvas_->yAxis->scaleType() == QCPAxis::stLogarithmic) {
      line->point1->setCoords(mark.at, canvas_->yAxis->range().lower);
      line->point2->setCoords(mark.at, canvas_->yAxis->range().upper);
    }
    line->setPen({palette().color(QPalette::Text), 1.2, Qt::DashLine});
    auto *text = new QCPItemText(canvas_);
    text->setFont(font());
    text->setColor(palette().color(QPalette::Text));
    text->setBrush(palette().color(QPalette::Base));
    text->setPadding({3, 1, 3, 1});
    text->setText(mark.label);
    QCPItemPosition &position = *text->position;
    if (vertical) {
      position.setTypeX(QCPItemPosition::ptPlotCoords);
      position.setTypeY(QCPItemPosition::ptAxisRectRatio);
      // At the foot, where falling and level lines leave room.
      position.setCoords(mark.at, 0.98);
      text->setPositionAlignment(Qt::AlignHCenter | Qt::AlignBottom);
    } else {
      position.setTypeX(QCPItemPosition::ptAxisRectRatio);
      position.setTypeY(QCPItemPosition::ptPlotCoords);
      position.setCoords(0.99, mark.at);
      text->setPositionAlignment(Qt::AlignRight | Qt::AlignBottom);
    }
  };
  for (const PlotMark &mark : plot_.x_marks)
    draw_mark(mark, true);
  for (const PlotMark &mark : plot_.y_marks)
    draw_mark(mark, false);
}

void PlotView::apply_palette() {
  const QColor text = palette().color(QPalette::Text);
  const QColor faint = secondary_text(palette());
  QColor lines = faint;
  lines.setAlpha(70);
  canvas_->setBackground(palette().color(QPalette::Base));
  canvas_->legend->setBrush(Qt::NoBrush);
  canvas_->legend->setTextColor(text);
  canvas_->legend->setFont(font());
  for (QCPAxis *axis : {canvas_->xAxis, canvas_->yAxis}) {
    axis->setLabelFont(font());
    axis->setTickLabelFont(font());
    axis->setBasePen(faint);
    axis->setTickPen(faint);
    axis->setSubTickPen(lines);
    axis->setTickLabelColor(text);
    axis->setLabelColor(text);
    axis->grid()->setPen(lines);
    axis->grid()->setZeroLinePen(lines);
  }
}

void PlotView::changeEvent(QEvent *event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange)
    draw();
}

void PlotView::show_all() {
  if (plot_.empty())
    return;
  fit_axes();
  canvas_->replot(QCustomPlot::rpQueuedReplot);
}

void PlotView::zoom(double factor) {
  if (plot_.empty() || !plot_.x.categories.isEmpty())
    return;
  const QCPRange before = canvas_->xAxis->range();
  canvas_->xAxis->scaleRange(factor);
  // Far below a pixel of what there is, doubles lose the points.
  constexpr double narrowest = 1e-9;
  const double width = canvas_->xAxis->range().size();
  if (width < narrowest * std::abs(before.center()) ||
      !QCPRange::validRange(canvas_->xAxis->range()))
    canvas_->xAxis->setRange(before);
  canvas_->replot(QCustomPlot::rpQueuedReplot);
}

void PlotView::keyPressEvent(QKeyEvent *event) {
  constexpr double step = 0.8;
  if (event->key() == Qt::Key_Plus)
    zoom(step);
  else if (event->key() == Qt::Key_Minus)
    zoom(1 / step);
  else if (event->key() == Qt::Key_0)
    show_all();
  else
    QWidget::keyPressEvent(event);
}

void PlotView::tell_value(const QPoint &position) {
  if (plot_.empty() || !canvas_->axisRect()->rect().contains(position)) {
    QToolTip::hideText();
    return;
  }
  const QCPAxis *keys = plot_.horizontal ? canvas_->yAxis : canvas_->xAxis;
  const double key = keys->pixelToCoord(plot_.horizontal ? position.y() : position.x());
  QToolTip::showText(canvas_->mapToGlobal(position), values_near(plot_, key).join(u'\n'), canvas_);
}

void PlotView::save(const QString &file) {
  const QSize size = canvas_->size().expandedTo({480, 320});
  const auto paint = [&](QPaintDevice &device, double scale) {
    if (auto *image = dynamic_cast<QImage *>(&device)) {
      QPainter painter(image);
      painter.drawPixmap(0, 0, canvas_->toPixmap(size.width(), size.height(), scale));
      return;
    }
    QCPPainter painter(&device);
    painter.setMode(QCPPainter::pmVectorized);
    painter.setMode(QCPPainter::pmNoCaching);
    painter.scale(scale, scale);
    painter.fillRect(QRect(QPoint(), size), palette().color(QPalette::Base));
    canvas_->toPainter(&painter, size.width(), size.height());
  };
  save_picture({.title = plot_.title,
                .size = size,
                .paint = paint,
                .write_csv = [&](QIODevice &target) { target.write(plot_csv(plot_).toUtf8()); }},
               file);
}

} // namespace flopcast
