// SPDX-License-Identifier: Apache-2.0
#include "profiler/importers/table_rows.hpp"

#include "hardware/input/diagnostic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace flopcast {
namespace {

void split(std::string_view line, std::vector<std::string_view> &fields) {
  fields.clear();
  for (;;) {
    const auto comma = line.find(',');
    fields.push_back(line.substr(0, comma));
    if (comma == std::string_view::npos)
      return;
    line.remove_prefix(comma + 1);
  }
}

} // namespace

bool begins_with_header(std::string_view text) {
  while (!text.empty()) {
    if (const char first = text.front(); first != '#' && first != '\n' && first != '\r')
      return true;
    const auto end = text.find('\n');
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return false;
}

TableRows::TableRows(std::string_view text, std::string file)
    : rest_(text), file_(std::move(file)) {
  std::string_view line;
  while (take_line(line)) {
    if (line.empty())
      continue;
    if (line.front() == '#') {
      comments_.push_back(line);
      continue;
    }
    split(line, header_);
    return;
  }
  throw InputError({file_, 1, 1}, "expected a header line that names the columns");
}

bool TableRows::take_line(std::string_view &line) {
  if (rest_.empty())
    return false;
  const auto end = rest_.find('\n');
  line = rest_.substr(0, end);
  rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  if (!line.empty() && line.back() == '\r')
    line.remove_suffix(1);
  ++line_;
  return true;
}

bool TableRows::next() {
  std::string_view line;
  do {
    if (!take_line(line))
      return false;
  } while (line.empty());
  if (line.find('"') != std::string_view::npos)
    fail("quoted fields are not read; write the field without quotes and commas");
  split(line, fields_);
  if (fields_.size() != header_.size())
    fail(fmt::format("the row has {} fields, the header {}", fields_.size(), header_.size()));
  return true;
}

std::optional<std::size_t> TableRows::find(std::string_view column) const {
  const auto found = std::ranges::find(header_, column);
  if (found == header_.end())
    return std::nullopt;
  return static_cast<std::size_t>(found - header_.begin());
}

std::size_t TableRows::column(std::string_view name) const {
  const auto found = find(name);
  if (!found)
    fail(fmt::format("the header has no column {}", name));
  return *found;
}

double TableRows::number(std::size_t column, double least) const {
  const std::string_view field = fields_[column];
  double value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc() || end != field.data() + field.size() || !std::isfinite(value))
    fail(fmt::format("{}: expected a number, found \"{}\"", header_[column], field));
  if (value < least)
    fail(fmt::format("{} = {}; expected at least {}", header_[column], value, least));
  return value;
}

std::int64_t TableRows::whole(std::size_t column, std::int64_t least) const {
  // Beyond 2^53 a double no longer holds every whole number.
  constexpr double most = 9007199254740992.0;
  const double value = number(column, static_cast<double>(least));
  if (value != std::floor(value) || value > most)
    fail(
        fmt::format("{}: expected a whole number, found \"{}\"", header_[column], fields_[column]));
  return static_cast<std::int64_t>(value);
}

std::int64_t TableRows::whole(std::size_t column, std::int64_t least, std::int64_t most) const {
  const std::int64_t value = whole(column, least);
  if (value > most)
    fail(fmt::format("{} = {}; expected at most {}", header_[column], value, most));
  return value;
}

double TableRows::seconds(std::size_t column, double unit_seconds) const {
  const double value = number(column, 0);
  if (value <= 0)
    fail(fmt::format("{} = {}; expected a time above zero", header_[column], value));
  return value * unit_seconds;
}

void TableRows::fail(const std::string &message) const {
  throw InputError({file_, line_, 1}, message);
}

} // namespace flopcast
