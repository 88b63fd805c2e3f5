// SPDX-License-Identifier: Apache-2.0
#include "hardware/presets/load.hpp"

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

} // namespace

Device load_device(const PresetCatalog &catalog, std::string_view name) {
  return load(catalog, "devices", name, read_device);
}

Node load_node(const PresetCatalog &catalog, std::string_view name) {
  return load(catalog, "nodes", name, read_node);
}

Calibration load_calibration(const PresetCatalog &catalog, std::string_view name) {
  return load(catalog, "calibrations", name, read_calibration);
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
