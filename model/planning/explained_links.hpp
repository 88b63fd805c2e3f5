// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/planning/explain.hpp"
#include "model/planning/explained_leaves.hpp"

#include <string_view>

namespace flopcast {

/// What the collectives of a group run over, as collective_time() reckons: the links of a ring with
/// their efficiencies, the path over the fabric with its narrowest link, and what is paid without
/// data. Keys: "links.tensor", "links.context", "links.pipeline", "links.gradient".
[[nodiscard]] Explanation explained_links(const ExplainedLeaves &leaves, const Answer &answer,
                                          std::string_view key);

} // namespace flopcast
