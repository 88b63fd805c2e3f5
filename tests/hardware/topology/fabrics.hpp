// SPDX-License-Identifier: Apache-2.0
// Small networks and machines for the tests of topology.
#pragma once

#include "hardware/topology/fabric.hpp"
#include "hardware/topology/structure_graph.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace flopcast::tests {

inline constexpr auto gigabyte_per_second = units::gigabyte / units::second;

/// Domains at 100 GB/s and 3 us, NICs of 10 GB/s and 20 us.
inline Node machine(std::int64_t domain) {
  Node node;
  node.gpus_per_node = domain;
  node.scale_up_domain = domain;
  node.scale_up_bandwidth = 100.0 * gigabyte_per_second;
  node.scale_up_latency = 3.0 * units::microsecond;
  node.scale_out_bandwidth = 10.0 * gigabyte_per_second;
  node.scale_out_latency = 20.0 * units::microsecond;
  return node;
}

/// Links of 10 GB/s. Switches of the levels have 1, 2 and 4 us, so that sums tell which they are.
inline Fabric tree(std::vector<std::int64_t> down, std::vector<double> oversubscription = {}) {
  Fabric fabric;
  fabric.kind = FabricKind::fat_tree;
  fabric.link_bandwidth = 10.0 * gigabyte_per_second;
  double latency = 1;
  for (std::size_t i = 0; i < down.size(); ++i, latency *= 2)
    fabric.levels.push_back({down[i], i < oversubscription.size() ? oversubscription[i] : 1,
                             latency * units::microsecond});
  return fabric;
}

inline Fabric rails(std::int64_t count, std::vector<std::int64_t> down,
                    std::vector<double> oversubscription = {}) {
  Fabric fabric = tree(std::move(down), std::move(oversubscription));
  fabric.kind = FabricKind::rail_optimised;
  fabric.rails = count;
  return fabric;
}

/// Links of 10 GB/s and 1 us.
inline Fabric torus(std::vector<std::int64_t> dimensions) {
  Fabric fabric;
  fabric.kind = FabricKind::torus;
  fabric.link_bandwidth = 10.0 * gigabyte_per_second;
  fabric.link_latency = 1.0 * units::microsecond;
  fabric.torus = std::move(dimensions);
  return fabric;
}

/// The fat tree of k-port switches: pods of k/2 leaves of k/2 GPUs, k pods.
inline Fabric k_ary(std::int64_t k) { return tree({k / 2, k / 2, k}); }

/// The same with each level thinned by up to three times as much.
template <class Samples> Fabric thinner(Fabric fabric, Samples &samples) {
  for (SwitchLevel &level : fabric.levels)
    level.oversubscription =
        std::min(level.oversubscription * samples.real(1, 3), static_cast<double>(level.down));
  return fabric;
}

/// A random network of some hundred GPUs, and the machines in it.
struct Sample {
  Fabric fabric;
  Node node;
  std::int64_t gpus = 1;
};

class Samples {
public:
  std::int64_t any(std::int64_t lowest, std::int64_t highest) {
    return std::uniform_int_distribution<std::int64_t>(lowest, highest)(random_);
  }

  double real(double lowest, double highest) {
    return std::uniform_real_distribution<double>(lowest, highest)(random_);
  }

  Sample switched(bool on_rails) {
    Sample sample;
    const std::int64_t count = on_rails ? any(2, 4) : 1;
    std::vector<std::int64_t> down{any(1, 8)};
    std::vector<double> oversubscription;
    for (std::int64_t levels = any(on_rails ? 2 : 1, 3); levels > 1; --levels) {
      // At least one whole link leads up.
      oversubscription.push_back(std::min(real(1, 6), static_cast<double>(down.back())));
      down.push_back(any(1, 8) * (down.size() == 1 ? count : 1));
    }
    sample.fabric = on_rails ? rails(count, down, oversubscription) : tree(down, oversubscription);
    sample.node = machine(on_rails ? count * any(1, 2) : any(1, 8));
    // Some fill the structure, some do not, and some are more than it was made for.
    const std::int64_t domains = *most_gpus(sample.fabric) / sample.node.scale_up_domain + 1;
    sample.gpus = sample.node.scale_up_domain * any((domains + 3) / 4, domains);
    // Half the NICs are slower than the leaf's ports.
    sample.node.scale_out_bandwidth = (any(0, 1) == 0 ? 10.0 : 4.0) * gigabyte_per_second;
    return sample;
  }

  Sample torus_of_chips() {
    std::vector<std::int64_t> dimensions;
    for (std::int64_t i = any(1, 3); i > 0; --i)
      dimensions.push_back(any(1, 5));
    Sample sample{torus(dimensions), machine(1), 1};
    sample.gpus = *most_gpus(sample.fabric);
    sample.node.scale_up_domain = sample.gpus;
    return sample;
  }

private:
  std::mt19937 random_{20261124}; // fixed: a failure must come back
};

} // namespace flopcast::tests
