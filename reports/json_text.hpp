// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace flopcast {

using Json = nlohmann::ordered_json;

/// Indented text with its last newline. nlohmann-json throws on text that is no UTF-8, and a plan's
/// name may hold anything: what is none is replaced.
[[nodiscard]] inline std::string dumped(const Json &json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace flopcast
