// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/planning/layout_search.hpp"
#include "model/planning/quantities.hpp"
#include "reports/report.hpp"

#include <optional>

namespace flopcast {

/// All numbers of an answer for people; why it cannot run and the nearest layout that can come
/// first.
[[nodiscard]] Report estimate_report(const Answer &answer, const std::optional<Layout> &nearest);

} // namespace flopcast
