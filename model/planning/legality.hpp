// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/planning/plan.hpp"

#include <string>
#include <vector>

namespace flopcast {

/// Why a plan cannot run, in numbers, and what would help.
struct Reason {
  std::string code;   ///< stable name for programs: "does_not_fit", "does_not_divide", …
  std::string text;   ///< what is wrong, with the numbers
  std::string remedy; ///< what to change
};

/// Everything in the plan that contradicts the model or the machine; empty if it can be laid out.
/// Whether it fits into memory is not asked here.
[[nodiscard]] std::vector<Reason> layout_problems(const Plan &plan, const Cluster &cluster);

} // namespace flopcast
