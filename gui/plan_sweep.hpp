// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/plan_session.hpp"

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace flopcast {

/// A plan with one thing changed, and its answer.
struct Variant {
  std::string name;
  std::string changes; ///< beside those of the plan
  PlanOutcome outcome;
};

struct ScalingPoint {
  std::int64_t gpus = 0;
  PlanOutcome outcome;
};

/// Counts to look at around the plan's own: doublings and halvings of it, down to one node.
[[nodiscard]] std::vector<std::int64_t> scaling_counts(std::int64_t gpus);

/// The plan on each count of GPUs, as `--count` asks for it; data parallelism takes up what the
/// other degrees leave. Nothing if told to stop.
[[nodiscard]] std::optional<std::vector<ScalingPoint>>
scaling(const PlanSession &session, const PlanRequest &request,
        const std::vector<std::int64_t> &counts, const std::stop_token &stop);

/// The plan at the listed kinds of prices, and on hardware of its own. Nothing if told to stop.
[[nodiscard]] std::optional<std::vector<Variant>>
price_variants(const PlanSession &session, const PlanRequest &request, const std::stop_token &stop);

} // namespace flopcast
