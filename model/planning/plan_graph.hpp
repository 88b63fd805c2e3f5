// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/architecture/operator_graph.hpp"
#include "model/planning/plan.hpp"

namespace flopcast {

/// The graph of the plan's model, at its length of a sequence and with its attention.
[[nodiscard]] OperatorGraph plan_graph(const Plan &plan);

} // namespace flopcast
