// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/table_reader.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// Keys under the names that families give them. Remembers which were read.
class HuggingFaceConfig {
  using Keys = std::initializer_list<std::string_view>;

public:
  HuggingFaceConfig(const InputValue &value, Diagnostics &diagnostics)
      : value_(&value), table_(value, "", diagnostics) {}

  [[nodiscard]] std::optional<std::int64_t> integer(Keys keys, std::int64_t highest,
                                                    std::int64_t lowest = 1) {
    const std::string_view key = given(keys);
    return key.empty() ? std::nullopt : table_.integer(key, lowest, highest);
  }
  [[nodiscard]] std::int64_t required(Keys keys, std::int64_t highest, std::string_view what) {
    if (given(keys).empty())
      table_.report_missing(*keys.begin(), what);
    return integer(keys, highest).value_or(0);
  }
  [[nodiscard]] std::optional<bool> flag(std::string_view key) {
    return given({key}).empty() ? std::nullopt : table_.flag(key);
  }
  [[nodiscard]] std::optional<std::string> text(Keys keys) {
    const std::string_view key = given(keys);
    return key.empty() ? std::nullopt : table_.text(key);
  }
  [[nodiscard]] std::vector<std::string> texts(std::string_view key) {
    return given({key}).empty() ? std::vector<std::string>() : table_.texts(key);
  }
  [[nodiscard]] const InputValue *value(std::string_view key) {
    return given({key}).empty() ? nullptr : table_.value(key);
  }
  void report(std::string_view key, std::string_view message) { table_.report(key, message); }

  /// Reports every key that nobody read and that may change the model; returns the others, without
  /// those that are known to be of no matter.
  [[nodiscard]] std::vector<std::string> report_rest();

private:
  /// The first that is there. All count as read: of two names for one thing one is enough.
  [[nodiscard]] std::string_view given(Keys keys) {
    std::string_view found;
    for (const std::string_view key : keys) {
      read_.emplace(key);
      if (found.empty() && table_.has(key))
        found = key;
    }
    return found;
  }

  const InputValue *value_;
  TableReader table_;
  std::set<std::string, std::less<>> read_;
};

} // namespace flopcast
