// SPDX-License-Identifier: Apache-2.0
#include "hardware/presets/load.hpp"

#include "hardware/calibration_file.hpp"
#include "hardware/link_calibration.hpp"

#include <array>
#include <cmath>
#include <tuple>

namespace flopcast {
namespace {

template <class Read>
auto load(const PresetCatalog &catalog, std::string_view kind, std::string_view name, Read read) {
  const std::string id = catalog.resolve(kind, name);
  if (id.empty())
    throw InputError({}, catalog.unknown_name(kind, name));
  Diagnostics diagnostics;
  auto value = read(catalog.load(kind, id), id, diagnostics);
  diagnostics.throw_if_any();
  return value;
}

constexpr std::string_view default_calibration = "default";

/// Architectures from which kernels carry over: the same one (0), or the one before (1).
std::optional<int> generations_between(std::string_view wanted, std::string_view measured) {
  if (wanted == measured)
    return 0;
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> before{{
      {"Blackwell Ultra", "Blackwell"},
      {"Blackwell", "Hopper"},
      {"Hopper", "Ampere"},
      {"Ada", "Ampere"},
      {"Ampere", "Volta"},
      {"Turing", "Volta"},
  }};
  for (const auto &[later, earlier] : before)
    if (wanted == later && measured == earlier)
      return 1;
  return std::nullopt;
}

/// Whether the usual nodes of both have links of one kind. Unlike kernels, an H100's NVSwitch says
/// nothing of an H100 in a PCIe slot.
bool same_links(const PresetCatalog &catalog, const Device &a, const Device &b) {
  const auto node_a = usual_node(catalog, a);
  const auto node_b = usual_node(catalog, b);
  return node_a && node_b && alike(scale_up_links(*node_a, a), scale_up_links(*node_b, b));
}

/// Leaves the calibration with power that was metered on this architecture, its own or another's:
/// what a FLOP takes changes with the process and the matrix units.
void choose_power(const PresetCatalog &catalog, const Device &device, Calibration &calibration) {
  const auto is_relative = [&](const std::string &id) {
    return !catalog.path("devices", id).empty() &&
           load_device(catalog, id).architecture == device.architecture;
  };
  if (calibration.power && !is_relative(calibration.power->device))
    calibration.power.reset();
  for (const std::string &id : catalog.ids("calibrations")) {
    if (calibration.power)
      return;
    if (id != calibration.id && is_relative(id))
      calibration.power = load_calibration(catalog, id).power;
  }
}

} // namespace

Device load_device(const PresetCatalog &catalog, std::string_view name) {
  return load(catalog, "devices", name, read_device);
}

Node load_node(const PresetCatalog &catalog, std::string_view name) {
  return load(catalog, "nodes", name, read_node);
}

Fabric load_fabric(const PresetCatalog &catalog, std::string_view name) {
  return load(catalog, "fabrics", name, read_fabric);
}

Calibration load_calibration(const PresetCatalog &catalog, std::string_view name) {
  const auto read = [](const Calibration *base) {
    return [base](const InputValue &root, const std::string &id, Diagnostics &diagnostics) {
      return read_calibration(root, id, base, diagnostics);
    };
  };
  std::optional<Calibration> defaults;
  if (!catalog.path("calibrations", default_calibration).empty())
    defaults = load(catalog, "calibrations", default_calibration, read(nullptr));
  if (defaults && catalog.resolve("calibrations", name) == default_calibration)
    return *defaults;
  return load(catalog, "calibrations", name, read(defaults ? &*defaults : nullptr));
}

namespace {

Calibration usual_kernels(const PresetCatalog &catalog, const Device &device) {
  if (!catalog.path("calibrations", device.id).empty())
    return load_calibration(catalog, device.id);
  // The nearest relative: of the same architecture, or of the one before; of several the one whose
  // ridge (FLOPs a byte) is nearest.
  const auto ridge = [](const Device &d) {
    const auto peak = usable_peak(d, NumberFormat::bf16);
    return peak ? std::log(*peak / d.memory_bandwidth / (units::flop / units::byte)) : 0.0;
  };
  std::optional<std::string> best;
  std::tuple<int, double> best_rank;
  for (const std::string &id : catalog.ids("calibrations")) {
    if (catalog.path("devices", id).empty())
      continue;
    const Device measured = load_device(catalog, id);
    const auto generations = generations_between(device.architecture, measured.architecture);
    if (!generations)
      continue;
    const std::tuple rank{*generations, std::abs(ridge(device) - ridge(measured))};
    if (!best || rank < best_rank) {
      best = id;
      best_rank = rank;
    }
  }
  if (!best)
    return load_calibration(catalog, default_calibration);
  Calibration calibration = load_calibration(catalog, *best);
  calibration.origin = Origin::assumed;
  calibration.transferred_to = device.id;
  if (calibration.scale_up_links && !same_links(catalog, load_device(catalog, *best), device)) {
    calibration.scale_up_links.reset();
    std::erase_if(calibration.link_errors,
                  [](const LinkErrors &e) { return e.level == LinkLevel::scale_up; });
  }
  return calibration;
}

} // namespace

Calibration usual_calibration(const PresetCatalog &catalog, const Device &device) {
  Calibration calibration = usual_kernels(catalog, device);
  choose_power(catalog, device, calibration);
  return calibration;
}

std::optional<Node> usual_node(const PresetCatalog &catalog, const Device &device) {
  std::optional<Node> first;
  for (const std::string &id : catalog.ids("nodes")) {
    Node node = load_node(catalog, id);
    if (node.gpu != device.id)
      continue;
    if (node.provider == device.vendor)
      return node;
    if (!first)
      first = std::move(node);
  }
  return first;
}

} // namespace flopcast
