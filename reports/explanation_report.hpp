// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/planning/explain.hpp"
#include "reports/report.hpp"

#include <string>

namespace flopcast {

/// The chain of an explanation as an indented tree; `depth` bounds it.
[[nodiscard]] std::string explanation_text(const Explanation &explanation, int depth,
                                           TextStyle style);
[[nodiscard]] std::string explanation_json(const Explanation &explanation, int depth);
[[nodiscard]] std::string explanation_markdown(const Explanation &explanation, int depth);
/// depth,key,value (base units),text,origin,formula,source
[[nodiscard]] std::string explanation_csv(const Explanation &explanation, int depth);

} // namespace flopcast
