// SPDX-License-Identifier: Apache-2.0
#include "hardware/input/value.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace flopcast {
namespace {

Place place_of(const toml::node &node, const std::string &file) {
  const toml::source_position begin = node.source().begin;
  return {file, static_cast<int>(begin.line), static_cast<int>(begin.column)};
}

/// toml++ 3.3 does not bound dotted keys, and trees are built and freed by recursion: a line of
/// 20,000 dots would exhaust the stack. Real files nest three or four levels.
/// Throws InputError where keys, tables and arrays nest deeper than that by far.
void check_depth(std::string_view text, const std::string &file) {
  constexpr std::size_t most_levels = 64;
  std::vector<std::size_t> around; // levels of each open bracket
  std::size_t level = 0;           // of all of them
  std::size_t dots = 0;            // of the key being read
  int line = 1;
  const auto skip_past = [&](std::size_t begin, std::string_view end, bool escapes) {
    std::size_t at = begin;
    while (at < text.size() && !text.substr(at).starts_with(end) &&
           (end.size() == 3 || text[at] != '\n')) {
      line += text[at] == '\n' ? 1 : 0;
      at += escapes && text[at] == '\\' && at + 1 < text.size() && text[at + 1] != '\n' ? 2 : 1;
    }
    return at + (text.substr(at).starts_with(end) ? end.size() : 0);
  };
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
      continue;
    }
    if (c == '"' || c == '\'') {
      const std::string_view quote = c == '"' ? R"(""")" : "'''";
      const std::size_t length = text.substr(at).starts_with(quote) ? 3 : 1;
      at = skip_past(at + length, quote.substr(0, length), c == '"');
      // A text of several lines may end in one or two quotes of its own.
      while (length == 3 && at < text.size() && text[at] == c)
        ++at;
      continue;
    }
    ++at;
    if (c == '[' || c == '{') {
      around.push_back(dots + 1);
      level += dots + 1;
      dots = 0;
    } else if ((c == ']' || c == '}') && !around.empty()) {
      level -= around.back();
      around.pop_back();
      dots = 0;
    } else if (c == ',' || c == '\n') {
      dots = 0;
      line += c == '\n' ? 1 : 0;
    } else if (c == '.') {
      ++dots;
    }
    if (level + dots > most_levels)
      throw InputError({file, line, 1},
                       fmt::format("keys and tables nest more than {} levels deep", most_levels));
  }
}

InputValue convert(const toml::node &node, const std::string &file) {
  InputValue value{.data = false, .place = place_of(node, file)};
  if (const auto *table = node.as_table()) {
    InputTable entries;
    for (const auto &[key, child] : *table) {
      InputValue entry = convert(child, file);
      // A table begins at its header, or nowhere if its keys are dotted: the key's place always is.
      const toml::source_position begin = key.source().begin;
      if (!child.is_value() || entry.place.line == 0)
        entry.place = {file, static_cast<int>(begin.line), static_cast<int>(begin.column)};
      entries.emplace(std::string(key.str()), std::move(entry));
    }
    value.data = std::move(entries);
  } else if (const auto *array = node.as_array()) {
    InputArray elements;
    for (const toml::node &child : *array)
      elements.push_back(convert(child, file));
    value.data = std::move(elements);
  } else if (const auto *text = node.as_string()) {
    value.data = text->get();
  } else if (const auto *integer = node.as_integer()) {
    value.data = std::int64_t{integer->get()};
  } else if (const auto *number = node.as_floating_point()) {
    value.data = number->get();
  } else if (const auto *flag = node.as_boolean()) {
    value.data = flag->get();
  } else if (const auto *date = node.as_date()) {
    value.data = Date{date->get().year, date->get().month, date->get().day};
  } else {
    throw InputError(value.place, "a time of day has no meaning here; write a date or a text");
  }
  return value;
}

} // namespace

std::string to_text(Date date) {
  return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

InputValue parse_toml(std::string_view text, const std::string &file) {
  check_depth(text, file);
  try {
    return convert(toml::parse(text, file), file);
  } catch (const toml::parse_error &error) {
    const toml::source_position begin = error.source().begin;
    throw InputError({file, static_cast<int>(begin.line), static_cast<int>(begin.column)},
                     std::string(error.description()));
  }
}

std::string read_file(const std::string &path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    throw InputError({path, 0, 0}, "is a directory; a file was expected");
  std::ifstream stream(path, std::ios::binary);
  if (!stream)
    throw InputError({path, 0, 0}, fmt::format("cannot be opened: {}", std::strerror(errno)));
  std::ostringstream content;
  content << stream.rdbuf();
  return std::move(content).str();
}

InputValue load_toml(const std::string &path) { return parse_toml(read_file(path), path); }

void apply_override(InputValue &root, std::string_view assignment) {
  const Place place{fmt::format("--set {}", assignment), 0, 0};
  const auto equals = assignment.find('=');
  if (equals == std::string_view::npos || equals == 0)
    throw InputError(place, "expected key=value, such as parallelism.tensor_parallel=8");
  const std::string_view path = assignment.substr(0, equals);
  const std::string value_text(assignment.substr(equals + 1));

  // Before anything is written: a refused assignment leaves the tree as it was.
  if (path.front() == '.' || path.back() == '.' || path.find("..") != std::string_view::npos)
    throw InputError(place, fmt::format("\"{}\" is no path of keys in the plan", path));
  check_depth(path, place.file);
  check_depth(value_text, place.file);

  InputValue value{.data = value_text, .place = place};
  try {
    const toml::table parsed = toml::parse("value = " + value_text);
    // "x = 1\ny = 2" inside a value would be more than one value: then it is text.
    if (parsed.size() == 1)
      value = convert(*parsed.get("value"), place.file);
  } catch (const toml::parse_error &) {
    // Not TOML, so a bare text: --set hardware.gpu=h100
  }

  InputValue *node = &root;
  std::size_t begin = 0;
  for (;;) {
    const std::size_t dot = path.find('.', begin);
    const std::string key(path.substr(begin, dot == std::string_view::npos ? dot : dot - begin));
    auto *table = std::get_if<InputTable>(&node->data);
    if (table == nullptr)
      throw InputError(place, fmt::format("\"{}\" is no path of keys in the plan", path));
    node = &(*table)[key];
    if (dot == std::string_view::npos)
      break;
    if (!std::holds_alternative<InputTable>(node->data) && node->place.file.empty())
      *node = {.data = InputTable{}, .place = place};
    begin = dot + 1;
  }
  // A table given on the command line keeps no positions of its own text: they would mislead.
  value.place = place;
  *node = std::move(value);
}

std::string quoted_toml(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      result += '\\';
    result += static_cast<unsigned char>(c) < ' ' ? ' ' : c; // control characters are no TOML
  }
  return result + '"';
}

} // namespace flopcast
