// SPDX-License-Identifier: Apache-2.0
#include "model/validation/run_spread.hpp"

#include "model/validation/software_fit.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

namespace flopcast {
namespace {

// Of what other frameworks' groups count together: as many as a P10 takes to be seen once.
constexpr double others_weight = 10;
// Of a group of another edition of the framework: half of their scatter is common (FamilyFit).
constexpr double relatives_weight = 0.5;

struct WeightedError {
  double log_error = 0; ///< log(measured / predicted)
  double weight = 0;
  double hardware = 0; ///< variance that kernels and links explain
};

using Runs = std::span<const ComparedRun *const>;

/// Each group weighs 1, spread over its runs that have the metric.
std::map<std::string_view, double> group_sizes(Runs runs, RunMetric metric) {
  std::map<std::string_view, double> sizes;
  for (const ComparedRun *run : runs)
    if (run->find(metric) != nullptr)
      sizes[run->record->split_group] += 1;
  return sizes;
}

struct WeightedErrors {
  std::vector<WeightedError> errors; ///< sorted
  double groups = 0;                 ///< of the framework itself
};

/// How much a group counts, by whose it is.
struct GroupWeights {
  double own = 1;
  double relative = relatives_weight;
  double stranger = 0;
};

/// Of so many groups of the framework itself, of its relatives and of all others.
GroupWeights group_weights(double own, double relatives, double strangers) {
  GroupWeights weights;
  // Of a framework that nobody ran its relatives tell the same, or all others.
  if (own == 0)
    weights.relative = 1;
  if (own == 0 && relatives == 0)
    weights.stranger = 1;
  else if (strangers > 0)
    weights.stranger =
        std::clamp((others_weight - weights.relative * relatives) / strangers, 0.0, 1.0);
  return weights;
}

WeightedErrors errors_of(Runs runs, RunMetric metric, std::string_view framework,
                         std::string_view family) {
  const auto sizes = group_sizes(runs, metric);
  const auto share = [&](const ComparedRun &run) { return 1 / sizes.at(run.record->split_group); };
  double own = 0;
  double relatives = 0;
  double strangers = 0;
  for (const ComparedRun *run : runs)
    if (run->find(metric) != nullptr)
      (run->rules == framework ? own
       : run->family == family ? relatives
                               : strangers) += share(*run);
  const GroupWeights weights = group_weights(own, relatives, strangers);
  WeightedErrors all;
  all.groups = own > 0 ? own : relatives > 0 ? relatives : strangers;
  for (const ComparedRun *run : runs) {
    const double weight = run->rules == framework ? weights.own
                          : run->family == family ? weights.relative
                                                  : weights.stranger;
    const Compared *c = run->find(metric);
    if (c != nullptr && weight > 0)
      all.errors.push_back(
          {std::log(c->measured / c->predicted), weight * share(*run), run->hardware.variance()});
  }
  std::ranges::sort(all.errors, {}, &WeightedError::log_error);
  return all;
}

double weight_of(const std::vector<WeightedError> &errors) {
  double sum = 0;
  for (const WeightedError &e : errors)
    sum += e.weight;
  return sum;
}

/// The least error up to which the weights reach the share; the largest where they never do.
template <class Iterator>
double reached(const Iterator &begin, const Iterator &end, double needed) {
  double sum = 0;
  for (Iterator at = begin; at != end; ++at) {
    sum += at->weight;
    if (sum >= needed)
      return at->log_error;
  }
  return (end - 1)->log_error;
}

ErrorSpread spread_of(const WeightedErrors &all) {
  if (all.errors.empty())
    return {};
  const double weight = weight_of(all.errors);
  const double nine_tenths = 0.9 * (weight + 1);
  return {.samples = std::llround(all.groups),
          .p10 = reached(all.errors.rbegin(), all.errors.rend(), nine_tenths),
          .p50 = reached(all.errors.begin(), all.errors.end(), 0.5 * weight),
          .p90 = reached(all.errors.begin(), all.errors.end(), nine_tenths)};
}

} // namespace

SoftwareSpread software_spread(Runs runs, std::string_view framework, std::string_view family) {
  const WeightedErrors steps = errors_of(runs, RunMetric::step_time, framework, family);
  SoftwareSpread spread;
  spread.step_time = spread_of(steps);
  spread.memory = spread_of(errors_of(runs, RunMetric::memory, framework, family));
  double variance = 0;
  for (const WeightedError &e : steps.errors)
    variance += e.weight * e.hardware;
  if (!steps.errors.empty())
    spread.hardware = std::sqrt(variance / weight_of(steps.errors));
  return spread;
}

void state_spreads(RunComparison &blind, int folds) {
  for (int fold = 0; fold < folds; ++fold) {
    std::vector<const ComparedRun *> others;
    for (const ComparedRun &run : blind.runs)
      if (fold_of(run.record->split_group, folds) != fold)
        others.push_back(&run);
    std::map<std::string, SoftwareSpread> spreads;
    for (ComparedRun &run : blind.runs) {
      if (fold_of(run.record->split_group, folds) != fold)
        continue;
      auto found = spreads.find(run.rules);
      if (found == spreads.end())
        found = spreads.emplace(run.rules, software_spread(others, run.rules, run.family)).first;
      run.state_spread(found->second);
    }
  }
}

std::optional<double> inside_share(Runs runs, RunMetric metric) {
  const auto sizes = group_sizes(runs, metric);
  double inside = 0;
  double all = 0;
  for (const ComparedRun *run : runs)
    if (const Compared *c = run->find(metric); c != nullptr && c->spread) {
      const double weight = 1 / sizes.at(run->record->split_group);
      all += weight;
      inside += c->is_inside() ? weight : 0;
    }
  return all > 0 ? std::optional(inside / all) : std::nullopt;
}

} // namespace flopcast
