// SPDX-License-Identifier: Apache-2.0
#include "hardware/input/table_reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace flopcast {
namespace {

const InputTable empty_table;
const InputValue empty_value{.data = InputTable{}, .place = {}};

std::string_view type_name(const InputValue &value) {
  constexpr std::array<std::string_view, 7> names{
      "true or false", "an integer", "a number", "a text", "a date", "an array", "a table"};
  return names[value.data.index()];
}

std::string range_text(double value, double lowest, double highest, const Exponents &exponents) {
  const double bound = value < lowest ? lowest : highest;
  return fmt::format("{} is {} the {} allowed, {}", human_text(value, exponents),
                     value < lowest ? "below" : "above", value < lowest ? "least" : "most",
                     human_text(bound, exponents));
}

} // namespace

TableReader::TableReader(const InputValue &value, std::string path, Diagnostics &diagnostics)
    : value_(&value), table_(std::get_if<InputTable>(&value.data)), path_(std::move(path)),
      diagnostics_(&diagnostics) {
  if (table_ == nullptr) {
    diagnostics_->add(value.place,
                      fmt::format("{}: expected a table, got {}",
                                  path_.empty() ? "the file" : path_, type_name(value)));
    table_ = &empty_table;
  }
}

bool TableReader::has(std::string_view key) const {
  asked_.emplace(key);
  return table_->contains(key);
}

Place TableReader::place(std::string_view key) const {
  const auto found = table_->find(key);
  return found == table_->end() ? value_->place : found->second.place;
}

std::string TableReader::full_key(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

const InputValue *TableReader::find(std::string_view key) {
  known_.emplace(key);
  const auto found = table_->find(key);
  return found == table_->end() ? nullptr : &found->second;
}

void TableReader::report(std::string_view key, std::string_view message) {
  diagnostics_->add(place(key), fmt::format("{}: {}", full_key(key), message));
}

void TableReader::report_missing(std::string_view key, std::string_view expected) {
  known_.emplace(key);
  report(key, fmt::format("is missing; expected {}", expected));
}

std::optional<std::string> TableReader::text(std::string_view key) {
  const InputValue *value = find(key);
  if (value == nullptr)
    return std::nullopt;
  if (const auto *written = std::get_if<std::string>(&value->data))
    return *written;
  report(key, fmt::format("expected a text in quotes, got {}", type_name(*value)));
  return std::nullopt;
}

std::vector<std::string> TableReader::texts(std::string_view key) {
  const InputValue *value = find(key);
  std::vector<std::string> result;
  if (value == nullptr)
    return result;
  const auto *array = std::get_if<InputArray>(&value->data);
  if (array == nullptr) {
    report(key, fmt::format("expected an array of texts, got {}", type_name(*value)));
    return result;
  }
  for (const InputValue &element : *array) {
    if (const auto *written = std::get_if<std::string>(&element.data))
      result.push_back(*written);
    else
      diagnostics_->add(element.place, fmt::format("{}: expected a text in quotes, got {}",
                                                   full_key(key), type_name(element)));
  }
  return result;
}

std::optional<bool> TableReader::flag(std::string_view key) {
  const InputValue *value = find(key);
  if (value == nullptr)
    return std::nullopt;
  if (const auto *written = std::get_if<bool>(&value->data))
    return *written;
  report(key, fmt::format("expected true or false, got {}", type_name(*value)));
  return std::nullopt;
}

std::optional<Date> TableReader::date(std::string_view key) {
  const InputValue *value = find(key);
  if (value == nullptr)
    return std::nullopt;
  if (const auto *written = std::get_if<Date>(&value->data))
    return *written;
  report(key, fmt::format("expected a date such as 2026-11-23, got {}", type_name(*value)));
  return std::nullopt;
}

std::optional<double> TableReader::number(std::string_view key, double lowest, double highest) {
  const InputValue *value = find(key);
  if (value == nullptr)
    return std::nullopt;
  double number = 0;
  if (const auto *integer = std::get_if<std::int64_t>(&value->data))
    number = static_cast<double>(*integer);
  else if (const auto *real = std::get_if<double>(&value->data))
    number = *real;
  else {
    report(key, fmt::format("expected a number, got {}", type_name(*value)));
    return std::nullopt;
  }
  if (!std::isfinite(number)) {
    report(key, "expected a finite number");
    return std::nullopt;
  }
  if (number < lowest || number > highest) {
    report(key, range_text(number, lowest, highest, Exponents{}));
    return std::nullopt;
  }
  return number;
}

std::optional<std::int64_t> TableReader::integer(std::string_view key, std::int64_t lowest,
                                                 std::int64_t highest) {
  const auto value = number(key, static_cast<double>(lowest), static_cast<double>(highest));
  if (!value)
    return std::nullopt;
  // A double is exact up to 2^53 only; what is written as an integer stays one.
  if (const auto *exact = std::get_if<std::int64_t>(&find(key)->data)) {
    if (*exact >= lowest && *exact <= highest)
      return *exact;
    report(key, fmt::format("{} is not between {} and {}", *exact, lowest, highest));
    return std::nullopt;
  }
  if (*value != std::floor(*value)) {
    report(key, fmt::format("expected a whole number, got {}", *value));
    return std::nullopt;
  }
  if (*value >= 0x1p63) { // where `highest` is the largest integer, its double is one above it
    report(key, fmt::format("{} is above the largest integer", *value));
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*value);
}

std::vector<double> TableReader::numbers(std::string_view key, double lowest, double highest) {
  const InputValue *value = find(key);
  std::vector<double> result;
  if (value == nullptr)
    return result;
  const auto *array = std::get_if<InputArray>(&value->data);
  if (array == nullptr) {
    report(key, fmt::format("expected an array of numbers, got {}", type_name(*value)));
    return result;
  }
  for (const InputValue &element : *array) {
    double number = std::numeric_limits<double>::quiet_NaN();
    if (const auto *integer = std::get_if<std::int64_t>(&element.data))
      number = static_cast<double>(*integer);
    else if (const auto *real = std::get_if<double>(&element.data))
      number = *real;
    if (!(number >= lowest && number <= highest)) {
      diagnostics_->add(element.place, fmt::format("{}: expected a number from {} to {}",
                                                   full_key(key), lowest, highest));
      return {};
    }
    result.push_back(number);
  }
  return result;
}

std::vector<double> TableReader::number_block(std::string_view key) {
  std::vector<double> result;
  const auto block = text(key);
  if (!block)
    return result;
  const char *at = block->data();
  const char *const end = at + block->size();
  while (at != end) {
    if (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t') {
      ++at;
      continue;
    }
    double number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc{} || !std::isfinite(number)) {
      report(key, fmt::format("expected numbers and white space, got \"{}\" after {} numbers", *at,
                              result.size()));
      return {};
    }
    result.push_back(number);
    at = next;
  }
  return result;
}

std::optional<double> TableReader::any_quantity(std::string_view key, const Exponents &exponents,
                                                double lowest, double highest,
                                                std::optional<double> plain_unit) {
  const InputValue *value = find(key);
  if (value == nullptr)
    return std::nullopt;
  double quantity = 0;
  if (const auto *written = std::get_if<std::string>(&value->data)) {
    try {
      const AnyQuantity parsed = parse_any_quantity(*written);
      const bool plain = parsed.exponents == Exponents{} && plain_unit;
      if (parsed.exponents != exponents && !plain)
        throw UnitError(
            fmt::format("expected {}, got \"{}\"", describe_dimension(exponents), *written));
      quantity = plain ? parsed.value * *plain_unit : parsed.value;
    } catch (const UnitError &error) {
      report(key, error.what());
      return std::nullopt;
    }
  } else if (plain_unit && (std::holds_alternative<std::int64_t>(value->data) ||
                            std::holds_alternative<double>(value->data))) {
    const auto plain =
        number(key, -std::numeric_limits<double>::max(), std::numeric_limits<double>::max());
    if (!plain)
      return std::nullopt;
    quantity = *plain * *plain_unit;
  } else {
    report(key, fmt::format("expected {} with its unit in quotes, got {}",
                            describe_dimension(exponents), type_name(*value)));
    return std::nullopt;
  }
  if (!(quantity >= lowest && quantity <= highest)) {
    report(key, range_text(quantity, lowest, highest, exponents));
    return std::nullopt;
  }
  return quantity;
}

void TableReader::report_unknown_choice(std::string_view key, const std::string &written,
                                        const std::vector<std::string> &names) {
  const std::string nearest = nearest_name(written, names);
  report(key,
         fmt::format("\"{}\" is not known; expected one of {}{}", written, fmt::join(names, ", "),
                     nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest)));
}

TableReader TableReader::table(std::string_view key) {
  const InputValue *value = find(key);
  if (value == nullptr) {
    TableReader absent(empty_value, full_key(key), *diagnostics_);
    absent.value_ = value_; // so that "is missing" points at the enclosing table
    return absent;
  }
  return {*value, full_key(key), *diagnostics_};
}

std::vector<TableReader> TableReader::tables(std::string_view key) {
  const InputValue *value = find(key);
  std::vector<TableReader> result;
  if (value == nullptr)
    return result;
  if (const auto *array = std::get_if<InputArray>(&value->data)) {
    for (const InputValue &element : *array)
      result.emplace_back(element, full_key(key), *diagnostics_);
  } else {
    report(key,
           fmt::format("expected tables under [[{}]], got {}", full_key(key), type_name(*value)));
  }
  return result;
}

void TableReader::finish() {
  std::set<std::string, std::less<>> offered = known_;
  offered.insert(asked_.begin(), asked_.end());
  for (const auto &[key, value] : *table_) {
    if (known_.contains(key))
      continue;
    offered.erase(key);
    const std::vector<std::string> names(offered.begin(), offered.end());
    const std::string nearest = nearest_name(key, names);
    diagnostics_->add(value.place,
                      fmt::format("{}: no such key; {}", full_key(key),
                                  nearest.empty()
                                      ? fmt::format("expected one of {}", fmt::join(names, ", "))
                                      : fmt::format("did you mean \"{}\"?", nearest)));
  }
}

} // namespace flopcast
