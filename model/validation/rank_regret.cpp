// SPDX-License-Identifier: Apache-2.0
#include "model/validation/rank_regret.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace flopcast {
namespace {

struct Layout {
  std::string id;      ///< of its first run
  double measured = 0; ///< sum over its runs
  double predicted = 0;
  double runs = 0;
};

std::string family_key(const ComparedRun &run) {
  const RunRecord &r = *run.record;
  return fmt::format("{}\n{}\n{} {} {} {} {} {}\n{}\n{}\n{}\n{}\n{}\n{}", r.source, r.framework,
                     *r.layers, *r.hidden, *r.heads, r.kv_heads.value_or(0), *r.ffn, *r.vocab,
                     r.gpu, *r.n_gpus, r.interconnect, *r.seq_len, run.training.global_batch,
                     r.precision);
}

std::string layout_key(const ComparedRun &run) {
  const Parallelism &p = run.parallelism;
  return fmt::format("{} {} {} {} {} {} {} {} {}", p.tensor_parallel, p.sequence_parallel,
                     p.pipeline_parallel, p.virtual_pipeline, p.context_parallel, p.data_parallel,
                     p.zero_stage, run.training.micro_batch,
                     static_cast<int>(run.training.recompute));
}

/// The layout of the least mean time.
const Layout &least(const std::map<std::string, Layout> &layouts, double Layout::*time) {
  return std::ranges::min_element(
             layouts, {}, [&](const auto &entry) { return entry.second.*time / entry.second.runs; })
      ->second;
}

} // namespace

RegretSummary rank_regret(std::span<const ComparedRun *const> runs) {
  struct Family {
    std::string name;
    std::map<std::string, Layout> layouts;
  };
  std::map<std::string, Family> families;
  for (const ComparedRun *run : runs) {
    const Compared *step = run->find(RunMetric::step_time);
    if (step == nullptr)
      continue;
    Family &family = families[family_key(*run)];
    if (family.name.empty())
      family.name = fmt::format("{}, {} {}, {} x {} tokens, {}", run->record->model,
                                *run->record->n_gpus, run->record->gpu, run->training.global_batch,
                                *run->record->seq_len, run->record->framework);
    Layout &layout = family.layouts[layout_key(*run)];
    if (layout.id.empty())
      layout.id = run->record->id;
    layout.measured += step->measured;
    layout.predicted += step->predicted;
    layout.runs += 1;
  }
  constexpr std::size_t fewest_layouts = 3;
  RegretSummary summary;
  for (const auto &[key, family] : families) {
    if (family.layouts.size() < fewest_layouts)
      continue;
    const Layout &chosen = least(family.layouts, &Layout::predicted);
    const Layout &best = least(family.layouts, &Layout::measured);
    summary.families.push_back({family.name, static_cast<std::int64_t>(family.layouts.size()),
                                chosen.id, best.id,
                                (chosen.measured / chosen.runs) / (best.measured / best.runs) - 1});
  }
  std::ranges::stable_sort(summary.families, std::greater{}, &RankRegret::regret);
  for (const RankRegret &family : summary.families) {
    summary.max = std::max(summary.max, family.regret);
    summary.mean += family.regret / static_cast<double>(summary.families.size());
  }
  return summary;
}

} // namespace flopcast
