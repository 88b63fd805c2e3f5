// SPDX-License-Identifier: Apache-2.0
#include "gui/plots/plot_data.hpp"

#include "reports/csv_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>

namespace flopcast {
namespace {

constexpr int digits = 6; // more than anybody reads off a plot

/// The number in the fewest digits that tell it from its neighbours.
QString number_text(double value) { return QString::number(value, 'g', digits); }

QString x_text(const PlotAxis &axis, double x) {
  const auto at = static_cast<qsizetype>(std::lround(x));
  return at >= 0 && at < axis.categories.size() ? axis.categories.at(at) : number_text(x);
}

} // namespace

std::vector<QStringList> plot_table(const PlotData &plot) {
  std::vector<QStringList> rows;
  QStringList headings{plot.x.title};
  std::set<double> positions;
  for (const PlotSeries &series : plot.series) {
    headings.append(plot.series.size() == 1 || series.name.isEmpty()
                        ? plot.y.title
                        : series.name + QStringLiteral(", ") + plot.y.title);
    positions.insert(series.x.begin(), series.x.end());
  }
  rows.push_back(headings);
  for (const double x : positions) {
    QStringList cells{x_text(plot.x, x)};
    for (const PlotSeries &series : plot.series) {
      const auto found = std::ranges::find(series.x, x);
      const auto at = static_cast<std::size_t>(found - series.x.begin());
      const bool known = found != series.x.end() && !std::isnan(series.y[at]);
      cells.append(known ? number_text(series.y[at]) : QString());
    }
    rows.push_back(cells);
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
