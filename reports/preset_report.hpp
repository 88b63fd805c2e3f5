// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/value.hpp"
#include "hardware/presets/catalog.hpp"
#include "reports/report.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// The kinds of presets that a user can list, "prices" and "energy" (tables) included.
[[nodiscard]] const std::vector<std::string> &preset_kinds();

/// One preset, or one row of a table, as `presets list` and `presets search` show it.
struct PresetSummary {
  std::string kind;
  std::string id;
  std::string name;
  std::string detail; ///< aliases, or a price with its date
};

/// Everything of a kind. Throws InputError if a preset is broken.
[[nodiscard]] std::vector<PresetSummary> summaries(const PresetCatalog &catalog,
                                                   std::string_view kind);

/// Those in which every word occurs, in any field; letter case does not count.
[[nodiscard]] std::vector<PresetSummary> search(std::vector<PresetSummary> all,
                                                const std::vector<std::string> &words);

[[nodiscard]] Report summaries_report(const std::vector<PresetSummary> &presets,
                                      std::string_view title);
[[nodiscard]] std::string summaries_json(const std::vector<PresetSummary> &presets);
[[nodiscard]] std::string summaries_csv(const std::vector<PresetSummary> &presets);

/// All facts of a preset file: a section a table, a row a key.
[[nodiscard]] Report preset_report(const InputValue &preset, std::string_view title);
/// The file's tables under "preset".
[[nodiscard]] std::string preset_json(const InputValue &preset);
[[nodiscard]] std::string preset_csv(const InputValue &preset);

} // namespace flopcast
