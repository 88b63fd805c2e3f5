// SPDX-License-Identifier: Apache-2.0
#include "hardware/topology/fabric.hpp"

#include "hardware/preset_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace flopcast {
namespace {

constexpr std::array kinds{
    Spelled<FabricKind>{"single_domain", FabricKind::single_domain},
    Spelled<FabricKind>{"fat_tree", FabricKind::fat_tree},
    Spelled<FabricKind>{"rail_optimised", FabricKind::rail_optimised},
    Spelled<FabricKind>{"torus", FabricKind::torus},
};

/// Far above any switch or rail; three such levels still count their GPUs in 64 bits.
constexpr std::int64_t most_ports = 100'000;
constexpr std::int64_t most_rails = 1'000;
constexpr std::size_t most_dimensions = 6;

/// Name of a level's table, and of what lies below one of its switches.
struct LevelName {
  std::string_view table;
  std::string_view below;
};
constexpr std::array level_names{LevelName{"leaf", "gpus"}, LevelName{"spine", "leaves"},
                                 LevelName{"core", "pods"}};

/// The oversubscription of levels 0 to `level` together.
double thinning(const Fabric &fabric, std::size_t level) {
  double product = 1;
  for (std::size_t i = 0; i <= level; ++i)
    product *= fabric.levels[i].oversubscription;
  return product;
}

enum class Sources { required, optional };

Provenance read_sources(TableReader &table, Sources sources) {
  if (sources == Sources::required)
    return read_provenance(table);
  return {table.text("source").value_or(""), table.date("date").value_or(Date{})};
}

/// What is below one switch of it must come in multiples of `whole`.
SwitchLevel read_level(TableReader &root, const LevelName &name, bool top, std::int64_t whole,
                       Sources sources) {
  TableReader table = root.table(name.table);
  SwitchLevel level;
  const auto down = table.integer(name.below, 1, most_ports);
  if (!down && !table.has(name.below))
    table.report_missing(name.below, fmt::format("how many {} one switch serves", name.below));
  level.down = down.value_or(1);
  if (down && *down % whole != 0)
    table.report(name.below, fmt::format("is {}, no multiple of the {} rails", *down, whole));
  std::optional<double> thinned = 1;
  if (top) {
    if (table.number("oversubscription", 1, 1'000))
      table.report("oversubscription", "belongs to a level that has another above it");
  } else {
    thinned = table.number("oversubscription", 1, 1'000);
    if (!thinned && !table.has("oversubscription"))
      table.report_missing("oversubscription", "capacity from below over capacity to above, or 1");
  }
  level.oversubscription = thinned.value_or(1);
  if (down && level.oversubscription > static_cast<double>(*down))
    table.report("oversubscription",
                 fmt::format("is {}, but of {} links down at least one must lead up",
                             level.oversubscription, *down));
  level.latency = required_quantity(table, "latency", Seconds{}, sane::most_latency);
  if (const auto ports = table.integer("ports", 1, most_ports); ports && down && thinned) {
    const auto up = top ? 0
                        : static_cast<std::int64_t>(std::ceil(
                              static_cast<double>(level.down) / level.oversubscription - 1e-9));
    if (level.down + up > *ports)
      table.report("ports", fmt::format("is {}, but {} links down and {} up need {}", *ports,
                                        level.down, up, level.down + up));
  }
  (void)read_sources(table, sources);
  table.finish();
  return level;
}

void read_tree(TableReader &root, Fabric &fabric, Sources sources) {
  const std::size_t levels = root.has("core") ? 3 : root.has("spine") ? 2 : 1;
  if (fabric.kind == FabricKind::rail_optimised) {
    const auto rails = root.integer("rails", 1, most_rails);
    if (!rails && !root.has("rails"))
      root.report_missing("rails", "how many GPUs of a node have a leaf of their own");
    fabric.rails = rails.value_or(1);
    if (levels == 1)
      root.report_missing("spine", "the switches that join the rails");
  }
  for (std::size_t i = 0; i < levels; ++i)
    fabric.levels.push_back(
        read_level(root, level_names[i], i + 1 == levels, i == 1 ? fabric.rails : 1, sources));
}

/// The numbers of "16x16x16"; empty where the text is something else.
std::vector<std::int64_t> dimensions_of(std::string_view text) {
  std::vector<std::int64_t> dimensions;
  double chips = 1;
  for (;;) {
    std::int64_t extent = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), extent);
    chips *= static_cast<double>(extent);
    if (error != std::errc{} || extent < 1 || chips > sane::most_count)
      return {};
    dimensions.push_back(extent);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty())
      return dimensions;
    if (text.front() != 'x' || dimensions.size() == most_dimensions)
      return {};
    text.remove_prefix(1);
  }
}

void read_torus(TableReader &root, Fabric &fabric, Sources sources) {
  TableReader table = root.table("torus");
  const std::string text = required_text(table, "dimensions", "such as \"16x16x16\"");
  fabric.torus = dimensions_of(text);
  if (fabric.torus.empty() && !text.empty())
    table.report("dimensions", fmt::format("is \"{}\"; expected up to {} numbers such as "
                                           "\"16x16x16\" and no more than {:.0e} chips",
                                           text, most_dimensions, sane::most_count));
  (void)read_sources(table, sources);
  table.finish();
}

Fabric read(TableReader &root, Sources sources) {
  Fabric fabric;
  if (sources == Sources::required)
    fabric.name = required_text(root, "name", "the fabric's full name");
  else
    fabric.name = root.text("name").value_or("own fabric");
  fabric.provenance = read_sources(root, sources);
  fabric.unverified = root.texts("unverified");
  fabric.caveats = root.texts("caveats");
  (void)root.text("note");
  const auto kind = root.choice<FabricKind>("kind", kinds);
  if (!kind) {
    if (!root.has("kind"))
      root.report_missing("kind", "single_domain, fat_tree, rail_optimised or torus");
    return fabric; // which other keys belong here is not known
  }
  fabric.kind = *kind;
  if (fabric.kind != FabricKind::single_domain) {
    TableReader link = root.table("link");
    fabric.link_bandwidth =
        required_quantity(link, "bandwidth", sane::least_bandwidth, sane::most_bandwidth);
    if (fabric.kind == FabricKind::torus)
      fabric.link_latency = required_quantity(link, "latency", Seconds{}, sane::most_latency);
    (void)read_sources(link, sources);
    link.finish();
  }
  if (fabric.kind == FabricKind::torus)
    read_torus(root, fabric, sources);
  else if (fabric.kind != FabricKind::single_domain)
    read_tree(root, fabric, sources);
  root.finish();
  return fabric;
}

} // namespace

std::string_view to_text(FabricKind kind) {
  return std::ranges::find(kinds, kind, &Spelled<FabricKind>::second)->first;
}

Fabric read_fabric(const InputValue &root_value, const std::string &id, Diagnostics &diagnostics) {
  TableReader root(root_value, "", diagnostics);
  Fabric fabric = read(root, Sources::required);
  fabric.id = id;
  return fabric;
}

Fabric read_own_fabric(TableReader table) { return read(table, Sources::optional); }

std::optional<std::int64_t> most_gpus(const Fabric &fabric) {
  if (!fabric.levels.empty())
    return block_gpus(fabric, fabric.levels.size() - 1);
  if (fabric.torus.empty())
    return std::nullopt;
  std::int64_t chips = 1;
  for (const std::int64_t extent : fabric.torus)
    chips *= extent;
  return chips;
}

std::int64_t block_gpus(const Fabric &fabric, std::size_t level) {
  std::int64_t gpus = fabric.levels.front().down;
  if (level == 0)
    return gpus * fabric.rails;
  for (std::size_t i = 1; i <= level; ++i)
    gpus *= fabric.levels[i].down;
  return gpus;
}

Bandwidth block_uplink(const Fabric &fabric, std::size_t level) {
  return static_cast<double>(block_gpus(fabric, level)) * fabric.link_bandwidth /
         thinning(fabric, level);
}

std::int64_t uplinks(const Fabric &fabric, std::size_t level) {
  if (level + 1 >= fabric.levels.size())
    return 0;
  const SwitchLevel &from = fabric.levels[level];
  return std::max<std::int64_t>(
      1, static_cast<std::int64_t>(static_cast<double>(from.down) / from.oversubscription + 1e-9));
}

Bandwidth uplink_bandwidth(const Fabric &fabric, std::size_t level) {
  // The switches of a block share its uplink: one leaf on each rail, above that as many as the
  // level below has links up.
  double links = level == 0 ? static_cast<double>(fabric.rails) : 1;
  for (std::size_t i = 0; i <= level; ++i)
    links *= static_cast<double>(uplinks(fabric, i));
  return block_uplink(fabric, level) / links;
}

std::vector<std::int64_t> torus_box(const Fabric &fabric, std::int64_t gpus) {
  std::vector<std::int64_t> box;
  std::int64_t left = std::max<std::int64_t>(gpus, 1);
  for (const std::int64_t extent : fabric.torus) {
    box.push_back(std::min(left, extent));
    left = (left + extent - 1) / extent;
  }
  return box;
}

bool wraps_around(const Fabric &fabric, std::size_t dimension, std::int64_t extent) {
  return extent > 2 && extent == fabric.torus[dimension];
}

} // namespace flopcast
