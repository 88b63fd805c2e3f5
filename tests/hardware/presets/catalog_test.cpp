// SPDX-License-Identifier: Apache-2.0
#include "hardware/presets/catalog.hpp"
#include "tests/hardware/presets/temporary_presets.hpp"
#include "tests/support/paths.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace flopcast {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;
using tests::TemporaryPresets;

/// Sets a variable of the environment, or unsets it, for as long as the object lives.
class Variable {
public:
  Variable(const char *name, std::optional<std::string> value) : name_(name) {
    if (const char *before = std::getenv(name))
      before_ = before;
    assign(value);
  }
  ~Variable() { assign(before_); }
  Variable(const Variable &) = delete;
  Variable &operator=(const Variable &) = delete;

private:
  void assign(const std::optional<std::string> &value) const {
    if (value)
      ::setenv(name_, value->c_str(), 1);
    else
      ::unsetenv(name_);
  }

  const char *name_;
  std::optional<std::string> before_;
};

std::string name_in(const InputValue &root) {
  return std::get<std::string>(std::get<InputTable>(root.data).find("name")->second.data);
}

TEST(Catalog, ListsTheIdsOfAKindSorted) {
  const TemporaryPresets presets;
  presets.write("devices/b.toml", "");
  presets.write("devices/a.toml", "");
  presets.write("devices/readme.md", "");
  presets.write("nodes/c.toml", "");
  EXPECT_THAT(presets.catalog().ids("devices"), ElementsAre("a", "b"));
  EXPECT_THAT(presets.catalog().ids("plans"), IsEmpty());
}

TEST(Catalog, ListsOnlyWhatItCanLoad) {
  const TemporaryPresets presets;
  presets.write("nodes/fine.toml", "");
  presets.write("nodes/My Node.toml", ""); // no id: upper case and a space
  presets.write("nodes/.hidden.toml", "");
  fs::create_directories(presets.path() / "nodes/folder.toml");
  EXPECT_THAT(presets.catalog().ids("nodes"), ElementsAre("fine"));
}

TEST(Catalog, FirstDirectoryWins) {
  const TemporaryPresets own;
  const TemporaryPresets shipped;
  own.write("devices/h100.toml", "name = \"own\"");
  shipped.write("devices/h100.toml", "name = \"shipped\"");
  shipped.write("devices/a100.toml", "name = \"shipped\"");
  const PresetCatalog catalog({own.path(), shipped.path()});
  EXPECT_EQ(name_in(catalog.load("devices", "h100")), "own");
  EXPECT_EQ(name_in(catalog.load("devices", "a100")), "shipped");
  EXPECT_THAT(catalog.ids("devices"), ElementsAre("a100", "h100"));
  EXPECT_EQ(catalog.files("devices", ".toml").at("h100"), own.path() / "devices/h100.toml");
  EXPECT_EQ(name_in(PresetCatalog({shipped.path(), own.path()}).load("devices", "h100")),
            "shipped");
}

TEST(Catalog, PassesOverDirectoriesThatDoNotExist) {
  const TemporaryPresets presets;
  const PresetCatalog catalog({"/nonexistent/presets", presets.path()});
  EXPECT_THAT(catalog.directories(), ElementsAre(presets.path()));
}

TEST(Catalog, ResolvesIdsAndAliasesInAnyCase) {
  const TemporaryPresets presets;
  presets.write("devices/h100-sxm5-80gb.toml", "");
  presets.write("aliases.toml", "[gpu]\nh100 = \"h100-sxm5-80gb\"\n"
                                "\"NVIDIA H100\" = \"h100-sxm5-80gb\"\n");
  const PresetCatalog catalog = presets.catalog();
  EXPECT_EQ(catalog.resolve("devices", "h100-sxm5-80gb"), "h100-sxm5-80gb");
  EXPECT_EQ(catalog.resolve("devices", "H100-SXM5-80GB"), "h100-sxm5-80gb");
  EXPECT_EQ(catalog.resolve("devices", "H100"), "h100-sxm5-80gb");
  EXPECT_EQ(catalog.resolve("devices", "Nvidia H100"), "h100-sxm5-80gb");
  EXPECT_EQ(catalog.resolve("devices", "h1000"), "");
  EXPECT_EQ(catalog.resolve("nodes", "h100"), ""); // an alias of a GPU is none of a node
  EXPECT_EQ(catalog.resolve("no such kind", "h100"), "");
}

TEST(Catalog, OwnAliasWinsAndAliasesAreListedSorted) {
  const TemporaryPresets own;
  const TemporaryPresets shipped;
  own.write("aliases.toml", "[gpu]\nbest = \"b200\"\n");
  shipped.write("aliases.toml", "[gpu]\nbest = \"h100\"\nfast = \"h100\"\neasy = \"h100\"\n");
  const PresetCatalog catalog({own.path(), shipped.path()});
  EXPECT_EQ(catalog.resolve("devices", "best"), "b200");
  EXPECT_THAT(catalog.aliases("devices", "h100"), ElementsAre("easy", "fast"));
  EXPECT_THAT(catalog.aliases("plans", "h100"), IsEmpty());
}

TEST(Catalog, BrokenAliasTableIsAnErrorWithItsPlace) {
  for (const char *text : {"gpu = 1\n", "[gpu]\nh100 = 1\n", "[gpu\n"}) {
    const TemporaryPresets presets;
    presets.write("aliases.toml", text);
    EXPECT_THAT([&] { (void)presets.catalog(); },
                ThrowsMessage<InputError>(HasSubstr("aliases.toml:")))
        << text;
  }
}

TEST(Catalog, NothingOutsideTheFolderIsAnId) {
  const TemporaryPresets presets;
  presets.write("secret.toml", "name = \"secret\"");
  presets.write("devices/fine.toml", "");
  presets.write("devices/sub/deep.toml", "");
  presets.write("aliases.toml", "[gpu]\nway-out = \"../secret\"\n");
  const PresetCatalog catalog = presets.catalog();
  const std::string absolute = (presets.path() / "secret").string();
  for (const std::string &id :
       {std::string("../secret"), absolute, std::string("sub/deep"), std::string("./fine"),
        std::string(".."), std::string(""), std::string("fine\0", 5), std::string(101, 'a')}) {
    EXPECT_EQ(catalog.path("devices", id), fs::path()) << id;
    EXPECT_EQ(catalog.resolve("devices", id), "") << id;
    EXPECT_THROW((void)catalog.load("devices", id), InputError) << id;
  }
  // An alias is a name on the way to an id and opens nothing either.
  EXPECT_THROW((void)catalog.load("devices", catalog.resolve("devices", "way-out")), InputError);
}

TEST(Catalog, UnknownNameSuggestsTheNearest) {
  const TemporaryPresets presets;
  presets.write("devices/h100-sxm5-80gb.toml", "");
  presets.write("aliases.toml", "[gpu]\nhopper = \"h100-sxm5-80gb\"\n");
  const PresetCatalog catalog = presets.catalog();
  EXPECT_EQ(catalog.unknown_name("devices", "h100-sxm5-80g"),
            "no GPU preset is called \"h100-sxm5-80g\"; did you mean \"h100-sxm5-80gb\"?");
  EXPECT_THAT(catalog.unknown_name("devices", "Hoper"), HasSubstr("did you mean \"hopper\"?"));
  EXPECT_THAT(catalog.unknown_name("devices", "abacus"),
              HasSubstr("\"flopcast presets list devices\" lists them"));
  EXPECT_THAT([&] { (void)catalog.load("devices", "h100"); },
              ThrowsMessage<InputError>(HasSubstr("no GPU preset is called \"h100\"")));
}

TEST(Catalog, BrokenPresetIsAnErrorWithItsPlace) {
  const TemporaryPresets presets;
  presets.write("plans/x.toml", "a =\n");
  EXPECT_THAT(
      [&] { (void)presets.catalog().load("plans", "x"); },
      ThrowsMessage<InputError>(HasSubstr((presets.path() / "plans/x.toml").string() + ":1:")));
}

TEST(StandardDirectories, AreSearchedFromTheUsersOwnToTheSourceTree) {
  const Variable config("XDG_CONFIG_HOME", "/config");
  const Variable presets("FLOPCAST_PRESETS", "/first:/second");
  const auto directories = PresetCatalog::standard_directories("/opt/flopcast/bin/flopcast");
  ASSERT_EQ(directories.size(), 5U);
  EXPECT_EQ(directories[0], "/config/flopcast/presets");
  EXPECT_EQ(directories[1], "/first");
  EXPECT_EQ(directories[2], "/second");
  EXPECT_EQ(directories[3].lexically_normal(), "/opt/flopcast/share/flopcast/presets");
  EXPECT_EQ(directories[4], tests::source_directory() / "presets");
}

TEST(StandardDirectories, FallBackToTheHomeDirectory) {
  const Variable config("XDG_CONFIG_HOME", std::nullopt);
  const Variable home("HOME", "/home/someone");
  const Variable presets("FLOPCAST_PRESETS", std::nullopt);
  EXPECT_THAT(
      PresetCatalog::standard_directories(""),
      ElementsAre("/home/someone/.config/flopcast/presets", tests::source_directory() / "presets"));
}

TEST(StandardDirectories, EmptyPartsOfThePathNameNothing) {
  // An empty part must not stand for the working directory, as it does in PATH.
  const Variable config("XDG_CONFIG_HOME", "");
  const Variable home("HOME", "");
  const Variable presets("FLOPCAST_PRESETS", ":/a::/b:");
  EXPECT_THAT(PresetCatalog::standard_directories(""),
              ElementsAre("/a", "/b", tests::source_directory() / "presets"));
}

TEST(Catalog, DirectoryOfTheEnvironmentComesBeforeTheSourceTree) {
  const TemporaryPresets own;
  own.write("devices/h100-sxm5-80gb.toml", "name = \"mine\"");
  const Variable config("XDG_CONFIG_HOME", "/nonexistent");
  const Variable presets("FLOPCAST_PRESETS", own.path().string());
  const PresetCatalog catalog(PresetCatalog::standard_directories(""));
  EXPECT_EQ(name_in(catalog.load("devices", catalog.resolve("devices", "H100"))), "mine");
}

} // namespace
} // namespace flopcast
