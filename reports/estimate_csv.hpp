// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/planning/quantities.hpp"

#include <span>
#include <string>

namespace flopcast {

/// An answer as CSV: key,value,unit,text,low,high.
[[nodiscard]] std::string estimate_csv(const Answer &answer);

/// key,unit and a column for each answer.
[[nodiscard]] std::string compare_csv(std::span<const Answer> answers);

} // namespace flopcast
