// SPDX-License-Identifier: Apache-2.0
#include "gui/plan_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

namespace flopcast {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string joined(const std::vector<std::string> &lines) {
  std::string text;
  for (const std::string &line : lines)
    text += line + "\n";
  return text;
}

bool removes(std::string_view line) { return line.starts_with('-'); }

std::string_view key_of(std::string_view line) {
  return removes(line) ? trimmed(line.substr(1)) : trimmed(line.substr(0, line.find('=')));
}

std::string_view last_part(std::string_view key) { return key.substr(key.rfind('.') + 1); }

std::string_view table_part(std::string_view key) {
  const auto dot = key.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : key.substr(0, dot);
}

void erase_at(InputValue &root, std::string_view key) {
  InputValue *node = &root;
  for (;;) {
    auto *table = std::get_if<InputTable>(&node->data);
    if (table == nullptr)
      return;
    const auto dot = key.find('.');
    const auto found = table->find(key.substr(0, dot));
    if (found == table->end())
      return;
    if (dot == std::string_view::npos) {
      table->erase(found);
      return;
    }
    node = &found->second;
    key.remove_prefix(dot + 1);
  }
}

bool is_bare_key(std::string_view key) {
  return !key.empty() &&
         key.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789_-") == std::string_view::npos;
}

std::string key_text(std::string_view key) {
  return is_bare_key(key) ? std::string(key) : quoted_toml(key);
}

std::string number_text(double number) {
  const std::string text = fmt::format("{}", number);
  // A float without a point or an exponent would come back as an integer.
  return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
}

std::string value_text(const InputValue &value) {
  struct Writer {
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(std::int64_t number) const { return fmt::format("{}", number); }
    std::string operator()(double number) const { return number_text(number); }
    std::string operator()(const std::string &text) const { return quoted_toml(text); }
    std::string operator()(const Date &date) const { return to_text(date); }
    std::string operator()(const InputArray &array) const {
      std::string text;
      for (const InputValue &element : array)
        text += (text.empty() ? "" : ", ") + value_text(element);
      return "[" + text + "]";
    }
    std::string operator()(const InputTable &table) const {
      std::string text;
      for (const auto &[key, child] : table)
        text += (text.empty() ? "" : ", ") + key_text(key) + " = " + value_text(child);
      return "{" + text + "}";
    }
  };
  return std::visit(Writer{}, value.data);
}

bool same(const InputValue &a, const InputValue &b) {
  if (a.data.index() != b.data.index())
    return false;
  if (const auto *array = std::get_if<InputArray>(&a.data))
    return std::ranges::equal(*array, std::get<InputArray>(b.data), same);
  if (const auto *table = std::get_if<InputTable>(&a.data))
    return std::ranges::equal(*table, std::get<InputTable>(b.data),
                              [](const auto &left, const auto &right) {
                                return left.first == right.first && same(left.second, right.second);
                              });
  return value_text(a) == value_text(b);
}

void append_table(std::string &text, const InputTable &table, const std::string &path) {
  for (const auto &[key, child] : table)
    if (!std::holds_alternative<InputTable>(child.data))
      text += key_text(key) + " = " + value_text(child) + "\n";
  for (const auto &[key, child] : table)
    if (const auto *below = std::get_if<InputTable>(&child.data)) {
      const std::string name = path.empty() ? key_text(key) : path + "." + key_text(key);
      text += (text.empty() ? "[" : "\n[") + name + "]\n";
      append_table(text, *below, name);
    }
}

/// Where on a line the value after "key =" ends: before a comment, if there is one.
std::size_t end_of_value(std::string_view line, std::size_t begin) {
  char quote = '\0';
  for (std::size_t at = begin; at < line.size(); ++at) {
    const char c = line[at];
    if (quote != '\0') {
      if (c == '\\' && quote == '"')
        ++at;
      else if (c == quote)
        quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#') {
      return line.find_last_not_of(" \t", at - 1) + 1;
    }
  }
  return line.find_last_not_of(" \t\r") + 1;
}

bool is_header(std::string_view line) { return trimmed(line).starts_with('['); }

/// Lines of a plan that single values are changed in. Nothing here is sure to be right for every
/// way of writing TOML: merged_plan() reads the result again.
class PlanLines {
public:
  PlanLines(const std::string &text, const InputValue &root)
      : lines_(split_lines(text)), root_(&root) {}

  void set(std::string_view key, const std::string &value) {
    if (const std::size_t line = line_of(key); line < lines_.size()) {
      std::string &text = lines_[line];
      const std::size_t begin = text.find_first_not_of(" \t", text.find('=') + 1);
      if (begin == std::string::npos)
        return;
      text.replace(begin, end_of_value(text, begin) - begin, value);
      return;
    }
    const std::string line = key_text(last_part(key)) + " = " + value;
    const std::string_view table = table_part(key);
    std::size_t at = 0;
    if (!table.empty()) {
      const std::string header = fmt::format("[{}]", table);
      while (at < lines_.size() && trimmed(lines_[at].substr(0, lines_[at].find('#'))) != header)
        ++at;
      if (at == lines_.size()) {
        inserted_.emplace_back("");
        inserted_.push_back(header);
        inserted_.push_back(line);
        flush(lines_.size());
        return;
      }
      ++at;
    }
    std::size_t end = at;
    for (std::size_t i = at; i < lines_.size() && !is_header(lines_[i]); ++i)
      if (!trimmed(lines_[i]).empty())
        end = i + 1;
    inserted_.push_back(line);
    flush(end);
  }

  void remove(std::string_view key) {
    // The number of a line is that of the text: a line that goes away stays as a hole.
    if (const std::size_t line = line_of(key); line < lines_.size())
      removed_.push_back(line);
  }

  [[nodiscard]] std::string text() const {
    std::vector<std::string> kept;
    for (std::size_t i = 0; i < lines_.size(); ++i)
      if (std::ranges::find(removed_, i) == removed_.end())
        kept.push_back(lines_[i]);
    return joined(kept);
  }

private:
  [[nodiscard]] std::size_t line_of(std::string_view key) const {
    const InputValue *value = value_at(*root_, key);
    if (value == nullptr || value->place.line < 1)
      return lines_.size();
    std::size_t line = static_cast<std::size_t>(value->place.line) - 1;
    for (const auto &[at, count] : shifts_)
      if (line >= at)
        line += count;
    return line;
  }

  void flush(std::size_t at) {
    shifts_.emplace_back(at, inserted_.size());
    for (std::size_t &line : removed_)
      if (line >= at)
        line += inserted_.size();
    lines_.insert(lines_.begin() + static_cast<std::ptrdiff_t>(at), inserted_.begin(),
                  inserted_.end());
    inserted_.clear();
  }

  std::vector<std::string> lines_;
  const InputValue *root_;
  std::vector<std::string> inserted_;
  std::vector<std::size_t> removed_;
  std::vector<std::pair<std::size_t, std::size_t>> shifts_; ///< where lines came in, how many
};

} // namespace

std::vector<std::string> change_lines(std::string_view changes) {
  std::vector<std::string> found;
  for (const std::string &line : split_lines(changes))
    if (const std::string_view text = trimmed(line); !text.empty() && text.front() != '#')
      found.emplace_back(text);
  return found;
}

std::string without_edit(std::string_view changes, std::string_view key) {
  std::vector<std::string> lines = split_lines(changes);
  std::erase_if(lines, [key](const std::string &line) {
    const std::string_view text = trimmed(line);
    return !text.starts_with('#') && key_of(text) == key;
  });
  return joined(lines);
}

std::string with_edit(std::string_view changes, const PlanEdit &edit) {
  return without_edit(changes, edit.key) +
         (edit.value ? edit.key + "=" + *edit.value : "-" + edit.key) + "\n";
}

std::optional<std::string> changed_value(std::string_view changes, std::string_view key) {
  std::optional<std::string> value;
  for (const std::string &line : change_lines(changes))
    if (key_of(line) == key)
      value = removes(line) ? std::string()
                            : line.substr(std::min(line.find('='), line.size() - 1) + 1);
  return value;
}

void apply_changes(InputValue &root, std::string_view changes) {
  for (const std::string &line : change_lines(changes))
    if (removes(line))
      erase_at(root, key_of(line));
    else
      apply_override(root, line);
}

const InputValue *value_at(const InputValue &root, std::string_view key) {
  const InputValue *node = &root;
  for (;;) {
    const auto *table = std::get_if<InputTable>(&node->data);
    if (table == nullptr)
      return nullptr;
    const auto dot = key.find('.');
    const auto found = table->find(key.substr(0, dot));
    if (found == table->end())
      return nullptr;
    node = &found->second;
    if (dot == std::string_view::npos)
      return node;
    key.remove_prefix(dot + 1);
  }
}

std::string to_toml(const InputValue &root) {
  std::string text;
  if (const auto *table = std::get_if<InputTable>(&root.data))
    append_table(text, *table, "");
  return text;
}

std::string merged_plan(const std::string &text, const std::string &file,
                        std::string_view changes) {
  const InputValue before = parse_toml(text, file);
  InputValue after = before;
  apply_changes(after, changes);
  PlanLines lines(text, before);
  for (const std::string &line : change_lines(changes)) {
    const std::string_view key = key_of(line);
    if (const InputValue *value = value_at(after, key); value != nullptr && !removes(line))
      lines.set(key, value_text(*value));
    else
      lines.remove(key);
  }
  try {
    std::string merged = lines.text();
    if (same(parse_toml(merged, file), after))
      return merged;
  } catch (const InputError &) {
    // A way of writing TOML that lines do not show: written anew below.
  }
  return to_toml(after);
}

} // namespace flopcast
