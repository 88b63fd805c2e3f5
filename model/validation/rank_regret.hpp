// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/validation/comparison.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace flopcast {

/// Runs that differ in their layout alone, and what choosing by prediction costs.
struct RankRegret {
  std::string family; ///< for people
  std::int64_t layouts = 0;
  std::string predicted_best; ///< id of a run
  std::string measured_best;
  double regret = 0; ///< measured time of the predicted best over that of the measured best, − 1
};

struct RegretSummary {
  std::vector<RankRegret> families; ///< largest regret first
  double max = 0;
  double mean = 0; ///< over families
};

/// Families share source, framework, model dimensions, GPU and their number, sequence, global batch
/// and precision. Runs of one layout count as one, at their mean time; fewer than three layouts are
/// no choice.
[[nodiscard]] RegretSummary rank_regret(std::span<const ComparedRun *const> runs);

} // namespace flopcast
