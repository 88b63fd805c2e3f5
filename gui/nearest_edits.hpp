// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/plan_session.hpp"
#include "gui/plan_text.hpp"

#include <vector>

namespace flopcast {

/// The edits that give the plan the layout: keys whose values differ, and no others.
[[nodiscard]] std::vector<PlanEdit> edits_towards(const EstimatedPlan &plan, const Layout &layout);

} // namespace flopcast
