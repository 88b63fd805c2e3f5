// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cctype>
#include <string>
#include <string_view>

namespace flopcast {

/// Sources spell one thing in many ways: settings are found by the words that they hold.
[[nodiscard]] inline std::string lower_case(std::string_view text) {
  std::string lower;
  lower.reserve(text.size());
  for (const char c : text)
    lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

[[nodiscard]] inline bool holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

} // namespace flopcast
