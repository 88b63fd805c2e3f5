// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/calibration.hpp"
#include "hardware/device.hpp"
#include "hardware/node.hpp"
#include "hardware/presets/catalog.hpp"

#include <optional>
#include <string_view>

namespace flopcast {

/// Presets by id or alias. Each throws InputError if there is none of that name or its file is
/// broken.
[[nodiscard]] Device load_device(const PresetCatalog &catalog, std::string_view name);
[[nodiscard]] Node load_node(const PresetCatalog &catalog, std::string_view name);
[[nodiscard]] Calibration load_calibration(const PresetCatalog &catalog, std::string_view name);

/// The node that a bare GPU count stands for: the vendor's own reference system if there is a
/// preset, else the first by id that holds this GPU. Empty if none does.
[[nodiscard]] std::optional<Node> usual_node(const PresetCatalog &catalog, const Device &device);

} // namespace flopcast
