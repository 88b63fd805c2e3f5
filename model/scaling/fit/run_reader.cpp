// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/fit/run_reader.hpp"

#include "model/scaling/fit/loss_form.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace flopcast {
namespace {

using Json = nlohmann::json;

/// Lines told of at once: a table of thousands that is wrong in all is told in part.
constexpr std::size_t most_problems = 20;

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::string field_text(const Json &value) {
  if (value.is_string())
    return value.get<std::string>();
  return value.is_null() ? std::string()
                         : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void add_object(const Json &object, const Place &place, CsvTable &table) {
  if (!object.is_object())
    throw InputError(place, "is no JSON object; each run is one, such as "
                            "{\"N\": 1e9, \"D\": 2e10, \"loss\": 2.9}");
  CsvTable::Record record;
  for (const auto &[key, value] : object.items()) {
    auto found = std::ranges::find(table.columns, key);
    if (found == table.columns.end())
      found = table.columns.insert(found, key);
    const auto index = static_cast<std::size_t>(found - table.columns.begin());
    record.fields.resize(std::max(record.fields.size(), index + 1));
    record.fields[index] = field_text(value);
  }
  record.places = {place};
  table.records.push_back(std::move(record));
}

Json parsed(std::string_view text, const std::string &file, int line) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error &error) {
    throw InputError({file, line, static_cast<int>(error.byte)},
                     "is no JSON; each line holds one object, or the file one array of objects");
  }
}

CsvTable json_table(std::string_view text, const std::string &file) {
  CsvTable table;
  if (trimmed(text).starts_with('[')) {
    int count = 0;
    for (const Json &object : parsed(text, file, 1))
      add_object(object, {fmt::format("{}[{}]", file, count++), 0, 0}, table);
  } else {
    int line = 1;
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      if (!trimmed(text.substr(0, end)).empty())
        add_object(parsed(text.substr(0, end), file, line), {file, line, 1}, table);
      text.remove_prefix(std::min(end + 1, text.size()));
      ++line;
    }
  }
  for (CsvTable::Record &record : table.records) {
    record.fields.resize(table.columns.size());
    record.places.resize(table.columns.size(), record.places.front());
  }
  return table;
}

/// The number of a field, NaN where it holds none.
double number_in(const std::string &field) {
  const std::string_view text = trimmed(field);
  double value = std::numeric_limits<double>::quiet_NaN();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
    return std::numeric_limits<double>::quiet_NaN();
  return value;
}

/// Where each name's column stands.
class Layout {
public:
  Layout(const CsvTable &table, const std::string &file, const RunColumns &wanted) {
    Diagnostics diagnostics;
    for (const auto &[name, column] : wanted.names) {
      if (index_in(table, column))
        continue;
      const std::string near = nearest_name(column, table.columns);
      diagnostics.add({file, 1, 1},
                      near.empty() ? fmt::format(R"(no column "{}" (for {}); the table has {})",
                                                 column, name, fmt::join(table.columns, ", "))
                                   : fmt::format(R"(no column "{}" (for {}); did you mean "{}"?)",
                                                 column, name, near));
    }
    diagnostics.throw_if_any();
    for (const std::string &name : scaling_run_names()) {
      const auto given = wanted.names.find(name);
      if (const auto index = index_in(table, given == wanted.names.end() ? name : given->second))
        indices_.emplace(name, *index);
    }
    if (!indices_.contains("loss"))
      throw InputError({file, 1, 1}, fmt::format("no column \"loss\"; name it with --columns "
                                                 "\"loss=…\"; the table has {}",
                                                 fmt::join(table.columns, ", ")));
  }

  [[nodiscard]] std::optional<std::size_t> operator[](std::string_view name) const {
    const auto found = indices_.find(name);
    return found == indices_.end() ? std::nullopt : std::optional(found->second);
  }

  static std::optional<std::size_t> index_in(const CsvTable &table, std::string_view column) {
    const auto found = std::ranges::find(table.columns, column);
    return found == table.columns.end()
               ? std::nullopt
               : std::optional(static_cast<std::size_t>(found - table.columns.begin()));
  }

private:
  std::map<std::string, std::size_t, std::less<>> indices_;
};

/// N, D or C from the other two where the row lacks it.
void complete_compute(std::map<std::string, double, std::less<>> &values) {
  const auto has = [&](const char *name) {
    const auto found = values.find(name);
    return found != values.end() && !std::isnan(found->second);
  };
  constexpr double six = RunColumns::flop_per_parameter_token;
  if (has("N") && has("D") && !values.contains("C"))
    values["C"] = six * values["N"] * values["D"];
  else if (has("N") && has("C") && !values.contains("D"))
    values["D"] = values["C"] / (six * values["N"]);
  else if (has("D") && has("C") && !values.contains("N"))
    values["N"] = values["C"] / (six * values["D"]);
}

/// Numbers of a row by name; NaN where the field holds none.
std::map<std::string, double, std::less<>> numbers_of(const CsvTable::Record &record,
                                                      const Layout &layout) {
  std::map<std::string, double, std::less<>> values;
  for (const std::string &name : scaling_run_names())
    if (const auto index = layout[name]; index && name != "label")
      if (name == "loss" || !trimmed(record.fields[*index]).empty())
        values[name] = number_in(record.fields[*index]);
  complete_compute(values);
  return values;
}

/// Whether the value may stand for the name, and what may.
std::string range_problem(const std::string &name, double value) {
  if (name == "S")
    return value >= 0 && value < 1 ? "" : "a share from 0 to below 1";
  if (name == "weight")
    return value >= 0 && value < 1e300 ? "" : "a number of 0 or more";
  return value > 0 && value < 1e300 ? "" : "a number above 0";
}

ScalingRun run_of(const std::map<std::string, double, std::less<>> &values,
                  const CsvTable::Record &record, const Layout &layout, Diagnostics &diagnostics) {
  ScalingRun run;
  run.place = record.places.front();
  for (const auto &[name, value] : values) {
    const auto index = layout[name];
    if (const std::string expected = range_problem(name, value); !expected.empty()) {
      if (index && diagnostics.size() < most_problems)
        diagnostics.add(record.places[*index],
                        fmt::format("{}: \"{}\" is not {}; correct it, or leave the row out with "
                                    "--where",
                                    name, record.fields[*index], expected));
      continue;
    }
    if (name == "loss")
      run.loss = value;
    else if (name == "weight")
      run.weight = value;
    for (std::size_t i = 0; i < run_feature_count; ++i)
      if (name == feature_name(static_cast<RunFeature>(i)))
        run.features[i] = value;
  }
  if (const auto index = layout["label"])
    run.label = trimmed(record.fields[*index]);
  return run;
}

} // namespace

std::vector<std::string> scaling_run_names() {
  std::vector<std::string> names{"loss", "weight", "label"};
  for (std::size_t i = 0; i < run_feature_count; ++i)
    names.emplace_back(feature_name(static_cast<RunFeature>(i)));
  return names;
}

RunColumns parse_run_columns(std::string_view text) {
  RunColumns columns;
  const std::vector<std::string> names = scaling_run_names();
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    const std::string_view part = text.substr(0, end);
    const auto equals = part.find('=');
    const std::string name(trimmed(part.substr(0, equals)));
    if (equals == std::string_view::npos || std::ranges::find(names, name) == names.end())
      throw InputError(
          {"--columns", 0, 0},
          fmt::format("\"{}\" is no NAME=COLUMN; NAME is one of {}", part, fmt::join(names, ", ")));
    columns.names.insert_or_assign(name, std::string(trimmed(part.substr(equals + 1))));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return columns;
}

ScalingRuns read_scaling_runs(std::string_view text, const std::string &file,
                              const RunColumns &columns, const std::optional<RunFilter> &filter) {
  const std::string_view content = trimmed(text);
  return read_scaling_runs(content.starts_with('{') || content.starts_with('[')
                               ? json_table(text, file)
                               : parse_csv_table(text, file),
                           file, columns, filter);
}

ScalingRuns read_scaling_runs(const CsvTable &table, const std::string &file,
                              const RunColumns &columns, const std::optional<RunFilter> &filter) {
  const Layout layout(table, file, columns);
  if (filter)
    filter->for_each_column([&](const std::string &name, int place) {
      const bool derived = name == "N" || name == "D" || name == "C";
      if (!derived && !layout[name] && !Layout::index_in(table, name))
        throw InputError({"--where", 1, place}, fmt::format("no column \"{}\"; the table has {}",
                                                            name, fmt::join(table.columns, ", ")));
    });
  ScalingRuns result{.runs = {}, .rows = table.records.size()};
  Diagnostics diagnostics;
  for (const CsvTable::Record &record : table.records) {
    const auto values = numbers_of(record, layout);
    const auto lookup = [&](const std::string &name) -> RunFilter::Value {
      if (const auto found = values.find(name); found != values.end())
        return found->second;
      const auto index = Layout::index_in(table, name);
      if (!index)
        return std::numeric_limits<double>::quiet_NaN();
      const double number = number_in(record.fields[*index]);
      if (std::isnan(number))
        return std::string(trimmed(record.fields[*index]));
      return number;
    };
    if (!filter || filter->holds(lookup))
      result.runs.push_back(run_of(values, record, layout, diagnostics));
  }
  diagnostics.throw_if_any();
  if (result.runs.empty())
    throw InputError({file, 0, 0},
                     result.rows == 0 ? "holds no run"
                                      : fmt::format("--where leaves none of {} rows", result.rows));
  return result;
}

} // namespace flopcast
