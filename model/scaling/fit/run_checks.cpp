// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/fit/run_checks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

namespace flopcast {
namespace {

/// Relative spread below which a feature counts as one value: rounding of a table.
constexpr double same_value = 0.01;

std::vector<std::string> parameter_names(const LossForm &form) {
  std::vector<std::string> names;
  names.reserve(form.parameters.size());
  for (const FormParameter &parameter : form.parameters)
    names.push_back(parameter.name);
  return names;
}

double spread_of(const std::vector<ScalingRun> &runs,
                 const std::function<double(const ScalingRun &)> &log_value) {
  double low = log_value(runs.front());
  double high = low;
  for (const ScalingRun &run : runs) {
    low = std::min(low, log_value(run));
    high = std::max(high, log_value(run));
  }
  return high - low;
}

/// Whether the form weighs N and D, sizes differ and the ratio does not.
bool has_one_ratio(const LossForm &form, const std::vector<ScalingRun> &runs) {
  const auto needs = [&](RunFeature feature) {
    return std::ranges::find(form.needs, feature) != form.needs.end();
  };
  if (!needs(RunFeature::parameters) || !needs(RunFeature::tokens))
    return false;
  const auto log_size = [](const ScalingRun &run) {
    return std::log(run.at(RunFeature::parameters));
  };
  const auto log_ratio = [](const ScalingRun &run) {
    return std::log(run.at(RunFeature::tokens) / run.at(RunFeature::parameters));
  };
  return spread_of(runs, log_ratio) < same_value && spread_of(runs, log_size) >= same_value;
}

void check_spread(const LossForm &form, const std::vector<ScalingRun> &runs,
                  std::vector<std::string> &warnings) {
  const auto log_of = [](RunFeature feature) {
    return [feature](const ScalingRun &run) { return std::log(run.at(feature)); };
  };
  for (const RunFeature feature : form.needs)
    if (feature != RunFeature::sparsity && spread_of(runs, log_of(feature)) < same_value)
      warnings.push_back(fmt::format("{} is the same in all runs: its term cannot be told from a "
                                     "constant; add runs that differ in {}",
                                     feature_name(feature), feature_name(feature)));
  if (has_one_ratio(form, runs))
    warnings.emplace_back("all runs have one ratio D/N: the terms of N and D cannot be told apart, "
                          "and no optimum at a budget follows; add runs at another ratio");
}

void check_repeats(const std::vector<ScalingRun> &runs, std::vector<std::string> &warnings) {
  std::set<std::pair<std::array<std::optional<double>, run_feature_count>, double>> seen;
  std::size_t repeats = 0;
  const ScalingRun *first = nullptr;
  for (const ScalingRun &run : runs)
    if (!seen.emplace(run.features, run.loss).second) {
      ++repeats;
      if (first == nullptr)
        first = &run;
    }
  if (repeats > 0)
    warnings.push_back(fmt::format("{} runs repeat another with the same features and the same "
                                   "loss (first at {}:{}): each counts, and intervals come out too "
                                   "narrow if they are copies",
                                   repeats, first->place.file, first->place.line));
}

} // namespace

void check_fixed(const LossForm &form, const std::map<std::string, double, std::less<>> &fixed) {
  for (const auto &[name, value] : fixed) {
    const auto index = form.index(name);
    if (!index)
      throw InputError({"--fix", 0, 0},
                       fmt::format("form {} has no parameter \"{}\"; it has {}", form.id, name,
                                   fmt::join(parameter_names(form), ", ")));
    if (form.parameters[*index].kind != ParameterKind::exponent && !(value > 0))
      throw InputError({"--fix", 0, 0}, fmt::format("{} = {:g}: must be above 0", name, value));
  }
}

void check_features(const LossForm &form, const std::vector<ScalingRun> &runs) {
  if (runs.empty())
    throw InputError({"runs", 0, 0}, "there is no run to fit");
  Diagnostics diagnostics;
  for (const RunFeature feature : form.needs)
    if (std::ranges::none_of(
            runs, [&](const ScalingRun &run) { return run.feature(feature).has_value(); }))
      diagnostics.add({runs.front().place.file, 0, 0},
                      fmt::format("no run has {}, which --form {} needs; name its column with "
                                  "--columns \"{}=…\", or fit another form",
                                  feature_name(feature), form.id, feature_name(feature)));
  diagnostics.throw_if_any();
  for (const ScalingRun &run : runs)
    for (const RunFeature feature : form.needs)
      if (!run.feature(feature) && diagnostics.size() < 20)
        diagnostics.add(run.place,
                        fmt::format("the run has no {}, which --form {} needs; name its column "
                                    "with --columns \"{}=…\"",
                                    feature_name(feature), form.id, feature_name(feature)));
  diagnostics.throw_if_any();
}

std::vector<std::string> check_runs(const LossForm &form, const std::vector<ScalingRun> &runs,
                                    std::size_t free_parameters) {
  if (runs.size() < free_parameters)
    throw InputError(runs.front().place,
                     fmt::format("{} runs cannot determine the {} parameters of --form {}; add "
                                 "runs, choose a form with fewer parameters, or fix some (--fix)",
                                 runs.size(), free_parameters, form.id));
  std::vector<std::string> warnings;
  if (runs.size() < free_parameters + 3)
    warnings.push_back(fmt::format("{} runs for {} parameters: hardly a run is left to judge the "
                                   "fit by; intervals are not to be relied on",
                                   runs.size(), free_parameters));
  check_spread(form, runs, warnings);
  check_repeats(runs, warnings);
  return warnings;
}

std::vector<std::size_t> confounded_by_ratio(const LossForm &form,
                                             const std::vector<ScalingRun> &runs,
                                             const std::vector<std::size_t> &free_parameters) {
  if (runs.empty() || !has_one_ratio(form, runs))
    return {};
  std::vector<std::size_t> of_params;
  std::vector<std::size_t> of_tokens;
  for (const std::size_t parameter : free_parameters) {
    const std::string &name = form.parameters[parameter].name;
    if (name == "A" || name == "a" || (name == "alpha" && form.index("beta")))
      of_params.push_back(parameter);
    else if (name == "B" || name == "b" || name == "beta")
      of_tokens.push_back(parameter);
  }
  if (of_params.empty() || of_tokens.empty())
    return {}; // one of the terms is held: the other is what is left
  of_params.insert(of_params.end(), of_tokens.begin(), of_tokens.end());
  return of_params;
}

} // namespace flopcast
