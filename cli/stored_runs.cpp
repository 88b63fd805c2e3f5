// SPDX-License-Identifier: Apache-2.0
#include "cli/stored_runs.hpp"

#include "hardware/input/diagnostic.hpp"
#include "hardware/provenance.hpp"
#include "model/scaling/fit/loss_form.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace flopcast {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

/// Digits of the hash that ids end in: chance meetings are for millions of runs of one label.
constexpr std::size_t id_digits = 12;

template <class Value> std::string number_text(const std::optional<Value> &value) {
  return value ? fmt::format("{}", *value) : std::string();
}

/// What a run says beside its settings.
Fields fields_of(const MeasuredRun &run) {
  return {{"label", run.id},
          {"source", run.source},
          {"date", run.date ? to_text(*run.date) : ""},
          {"split_group", run.split_group},
          {"framework", run.framework},
          {"model", run.model},
          {"gpu", run.gpu},
          {"gpus", number_text(run.gpus)},
          {"N", number_text(run.parameters)},
          {"D", run.tokens ? fmt::format("{}", run.tokens->in(units::token)) : ""},
          {"C", run.compute ? fmt::format("{}", run.compute->in(units::flop)) : ""},
          {"loss", number_text(run.loss)}};
}

/// Whether a law reads the feature from a column of the store rather than from a setting.
bool has_column(RunFeature feature) {
  return feature == RunFeature::parameters || feature == RunFeature::tokens ||
         feature == RunFeature::compute;
}

} // namespace

CsvTable stored_scaling_runs(const std::filesystem::path &path) {
  const std::string name = path.string();
  if (!std::filesystem::exists(path))
    throw InputError({name, 0, 0}, "there is no store yet; \"flopcast law record\" puts runs in");
  std::vector<MeasuredRun> runs = measured_runs(Database(path), {});
  const std::size_t stored = runs.size();
  std::erase_if(runs, [](const MeasuredRun &run) { return !run.loss; });
  if (runs.empty())
    throw InputError({name, 0, 0},
                     fmt::format("none of {} runs has a loss; \"flopcast law record\" "
                                 "puts such runs in",
                                 stored));
  CsvTable table;
  for (const auto &[column, text] : fields_of(runs.front()))
    table.columns.push_back(column);
  const std::size_t own_columns = table.columns.size();
  std::set<std::string> settings;
  for (const MeasuredRun &run : runs)
    for (const auto &[setting, text] : run.settings)
      if (std::ranges::find(table.columns, setting) == table.columns.end())
        settings.insert(setting);
  table.columns.insert(table.columns.end(), settings.begin(), settings.end());
  for (const MeasuredRun &run : runs) {
    CsvTable::Record record;
    for (auto &[column, text] : fields_of(run))
      record.fields.push_back(std::move(text));
    for (auto column = table.columns.begin() + static_cast<std::ptrdiff_t>(own_columns);
         column != table.columns.end(); ++column) {
      const auto found = run.settings.find(*column);
      record.fields.push_back(found == run.settings.end() ? std::string() : found->second);
    }
    record.places.assign(table.columns.size(), {fmt::format("{}: run {}", name, run.id), 0, 0});
    table.records.push_back(std::move(record));
  }
  return table;
}

MeasuredRun recorded_run(const ScalingRun &run, const std::string &source) {
  MeasuredRun stored;
  stored.source = source;
  stored.split_group = source;
  stored.model = run.label;
  stored.parameters = run.feature(RunFeature::parameters);
  if (const auto tokens = run.feature(RunFeature::tokens))
    stored.tokens = *tokens * units::token;
  if (const auto compute = run.feature(RunFeature::compute))
    stored.compute = *compute * units::flop;
  stored.loss = run.loss;
  for (std::size_t i = 0; i < run_feature_count; ++i)
    if (const auto feature = static_cast<RunFeature>(i); !has_column(feature))
      if (const auto value = run.feature(feature))
        stored.settings.emplace(feature_name(feature), fmt::format("{}", *value));
  if (run.weight != 1)
    stored.settings.emplace("weight", fmt::format("{}", run.weight));
  TextFields content = stored.settings;
  for (const auto &[column, text] : fields_of(stored))
    content.emplace(column, text);
  const std::string hash = content_key(content).substr(0, id_digits);
  stored.id = run.label.empty() ? fmt::format("{}/{}", source, hash)
                                : fmt::format("{}/{}/{}", source, run.label, hash);
  return stored;
}

} // namespace flopcast
