// SPDX-License-Identifier: Apache-2.0
#include "reports/law_fit_report.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace flopcast {
namespace {

using Json = nlohmann::ordered_json;

Json pair_of(const Interval &interval) { return Json::array({interval.low, interval.high}); }
Json pair_of(const std::optional<Interval> &interval) {
  return interval ? pair_of(*interval) : Json(nullptr);
}

/// An object with a member for each parameter of the form.
template <class Value> Json by_parameter(const LawAnalysis &analysis, Value value) {
  Json object = Json::object();
  const auto &parameters = analysis.fit.form().parameters;
  for (std::size_t j = 0; j < parameters.size(); ++j)
    object[parameters[j].name] = value(j);
  return object;
}

std::string_view objective_name(ObjectiveKind kind) {
  switch (kind) {
  case ObjectiveKind::huber:
    return "huber";
  case ObjectiveKind::least_squares:
    return "least-squares";
  case ObjectiveKind::absolute:
    return "lad";
  case ObjectiveKind::asymmetric:
    return "asymmetric";
  }
  return {};
}

Json objective_json(const Objective &objective) {
  Json result{{"kind", objective_name(objective.kind)},
              {"residual", objective.residual == ResidualKind::log_loss ? "log-loss" : "loss"}};
  if (objective.kind == ObjectiveKind::huber)
    result["huber_delta"] = objective.delta;
  if (objective.kind == ObjectiveKind::asymmetric)
    result["over_weight"] = objective.over_weight;
  return result;
}

Json profiles_json(const LawAnalysis &analysis) {
  Json result = Json::object();
  for (const ParameterProfile &profile : analysis.profiles) {
    Json points = Json::array();
    for (const ParameterProfile::Point &point : profile.points)
      points.push_back({point.value, point.objective});
    result[analysis.fit.form().parameters[profile.parameter].name] = {
        {"low95", profile.low ? Json(*profile.low) : Json(nullptr)},
        {"high95", profile.high ? Json(*profile.high) : Json(nullptr)},
        {"points", std::move(points)}};
  }
  return result;
}

Json exponent_json(const std::optional<BudgetExponent> &found) {
  if (!found)
    return nullptr;
  return {{"exponent", found->exponent},
          {"standard_error", found->standard_error},
          {"budgets", found->budgets}};
}

Json optima_json(const LawAnalysis &analysis) {
  Json result = Json::array();
  for (const BudgetForecast &budget : analysis.optima) {
    const BudgetOptimum &optimum = budget.optimum;
    result.push_back({{"flops", optimum.compute},
                      {"N", optimum.parameters},
                      {"D", optimum.tokens},
                      {"tokens_per_parameter", optimum.tokens / optimum.parameters},
                      {"loss", optimum.loss},
                      {"intervals",
                       {{"80",
                         {{"N", pair_of(budget.parameters80)},
                          {"tokens_per_parameter", pair_of(budget.ratio80)},
                          {"loss", pair_of(budget.loss80)}}},
                        {"95",
                         {{"N", pair_of(budget.parameters95)},
                          {"tokens_per_parameter", pair_of(budget.ratio95)},
                          {"loss", pair_of(budget.loss95)}}}}}});
  }
  return result;
}

Json forecasts_json(const LawAnalysis &analysis) {
  Json result = Json::array();
  for (const Forecast &forecast : analysis.forecasts)
    result.push_back({{"loss", forecast.loss},
                      {"log_deviation",
                       {{"parameters", forecast.from_parameters},
                        {"noise", forecast.from_noise},
                        {"lack_of_fit", forecast.from_lack_of_fit}}},
                      {"times_beyond_data", std::exp(forecast.distance)},
                      {"law", {{"80", pair_of(forecast.law80)}, {"95", pair_of(forecast.law95)}}},
                      {"run", {{"80", pair_of(forecast.run80)}, {"95", pair_of(forecast.run95)}}}});
  return result;
}

Json hold_outs_json(const LawAnalysis &analysis) {
  Json result = Json::array();
  for (const HoldOut &test : analysis.hold_outs)
    result.push_back({{"fitted", test.fitted},
                      {"held_out", test.held_out},
                      {"times_beyond", test.largest / test.largest_fitted},
                      {"bias", test.bias},
                      {"explained", test.explained},
                      {"rmse", test.rmse}});
  return result;
}

Json outliers_json(const LawAnalysis &analysis) {
  Json result = Json::array();
  for (const Outlier &outlier : analysis.outliers) {
    const ScalingRun &run = analysis.fit.runs[outlier.run];
    result.push_back({{"label", run.label},
                      {"file", run.place.file},
                      {"line", run.place.line},
                      {"loss", run.loss},
                      {"log_residual", outlier.log_residual},
                      {"deviations", outlier.deviations}});
  }
  return result;
}

std::string text_of(const Json &root) {
  return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace

std::string law_fit_json(const LawAnalysis &analysis) {
  const LawFit &fit = analysis.fit;
  Json root{{"schema_version", json_schema_version}, {"kind", "law_fit"}};
  root["form"] = fit.form().id;
  root["formula"] = fit.form().formula;
  root["n_points"] = fit.runs.size();
  root["objective"] = fit.objective;
  root["objective_of"] = objective_json(fit.options.objective);
  root["parameters"] = by_parameter(analysis, [&](std::size_t j) { return fit.parameters[j]; });
  root["fixed"] = by_parameter(analysis, [&](std::size_t j) { return !fit.is_fitted(j); });
  root["standard_errors"] =
      by_parameter(analysis, [&](std::size_t j) { return analysis.standard_error(j); });
  for (const auto &[name, level] : {std::pair{"80", 0.8}, {"95", 0.95}})
    root["intervals"][name] = by_parameter(
        analysis, [&, at = level](std::size_t j) { return pair_of(analysis.interval(j, at)); });
  const Certificate &certificate = fit.certificate;
  root["certificate"] = {{"gradient_norm", certificate.gradient_norm},
                         {"imbalance", certificate.imbalance},
                         {"converged", certificate.converged},
                         {"starts", certificate.starts},
                         {"starts_agreeing", certificate.starts_agreeing},
                         {"restarts", certificate.restarts},
                         {"restarts_returning", certificate.restarts_returning},
                         {"evaluations", certificate.evaluations}};
  root["identifiable"] = Json::object();
  root["not_identifiable_because"] = Json::object();
  for (const Identifiability &verdict : analysis.verdicts) {
    const std::string &name = fit.form().parameters[verdict.parameter].name;
    root["identifiable"][name] = verdict.identified;
    if (!verdict.identified)
      root["not_identifiable_because"][name] = verdict.reason;
  }
  root["profiles"] = profiles_json(analysis);
  root["log_rmse"] = fit.log_rmse;
  root["noise"] = fit.noise;
  root["lack_of_fit_per_e_fold"] = analysis.straying;
  root["bootstrap"] = nullptr;
  if (analysis.resamples)
    root["bootstrap"] = {
        {"kind", analysis.resamples->options.kind == BootstrapKind::cases ? "cases" : "residuals"},
        {"resamples", analysis.resamples->options.resamples},
        {"seed", analysis.resamples->options.seed},
        {"not_converged", analysis.resamples->not_converged}};
  if (divides_budget(fit.form()))
    root["optimal_parameters_exponent"] = {
        {"approach_1", exponent_json(analysis.first)},
        {"approach_2", exponent_json(analysis.second)},
        {"approach_3",
         {{"exponent", optimum_exponent(fit.form(), fit.parameters)},
          {"80", pair_of(analysis.exponent_interval(0.8))},
          {"95", pair_of(analysis.exponent_interval(0.95))}}}};
  root["optima"] = optima_json(analysis);
  root["forecasts"] = forecasts_json(analysis);
  root["leave_largest_out"] = hold_outs_json(analysis);
  root["outliers"] = outliers_json(analysis);
  root["warnings"] = analysis.warnings;
  return text_of(root);
}

std::string law_design_json(const Design &design, const DesignOptions &options,
                            const std::vector<std::string> &warnings) {
  Json root{{"schema_version", json_schema_version}, {"kind", "law_design"}};
  root["goal"] = options.goal == DesignGoal::loss ? "loss" : "parameters";
  root["budget_flops"] = options.budget;
  root["target_flops"] = options.target;
  root["value"] = design.goal_value;
  root["log_deviation_before"] = design.deviation_before;
  root["log_deviation_after"] = design.deviation_after;
  root["log_deviation_by_delta"] = design.deviation_by_delta;
  root["intervals"] = options.intervals == DesignIntervals::delta ? "delta" : "bootstrap";
  root["runs"] = Json::array();
  for (const DesignedRun &run : design.runs)
    root["runs"].push_back({{"N", run.parameters},
                            {"D", run.tokens},
                            {"flops", run.compute},
                            {"tokens_per_parameter", run.tokens / run.parameters}});
  root["alternatives"] = Json::array();
  for (const Design::Alternative &other : design.alternatives)
    root["alternatives"].push_back({{"runs", other.runs}, {"log_deviation", other.deviation}});
  root["warnings"] = warnings;
  return text_of(root);
}

} // namespace flopcast
