// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/table_reader.hpp"
#include "hardware/presets/catalog.hpp"
#include "model/execution/software.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// The constants of one stack: on any device, and on those of an architecture for which its kernels
/// differ.
struct SoftwarePreset {
  Software base;
  std::map<std::string, Software, std::less<>> by_architecture;
  /// Keys of constants that are known of the stack: no fit changes them.
  std::vector<std::string> fixed = {};

  /// The constants on a device of that architecture.
  [[nodiscard]] const Software &on(std::string_view architecture) const;
  /// The same on every architecture.
  void set_spread(const SoftwareSpread &spread);
};

/// By id of the framework.
using SoftwarePresets = std::map<std::string, SoftwarePreset, std::less<>>;

/// Reads the table [software] of a framework: constants by key, tables of those that differ by
/// architecture, `spread`. What it leaves out is neutral, or in such a table as the framework's.
[[nodiscard]] SoftwarePreset read_software(TableReader table, const std::string &framework);

/// That of the framework preset of this name. Throws InputError if there is none or it is broken.
[[nodiscard]] SoftwarePreset load_software(const PresetCatalog &catalog, const std::string &name);

/// The same as text: what read_software() reads.
[[nodiscard]] std::string software_toml(const SoftwarePreset &preset);

} // namespace flopcast
