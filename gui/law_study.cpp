// SPDX-License-Identifier: Apache-2.0
#include "gui/law_study.hpp"

#include "hardware/units/text.hpp"
#include "model/planning/expected_loss.hpp"
#include "model/scaling/fit/fitted_law.hpp"
#include "model/scaling/fit/run_reader.hpp"
#include "profiler/importers/table_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <memory>
#include <utility>

namespace flopcast {
namespace {

using units::flop;
using units::token;

constexpr int curve_points = 49;
constexpr int frontier_points = 25;
constexpr double frontier_span = 1e3;                // about the plan's compute, each way
constexpr double size_span = 16;                     // about a budget's best size, each way
constexpr std::array budgets{1e-2, 1e-1, 1.0, 10.0}; // of the plan's compute

double between(double low, double high, int i, int count) {
  return low * std::pow(high / low, i / (count - 1.0));
}

/// The law as if the plan named it.
std::shared_ptr<const PlannedLaw> planned(const ScalingLaw &law, const ScalingLaw *unrounded,
                                          const Plan &plan) {
  PlannedLaw planned{.law = law, .unrounded = std::nullopt, .tokenizer = {}};
  if (unrounded != nullptr)
    planned.unrounded = *unrounded;
  if (plan.data.law)
    planned.tokenizer = plan.data.law->tokenizer;
  return std::make_shared<const PlannedLaw>(std::move(planned));
}

BudgetProblem problem_of(const LawForm &form, const LawPoint &point) {
  BudgetProblem problem{.form = form, .point = point, .cost = flop_cost(1, TokenCount{})};
  problem.point.params = 0;
  problem.point.tokens = {};
  return problem;
}

/// The loss by size at budgets around the plan's, with each budget's best.
LawChart isoflop_chart(const ScalingLaw &law, const LawStudy &study, const LawPoint &point) {
  LawChart chart{"law-isoflop", "Loss by model size at each budget",
                 "parameters",  "loss (nats/token)",
                 true,          {}};
  ChartSeries best{"best of each budget", ChartMark::points, budgets.size(), {}};
  for (std::size_t i = 0; i < budgets.size(); ++i) {
    const double compute = budgets[i] * study.compute.in(flop);
    const auto split = best_split(problem_of(*law.form, point), compute);
    if (!split)
      continue;
    ChartSeries curve{fmt::format("{} FLOP", human_number(compute)), ChartMark::line, i, {}};
    for (int at = 0; at < curve_points; ++at) {
      LawPoint where = point;
      where.params =
          between(split->params / size_span, split->params * size_span, at, curve_points);
      where.tokens = compute / 6 / where.params * token;
      curve.points.push_back({where.params, loss(*law.form, where), 0});
    }
    chart.series.push_back(std::move(curve));
    best.points.push_back({split->params, split->loss, 0});
  }
  chart.series.push_back(std::move(best));
  if (study.here)
    chart.series.push_back({"this plan",
                            ChartMark::points,
                            budgets.size() + 1,
                            {{study.params, study.here->loss, 0}}});
  return chart;
}

/// The best loss by budget with its interval. Absent if told to stop.
std::optional<LawChart> frontier_chart(const ScalingLaw &law, const LawStudy &study,
                                       const LawPoint &point, const std::stop_token &stop) {
  LawChart chart{
      "law-frontier", "Best loss for a budget", "compute (FLOP)", "loss (nats/token)", true, {}};
  ChartSeries line{"best for the budget", ChartMark::line, 0, {}};
  ChartSeries band{"80 % of the law", ChartMark::band, 0, {}};
  const double middle = study.compute.in(flop);
  for (int i = 0; i < frontier_points; ++i) {
    if (stop.stop_requested())
      return std::nullopt;
    const double compute =
        between(middle / frontier_span, middle * frontier_span, i, frontier_points);
    const auto answer = allocate(law, problem_of(*law.form, point), {compute, std::nullopt});
    if (!answer)
      continue;
    line.points.push_back({compute, answer->best.loss, 0});
    if (answer->loss)
      band.points.push_back({compute, answer->loss->low, answer->loss->high});
  }
  if (!band.points.empty())
    chart.series.push_back(std::move(band));
  chart.series.push_back(std::move(line));
  if (study.here)
    chart.series.push_back({"this plan", ChartMark::points, 1, {{middle, study.here->loss, 0}}});
  return chart;
}

} // namespace

std::optional<LawStudy> law_study(const ScalingLaw &law, const ScalingLaw *unrounded,
                                  const PlannedRun &run, const std::stop_token &stop) {
  LawStudy study;
  study.law = law;
  const auto refused = [&law](std::string_view why) {
    return fmt::format("law {} {}", law.id, why);
  };
  Plan asked = run.plan;
  asked.data.law.reset();
  if (const std::string why = why_not_asked(law, run.plan.model.decoder); !why.empty())
    study.refusal = refused(why);
  else
    asked.data.law = planned(law, unrounded, run.plan);
  // Parameters do not depend on the machine, so that a plan that cannot run has them too.
  const Estimate counted = estimate(asked, run.cluster);
  LawPoint point = law_point(asked, law, counted);
  study.params = point.params;
  study.tokens = point.tokens;
  study.compute = 6 * study.params * study.tokens.in(token)*flop;
  point.compute.reset(); // the charts go through budgets of their own
  try {
    study.here = loss_prediction(asked, counted);
    if (study.here)
      study.warnings = study.here->warnings;
    if (stop.stop_requested())
      return std::nullopt;
    if (!law.form || !divides_budget(*law.form)) {
      study.stated = stated_optimum(law, study.compute);
      return study;
    }
    if (!study.here)
      return study;
    study.best =
        allocate(law, problem_of(*law.form, point), {study.compute.in(flop), std::nullopt});
    study.isoflop = isoflop_chart(law, study, point);
    auto frontier = frontier_chart(law, study, point, stop);
    if (!frontier)
      return std::nullopt;
    study.frontier = std::move(*frontier);
  } catch (const LawInputError &error) {
    // What the form asks for and a plan does not say, such as bits of weights.
    study.refusal = refused(error.what());
  }
  return study;
}

std::optional<FittedRuns> fitted_runs(const RunsRequest &request, Date today,
                                      const std::stop_token &stop) {
  const ScalingRuns read = read_scaling_runs(table_text(request.file), request.file,
                                             parse_run_columns(request.columns), std::nullopt);
  LawAnalysisOptions options;
  options.fit.form = request.form;
  // One core is left to the window.
  options.bootstrap.threads = 1;
  try {
    LawAnalysis analysis = analyse_law(read.runs, options, stop);
    std::vector<LawChart> charts = law_charts(analysis);
    const std::string name = std::filesystem::path(request.file).filename().string();
    std::optional<ScalingLaw> law;
    if (divides_budget(analysis.fit.form()))
      law = scaling_law(analysis, name, today);
    return FittedRuns{request, std::move(analysis), std::move(charts), std::move(law)};
  } catch (const Stopped &) {
    return std::nullopt;
  }
}

} // namespace flopcast
