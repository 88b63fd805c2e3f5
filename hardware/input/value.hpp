// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/diagnostic.hpp"

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace flopcast {

/// A calendar day, as prices and facts are dated.
struct Date {
  int year = 0;
  int month = 0;
  int day = 0;

  auto operator<=>(const Date &) const = default;
};

/// "2026-11-23"
[[nodiscard]] std::string to_text(Date date);

struct InputValue;
using InputArray = std::vector<InputValue>;
using InputTable = std::map<std::string, InputValue, std::less<>>;

/// A value of an input file that remembers where it was written. Readers see this tree and not the
/// parser's, so that other formats and `--set` feed the same checks.
struct InputValue {
  std::variant<bool, std::int64_t, double, std::string, Date, InputArray, InputTable> data;
  Place place;
};

/// Parses TOML. `file` names the text in messages. Throws InputError.
[[nodiscard]] InputValue parse_toml(std::string_view text, const std::string &file);

/// Whether a text begins as a JSON object does, and no TOML.
[[nodiscard]] bool is_json_object(std::string_view text);

/// Parses a JSON object. A null is as if its key were not there. Throws InputError.
[[nodiscard]] InputValue parse_json(std::string_view text, const std::string &file);

/// Reads and parses a file. Throws InputError if it cannot be read or parsed.
[[nodiscard]] InputValue load_toml(const std::string &path);

/// A TOML string of that text; what ends a line becomes a space.
[[nodiscard]] std::string quoted_toml(std::string_view text);

/// Reads a file whole. Throws InputError naming the file and the reason.
[[nodiscard]] std::string read_file(const std::string &path);

/// Puts `assignment`, such as "parallelism.tensor_parallel=8" or "price.rate=2.10 USD/(GPU*h)",
/// over what the tree holds. A value that is no TOML is taken as a string. Throws InputError.
void apply_override(InputValue &root, std::string_view assignment);

} // namespace flopcast
