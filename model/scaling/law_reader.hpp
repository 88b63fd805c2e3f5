// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/presets/catalog.hpp"
#include "model/scaling/law.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// Reads a law's file (presets/README.md). What is wrong goes to the diagnostics.
[[nodiscard]] ScalingLaw read_law(const InputValue &root, const std::string &id,
                                  Diagnostics &diagnostics);

/// The law of that id or alias, or of the file at that path. Throws InputError if there is none or
/// it is broken.
[[nodiscard]] ScalingLaw load_law(const PresetCatalog &catalog, const std::string &where);

/// Every law that is known, by id. Throws InputError if one is broken.
[[nodiscard]] std::vector<ScalingLaw> load_laws(const PresetCatalog &catalog);

} // namespace flopcast
