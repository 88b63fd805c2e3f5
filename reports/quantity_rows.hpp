// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/planning/quantities.hpp"
#include "model/scaling/law_sampling.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace flopcast {

/// Stands where a number is absent.
inline constexpr std::string_view missing_text = "–";

/// What a headline number is called among those of other sections: "total" alone would not say that
/// it is memory.
[[nodiscard]] std::string headline_label(const NamedQuantity &quantity);

inline constexpr std::string_view run_interval_label = "of a run, 8 times in 10";

/// "2.1014 to 2.1355", or that the law gives none.
[[nodiscard]] std::string interval_text(const std::optional<LawInterval> &interval);

} // namespace flopcast
