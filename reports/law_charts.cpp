// SPDX-License-Identifier: Apache-2.0
#include "reports/law_plots.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace flopcast {
namespace {

constexpr int curve_points = 60;

double between(double low, double high, int i) {
  return low * std::pow(high / low, i / (curve_points - 1.0));
}

LawChart isoflop_chart(const LawAnalysis &analysis) {
  LawChart chart{
      "isoflop", "Loss by model size at each budget", "parameters", "loss (nats/token)", true, {}};
  for (std::size_t g = 0; g < analysis.groups.size(); ++g) {
    const IsoFlop &group = analysis.groups[g];
    ChartSeries seen{fmt::format("{:.2g} FLOP", group.compute), ChartMark::points, g, {}};
    ChartSeries law{"", ChartMark::line, g, {}};
    for (const IsoFlop::Point &point : group.points)
      seen.points.push_back({point.parameters, point.loss, 0});
    for (int i = 0; i < curve_points; ++i) {
      ScalingRun run;
      const double n = between(group.points.front().parameters, group.points.back().parameters, i);
      run.set(RunFeature::parameters, n);
      run.set(RunFeature::tokens, group.compute / 6 / n);
      law.points.push_back({n, analysis.fit.loss(run), 0});
    }
    chart.series.push_back(std::move(seen));
    chart.series.push_back(std::move(law));
  }
  return chart;
}

LawChart fit_chart(const LawAnalysis &analysis) {
  LawChart chart{"fit",
                 "The law against the runs",
                 "loss of the law (nats/token)",
                 "loss of the run (nats/token)",
                 false,
                 {}};
  ChartSeries band{"95 % of runs", ChartMark::band, 1, {}};
  ChartSeries even{"equal", ChartMark::line, 1, {}};
  ChartSeries runs{"runs", ChartMark::points, 0, {}};
  double low = std::numeric_limits<double>::infinity();
  double high = 0;
  for (std::size_t i = 0; i < analysis.fit.runs.size(); ++i) {
    const double seen = analysis.fit.runs[i].loss;
    const double predicted =
        seen * std::exp(analysis.fit.log_residuals[static_cast<Eigen::Index>(i)]);
    runs.points.push_back({predicted, seen, 0});
    low = std::min({low, seen, predicted});
    high = std::max({high, seen, predicted});
  }
  const double spread = 1.96 * analysis.fit.noise;
  for (const double x : {low, high}) {
    band.points.push_back({x, x * std::exp(-spread), x * std::exp(spread)});
    even.points.push_back({x, x, 0});
  }
  chart.series = {std::move(band), std::move(even), std::move(runs)};
  return chart;
}

LawChart residual_chart(const LawAnalysis &analysis) {
  const bool compute = analysis.fit.runs.front().feature(RunFeature::compute).has_value();
  LawChart chart{"residuals",
                 "What the law leaves over",
                 compute ? "compute (FLOP)" : "scale of the run",
                 "law over run, less 1 (%)",
                 true,
                 {}};
  ChartSeries runs{"runs", ChartMark::points, 0, {}};
  double low = std::numeric_limits<double>::infinity();
  double high = 0;
  for (std::size_t i = 0; i < analysis.fit.runs.size(); ++i) {
    const double x = run_scale(analysis.fit.form(), analysis.fit.runs[i]);
    runs.points.push_back(
        {x, 100 * std::expm1(analysis.fit.log_residuals[static_cast<Eigen::Index>(i)]), 0});
    low = std::min(low, x);
    high = std::max(high, x);
  }
  const double noise = 196 * analysis.fit.noise;
  chart.series = {
      {"95 % of runs", ChartMark::band, 1, {{low, -noise, noise}, {high, -noise, noise}}},
      {"", ChartMark::line, 1, {{low, 0, 0}, {high, 0, 0}}},
      std::move(runs)};
  return chart;
}

LawChart frontier_chart(const LawAnalysis &analysis) {
  LawChart chart{"frontier", "Best loss for a budget", "compute (FLOP)", "loss (nats/token)", true,
                 {}};
  double low = std::numeric_limits<double>::infinity();
  double high = 0;
  ChartSeries runs{"runs", ChartMark::points, 0, {}};
  for (const ScalingRun &run : analysis.fit.runs) {
    const double c = run_scale(analysis.fit.form(), run);
    runs.points.push_back({c, run.loss, 0});
    low = std::min(low, c);
    high = std::max(high, c);
  }
  high *= 100;
  ChartSeries law{"law", ChartMark::line, 1, {}};
  ChartSeries band{"95 % of the law", ChartMark::band, 1, {}};
  for (int i = 0; i < curve_points; ++i) {
    const double c = between(low, high, i);
    const LossForm &form = analysis.fit.form();
    law.points.push_back({c, budget_optimum(form, analysis.fit.parameters, c).loss, 0});
    if (!analysis.resamples)
      continue;
    std::vector<double> losses;
    losses.reserve(static_cast<std::size_t>(analysis.resamples->parameters.rows()));
    for (Eigen::Index row = 0; row < analysis.resamples->parameters.rows(); ++row)
      losses.push_back(budget_optimum(form, draw_of(*analysis.resamples, row), c).loss);
    const Interval interval = percentile_interval(losses, 0.95);
    band.points.push_back({c, interval.low, interval.high});
  }
  if (!band.points.empty())
    chart.series.push_back(std::move(band));
  chart.series.push_back(std::move(law));
  chart.series.push_back(std::move(runs));
  return chart;
}

} // namespace

std::vector<LawChart> law_charts(const LawAnalysis &analysis) {
  std::vector<LawChart> charts;
  if (divides_budget(analysis.fit.form()) && !analysis.groups.empty())
    charts.push_back(isoflop_chart(analysis));
  charts.push_back(fit_chart(analysis));
  charts.push_back(residual_chart(analysis));
  if (divides_budget(analysis.fit.form()))
    charts.push_back(frontier_chart(analysis));
  return charts;
}

} // namespace flopcast
