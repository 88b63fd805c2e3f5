// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/planning/explain.hpp"
#include "model/planning/layout_search.hpp"
#include "model/planning/quantities.hpp"
#include "reports/report.hpp"

#include <optional>
#include <span>
#include <string>

namespace flopcast {

/// All numbers of an answer for people; why it cannot run and the nearest layout that can come
/// first.
[[nodiscard]] Report estimate_report(const Answer &answer, const std::optional<Layout> &nearest);

/// The same as JSON (docs/json.md): plain numbers in SI units, absent numbers null.
[[nodiscard]] std::string estimate_json(const Answer &answer, const std::optional<Layout> &nearest);

/// The same as CSV: key,value,unit,text.
[[nodiscard]] std::string estimate_csv(const Answer &answer);

/// The headline numbers of several answers side by side, with the change from the first.
[[nodiscard]] Report compare_report(std::span<const Answer> answers);
[[nodiscard]] std::string compare_json(std::span<const Answer> answers);
[[nodiscard]] std::string compare_csv(std::span<const Answer> answers);

/// The chain of an explanation as an indented tree; `depth` bounds it.
[[nodiscard]] std::string explanation_text(const Explanation &explanation, int depth,
                                           TextStyle style);
[[nodiscard]] std::string explanation_json(const Explanation &explanation, int depth);
[[nodiscard]] std::string explanation_markdown(const Explanation &explanation, int depth);
/// depth,key,value (base units),text,origin,formula,source
[[nodiscard]] std::string explanation_csv(const Explanation &explanation, int depth);

} // namespace flopcast
