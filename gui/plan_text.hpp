// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/value.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// A change of a plan: a key gets a value, or, without one, goes away.
struct PlanEdit {
  std::string key;
  std::optional<std::string> value;
};

/// The lines of a text of changes: "key=value" as after --set, "-key" takes a key away. Empty lines
/// and those that begin with # are passed over.
[[nodiscard]] std::vector<std::string> change_lines(std::string_view changes);

/// The text with the edit in place of what it said about the key.
[[nodiscard]] std::string with_edit(std::string_view changes, const PlanEdit &edit);
/// The text without anything about the key.
[[nodiscard]] std::string without_edit(std::string_view changes, std::string_view key);
/// What the text says about the key: its value, "" if it takes the key away, else nothing.
[[nodiscard]] std::optional<std::string> changed_value(std::string_view changes,
                                                       std::string_view key);

/// Puts the changes over the plan. Throws InputError.
void apply_changes(InputValue &root, std::string_view changes);

/// The value at a path of keys with dots, or null.
[[nodiscard]] const InputValue *value_at(const InputValue &root, std::string_view key);

/// The plan's text with the changes written into it: comments and order stay wherever a changed
/// value stands on a line of its own. Throws InputError.
[[nodiscard]] std::string merged_plan(const std::string &text, const std::string &file,
                                      std::string_view changes);

/// The tree as TOML.
[[nodiscard]] std::string to_toml(const InputValue &root);

} // namespace flopcast
