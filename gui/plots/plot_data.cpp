// SPDX-License-Identifier: Apache-2.0
#include "gui/plots/plot_data.hpp"

#include "reports/csv_text.hpp"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <utility>

namespace flopcast {
namespace {

struct Tables {
  Q_DECLARE_TR_FUNCTIONS(Tables)
};

constexpr int digits = 6; // more than anybody reads off a plot

/// The number in the fewest digits that tell it from its neighbours.
QString number_text(double value) { return QString::number(value, 'g', digits); }

QString x_text(const PlotAxis &axis, double x) {
  const auto at = static_cast<qsizetype>(std::lround(x));
  return at >= 0 && at < axis.categories.size() ? axis.categories.at(at) : number_text(x);
}

/// Without gaps.
void widen(double &low, double &high, double value) {
  if (std::isnan(value))
    return;
  low = std::min(low, value);
  high = std::max(high, value);
}

} // namespace

PlotExtent extent(const PlotData &plot) {
  PlotExtent extent;
  std::map<double, double> sums;
  for (const PlotSeries &series : plot.series)
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      if (std::isnan(series.y[i]))
        continue;
      widen(extent.first, extent.last, series.x[i]);
      widen(extent.low, extent.high, series.y[i]);
      if (series.form == PlotSeries::Form::band)
        widen(extent.low, extent.high, series.high[i]);
      if (plot.stacked)
        extent.high = std::max(extent.high, sums[series.x[i]] += series.y[i]);
    }
  for (const PlotMark &mark : plot.y_marks)
    extent.high = std::max(extent.high, mark.at);
  return extent;
}

QStringList values_near(const PlotData &plot, double x) {
  double nearest = plot_gap;
  const auto distance = [&](double at) {
    return plot.x.logarithmic ? std::abs(std::log(at / x)) : std::abs(at - x);
  };
  for (const PlotSeries &series : plot.series)
    for (const double at : series.x)
      if (std::isnan(nearest) || distance(at) < distance(nearest))
        nearest = at;
  const auto category = static_cast<qsizetype>(nearest);
  QStringList lines{category >= 0 && category < plot.x.categories.size()
                        ? plot.x.categories.at(category)
                        : QStringLiteral("%1: %2").arg(plot.x.title).arg(nearest, 0, 'g', 6)};
  for (const PlotSeries &series : plot.series)
    for (std::size_t i = 0; i < series.x.size(); ++i)
      if (series.x[i] == nearest && !std::isnan(series.y[i]))
        lines.append(QStringLiteral("%1: %2")
                         .arg(series.name.isEmpty() ? plot.y.title : series.name)
                         .arg(series.y[i], 0, 'g', 5));
  return lines;
}

std::vector<QStringList> plot_table(const PlotData &plot) {
  std::vector<QStringList> rows;
  QStringList headings{plot.x.title};
  // By position, and where points of one series stand above each other, by their number there.
  std::map<std::pair<double, int>, QStringList> cells;
  const auto add_column = [&](const QString &heading, const std::vector<double> &x,
                              const std::vector<double> &values, bool all = false) {
    const qsizetype column = headings.size() - 1;
    headings.append(heading);
    std::map<double, int> seen;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const int before = seen[x[i]]++;
      if (before > 0 && !all)
        continue; // the first of several values of a line at one position
      QStringList &row = cells[{x[i], before}];
      while (row.size() < column)
        row.append(QString());
      row.append(std::isnan(values[i]) ? QString() : number_text(values[i]));
    }
  };
  for (const PlotSeries &series : plot.series) {
    if (series.guide)
      continue;
    const QString heading = plot.series.size() == 1 || series.name.isEmpty()
                                ? plot.y.title
                                : series.name + QStringLiteral(", ") + plot.y.title;
    if (series.form == PlotSeries::Form::band) {
      add_column(Tables::tr("%1, low").arg(heading), series.x, series.y);
      add_column(Tables::tr("%1, high").arg(heading), series.x, series.high);
    } else {
      add_column(heading, series.x, series.y, series.form == PlotSeries::Form::points);
    }
  }
  rows.push_back(headings);
  for (auto &[at, row] : cells) {
    while (row.size() < headings.size() - 1)
      row.append(QString());
    row.prepend(x_text(plot.x, at.first));
    rows.push_back(std::move(row));
  }
  return rows;
}

QString plot_csv(const PlotData &plot) {
  std::string text;
  for (const QStringList &row : plot_table(plot)) {
    std::vector<std::string> fields;
    for (const QString &cell : row)
      fields.push_back(cell.toStdString());
    text += csv_line(fields);
  }
  return QString::fromStdString(text);
}

} // namespace flopcast
