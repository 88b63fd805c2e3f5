// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/node.hpp"
#include "hardware/topology/fabric.hpp"

#include <cstdint>
#include <string>

namespace flopcast {

/// Why a fabric cannot join so many GPUs in such nodes; "" if it can. Switches of a level have to
/// serve whole domains, or a domain whole switches; a domain's GPUs have to lie on all rails alike;
/// a torus joins the chips of one domain.
[[nodiscard]] std::string misfit(const Fabric &fabric, const Node &node, std::int64_t gpus);

} // namespace flopcast
