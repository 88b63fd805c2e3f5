// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/planning/explain.hpp"
#include "model/planning/explained_leaves.hpp"

#include <functional>
#include <string_view>

namespace flopcast {

/// Fills in how the expected loss came about: the law's formula over N by its convention, D, what
/// else it weighs, and its coefficients. The estimate must have a loss. `by_key` explains other
/// quantities.
void explain_loss(const ExplainedLeaves &leaves, const Answer &answer,
                  const std::function<Explanation(std::string_view)> &by_key, Explanation &result);

} // namespace flopcast
