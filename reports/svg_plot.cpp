// SPDX-License-Identifier: Apache-2.0
#include "reports/svg_plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

namespace flopcast {
namespace {

constexpr double side = 360; ///< of the plotting area, pixels
constexpr double left = 64;
constexpr double top = 40;
constexpr double bottom = 56;
constexpr double right = 16;
constexpr double cell = 3; ///< of the bins, pixels

std::string escaped(const std::string &text) {
  std::string result;
  for (const char c : text)
    switch (c) {
    case '<':
      result += "&lt;";
      break;
    case '>':
      result += "&gt;";
      break;
    case '&':
      result += "&amp;";
      break;
    default:
      result += c;
    }
  return result;
}

/// A decade axis from 10^low to 10^high over the side of the plot.
struct Decades {
  int low = 0;
  int high = 1;

  [[nodiscard]] double position(double value) const {
    return (std::log10(value) - low) / (high - low) * side;
  }
};

Decades decades_over(const std::vector<PlotPoint> &points) {
  if (points.empty())
    return {};
  double low = points.front().x;
  double high = low;
  for (const PlotPoint &point : points) {
    low = std::min({low, point.x, point.y});
    high = std::max({high, point.x, point.y});
  }
  Decades axis{static_cast<int>(std::floor(std::log10(low))),
               static_cast<int>(std::ceil(std::log10(high)))};
  axis.high = std::max(axis.high, axis.low + 1);
  return axis;
}

std::string power_of_ten(int exponent) {
  if (exponent >= 0 && exponent <= 5)
    return fmt::format("{}", std::lround(std::pow(10, exponent)));
  return fmt::format("1e{}", exponent);
}

std::string text_at(double x, double y, std::string_view anchor, const std::string &text,
                    std::string_view extra = "") {
  return fmt::format("<text x=\"{:.0f}\" y=\"{:.0f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y,
                     anchor, extra, escaped(text));
}

std::string axes_svg(const AgreementPlot &plot, const Decades &axis) {
  std::string svg;
  for (int decade = axis.low; decade <= axis.high; ++decade) {
    const double at = axis.position(std::pow(10.0, decade));
    svg += fmt::format("<path class=\"grid\" d=\"M{0:.1f} {1} V{2} M{3} {4:.1f} H{5}\"/>\n",
                       left + at, top, top + side, left, top + side - at, left + side);
    svg += text_at(left + at, top + side + 16, "middle", power_of_ten(decade));
    svg += text_at(left - 6, top + side - at + 4, "end", power_of_ten(decade));
  }
  svg += text_at(left + side / 2, top + side + 40, "middle", plot.x_title);
  const double middle = top + side / 2;
  svg += text_at(16, middle, "middle", plot.y_title,
                 fmt::format(" transform=\"rotate(-90 16 {:.0f})\"", middle));
  svg += text_at(left, 22, "start", plot.title, " class=\"title\"");
  return svg;
}

std::string band_svg(const Decades &axis) {
  std::string svg;
  for (const auto &[factor, name] : {std::pair{1.0, "even"}, {1.1, "band"}, {1 / 1.1, "band"}}) {
    const double shift = std::log10(factor) / (axis.high - axis.low) * side;
    svg += fmt::format("<path class=\"{}\" d=\"M{:.1f} {:.1f} L{:.1f} {:.1f}\"/>\n", name,
                       left + std::max(0.0, -shift), top + side - std::max(0.0, shift),
                       left + side - std::max(0.0, shift), top + std::max(0.0, -shift));
  }
  return svg;
}

std::string cells_svg(const AgreementPlot &plot, const Decades &axis) {
  std::map<std::pair<int, int>, int> bins;
  for (const PlotPoint &point : plot.points)
    ++bins[{static_cast<int>(axis.position(point.x) / cell),
            static_cast<int>(axis.position(point.y) / cell)}];
  // One path a level of darkness keeps the file small.
  constexpr std::array levels{std::pair{1, 0.35}, std::pair{3, 0.6}, std::pair{10, 0.95}};
  std::string svg;
  for (std::size_t level = 0; level < levels.size(); ++level) {
    const int least = levels[level].first;
    const int most = level + 1 < levels.size() ? levels[level + 1].first
                                               : static_cast<int>(plot.points.size()) + 1;
    std::string path;
    for (const auto &[bin, count] : bins)
      if (count >= least && count < most)
        path += fmt::format("M{:.0f} {:.0f}h{:.0f}", left + bin.first * cell,
                            top + side - (bin.second + 0.5) * cell, cell);
    if (!path.empty())
      svg += fmt::format("<path class=\"cells\" opacity=\"{}\" d=\"{}\"/>\n", levels[level].second,
                         path);
  }
  return svg;
}

} // namespace

std::string agreement_svg(const AgreementPlot &plot) {
  const Decades axis = decades_over(plot.points);
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
             "viewBox=\"0 0 {0:.0f} {1:.0f}\" role=\"img\">\n"
             "<style>text{{font:12px sans-serif;fill:#333}} .title{{font-weight:bold}} "
             ".grid{{stroke:#ddd;fill:none}} .even{{stroke:#333;fill:none}} "
             ".band{{stroke:#999;stroke-dasharray:4 3;fill:none}} "
             ".cells{{stroke:#1f5fa8;stroke-width:{2:.0f};fill:none}}</style>\n"
             "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
             left + side + right, top + side + bottom, cell) +
         axes_svg(plot, axis) + cells_svg(plot, axis) + band_svg(axis) + "</svg>\n";
}

} // namespace flopcast
