// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/scaling/fit/analysis.hpp"

#include <string>
#include <vector>

namespace flopcast {

/// What a series of a chart shows.
enum class ChartMark { points, line, band };

struct ChartPoint {
  double x = 0;
  double y = 0;
  double high = 0; ///< of a band, whose lower edge is y
};

struct ChartSeries {
  std::string name; ///< "" where the legend leaves it out
  ChartMark mark = ChartMark::points;
  std::size_t colour = 0; ///< series of one colour belong together
  std::vector<ChartPoint> points;
};

/// A chart as plain data: the command line makes SVG of it, a dashboard its own picture.
struct LawChart {
  std::string id; ///< "isoflop", "fit", "residuals", "frontier"
  std::string title;
  std::string x_title; ///< with its unit
  std::string y_title;
  bool x_logarithmic = true;
  std::vector<ChartSeries> series;
};

/// Losses by size at each budget with the law's curves; the law against the runs; residuals; and
/// the best loss by budget with its interval. Those that the form and the runs allow.
[[nodiscard]] std::vector<LawChart> law_charts(const LawAnalysis &analysis);

/// A stand-alone SVG that follows the reader's light or dark preference.
[[nodiscard]] std::string chart_svg(const LawChart &chart);

} // namespace flopcast
