// SPDX-License-Identifier: Apache-2.0
#include "hardware/input/value.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

namespace flopcast {
namespace {

using Json = nlohmann::ordered_json;

constexpr int most_levels = 64; // as in TOML; trees are freed by recursion

/// The text of a document, and how far it was followed. The parser keeps no places: keys are looked
/// for in the order in which they stand.
class Places {
public:
  Places(std::string_view text, const std::string &file) : text_(text), file_(file) {}

  [[nodiscard]] Place of_byte(std::size_t byte) const {
    const std::string_view before = text_.substr(0, std::min(byte, text_.size()));
    const auto line = std::ranges::count(before, '\n');
    const std::size_t begin = before.rfind('\n') + 1; // npos + 1 is the first byte
    return {file_, static_cast<int>(line) + 1, static_cast<int>(before.size() - begin) + 1};
  }

  /// Of the next key of that spelling; a text of the same spelling is passed over.
  [[nodiscard]] Place of_key(const std::string &key) {
    const std::string quoted = Json(key).dump(-1, ' ', false, Json::error_handler_t::replace);
    for (std::size_t at = text_.find(quoted, done_); at != std::string_view::npos;
         at = text_.find(quoted, at + 1)) {
      const std::size_t after = text_.find_first_not_of(" \t\r\n", at + quoted.size());
      if (after == std::string_view::npos || text_[after] != ':')
        continue;
      done_ = after;
      return of_byte(at);
    }
    return {file_, 0, 0}; // spelled with escapes
  }

private:
  std::string_view text_;
  const std::string &file_;
  std::size_t done_ = 0;
};

InputValue convert(const Json &json, Place place, Places &places) {
  InputValue value{.data = false, .place = std::move(place)};
  switch (json.type()) {
  case Json::value_t::object: {
    InputTable table;
    for (const auto &[key, child] : json.items()) {
      Place of_key = places.of_key(key);
      if (!child.is_null())
        table.insert_or_assign(key, convert(child, std::move(of_key), places));
    }
    value.data = std::move(table);
    break;
  }
  case Json::value_t::array: {
    InputArray elements;
    for (const Json &child : json)
      if (!child.is_null())
        elements.push_back(convert(child, value.place, places));
    value.data = std::move(elements);
    break;
  }
  case Json::value_t::string:
    value.data = json.get<std::string>();
    break;
  case Json::value_t::boolean:
    value.data = json.get<bool>();
    break;
  case Json::value_t::number_unsigned:
    if (json.get<std::uint64_t>() >
        static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      value.data = json.get<double>();
    else
      value.data = json.get<std::int64_t>();
    break;
  case Json::value_t::number_integer:
    value.data = json.get<std::int64_t>();
    break;
  default:
    value.data = json.get<double>();
    break;
  }
  return value;
}

} // namespace

bool is_json_object(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  return begin != std::string_view::npos && text[begin] == '{';
}

InputValue parse_json(std::string_view text, const std::string &file) {
  Places places(text, file);
  const auto bounded = [&](int depth, Json::parse_event_t /*event*/, Json & /*parsed*/) {
    if (depth > most_levels)
      throw InputError({file, 0, 0},
                       fmt::format("values nest more than {} levels deep", most_levels));
    return true;
  };
  try {
    const Json json = Json::parse(text, bounded);
    if (!json.is_object())
      throw InputError({file, 1, 1}, "expected a JSON object, { … }");
    return convert(json, {file, 1, 1}, places);
  } catch (const Json::parse_error &error) {
    throw InputError(places.of_byte(error.byte == 0 ? 0 : error.byte - 1), "is no valid JSON here");
  } catch (const Json::exception &) {
    throw InputError({file, 0, 0}, "holds a number that no double can hold");
  }
}

} // namespace flopcast
