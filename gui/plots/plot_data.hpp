// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>
#include <QStringList>

#include <cstddef>
#include <limits>
#include <optional>
#include <vector>

namespace flopcast {

/// A plot as values: what a plotting library draws, a table shows and a file holds.
struct PlotAxis {
  QString title;          ///< with its unit
  QStringList categories; ///< names at 0, 1, 2 …; empty for an axis of numbers
  bool logarithmic = false;
  bool from_zero = true; ///< an axis of values that is not logarithmic shows zero too

  bool operator==(const PlotAxis &) const = default;
};

/// No value there: a gap in a line, no bar.
inline constexpr double plot_gap = std::numeric_limits<double>::quiet_NaN();

struct PlotSeries {
  /// `steps`: a value holds until the next; `band`: between `y` and `high`.
  enum class Form { line, points, bars, steps, band };

  QString name;          ///< "" where the legend leaves it out
  std::vector<double> x; ///< numbers, or positions of categories
  std::vector<double> y;
  Form form = Form::line;
  std::vector<double> high = {};                   ///< of a band
  std::optional<std::size_t> color = std::nullopt; ///< shared by series that belong together
  bool guide = false; ///< a line to read others by: without marks, no part of the table

  bool operator==(const PlotSeries &) const = default;
};

/// A line across the plot at one value, with its meaning.
struct PlotMark {
  QString label;
  double at = 0;

  bool operator==(const PlotMark &) const = default;
};

struct PlotData {
  QString id;    ///< for names of files
  QString title; ///< one line
  PlotAxis x;
  PlotAxis y;
  std::vector<PlotSeries> series;
  std::vector<PlotMark> x_marks;
  std::vector<PlotMark> y_marks;
  bool stacked = false;    ///< bars of one category stand on each other instead of side by side
  bool horizontal = false; ///< bars lie: `x` is then drawn upwards, first category on top
  QString empty_text;      ///< said where there is nothing to draw

  /// Plots with gaps are never equal.
  bool operator==(const PlotData &) const = default;

  [[nodiscard]] bool empty() const {
    for (const PlotSeries &one : series)
      for (const double value : one.y)
        if (value == value)
          return false;
    return true;
  }
};

/// Between what values a plot extends, those of its marks upwards included.
struct PlotExtent {
  double first = std::numeric_limits<double>::infinity(); ///< along x, where there are values
  double last = -std::numeric_limits<double>::infinity();
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity(); ///< of stacked bars: of their sums
};
[[nodiscard]] PlotExtent extent(const PlotData &plot);

/// What the plot says at the position that has values and is nearest to `x`, a line for each
/// series.
[[nodiscard]] QStringList values_near(const PlotData &plot, double x);

/// The plot as a table: the first row holds the headings, with units.
[[nodiscard]] std::vector<QStringList> plot_table(const PlotData &plot);

/// The same as CSV.
[[nodiscard]] QString plot_csv(const PlotData &plot);

} // namespace flopcast
