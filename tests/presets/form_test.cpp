// SPDX-License-Identifier: Apache-2.0
// What all presets have in common: the readers take them, and every fact has a source and a date.
#include "hardware/presets/load.hpp"
#include "hardware/topology/fabric.hpp"
#include "model/architecture/model_preset.hpp"
#include "model/scaling/law_reader.hpp"
#include "model/validation/framework_rules.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/preset_values.hpp"
#include "tests/support/print_quantity.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include <set>

namespace flopcast::tests {
namespace {

namespace fs = std::filesystem;

/// TOML files that state facts. Aliases are names, and plans are examples that explain themselves.
std::vector<fs::path> fact_files() {
  std::vector<fs::path> files;
  for (const char *folder :
       {"devices", "nodes", "fabrics", "models", "calibrations", "laws", "energy", "prices"})
    for (const auto &[name, path] : shipped_presets().files(folder, ".toml"))
      files.push_back(path);
  return files;
}

TEST(PresetForm, EveryDeviceIsReadWithoutADiagnostic) {
  const PresetCatalog catalog = shipped_presets();
  ASSERT_EQ(catalog.ids("devices").size(), 42U);
  for (const std::string &id : catalog.ids("devices"))
    EXPECT_NO_THROW((void)load_device(catalog, id)) << id;
}

TEST(PresetForm, EveryNodeIsReadWithoutADiagnostic) {
  const PresetCatalog catalog = shipped_presets();
  ASSERT_GE(catalog.ids("nodes").size(), 44U);
  for (const std::string &id : catalog.ids("nodes"))
    EXPECT_NO_THROW((void)load_node(catalog, id)) << id;
}

TEST(PresetForm, EveryFabricIsReadWithoutADiagnostic) {
  const PresetCatalog catalog = shipped_presets();
  ASSERT_GE(catalog.ids("fabrics").size(), 8U);
  for (const std::string &id : catalog.ids("fabrics")) {
    Diagnostics diagnostics;
    (void)read_fabric(catalog.load("fabrics", id), id, diagnostics);
    EXPECT_NO_THROW(diagnostics.throw_if_any()) << id;
  }
}

TEST(PresetForm, EveryModelIsReadWithoutADiagnostic) {
  const PresetCatalog catalog = shipped_presets();
  ASSERT_GE(catalog.ids("models").size(), 93U);
  for (const std::string &id : catalog.ids("models"))
    EXPECT_NO_THROW((void)load_model(catalog, id)) << id;
}

TEST(PresetForm, EveryCalibrationIsReadWithoutADiagnostic) {
  const PresetCatalog catalog = shipped_presets();
  ASSERT_GE(catalog.ids("calibrations").size(), 1U);
  for (const std::string &id : catalog.ids("calibrations"))
    EXPECT_NO_THROW((void)load_calibration(catalog, id)) << id;
}

TEST(PresetForm, EveryLawIsReadWithoutADiagnostic) {
  const PresetCatalog catalog = shipped_presets();
  ASSERT_GE(catalog.ids("laws").size(), 42U);
  EXPECT_NO_THROW((void)load_laws(catalog));
}

TEST(PresetForm, EveryFrameworkIsReadWithoutADiagnosticAndMatchedByItsOwnTextsAlone) {
  const std::vector<FrameworkRules> all = load_framework_rules(shipped_presets());
  ASSERT_GE(all.size(), 10U);
  std::set<std::string> texts;
  for (const FrameworkRules &rules : all)
    for (const std::string &text : rules.match) {
      EXPECT_TRUE(!rules.sources.empty() || texts.insert(text).second)
          << rules.id << ": " << text << " is another's too";
      EXPECT_EQ(find_rules(all, text, rules.sources.empty() ? "" : rules.sources.front()), &rules)
          << text;
    }
  EXPECT_EQ(find_rules(all, "nothing of the kind", ""), nullptr);
}

TEST(PresetForm, AMisspeltKeyIsRejected) {
  InputValue root = shipped_presets().load("devices", "h100-sxm5-80gb");
  apply_override(root, "memory.capacty=\"80 GB\"");
  Diagnostics diagnostics;
  (void)read_device(root, "h100-sxm5-80gb", diagnostics);
  EXPECT_THROW(diagnostics.throw_if_any(), InputError);
}

TEST(PresetForm, AnotherUnitIsRejected) {
  InputValue root = shipped_presets().load("devices", "h100-sxm5-80gb");
  apply_override(root, "memory.capacity=\"80 GB/s\"");
  Diagnostics diagnostics;
  (void)read_device(root, "h100-sxm5-80gb", diagnostics);
  EXPECT_THROW(diagnostics.throw_if_any(), InputError);
}

TEST(PresetForm, EveryTableOfFactsHasASourceAndADate) {
  for (const fs::path &file : fact_files())
    for_each_table(
        load_toml(file.string()), "", [&](const std::string &name, const InputTable &table) {
          // What a fit wrote has one source, above all its tables.
          const bool fitted = file.parent_path().filename() == "calibrations" &&
                              file.stem() != "default" && !name.empty();
          // A law's tables are parts of one statement of one paper.
          const bool part_of_law = file.parent_path().filename() == "laws" && !name.empty();
          if (fitted || part_of_law)
            return;
          // energy/ and prices/ hold several tables of facts and no facts above them.
          if (name.empty() && std::ranges::all_of(table, [](const auto &entry) {
                return std::holds_alternative<InputTable>(entry.second.data);
              }))
            return;
          const auto source = table.find("source");
          const auto date = table.find("date");
          ASSERT_NE(source, table.end()) << file << " [" << name << "] source";
          ASSERT_NE(date, table.end()) << file << " [" << name << "] date";
          const auto *text = std::get_if<std::string>(&source->second.data);
          ASSERT_NE(text, nullptr) << file << " [" << name << "] source";
          EXPECT_GE(text->size(), 5U) << file << " [" << name << "] source names nothing";
          EXPECT_TRUE(std::holds_alternative<Date>(date->second.data))
              << file << " [" << name << "] date is no date";
        });
}

TEST(PresetForm, EveryDateIsACalendarDayThatHasBeen) {
  for (const fs::path &file : fact_files())
    for_each_table(load_toml(file.string()), "",
                   [&](const std::string &name, const InputTable &table) {
                     for (const auto &[key, value] : table)
                       if (const auto *date = std::get_if<Date>(&value.data)) {
                         EXPECT_TRUE(is_calendar_day(*date)) << file << " [" << name << "] " << key;
                         EXPECT_GE(*date, first_day) << file << " [" << name << "] " << key;
                         EXPECT_LE(*date, last_day) << file << " [" << name << "] " << key;
                       }
                   });
}

TEST(PresetForm, EveryUnverifiedKeyExists) {
  for (const fs::path &file : fact_files()) {
    const InputValue root = load_toml(file.string());
    std::set<std::string> seen;
    for (const std::string &key : texts_at(root, "unverified")) {
      EXPECT_NE(value_at(root, key), nullptr) << file << " unverified: " << key;
      EXPECT_TRUE(seen.insert(key).second) << file << " unverified twice: " << key;
    }
  }
}

TEST(PresetForm, WhatIsSaidToBeRecalledNamesAnUnverifiedKey) {
  // A source "(recalled)" is the datasheet from memory: the reader must learn which value that is.
  for (const fs::path &file : fact_files()) {
    const InputValue root = load_toml(file.string());
    const auto unverified = texts_at(root, "unverified");
    for_each_table(root, "", [&](const std::string &name, const InputTable &) {
      const std::string source = text_at(root, name.empty() ? "source" : name + ".source");
      if (source.find("recalled") == std::string::npos)
        return;
      EXPECT_TRUE(std::ranges::any_of(unverified,
                                      [&](const std::string &key) {
                                        return name.empty() || key == name ||
                                               key.starts_with(name + ".");
                                      }))
          << file << " [" << name << "] source is recalled, but unverified names none of its keys";
    });
  }
}

TEST(PresetForm, NoRemarkIsEmpty) {
  for (const fs::path &file : fact_files()) {
    const InputValue root = load_toml(file.string());
    if (value_at(root, "note") != nullptr) {
      EXPECT_FALSE(text_at(root, "note").empty()) << file << " note";
    }
    for (const std::string &caveat : texts_at(root, "caveats"))
      EXPECT_FALSE(caveat.empty()) << file << " caveats";
  }
}

TEST(PresetForm, EveryFileIsOfAKindThatTheReadmeDescribes) {
  const std::set<std::string> kinds{
      "devices .toml", "nodes .toml",      "fabrics .toml", "models .toml", "plans .toml",
      "prices .csv",   "prices .toml",     "energy .csv",   "energy .toml", "calibrations .toml",
      "laws .toml",    "frameworks .toml", "runs .toml"};
  const fs::path root = source_directory() / "presets";
  for (const auto &entry : fs::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file())
      continue;
    const fs::path file = fs::relative(entry.path(), root);
    if (file == "README.md" || file == "aliases.toml")
      continue;
    const std::string kind = file.parent_path().string() + " " + file.extension().string();
    EXPECT_TRUE(kinds.contains(kind)) << file;
  }
}

} // namespace
} // namespace flopcast::tests
