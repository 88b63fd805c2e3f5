// SPDX-License-Identifier: Apache-2.0
#include "reports/law_plots.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <ranges>

namespace flopcast {
namespace {

constexpr double width = 480;
constexpr double height = 320;
constexpr double left = 68;
constexpr double top = 40;
constexpr double bottom = 54;
constexpr double right = 150; ///< the legend's

/// Told apart by colour-blind readers too (Okabe and Ito 2008), on white and on near-black.
constexpr std::array<std::string_view, 9> colours{"#3a7fc1", "#d55e00", "#009e73",
                                                  "#cc79a7", "#e69f00", "#56b4e9",
                                                  "#8c6bb1", "#999933", "#b2182b"};

std::string escaped(const std::string &text) {
  std::string result;
  for (const char c : text)
    if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '&')
      result += "&amp;";
    else
      result += c;
  return result;
}

struct Axis {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  bool logarithmic = false;

  [[nodiscard]] double scaled(double value) const {
    return logarithmic ? std::log10(value) : value;
  }
  void take(double value) {
    const double at = scaled(value);
    if (!std::isfinite(at))
      return;
    low = std::min(low, at);
    high = std::max(high, at);
  }
  void widen() {
    if (!(low <= high)) {
      low = 0;
      high = 1;
    }
    const double margin = high > low ? 0.04 * (high - low) : 0.5;
    low -= margin;
    high += margin;
  }
  [[nodiscard]] double share(double value) const {
    return std::clamp((scaled(value) - low) / (high - low), -0.5, 1.5);
  }
};

/// Steps of 1, 2 or 5 times a power of ten, about six of them.
std::vector<double> ticks(const Axis &axis) {
  const double rough = (axis.high - axis.low) / 6;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = power;
  for (const double factor : {2.0, 5.0, 10.0})
    if (step < rough)
      step = factor * power;
  if (axis.logarithmic)
    step = std::max(1.0, std::ceil(step));
  std::vector<double> found;
  const auto first = static_cast<int>(std::ceil(axis.low / step));
  const auto last = static_cast<int>(std::floor(axis.high / step));
  for (int i = first; i <= last; ++i)
    found.push_back(i * step);
  if (axis.logarithmic && found.size() < 2) {
    // Less than two decades: multiples of powers of ten.
    found.clear();
    for (int decade = static_cast<int>(std::floor(axis.low)); decade <= axis.high; ++decade)
      for (const double factor : {1.0, 2.0, 5.0})
        if (const double at = decade + std::log10(factor); at >= axis.low && at <= axis.high)
          found.push_back(at);
  }
  return found;
}

std::string tick_text(const Axis &axis, double at) {
  return axis.logarithmic ? fmt::format("{:.3g}", std::pow(10, at)) : fmt::format("{:.4g}", at);
}

class Canvas {
public:
  explicit Canvas(const LawChart &chart) : chart_(chart) {
    x_.logarithmic = chart.x_logarithmic;
    for (const ChartSeries &series : chart.series)
      for (const ChartPoint &point : series.points) {
        x_.take(point.x);
        y_.take(point.y);
        if (series.mark == ChartMark::band)
          y_.take(point.high);
      }
    x_.widen();
    y_.widen();
  }

  std::string svg() {
    text_ = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
        "viewBox=\"0 0 {0:.0f} {1:.0f}\" role=\"img\">\n<title>{2}</title>\n"
        "<style>.paper{{fill:#fff}} text{{font:12px sans-serif;fill:#333}} "
        ".title{{font-weight:bold;font-size:14px}} .grid{{stroke:#ddd;fill:none}} "
        ".frame{{stroke:#777;fill:none}}\n@media (prefers-color-scheme: dark) "
        "{{.paper{{fill:#1b1d21}} text{{fill:#d6d8dc}} .grid{{stroke:#3a3d44}} "
        ".frame{{stroke:#888}}}}</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n"
        "<clipPath id=\"area\"><rect x=\"{3}\" y=\"{4}\" width=\"{5}\" height=\"{6}\"/>"
        "</clipPath>\n",
        left + width + right, top + height + bottom, escaped(chart_.title), left, top, width,
        height);
    axes();
    text_ += "<g clip-path=\"url(#area)\">\n";
    for (const ChartMark mark : {ChartMark::band, ChartMark::points, ChartMark::line})
      for (const ChartSeries &series : chart_.series)
        if (series.mark == mark)
          draw(series);
    text_ += "</g>\n";
    legend();
    return text_ + "</svg>\n";
  }

private:
  [[nodiscard]] double across(double x) const { return left + x_.share(x) * width; }
  [[nodiscard]] double down(double y) const { return top + (1 - y_.share(y)) * height; }

  void write(double x, double y, std::string_view anchor, const std::string &words,
             const std::string &extra = "") {
    text_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y,
                         anchor, extra, escaped(words));
  }

  void axes() {
    for (const double at : ticks(x_)) {
      const double x = left + (at - x_.low) / (x_.high - x_.low) * width;
      text_ += fmt::format("<path class=\"grid\" d=\"M{:.1f} {} v{}\"/>\n", x, top, height);
      write(x, top + height + 17, "middle", tick_text(x_, at));
    }
    for (const double at : ticks(y_)) {
      const double y = top + (1 - (at - y_.low) / (y_.high - y_.low)) * height;
      text_ += fmt::format("<path class=\"grid\" d=\"M{} {:.1f} h{}\"/>\n", left, y, width);
      write(left - 7, y + 4, "end", tick_text(y_, at));
    }
    text_ += fmt::format("<rect class=\"frame\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n",
                         left, top, width, height);
    write(left, 24, "start", chart_.title, " class=\"title\"");
    write(left + width / 2, top + height + 42, "middle", chart_.x_title);
    write(16, top + height / 2, "middle", chart_.y_title,
          fmt::format(" transform=\"rotate(-90 16 {:.0f})\"", top + height / 2));
  }

  void draw(const ChartSeries &series) {
    const std::string_view colour = colours[series.colour % colours.size()];
    std::string path;
    const auto append = [&](double x, double y) {
      path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", across(x), down(y));
    };
    switch (series.mark) {
    case ChartMark::points:
      for (const ChartPoint &point : series.points)
        text_ += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.6\" fill=\"{}\" "
                             "fill-opacity=\"0.65\"/>\n",
                             across(point.x), down(point.y), colour);
      return;
    case ChartMark::line:
      for (const ChartPoint &point : series.points)
        append(point.x, point.y);
      text_ += fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.6\"/>\n",
                           path, colour);
      return;
    case ChartMark::band:
      for (const ChartPoint &point : series.points)
        append(point.x, point.high);
      for (const ChartPoint &point : series.points | std::views::reverse)
        append(point.x, point.y);
      text_ += fmt::format("<path d=\"{}Z\" fill=\"{}\" fill-opacity=\"0.2\"/>\n", path, colour);
      return;
    }
  }

  void legend() {
    double y = top + 10;
    for (const ChartSeries &series : chart_.series) {
      if (series.name.empty())
        continue;
      const std::string_view colour = colours[series.colour % colours.size()];
      const double x = left + width + 12;
      if (series.mark == ChartMark::points)
        text_ +=
            fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"4\" fill=\"{}\"/>\n", x + 7, y, colour);
      else
        text_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"14\" height=\"{}\" fill=\"{}\" "
                             "fill-opacity=\"{}\"/>\n",
                             x, series.mark == ChartMark::line ? y - 1 : y - 5,
                             series.mark == ChartMark::line ? 2 : 10, colour,
                             series.mark == ChartMark::line ? 1.0 : 0.3);
      write(x + 20, y + 4, "start", series.name);
      y += 19;
    }
  }

  const LawChart &chart_;
  Axis x_;
  Axis y_;
  std::string text_;
};

} // namespace

std::string chart_svg(const LawChart &chart) { return Canvas(chart).svg(); }

} // namespace flopcast
