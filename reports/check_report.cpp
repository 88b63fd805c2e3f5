// SPDX-License-Identifier: Apache-2.0
#include "reports/check_report.hpp"

#include "hardware/units/text.hpp"
#include "reports/csv_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <map>

namespace flopcast {
namespace {

using Json = nlohmann::ordered_json;

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }
std::string signed_percent(double share) { return fmt::format("{:+.1f} %", 100 * share); }

std::string label(RunMetric metric) {
  switch (metric) {
  case RunMetric::step_time:
    return "step time";
  case RunMetric::memory:
    return "memory";
  case RunMetric::mfu:
    return "MFU";
  case RunMetric::gpu_hours:
    return "GPU-hours";
  }
  return {};
}

std::vector<std::string> error_cells(const MetricErrors &metric) {
  const ErrorStatistics &e = metric.errors;
  return {fmt::format("{}", e.n),
          fmt::format("{}", e.groups),
          percent(e.mape),
          percent(e.median_ape),
          signed_percent(e.signed_bias),
          fmt::format("{:+.1f} to {:+.1f} %", 100 * e.bias_low, 100 * e.bias_high),
          percent(e.p90_ape),
          percent(e.group_weighted_mape),
          percent(e.group_weighted_median_ape),
          signed_percent(e.group_weighted_bias),
          percent(e.group_weighted_p90_ape),
          metric.inside ? percent(*metric.inside) : ""};
}

const std::vector<std::string> error_columns{"n",          "groups",   "mean",    "median",
                                             "bias",       "95 %",     "P90",     "mean (w)",
                                             "median (w)", "bias (w)", "P90 (w)", "inside (w)"};

Json errors_json(const ErrorStatistics &e) {
  return {{"n", e.n},
          {"groups", e.groups},
          {"mape", e.mape},
          {"median_ape", e.median_ape},
          {"signed_bias", e.signed_bias},
          {"signed_bias_low", e.bias_low},
          {"signed_bias_high", e.bias_high},
          {"p90_ape", e.p90_ape},
          {"group_weighted_mape", e.group_weighted_mape},
          {"group_weighted_median_ape", e.group_weighted_median_ape},
          {"group_weighted_bias", e.group_weighted_bias},
          {"group_weighted_p90_ape", e.group_weighted_p90_ape}};
}

Json metrics_json(const std::vector<MetricErrors> &metrics) {
  Json object = Json::object();
  for (const MetricErrors &metric : metrics) {
    Json &errors = object[to_text(metric.metric)] = errors_json(metric.errors);
    if (metric.inside)
      errors["group_weighted_inside"] = *metric.inside;
  }
  return object;
}

struct RunError {
  const ComparedRun *run;
  const Compared *compared;
};

/// The runs that are furthest off, furthest first.
std::vector<RunError> worst_of(const RunCheck &check, RunMetric metric, std::size_t count) {
  std::vector<RunError> errors;
  for (const ComparedRun &run : check.comparison.runs)
    if (const Compared *c = run.find(metric))
      errors.push_back({&run, c});
  std::ranges::stable_sort(errors, std::greater{},
                           [](const RunError &e) { return std::abs(e.compared->error()); });
  errors.resize(std::min(errors.size(), count));
  return errors;
}

void add_groups(Report &report, const RunCheck &check) {
  for (const RunGroup &group : check.groups)
    for (const MetricErrors &metric : group.metrics) {
      const std::string title = fmt::format("{}, by {}", label(metric.metric), group.column);
      auto section = std::ranges::find(report.sections, title, &ReportSection::title);
      if (section == report.sections.end())
        section = report.sections.insert(section, {title, {}});
      section->rows.push_back(
          {"", group.value.empty() ? "(not stated)" : group.value, error_cells(metric)});
    }
}

void add_regret(Report &report, const RegretSummary &regret) {
  if (regret.families.empty())
    return;
  report.remarks.push_back(
      {"choosing by prediction",
       fmt::format("{} families of at least 3 layouts: the predicted best is {} slower than the "
                   "measured best on average, {} at most ({}: {} instead of {})",
                   regret.families.size(), percent(regret.mean), percent(regret.max),
                   regret.families.front().family, regret.families.front().predicted_best,
                   regret.families.front().measured_best)});
}

/// A line for each reason.
void add_skipped(Report &report, const std::vector<SkippedRun> &skipped) {
  std::map<std::string, std::int64_t> counts;
  for (const SkippedRun &run : skipped)
    ++counts[run.reason];
  for (const auto &[reason, count] : counts)
    report.remarks.push_back({fmt::format("{} runs skipped", count), reason});
}

} // namespace

std::string metric_text(RunMetric metric, double value) {
  switch (metric) {
  case RunMetric::step_time:
    return human_text(value * units::second);
  case RunMetric::memory:
    return human_text(value * units::byte);
  case RunMetric::mfu:
    return percent(value);
  case RunMetric::gpu_hours:
    return fmt::format("{} GPU*h", grouped_integer(value));
  }
  return {};
}

Report check_report(const RunCheck &check, std::size_t worst) {
  Report report;
  report.title = fmt::format("{} runs compared, {} skipped", check.comparison.runs.size(),
                             check.comparison.skipped.size());
  for (const RunMetric metric : check.beyond_tolerance)
    report.alerts.push_back({"beyond tolerance", label(metric)});
  report.columns = error_columns;
  ReportSection all{"All runs", {}};
  for (const MetricErrors &metric : check.metrics)
    all.rows.push_back(
        {std::string(to_text(metric.metric)), label(metric.metric), error_cells(metric)});
  report.sections.push_back(std::move(all));
  add_groups(report, check);
  report.remarks_title = "Notes";
  report.remarks.push_back({"(w)", "each split group weighs 1, spread over its runs"});
  if (check.predicted_not_to_fit > 0)
    report.remarks.push_back(
        {"predicted not to fit", fmt::format("{} runs, which ran; they are timed all the same",
                                             check.predicted_not_to_fit)});
  report.remarks.push_back(
      {"inside", "measured between the P10 and P90 of the prediction; 80 % by their meaning"});
  add_regret(report, check.regret);
  for (const MetricErrors &metric : check.metrics)
    for (const RunError &e : worst_of(check, metric.metric, worst))
      report.remarks.push_back(
          {fmt::format("{} {}: {}", label(metric.metric), signed_percent(e.compared->error()),
                       e.run->record->id),
           fmt::format("{} predicted, {} measured: {} on {} {}, {}",
                       metric_text(metric.metric, e.compared->predicted),
                       metric_text(metric.metric, e.compared->measured), e.run->record->model,
                       *e.run->record->n_gpus, e.run->record->gpu, e.run->record->framework)});
  add_skipped(report, check.comparison.skipped);
  return report;
}

std::string check_json(const RunCheck &check) {
  Json root{{"schema_version", json_schema_version}, {"kind", "check"}};
  root["compared"] = check.comparison.runs.size();
  root["predicted_not_to_fit"] = check.predicted_not_to_fit;
  root["metrics"] = metrics_json(check.metrics);
  root["beyond_tolerance"] = Json::array();
  for (const RunMetric metric : check.beyond_tolerance)
    root["beyond_tolerance"].push_back(to_text(metric));
  root["groups"] = Json::array();
  for (const RunGroup &group : check.groups)
    root["groups"].push_back({{"column", group.column},
                              {"value", group.value},
                              {"metrics", metrics_json(group.metrics)}});
  Json families = Json::array();
  for (const RankRegret &family : check.regret.families)
    families.push_back({{"family", family.family},
                        {"layouts", family.layouts},
                        {"predicted_best", family.predicted_best},
                        {"measured_best", family.measured_best},
                        {"regret", family.regret}});
  root["regret"] = {
      {"max", check.regret.max}, {"mean", check.regret.mean}, {"families", std::move(families)}};
  root["rows"] = Json::array();
  for (const ComparedRun &run : check.comparison.runs)
    for (const Compared &c : run.compared) {
      Json row{{"id", run.record->id},       {"metric", to_text(c.metric)},
               {"measured", c.measured},     {"predicted", c.predicted},
               {"ape", std::abs(c.error())}, {"predicted_to_fit", run.predicted_to_fit},
               {"inferred", run.inferred}};
      if (c.spread) {
        row["low"] = c.predicted * std::exp(c.spread->p10);
        row["high"] = c.predicted * std::exp(c.spread->p90);
      }
      root["rows"].push_back(std::move(row));
    }
  root["skipped"] = Json::array();
  for (const SkippedRun &run : check.comparison.skipped)
    root["skipped"].push_back({{"id", run.record->id}, {"reason", run.reason}});
  return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string check_csv(const RunCheck &check) {
  std::string text = csv_line({"id", "metric", "measured", "predicted", "error", "split_group",
                               "gpu_family", "rules", "source"});
  const auto number = [](double value) { return fmt::format("{:.6g}", value); };
  for (const ComparedRun &run : check.comparison.runs)
    for (const Compared &c : run.compared)
      text += csv_line({run.record->id, std::string(to_text(c.metric)), number(c.measured),
                        number(c.predicted), number(c.error()), run.record->split_group,
                        run.gpu_family, run.rules, run.record->source});
  return text;
}

} // namespace flopcast
