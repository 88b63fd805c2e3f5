// SPDX-License-Identifier: Apache-2.0
#include "store/text_fields.hpp"

#include "store/database.hpp"
#include "store/sha256.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <charconv>

namespace flopcast {
namespace {

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text)
    if (c == '\\')
      line += "\\\\";
    else if (c == '\n')
      line += "\\n";
    else
      line += c;
  return line;
}

} // namespace

std::string content_key(const TextFields &fields) {
  std::string text;
  for (const auto &[name, value] : fields)
    text += one_line(name) + "=" + one_line(value) + "\n";
  return sha256(text);
}

std::string key_number(double value) {
  // Not fmt: when it turns to an exponent is its own affair and may change.
  std::array<char, 32> buffer{};
  const double number = value == 0 ? 0 : value; // -0 is 0
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number,
                                          std::chars_format::scientific);
  return {buffer.data(), end};
}

std::string json_text(const TextFields &fields) {
  try {
    return nlohmann::json(fields).dump();
  } catch (const nlohmann::json::exception &error) {
    throw StoreError(
        fmt::format("a text to store is not UTF-8; convert its file to UTF-8 ({})", error.what()));
  }
}

TextFields fields_of_json(std::string_view json) {
  try {
    return nlohmann::json::parse(json).get<TextFields>();
  } catch (const nlohmann::json::exception &error) {
    throw StoreError(
        fmt::format("a record of the store holds no JSON object of texts ({})", error.what()));
  }
}

} // namespace flopcast
