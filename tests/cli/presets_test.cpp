// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/command_line_fixture.hpp"

#include "cli/session.hpp"
#include "hardware/input/csv.hpp"

#include <algorithm>
#include <set>

namespace flopcast::tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class PresetsCommand : public CommandLine {};

TEST_F(PresetsCommand, ListHasTheKindsThatAreNoTables) {
  const auto root = json({"presets", "list"});
  EXPECT_EQ(root["schema_version"], 1);
  EXPECT_EQ(root["kind"], "presets");
  std::set<std::string> kinds;
  for (const auto &preset : root["presets"]) {
    kinds.insert(preset["kind"].get<std::string>());
    for (const char *key : {"id", "name", "detail"})
      EXPECT_TRUE(preset[key].is_string()) << preset;
  }
  EXPECT_THAT(kinds, testing::ElementsAre("calibrations", "devices", "fabrics", "laws", "models",
                                          "nodes", "plans"));
}

TEST_F(PresetsCommand, ListTakesEveryKind) {
  for (const char *kind :
       {"devices", "nodes", "models", "plans", "calibrations", "laws", "prices", "energy"}) {
    const auto presets = json({"presets", "list", kind})["presets"];
    EXPECT_FALSE(presets.empty()) << kind;
    for (const auto &preset : presets)
      EXPECT_EQ(preset["kind"], kind);
  }
}

TEST_F(PresetsCommand, ListOfAnUnknownKindEndsWithTwo) {
  const Ran ran = run({"presets", "list", "gpus"});
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(ran.err, HasSubstr("devices"));
}

TEST_F(PresetsCommand, FormatsOfAListHoldTheSameIds) {
  const auto ids = json({"presets", "list", "plans"})["presets"];
  const Ran table = run({"presets", "list", "plans"});
  const Ran markdown = run({"presets", "list", "plans", "--format", "md"});
  const auto rows = parse_csv(run({"presets", "list", "plans", "--format", "csv"}).out, "out.csv",
                              {"kind", "id", "name", "detail"});
  ASSERT_EQ(rows.size(), ids.size());
  EXPECT_THAT(table.out, StartsWith(std::to_string(ids.size()) + " presets\n"));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string id = ids[i]["id"];
    EXPECT_EQ(rows[i].at("id"), id);
    EXPECT_THAT(table.out, HasSubstr("\n  " + id + " "));
    EXPECT_THAT(markdown.out, HasSubstr("\n| " + id + " |"));
  }
}

TEST_F(PresetsCommand, ShowTakesAnIdOrAnAliasInAnyCase) {
  const Ran by_id = run({"presets", "show", "h100-sxm5-80gb"});
  EXPECT_EQ(by_id.code, exit_ok);
  EXPECT_THAT(by_id.out, HasSubstr("NVIDIA H100"));
  EXPECT_EQ(run({"presets", "show", "H100"}).out, by_id.out);
  EXPECT_EQ(run({"presets", "show", "devices", "h100"}).out, by_id.out);
}

TEST_F(PresetsCommand, ShowNamesTheFileOnStderr) {
  EXPECT_THAT(run({"presets", "show", "h100"}).err, HasSubstr("devices/h100-sxm5-80gb.toml"));
  EXPECT_THAT(run({"presets", "show", "h100", "--quiet"}).err, IsEmpty());
}

TEST_F(PresetsCommand, ShowHasFactsAndSourcesInEveryFormat) {
  const auto root = json({"presets", "show", "gpt3-175b"});
  EXPECT_EQ(root["schema_version"], 1);
  EXPECT_EQ(root["kind"], "preset");
  EXPECT_EQ(root["preset"]["architecture"]["layers"], 96);
  EXPECT_TRUE(root["preset"]["source"].is_string());
  const auto rows = parse_csv(run({"presets", "show", "gpt3-175b", "--format", "csv"}).out,
                              "out.csv", {"key", "value"});
  EXPECT_TRUE(std::ranges::any_of(rows, [](const CsvRow &row) {
    return row.at("key") == "architecture.layers" && row.at("value") == "96";
  }));
  EXPECT_THAT(run({"presets", "show", "gpt3-175b"}).out,
              testing::ContainsRegex("\n  layers +96\n"));
  // Texts, so the column is not aligned as numbers are.
  EXPECT_THAT(run({"presets", "show", "gpt3-175b", "--format", "md"}).out,
              AllOf(HasSubstr("\n|---|---|\n"), HasSubstr("| layers | 96 |")));
}

TEST_F(PresetsCommand, ShowCorrectsAName) {
  const Ran ran = run({"presets", "show", "gpt3-175"});
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(ran.out, IsEmpty());
  EXPECT_THAT(ran.err, HasSubstr("did you mean \"gpt3-175b\"?"));
  EXPECT_THAT(run({"presets", "show", "zzzzzzzz"}).err, HasSubstr("presets list"));
}

// It once said: no preset is called "gpt3-175b"; did you mean "gpt3-175b"?
TEST_F(PresetsCommand, ShowRefusesAKindThatThereIsNot) {
  const Ran ran = run({"presets", "show", "model", "gpt3-175b"});
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(ran.err, HasSubstr("no kind of presets is called \"model\""));
}

TEST_F(PresetsCommand, ShowCorrectsWithinTheKind) {
  const Ran ran = run({"presets", "show", "models", "h100"});
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("no model preset is called \"h100\""),
                             Not(HasSubstr("did you mean \"h100"))));
}

TEST_F(PresetsCommand, ShowSendsRowsOfTablesToSearch) {
  const Ran ran = run({"presets", "show", "prices", "aws"});
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(ran.err, HasSubstr("presets search prices aws"));
}

TEST_F(PresetsCommand, SearchWantsAllWordsInAnyCase) {
  const auto found = json({"presets", "search", "LLAMA", "70b"})["presets"];
  ASSERT_FALSE(found.empty());
  for (const auto &preset : found)
    EXPECT_THAT(preset.dump(), testing::ContainsRegex("[Ll]lama.*70[bB]|70[bB].*[Ll]lama"));
}

TEST_F(PresetsCommand, SearchMayBeOfOneKind) {
  const auto found = json({"presets", "search", "prices", "h100", "aws"});
  ASSERT_FALSE(found["presets"].empty());
  for (const auto &preset : found["presets"])
    EXPECT_EQ(preset["kind"], "prices");
  for (const char *format : {"table", "csv", "md"})
    EXPECT_THAT(run({"presets", "search", "energy", "FRA", "--format", format}).out,
                HasSubstr("g/kWh"))
        << format;
}

TEST_F(PresetsCommand, ASearchThatFindsNothingEndsWithOne) {
  const Ran table = run({"presets", "search", "nosuchthing"});
  EXPECT_EQ(table.code, exit_check_failed);
  EXPECT_EQ(table.out, "0 found\n");
  const Ran csv = run({"presets", "search", "nosuchthing", "--format", "csv"});
  EXPECT_EQ(csv.code, exit_check_failed);
  EXPECT_EQ(csv.out, "kind,id,name,detail\n");
  EXPECT_EQ(json({"presets", "search", "nosuchthing"})["presets"], nlohmann::json::array());
}

TEST_F(PresetsCommand, TheUsersOwnPresetsAreListed) {
  (void)file("config/flopcast/presets/plans/mine.toml", small_plan);
  const auto presets = json({"presets", "list", "plans"})["presets"];
  EXPECT_TRUE(std::ranges::any_of(presets, [](const auto &preset) {
    return preset["id"] == "mine" && preset["name"] == "small";
  }));
}

} // namespace
} // namespace flopcast::tests
