// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/csv.hpp"
#include "hardware/input/value.hpp"
#include "hardware/units/text.hpp"

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast::tests {

/// The value of a dotted key, such as "peak.bf16"; null where the file has no such key.
inline const InputValue *value_at(const InputValue &root, std::string_view dotted) {
  const InputValue *value = &root;
  while (!dotted.empty()) {
    const auto dot = dotted.find('.');
    const auto *table = std::get_if<InputTable>(&value->data);
    if (table == nullptr)
      return nullptr;
    const auto found = table->find(dotted.substr(0, dot));
    if (found == table->end())
      return nullptr;
    value = &found->second;
    dotted = dot == std::string_view::npos ? std::string_view() : dotted.substr(dot + 1);
  }
  return value;
}

inline std::string text_at(const InputValue &root, std::string_view dotted) {
  const InputValue *value = value_at(root, dotted);
  const auto *text = value == nullptr ? nullptr : std::get_if<std::string>(&value->data);
  return text == nullptr ? std::string() : *text;
}

inline std::vector<std::string> texts_at(const InputValue &root, std::string_view dotted) {
  std::vector<std::string> texts;
  if (const InputValue *value = value_at(root, dotted))
    if (const auto *array = std::get_if<InputArray>(&value->data))
      for (const InputValue &item : *array)
        texts.push_back(std::get<std::string>(item.data));
  return texts;
}

/// A number, a flag or a quantity in base units. Throws UnitError where it is another text.
inline std::optional<double> number_at(const InputValue &root, std::string_view dotted) {
  const InputValue *value = value_at(root, dotted);
  if (value == nullptr)
    return std::nullopt;
  if (const auto *integer = std::get_if<std::int64_t>(&value->data))
    return static_cast<double>(*integer);
  if (const auto *number = std::get_if<double>(&value->data))
    return *number;
  if (const auto *flag = std::get_if<bool>(&value->data))
    return *flag ? 1.0 : 0.0;
  if (const auto *text = std::get_if<std::string>(&value->data))
    return parse_any_quantity(*text).value;
  return std::nullopt;
}

/// What a preset tells its reader beside the numbers.
inline std::string remarks_of(const InputValue &root) {
  std::string remarks = text_at(root, "note");
  for (const std::string &caveat : texts_at(root, "caveats"))
    remarks += "\n" + caveat;
  return remarks;
}

/// Calls visit(dotted name, table) for the root and every table below it.
inline void
for_each_table(const InputValue &value, const std::string &name,
               const std::function<void(const std::string &, const InputTable &)> &visit) {
  const auto *table = std::get_if<InputTable>(&value.data);
  if (table == nullptr)
    return;
  visit(name, *table);
  for (const auto &[key, below] : *table)
    for_each_table(below, name.empty() ? key : name + "." + key, visit);
}

/// No fact is dated later than the year in which the presets were collected.
inline constexpr Date last_day{2026, 12, 31};
/// The first accelerator of the presets is of 2016; some electricity prices are of 2010.
inline constexpr Date first_day{2010, 1, 1};

/// 2026-02-30 is a date to the eye of a parser that only counts digits; not to the calendar.
inline bool is_calendar_day(Date date) {
  using namespace std::chrono;
  return (year(date.year) / month(static_cast<unsigned>(date.month)) /
          day(static_cast<unsigned>(date.day)))
      .ok();
}

inline std::optional<Date> date_of(const std::string &text) {
  static const std::regex pattern(R"((\d{4})-(\d{2})-(\d{2}))");
  std::smatch part;
  if (!std::regex_match(text, part, pattern))
    return std::nullopt;
  return Date{std::stoi(part[1]), std::stoi(part[2]), std::stoi(part[3])};
}

/// Reads a CSV table with whatever columns its header names.
inline std::vector<CsvRow> read_any_csv(const std::filesystem::path &path) {
  const std::string text = read_file(path.string());
  std::size_t begin = 0;
  while (begin < text.size() && text[begin] == '#')
    begin = text.find('\n', begin) + 1;
  std::string header = text.substr(begin, text.find_first_of("\r\n", begin) - begin);
  std::vector<std::string> columns;
  for (std::size_t comma = 0; comma != std::string::npos; header.erase(0, comma + 1)) {
    comma = header.find(',');
    columns.push_back(header.substr(0, comma));
    if (comma == std::string::npos)
      break;
  }
  return parse_csv(text, path.string(), columns);
}

/// A field that is a plain number; nothing where it is empty or anything else.
inline std::optional<double> number_of(const std::string &field) {
  char *end = nullptr;
  const double value = std::strtod(field.c_str(), &end);
  if (field.empty() || *end != '\0')
    return std::nullopt;
  return value;
}

/// Conversions of decimal prefixes round in the last bits; nothing else may differ.
inline bool same_number(double a, double b) {
  return std::abs(a - b) <= 1e-12 * std::max(std::abs(a), std::abs(b));
}

} // namespace flopcast::tests
