// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/value.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// The preset files of one or more directories. The first directory that holds a preset wins, so a
/// user's own comes before what is installed.
class PresetCatalog {
public:
  /// Directories that do not exist are passed over.
  /// Throws InputError if an alias table cannot be read.
  explicit PresetCatalog(const std::vector<std::filesystem::path> &directories);

  /// The user's directory, those of FLOPCAST_PRESETS, those installed beside the executable at
  /// `executable`, then those of the source tree that it was built in.
  [[nodiscard]] static std::vector<std::filesystem::path>
  standard_directories(const std::filesystem::path &executable);

  /// Ids of all presets of a kind ("devices", "nodes", "fabrics", "models", "plans",
  /// "calibrations", "laws"), sorted.
  [[nodiscard]] std::vector<std::string> ids(std::string_view kind) const;

  /// The id that a user's name stands for: "H100" → "h100-sxm5-80gb". A name that is no id and no
  /// alias gives "".
  [[nodiscard]] std::string resolve(std::string_view kind, std::string_view name) const;

  /// Aliases of a preset, sorted.
  [[nodiscard]] std::vector<std::string> aliases(std::string_view kind, std::string_view id) const;

  /// "no such …; did you mean …?", for a name that resolve() did not find.
  [[nodiscard]] std::string unknown_name(std::string_view kind, std::string_view name) const;

  /// Path of a preset's file, by its id. Empty if there is none.
  [[nodiscard]] std::filesystem::path path(std::string_view kind, std::string_view id) const;

  /// The file at a path, or else that of the preset of that name or alias. Throws InputError if
  /// there is neither.
  [[nodiscard]] std::filesystem::path locate(std::string_view kind, const std::string &where) const;

  /// Parses the preset's file. Throws InputError if there is none or it is broken.
  [[nodiscard]] InputValue load(std::string_view kind, std::string_view id) const;

  /// Files of a folder with an extension, such as all price tables: name → path, first found wins.
  [[nodiscard]] std::map<std::string, std::filesystem::path>
  files(std::string_view folder, std::string_view extension) const;

  [[nodiscard]] const std::vector<std::filesystem::path> &directories() const {
    return directories_;
  }

private:
  std::vector<std::filesystem::path> directories_;
  /// Kind → alias → id.
  std::map<std::string, std::map<std::string, std::string, std::less<>>, std::less<>> aliases_;
};

} // namespace flopcast
