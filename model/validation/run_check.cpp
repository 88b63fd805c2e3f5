// SPDX-License-Identifier: Apache-2.0
#include "model/validation/run_check.hpp"

#include "model/validation/cross_validation.hpp"
#include "model/validation/run_spread.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

namespace flopcast {
namespace {

using Runs = std::vector<const ComparedRun *>;

std::vector<MetricErrors> errors_of(const Runs &runs, const std::vector<RunMetric> &metrics) {
  std::vector<MetricErrors> all;
  for (const RunMetric metric : metrics)
    if (const ErrorStatistics errors = statistics_of(runs, metric); errors.n > 0)
      all.push_back({metric, errors, inside_share(runs, metric)});
  return all;
}

std::vector<RunGroup> groups_by(const std::string &column, const Runs &runs,
                                const std::vector<RunMetric> &metrics) {
  std::map<std::string, Runs> by_value;
  for (const ComparedRun *run : runs)
    by_value[group_value(*run, column)].push_back(run);
  std::vector<RunGroup> groups;
  groups.reserve(by_value.size());
  for (const auto &[value, members] : by_value)
    groups.push_back({column, value, errors_of(members, metrics)});
  const auto empty = [](const RunGroup &group) { return group.metrics.empty(); };
  std::erase_if(groups, empty);
  std::ranges::stable_sort(groups, std::greater{},
                           [](const RunGroup &g) { return g.metrics.front().errors.n; });
  return groups;
}

} // namespace

RunCheck check_runs(std::span<const RunRecord> runs, RunPlanner &planner,
                    const RunCheckOptions &options) {
  return check_of(options.folds > 1 ? cross_validated_comparison(runs, planner, options.folds)
                                    : compare_runs(runs, planner),
                  options);
}

RunCheck check_of(RunComparison comparison, const RunCheckOptions &options) {
  std::vector<RunMetric> metrics = options.metrics;
  if (metrics.empty())
    for (const auto &[name, metric] : run_metric_names())
      metrics.push_back(metric);

  RunCheck check;
  check.comparison = std::move(comparison);
  Runs all;
  for (ComparedRun &run : check.comparison.runs) {
    std::erase_if(run.compared, [&](const Compared &c) {
      return std::ranges::find(metrics, c.metric) == metrics.end();
    });
    all.push_back(&run);
    check.predicted_not_to_fit += run.predicted_to_fit ? 0 : 1;
  }
  check.metrics = errors_of(all, metrics);
  std::set<std::string> grouped;
  for (const std::string &column : options.group_by)
    if (grouped.insert(column).second)
      std::ranges::move(groups_by(column, all, metrics), std::back_inserter(check.groups));
  check.regret = rank_regret(all);
  if (options.tolerance)
    for (const MetricErrors &metric : check.metrics)
      if (metric.errors.group_weighted_median_ape > *options.tolerance)
        check.beyond_tolerance.push_back(metric.metric);
  return check;
}

} // namespace flopcast
