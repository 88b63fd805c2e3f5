// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/table_reader.hpp"
#include "hardware/provenance.hpp"
#include "hardware/units/quantity.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

enum class FabricKind : std::uint8_t {
  single_domain,  ///< no network: all GPUs share one scale-up domain
  fat_tree,       ///< leaf, spine and core switches; a leaf serves neighbouring GPUs
  rail_optimised, ///< as a fat tree, but a leaf serves one rail: the same GPU of many nodes
  torus,          ///< every chip linked to its neighbours in each dimension
};

[[nodiscard]] std::string_view to_text(FabricKind kind);

/// The switches of one level of a tree, all alike.
struct SwitchLevel {
  /// GPUs below a leaf, leaves below a spine, pods below a core. The highest level takes whatever
  /// the cluster has, if that is more.
  std::int64_t down = 1;
  /// What comes from below over what goes above: from 1 to `down`; 1 on top.
  double oversubscription = 1;
  Seconds latency; ///< of one switch and the cable to it
};

/// A cluster's network, described by its structure and so for any number of GPUs. What lies inside
/// a scale-up domain and how fast a GPU's NIC is, the node says.
struct Fabric {
  std::string id;
  std::string name;
  Provenance provenance;
  std::vector<std::string> unverified;
  std::vector<std::string> caveats;

  FabricKind kind = FabricKind::single_domain;
  Bandwidth link_bandwidth; ///< of one link, per direction: leaf to GPU, or chip to chip
  Seconds link_latency;     ///< of one link of a torus

  std::vector<SwitchLevel> levels; ///< leaf, spine, core; empty without switches
  std::int64_t rails = 1;
  std::vector<std::int64_t> torus; ///< chips in each dimension; neighbouring ranks lie in the first
};

/// Reads a fabric preset. Problems go to `diagnostics`.
[[nodiscard]] Fabric read_fabric(const InputValue &root, const std::string &id,
                                 Diagnostics &diagnostics);

/// The same from a table of a plan: what the plan gives needs no source.
[[nodiscard]] Fabric read_own_fabric(TableReader table);

/// How many GPUs the structure holds; absent where it sets no limit.
[[nodiscard]] std::optional<std::int64_t> most_gpus(const Fabric &fabric);

/// GPUs in one block of a level: below a leaf (rails: below the leaves of one set of nodes), in a
/// pod, below a core.
[[nodiscard]] std::int64_t block_gpus(const Fabric &fabric, std::size_t level);

/// Bandwidth out of one block to the level above, per direction: its GPUs' links over the
/// oversubscription of this level and of those below.
[[nodiscard]] Bandwidth block_uplink(const Fabric &fabric, std::size_t level);

/// Links from one switch of a level to the level above: as many as its share of bandwidth fills
/// whole, and at least one. The highest level has none.
[[nodiscard]] std::int64_t uplinks(const Fabric &fabric, std::size_t level);

/// Bandwidth of one of those links. It may be a little more than a GPU's, since the
/// oversubscription need not be a ratio of whole links.
[[nodiscard]] Bandwidth uplink_bandwidth(const Fabric &fabric, std::size_t level);

/// The box of a torus that so many chips fill, the first dimensions first: 64 of 16x16x16 lie in
/// 16x4x1.
[[nodiscard]] std::vector<std::int64_t> torus_box(const Fabric &fabric, std::int64_t gpus);

/// Whether a dimension's ends are linked. A box that is cut out of the torus has open ends, and two
/// chips are neighbours already.
[[nodiscard]] bool wraps_around(const Fabric &fabric, std::size_t dimension, std::int64_t extent);

} // namespace flopcast
