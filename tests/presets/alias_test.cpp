// SPDX-License-Identifier: Apache-2.0
#include "hardware/presets/load.hpp"
#include "model/architecture/model_preset.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/preset_values.hpp"

#include <gmock/gmock.h>

#include <cctype>
#include <map>

namespace flopcast::tests {
namespace {

/// Table of aliases → folder of the presets that it names.
const std::map<std::string, std::string> folders{
    {"gpu", "devices"},  {"node", "nodes"}, {"fabric", "fabrics"},
    {"model", "models"}, {"plan", "plans"}, {"calibration", "calibrations"},
    {"law", "laws"}};

struct Alias {
  std::string folder;
  std::string name;
  std::string id;
};

std::vector<Alias> aliases() {
  std::vector<Alias> found;
  const InputValue root = load_toml((source_directory() / "presets/aliases.toml").string());
  for (const auto &[table, entries] : std::get<InputTable>(root.data))
    for (const auto &[name, id] : std::get<InputTable>(entries.data))
      found.push_back({folders.at(table), name, std::get<std::string>(id.data)});
  return found;
}

TEST(Alias, NamesAPresetThatExists) {
  const PresetCatalog catalog = shipped_presets();
  ASSERT_FALSE(aliases().empty());
  for (const Alias &alias : aliases())
    EXPECT_FALSE(catalog.path(alias.folder, alias.id).empty())
        << "aliases.toml: \"" << alias.name << "\" = \"" << alias.id << "\" is in no "
        << alias.folder;
}

TEST(Alias, IsLowerCaseSinceNamesAreComparedSo) {
  for (const Alias &alias : aliases()) {
    EXPECT_TRUE(
        std::ranges::none_of(alias.name, [](unsigned char c) { return std::isupper(c) != 0; }))
        << "aliases.toml: \"" << alias.name << "\"";
    EXPECT_FALSE(alias.name.empty() || alias.name.front() == ' ' || alias.name.back() == ' ')
        << "aliases.toml: \"" << alias.name << "\"";
  }
}

TEST(Alias, IsNoIdSinceAnIdWouldHideIt) {
  const PresetCatalog catalog = shipped_presets();
  for (const Alias &alias : aliases())
    EXPECT_THAT(catalog.ids(alias.folder), testing::Not(testing::Contains(alias.name)))
        << "aliases.toml: \"" << alias.name << "\"";
}

TEST(Alias, LeadsToItsPresetInAnyCase) {
  const PresetCatalog catalog = shipped_presets();
  for (const Alias &alias : aliases()) {
    std::string upper = alias.name;
    std::ranges::transform(upper, upper.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    EXPECT_EQ(catalog.resolve(alias.folder, upper), alias.id) << upper;
  }
}

TEST(Alias, StandsForTheFullNameOfEveryDeviceAndModel) {
  const PresetCatalog catalog = shipped_presets();
  for (const std::string &id : catalog.ids("devices")) {
    const std::string name = load_device(catalog, id).name; // but for "(one GPU)"
    EXPECT_EQ(catalog.resolve("devices", name.substr(0, name.find(" ("))), id) << name;
  }
  for (const std::string &id : catalog.ids("models")) {
    const std::string name = load_model(catalog, id).name;
    EXPECT_EQ(catalog.resolve("models", name), id) << name;
  }
}

TEST(Alias, OfAnInstanceLeadsToItsNode) {
  const PresetCatalog catalog = shipped_presets();
  for (const std::string &id : catalog.ids("nodes"))
    if (const Node node = load_node(catalog, id); !node.instance.empty()) {
      EXPECT_EQ(catalog.resolve("nodes", node.instance), id) << node.instance;
    }
}

TEST(Alias, TakesTheNamesThatPeopleUse) {
  const PresetCatalog catalog = shipped_presets();
  const std::map<std::string, std::string> gpus{{"H100", "h100-sxm5-80gb"},
                                                {"A100", "a100-sxm4-80gb"},
                                                {"V100", "v100-sxm2-32gb"},
                                                {"P100", "p100-sxm2"},
                                                {"H200", "h200-sxm-141gb"},
                                                {"B200", "b200-sxm"},
                                                {"TPU v4", "tpu-v4"},
                                                {"RTX 4090", "rtx4090"},
                                                {"NVIDIA H100 80GB HBM3", "h100-sxm5-80gb"}};
  for (const auto &[name, id] : gpus)
    EXPECT_EQ(catalog.resolve("devices", name), id) << name;
  const std::map<std::string, std::string> models{{"GPT-3", "gpt3-175b"},
                                                  {"GPT-3 175B", "gpt3-175b"},
                                                  {"PaLM", "palm-540b"},
                                                  {"BLOOM", "bloom-176b"},
                                                  {"meta-llama/Llama-3.1-405B", "llama3.1-405b"}};
  for (const auto &[name, id] : models)
    EXPECT_EQ(catalog.resolve("models", name), id) << name;
}

} // namespace
} // namespace flopcast::tests
