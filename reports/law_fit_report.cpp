// SPDX-License-Identifier: Apache-2.0
#include "reports/law_fit_report.hpp"

#include "reports/csv_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace flopcast {
namespace {

std::string number(double value) { return fmt::format("{:.6g}", value); }
std::string range(const Interval &interval) {
  return fmt::format("{:.4g} to {:.4g}", interval.low, interval.high);
}
std::string range(const std::optional<Interval> &interval) {
  return interval ? range(*interval) : std::string("-");
}

std::string objective_text(const Objective &objective) {
  const char *of = objective.residual == ResidualKind::log_loss ? "ln L" : "L";
  switch (objective.kind) {
  case ObjectiveKind::huber:
    return fmt::format("sum of Huber costs of {}, delta {:g}", of, objective.delta);
  case ObjectiveKind::least_squares:
    return fmt::format("sum of squares of {}", of);
  case ObjectiveKind::absolute:
    return fmt::format("sum of absolute errors of {}", of);
  case ObjectiveKind::asymmetric:
    return fmt::format("sum of absolute errors of {}, those above {:g} times", of,
                       objective.over_weight);
  }
  return {};
}

const Identifiability *verdict_of(const LawAnalysis &analysis, std::size_t parameter) {
  const auto found = std::ranges::find(analysis.verdicts, parameter, &Identifiability::parameter);
  return found == analysis.verdicts.end() ? nullptr : &*found;
}

ReportSection parameter_section(const LawAnalysis &analysis) {
  ReportSection section{"Parameters", {}};
  const auto &parameters = analysis.fit.form().parameters;
  for (std::size_t j = 0; j < parameters.size(); ++j) {
    const Identifiability *verdict = verdict_of(analysis, j);
    const std::string state = verdict == nullptr ? "fixed" : verdict->identified ? "yes" : "no";
    section.rows.push_back(
        {parameters[j].name,
         parameters[j].name,
         {number(analysis.fit.parameters[j]), number(analysis.standard_error(j)),
          range(analysis.interval(j, 0.8)), range(analysis.interval(j, 0.95)), state}});
  }
  return section;
}

void add_approaches(Report &report, const LawAnalysis &analysis) {
  if (!divides_budget(analysis.fit.form()))
    return;
  ReportSection section{"Growth of the optimal N with C, exponent", {}};
  const auto add = [&](const std::string &label, const std::optional<BudgetExponent> &found) {
    if (found)
      section.rows.push_back(
          {"",
           label,
           {fmt::format("{:.4f}", found->exponent), fmt::format("{:.4f}", found->standard_error),
            "", "", fmt::format("{} budgets", found->budgets)}});
  };
  add("approach 1, best run of each budget", analysis.first);
  add("approach 2, parabola of each budget", analysis.second);
  section.rows.push_back(
      {"",
       "approach 3, this law",
       {fmt::format("{:.4f}", optimum_exponent(analysis.fit.form(), analysis.fit.parameters)), "",
        range(analysis.exponent_interval(0.8)), range(analysis.exponent_interval(0.95)), ""}});
  report.sections.push_back(std::move(section));
}

void add_optima(Report &report, const LawAnalysis &analysis) {
  for (const BudgetForecast &budget : analysis.optima) {
    const BudgetOptimum &optimum = budget.optimum;
    ReportSection section{fmt::format("Optimum for {:.3g} FLOP (6ND)", optimum.compute), {}};
    section.rows.push_back({"",
                            "parameters",
                            {number(optimum.parameters), "", range(budget.parameters80),
                             range(budget.parameters95), ""}});
    section.rows.push_back({"",
                            "tokens a parameter",
                            {number(optimum.tokens / optimum.parameters), "", range(budget.ratio80),
                             range(budget.ratio95), ""}});
    section.rows.push_back(
        {"",
         "loss of the law",
         {number(optimum.loss), "", range(budget.loss80), range(budget.loss95), ""}});
    report.sections.push_back(std::move(section));
  }
}

void add_forecasts(Report &report, const LawAnalysis &analysis) {
  if (analysis.forecasts.empty())
    return;
  ReportSection section{"Forecasts", {}};
  for (const Forecast &forecast : analysis.forecasts) {
    section.rows.push_back(
        {"",
         "law",
         {number(forecast.loss), number(forecast.loss * forecast.from_parameters),
          range(forecast.law80), range(forecast.law95), ""}});
    section.rows.push_back(
        {"",
         "a run, with noise and lack of fit",
         {number(forecast.loss),
          number(forecast.loss * std::hypot(forecast.from_parameters, forecast.from_noise,
                                            forecast.from_lack_of_fit)),
          range(forecast.run80), range(forecast.run95), ""}});
  }
  report.sections.push_back(std::move(section));
}

std::string run_name(const ScalingRun &run) {
  return run.label.empty() ? fmt::format("{}:{}", run.place.file, run.place.line) : run.label;
}

void add_remarks(Report &report, const LawAnalysis &analysis) {
  const LawFit &fit = analysis.fit;
  const Certificate &certificate = fit.certificate;
  auto &remarks = report.remarks;
  remarks.push_back({"objective", fmt::format("{:.12g}, {}", fit.objective,
                                              objective_text(fit.options.objective))});
  remarks.push_back(
      {"certificate",
       fmt::format("largest gradient {:.2g}; {} of {} starts and {} of {} restarts end there",
                   certificate.gradient_norm, certificate.starts_agreeing, certificate.starts,
                   certificate.restarts_returning, certificate.restarts)});
  remarks.push_back(
      {"residuals", fmt::format("RMSE {:.3g} of ln L; noise {:.3g}", fit.log_rmse, fit.noise)});
  for (const HoldOut &test : analysis.hold_outs)
    remarks.push_back({fmt::format("without the {} largest", test.held_out),
                       fmt::format("they lie {:+.2f} % off on average ({:.2f} % explained by "
                                   "noise), {:.2f} % RMSE, {:.1f} times beyond",
                                   100 * test.bias, 100 * test.explained, 100 * test.rmse,
                                   test.largest / test.largest_fitted)});
  constexpr std::size_t shown = 8;
  for (std::size_t i = 0; i < std::min(shown, analysis.outliers.size()); ++i) {
    const Outlier &outlier = analysis.outliers[i];
    remarks.push_back({fmt::format("outlier {}", run_name(fit.runs[outlier.run])),
                       fmt::format("loss {:.4g}, the law is {:+.2f} % off: {:.1f} deviations",
                                   fit.runs[outlier.run].loss,
                                   100 * std::expm1(outlier.log_residual), outlier.deviations)});
  }
  if (analysis.outliers.size() > shown)
    remarks.push_back({"", fmt::format("and {} more", analysis.outliers.size() - shown)});
}

} // namespace

Report law_fit_report(const LawAnalysis &analysis) {
  Report report;
  report.title = fmt::format("L = {} fitted to {} runs", analysis.fit.form().formula,
                             analysis.fit.runs.size());
  report.columns = {"value", "standard error", "80 %", "95 %", "identified"};
  for (const std::string &warning : analysis.warnings)
    report.alerts.push_back({"warning", warning});
  report.sections.push_back(parameter_section(analysis));
  add_approaches(report, analysis);
  add_optima(report, analysis);
  add_forecasts(report, analysis);
  report.remarks_title = "The fit";
  add_remarks(report, analysis);
  return report;
}

std::string law_fit_csv(const LawAnalysis &analysis) {
  std::string text = csv_line({"label", "N", "D", "C", "loss", "law", "log_residual", "weight"});
  const LawFit &fit = analysis.fit;
  const auto field = [](const ScalingRun &run, RunFeature feature) {
    const auto value = run.feature(feature);
    return value ? fmt::format("{:.9g}", *value) : std::string();
  };
  for (std::size_t i = 0; i < fit.runs.size(); ++i) {
    const ScalingRun &run = fit.runs[i];
    const double residual = fit.log_residuals[static_cast<Eigen::Index>(i)];
    text +=
        csv_line({run_name(run), field(run, RunFeature::parameters), field(run, RunFeature::tokens),
                  field(run, RunFeature::compute), fmt::format("{:.9g}", run.loss),
                  fmt::format("{:.9g}", run.loss * std::exp(residual)),
                  fmt::format("{:.6g}", residual), fmt::format("{:g}", run.weight)});
  }
  return text;
}

Report law_design_report(const Design &design, const DesignOptions &options) {
  Report report;
  const bool loss = options.goal == DesignGoal::loss;
  report.title = fmt::format("Next runs for {:.3g} FLOP, to know the {} at {:.3g} FLOP",
                             options.budget, loss ? "loss" : "optimal parameters", options.target);
  report.columns = {"parameters", "tokens", "FLOP", "tokens a parameter"};
  ReportSection runs{"Runs", {}};
  for (std::size_t i = 0; i < design.runs.size(); ++i) {
    const DesignedRun &run = design.runs[i];
    runs.rows.push_back(
        {"",
         fmt::format("run {}", i + 1),
         {fmt::format("{:.3g}", run.parameters), fmt::format("{:.3g}", run.tokens),
          fmt::format("{:.3g}", run.compute), fmt::format("{:.1f}", run.tokens / run.parameters)}});
  }
  report.sections.push_back(std::move(runs));
  report.remarks_title = "What they bring";
  const auto percent = [](double deviation) {
    return fmt::format("{:.3g} %", 100 * std::expm1(1.96 * deviation));
  };
  report.remarks.push_back(
      {loss ? "loss" : "parameters", fmt::format("{:.5g}", design.goal_value)});
  report.remarks.push_back({"95 % interval now", "+" + percent(design.deviation_before)});
  if (options.intervals == DesignIntervals::bootstrap)
    report.remarks.push_back(
        {"by the delta method", fmt::format("+{}: the interval now is of the bootstrap",
                                            percent(design.deviation_by_delta))});
  report.remarks.push_back({"with these runs", "+" + percent(design.deviation_after)});
  for (const Design::Alternative &other : design.alternatives)
    report.remarks.push_back(
        {fmt::format("{} equal runs", other.runs), "+" + percent(other.deviation)});
  return report;
}

std::string law_design_csv(const Design &design) {
  std::string text = csv_line({"N", "D", "C"});
  for (const DesignedRun &run : design.runs)
    text += csv_line({fmt::format("{:.6g}", run.parameters), fmt::format("{:.6g}", run.tokens),
                      fmt::format("{:.6g}", run.compute)});
  return text;
}

} // namespace flopcast
