// SPDX-License-Identifier: Apache-2.0
#include "hardware/presets/catalog.hpp"

#include "hardware/input/table_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <set>

namespace flopcast {
namespace fs = std::filesystem;
namespace {

struct Kind {
  std::string_view folder;
  std::string_view alias_table;
  std::string_view noun;
};

constexpr std::array kinds{
    Kind{"devices", "gpu", "GPU"},       Kind{"nodes", "node", "node"},
    Kind{"fabrics", "fabric", "fabric"}, Kind{"models", "model", "model"},
    Kind{"plans", "plan", "plan"},       Kind{"calibrations", "calibration", "calibration"},
    Kind{"laws", "law", "scaling law"},
};

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

/// Ids are file names: nothing that could leave the folder is one.
bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= 100 && id.front() != '.' &&
         id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") == std::string_view::npos;
}

} // namespace

PresetCatalog::PresetCatalog(const std::vector<fs::path> &directories) {
  std::error_code ignored;
  for (const fs::path &directory : directories)
    if (fs::is_directory(directory, ignored))
      directories_.push_back(directory);
  for (const fs::path &directory : directories_) {
    const fs::path file = directory / "aliases.toml";
    if (!fs::exists(file, ignored))
      continue;
    const InputValue root = load_toml(file.string());
    const auto *tables = std::get_if<InputTable>(&root.data);
    for (const auto &[table, entries] : *tables) {
      const auto *aliases = std::get_if<InputTable>(&entries.data);
      if (aliases == nullptr)
        throw InputError(entries.place, "expected a table of aliases");
      for (const auto &[alias, id] : *aliases) {
        const auto *text = std::get_if<std::string>(&id.data);
        if (text == nullptr)
          throw InputError(id.place, "expected the id of a preset in quotes");
        aliases_[table].emplace(lower_case(alias), *text);
      }
    }
  }
}

std::vector<fs::path> PresetCatalog::standard_directories(const fs::path &executable) {
  std::vector<fs::path> directories;
  const auto variable = [](const char *name) {
    const char *value = std::getenv(name);
    return std::string_view(value == nullptr ? "" : value);
  };
  if (const auto config = variable("XDG_CONFIG_HOME"); !config.empty())
    directories.push_back(fs::path(config) / "flopcast/presets");
  else if (const auto home = variable("HOME"); !home.empty())
    directories.push_back(fs::path(home) / ".config/flopcast/presets");
  for (std::string_view rest = variable("FLOPCAST_PRESETS"); !rest.empty();) {
    const auto colon = rest.find(':');
    if (colon != 0)
      directories.emplace_back(rest.substr(0, colon));
    rest = colon == std::string_view::npos ? "" : rest.substr(colon + 1);
  }
  if (!executable.empty())
    directories.push_back(executable.parent_path() / ".." / FLOPCAST_INSTALL_DATADIR /
                          "flopcast/presets");
  directories.emplace_back(FLOPCAST_SOURCE_PRESETS);
  return directories;
}

std::map<std::string, fs::path> PresetCatalog::files(std::string_view folder,
                                                     std::string_view extension) const {
  std::map<std::string, fs::path> found;
  std::error_code ignored;
  for (const fs::path &directory : directories_)
    for (const auto &entry : fs::directory_iterator(directory / folder, ignored))
      if (entry.path().extension() == extension)
        found.emplace(entry.path().stem().string(), entry.path());
  return found;
}

std::vector<std::string> PresetCatalog::ids(std::string_view kind) const {
  std::vector<std::string> result;
  for (const auto &[id, file] : files(kind, ".toml"))
    if (!path(kind, id).empty()) // a file of another name, such as a copy, is none that loads
      result.push_back(id);
  return result;
}

fs::path PresetCatalog::path(std::string_view kind, std::string_view id) const {
  std::error_code ignored;
  if (is_id(id))
    for (const fs::path &directory : directories_) {
      fs::path candidate = directory / kind / fmt::format("{}.toml", id);
      if (fs::is_regular_file(candidate, ignored))
        return candidate;
    }
  return {};
}

std::string PresetCatalog::resolve(std::string_view kind, std::string_view name) const {
  std::string lower = lower_case(name);
  if (!path(kind, lower).empty())
    return lower;
  const auto *entry = std::ranges::find(kinds, kind, &Kind::folder);
  if (entry == kinds.end())
    return {};
  const auto table = aliases_.find(entry->alias_table);
  if (table == aliases_.end())
    return {};
  const auto alias = table->second.find(lower);
  return alias == table->second.end() ? std::string() : alias->second;
}

std::vector<std::string> PresetCatalog::aliases(std::string_view kind, std::string_view id) const {
  std::vector<std::string> result;
  const auto *entry = std::ranges::find(kinds, kind, &Kind::folder);
  if (entry != kinds.end())
    if (const auto table = aliases_.find(entry->alias_table); table != aliases_.end())
      for (const auto &[alias, target] : table->second)
        if (target == id)
          result.push_back(alias);
  return result;
}

std::string PresetCatalog::unknown_name(std::string_view kind, std::string_view name) const {
  const auto *entry = std::ranges::find(kinds, kind, &Kind::folder);
  const std::string_view noun = entry == kinds.end() ? kind : entry->noun;
  std::vector<std::string> names = ids(kind);
  if (entry != kinds.end())
    if (const auto table = aliases_.find(entry->alias_table); table != aliases_.end())
      for (const auto &[alias, id] : table->second)
        names.push_back(alias);
  const std::string nearest = nearest_name(lower_case(name), names);
  return fmt::format("no {} preset is called \"{}\"; {}", noun, name,
                     nearest.empty() ? fmt::format("\"flopcast presets list {}\" lists them", kind)
                                     : fmt::format("did you mean \"{}\"?", nearest));
}

fs::path PresetCatalog::locate(std::string_view kind, const std::string &where) const {
  std::error_code ignored;
  if (fs::exists(where, ignored))
    return where;
  if (const std::string id = resolve(kind, where); !id.empty())
    return path(kind, id);
  throw InputError({where, 0, 0}, "no such file, and " + unknown_name(kind, where));
}

InputValue PresetCatalog::load(std::string_view kind, std::string_view id) const {
  const fs::path file = path(kind, id);
  if (file.empty())
    throw InputError({}, unknown_name(kind, id));
  return load_toml(file.string());
}

} // namespace flopcast
