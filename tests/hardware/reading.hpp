// SPDX-License-Identifier: Apache-2.0
// What readers say about a text, and texts that differ in one place from a good one.
#pragma once

#include "hardware/input/value.hpp"

#include <algorithm>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace flopcast::tests {

/// Every message, one a line; "" where there is none.
inline std::string complaints_of(const Diagnostics &diagnostics) {
  try {
    diagnostics.throw_if_any();
  } catch (const InputError &error) {
    return error.what();
  }
  return {};
}

/// What `read`, such as read_device, says about a text in the file "f".
template <class Read> std::string complaints_of(Read read, std::string_view text) {
  Diagnostics diagnostics;
  (void)read(parse_toml(text, "f"), "id", diagnostics);
  return complaints_of(diagnostics);
}

inline std::size_t count_of(const std::string &complaints) {
  return complaints.empty() ? 0
                            : 1 + static_cast<std::size_t>(std::ranges::count(complaints, '\n'));
}

/// `text` with its only `before` changed to `after`.
inline std::string replaced(std::string text, std::string_view before, std::string_view after) {
  const auto found = text.find(before);
  if (found == std::string::npos || text.find(before, found + 1) != std::string::npos)
    throw std::logic_error("not exactly once in the text: " + std::string(before));
  return text.replace(found, before.size(), after);
}

/// `text` without the line of `key` in `table`; "" is the root.
inline std::string without_key(std::string_view text, std::string_view table,
                               std::string_view key) {
  std::string result;
  std::string current;
  bool found = false;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n') + 1);
    text.remove_prefix(line.size());
    if (line.starts_with('['))
      current = line.substr(1, line.find(']') - 1);
    if (current == table && line.starts_with(std::string(key) + " ="))
      found = true;
    else
      result += line;
  }
  if (!found)
    throw std::logic_error("no such line: " + std::string(table) + "." + std::string(key));
  return result;
}

/// A key of a table; "" is the root. The name of a parameterised test shows it.
struct Key {
  std::string table;
  std::string key;

  [[nodiscard]] std::string full() const { return table.empty() ? key : table + "." + key; }
  friend void PrintTo(const Key &key, std::ostream *stream) { *stream << key.full(); }
};

/// A slip of the pen, and the key at which it is to be reported.
struct Slip {
  std::string before;
  std::string after;
  std::string key;

  friend void PrintTo(const Slip &slip, std::ostream *stream) {
    *stream << slip.after << " for " << slip.before;
  }
};

} // namespace flopcast::tests
