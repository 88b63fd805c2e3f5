// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/calibration.hpp"
#include "hardware/device.hpp"
#include "hardware/node.hpp"
#include "hardware/presets/catalog.hpp"
#include "hardware/topology/fabric.hpp"

#include <optional>
#include <string_view>

namespace flopcast {

/// Presets by id or alias. Each throws InputError if there is none of that name or its file is
/// broken.
[[nodiscard]] Device load_device(const PresetCatalog &catalog, std::string_view name);
[[nodiscard]] Node load_node(const PresetCatalog &catalog, std::string_view name);
[[nodiscard]] Fabric load_fabric(const PresetCatalog &catalog, std::string_view name);
/// What a calibration does not state comes from the preset "default".
[[nodiscard]] Calibration load_calibration(const PresetCatalog &catalog, std::string_view name);

/// The calibration of the device's own id; else that of its nearest relative, marked as assumed and
/// with transferred_to set: efficiencies are relative to the datasheet, so they carry over, but the
/// links inside a domain only where the usual nodes of both have switches of one kind; else the
/// defaults. Power that it lacks comes from another device of the same architecture.
[[nodiscard]] Calibration usual_calibration(const PresetCatalog &catalog, const Device &device);

/// The node that a bare GPU count stands for: the vendor's own reference system if there is a
/// preset, else the first by id that holds this GPU. Empty if none does.
[[nodiscard]] std::optional<Node> usual_node(const PresetCatalog &catalog, const Device &device);

} // namespace flopcast
