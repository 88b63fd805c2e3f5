// SPDX-License-Identifier: Apache-2.0
#include "model/validation/cross_validation.hpp"

#include "model/validation/run_spread.hpp"

#include <algorithm>
#include <iterator>

namespace flopcast {
namespace {

std::vector<const ComparedRun *> pointers(const std::vector<ComparedRun> &runs) {
  std::vector<const ComparedRun *> result;
  result.reserve(runs.size());
  for (const ComparedRun &run : runs)
    result.push_back(&run);
  return result;
}

} // namespace

std::vector<FittedRun> fitted_runs(std::span<const RunRecord> runs, RunPlanner &planner,
                                   FittedMetric metric) {
  const RunComparison comparison = compare_runs(runs, planner);
  std::vector<FittedRun> fitted;
  for (const ComparedRun &run : comparison.runs) {
    const Compared *compared =
        run.find(metric == FittedMetric::step_time ? RunMetric::step_time : RunMetric::memory);
    if (compared == nullptr)
      continue;
    RunPlanning planning = planner.plan_of(*run.record);
    fitted.push_back({std::move(*planning.run), run.record->memory_kind, compared->measured,
                      run.record->split_group});
  }
  return fitted;
}

SoftwarePresets fit_frameworks(std::span<const RunRecord> runs, RunPlanner &planner) {
  SoftwarePresets presets;
  for (const FittedMetric metric : {FittedMetric::step_time, FittedMetric::memory}) {
    for (auto &[framework, preset] :
         fit_software(fitted_runs(runs, planner, metric), metric, planner.frameworks()))
      presets.insert_or_assign(framework, preset);
    planner.use(presets);
  }
  return presets;
}

RunComparison cross_validated_comparison(std::span<const RunRecord> runs, const RunPlanner &planner,
                                         int folds) {
  RunComparison all;
  // A stack of which a fold leaves no run is predicted by what is expected of any.
  RunPlanner unfitted = planner;
  SoftwarePresets expected;
  for (const RunRecord &run : runs)
    if (const RunPlanning planning = unfitted.plan_of(run); planning.run)
      expected.try_emplace(planning.run->rules->id,
                           expected_software(planning.run->rules->software));
  unfitted.use(expected);
  for (int fold = 0; fold < folds; ++fold) {
    std::vector<RunRecord> seen;
    for (const RunRecord &run : runs)
      if (fold_of(run.split_group, folds) != fold)
        seen.push_back(run);
    RunPlanner blind = unfitted;
    (void)fit_frameworks(seen, blind);
    for (const RunRecord &run : runs)
      if (fold_of(run.split_group, folds) == fold) {
        RunComparison one = compare_runs({&run, 1}, blind);
        std::ranges::move(one.runs, std::back_inserter(all.runs));
        std::ranges::move(one.skipped, std::back_inserter(all.skipped));
      }
  }
  state_spreads(all, folds);
  return all;
}

SoftwarePresets fit_frameworks_with_spread(std::span<const RunRecord> runs, RunPlanner &planner,
                                           int folds) {
  const RunComparison blind = cross_validated_comparison(runs, planner, folds);
  SoftwarePreset unknown = planner.software_of("default");
  RunPlanner without = planner; // as a stack would be predicted that nobody knows
  without.use_everywhere(unknown);
  const RunComparison unfitted = compare_runs(runs, without);
  SoftwarePresets presets = fit_frameworks(runs, planner);
  for (const FrameworkRules &rules : planner.frameworks())
    if (const auto preset = presets.find(rules.id); preset != presets.end())
      preset->second.set_spread(software_spread(pointers(blind.runs), rules.id, rules.family));
  unknown.set_spread(software_spread(pointers(unfitted.runs), "default", "default"));
  presets.try_emplace("default", unknown);
  planner.use(presets);
  return presets;
}

} // namespace flopcast
