// SPDX-License-Identifier: Apache-2.0
#include "hardware/topology/fabric_fit.hpp"

#include <fmt/format.h>

namespace flopcast {

std::string misfit(const Fabric &fabric, const Node &node, std::int64_t gpus) {
  const std::int64_t domain = node.scale_up_domain;
  const auto most = most_gpus(fabric);
  if (most && gpus > *most)
    return fmt::format("holds {} GPUs, fewer than the plan's {}", *most, gpus);
  if (fabric.kind == FabricKind::single_domain && gpus > domain)
    return fmt::format("has no network, and the plan's {} GPUs are more than the {} of a domain",
                       gpus, domain);
  if (fabric.kind == FabricKind::torus && *most > domain)
    return fmt::format("is a torus of {} chips, but only {} are joined in a domain of {}", *most,
                       domain, node.name);
  if (domain % fabric.rails != 0)
    return fmt::format("has {} rails, which do not divide the {} GPUs of a domain of {}",
                       fabric.rails, domain, node.name);
  for (std::size_t level = 0; level + 1 < fabric.levels.size(); ++level) {
    const std::int64_t block = block_gpus(fabric, level);
    if (block % domain != 0 && domain % block != 0)
      return fmt::format("serves {} GPUs {}, no whole number of domains of {} ({})", block,
                         level == 0 ? "below a leaf (on rails, a set of them)" : "in a pod", domain,
                         node.name);
  }
  return {};
}

} // namespace flopcast
