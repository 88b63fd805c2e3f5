// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/planning/layout_search.hpp"
#include "model/planning/quantities.hpp"

#include <optional>
#include <span>
#include <string>

namespace flopcast {

/// An answer as JSON (docs/json.md): plain numbers in SI units, absent numbers null.
[[nodiscard]] std::string estimate_json(const Answer &answer, const std::optional<Layout> &nearest);

/// Several answers, the first being what the others are compared with.
[[nodiscard]] std::string compare_json(std::span<const Answer> answers);

} // namespace flopcast
