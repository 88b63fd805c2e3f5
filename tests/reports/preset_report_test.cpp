// SPDX-License-Identifier: Apache-2.0
#include "hardware/input/csv.hpp"
#include "reports/preset_report.hpp"
#include "tests/support/paths.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>

namespace flopcast::tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr std::string_view preset_text = R"(name = "A | B, C"
date = 2026-11-23
count = 3
share = 0.5
flag = true
list = ["one", "two"]
[inner]
key = "value"
[inner.deeper]
number = 7
)";

TEST(PresetReport, HasASectionATableAndARowAKey) {
  const Report report = preset_report(parse_toml(preset_text, "p.toml"), "title");
  EXPECT_EQ(report.title, "title");
  ASSERT_EQ(report.sections.size(), 3U);
  EXPECT_EQ(report.sections[1].title, "inner");
  EXPECT_EQ(report.sections[2].title, "inner.deeper");
  EXPECT_EQ(report.sections[2].rows.at(0).key, "inner.deeper.number");
  EXPECT_EQ(report.sections[2].rows.at(0).cells, std::vector<std::string>{"7"});
}

TEST(PresetJson, KeepsTypes) {
  const json root = json::parse(preset_json(parse_toml(preset_text, "p.toml")));
  EXPECT_EQ(root["schema_version"], json_schema_version);
  EXPECT_EQ(root["kind"], "preset");
  EXPECT_EQ(root["preset"]["count"], 3);
  EXPECT_EQ(root["preset"]["share"], 0.5);
  EXPECT_EQ(root["preset"]["flag"], true);
  EXPECT_EQ(root["preset"]["date"], "2026-11-23");
  EXPECT_EQ(root["preset"]["list"], json::parse(R"(["one", "two"])"));
  EXPECT_EQ(root["preset"]["inner"]["deeper"]["number"], 7);
}

TEST(PresetCsv, HasDottedKeys) {
  const auto rows =
      parse_csv(preset_csv(parse_toml(preset_text, "p.toml")), "out.csv", {"key", "value"});
  std::map<std::string, std::string> values;
  for (const CsvRow &row : rows)
    values[row.at("key")] = row.at("value");
  EXPECT_EQ(values["name"], "A | B, C");
  EXPECT_EQ(values["list"], "one; two");
  EXPECT_EQ(values["inner.deeper.number"], "7");
}

TEST(PresetReport, AnEmptyPresetIsItsTitle) {
  EXPECT_EQ(to_table(preset_report(parse_toml("", "p.toml"), "empty"), {}), "empty\n");
}

const std::vector<PresetSummary> made_up{{"models", "one", "First Model", "1, uno"},
                                         {"models", "two", "Second", ""},
                                         {"devices", "three", "", "no name"}};

TEST(PresetSummaries, GroupByKind) {
  const Report report = summaries_report(made_up, "3 presets");
  ASSERT_EQ(report.sections.size(), 2U);
  EXPECT_EQ(report.sections[0].title, "models");
  EXPECT_EQ(report.sections[0].rows[0].cells, std::vector<std::string>{"First Model (1, uno)"});
  EXPECT_EQ(report.sections[0].rows[1].cells, std::vector<std::string>{"Second"});
  EXPECT_EQ(report.sections[1].rows[0].cells, std::vector<std::string>{"no name"});
}

TEST(PresetSummaries, SearchWantsEveryWordInAnyFieldAndCase) {
  EXPECT_EQ(search(made_up, {"MODEL", "uno"}).size(), 1U);
  EXPECT_EQ(search(made_up, {"models"}).size(), 2U); // the kind is a field
  EXPECT_EQ(search(made_up, {}).size(), 3U);
  EXPECT_TRUE(search(made_up, {"model", "nothing"}).empty());
}

TEST(PresetSummaries, TextThatIsNoUtf8DoesNotThrow) {
  EXPECT_TRUE(json::accept(summaries_json({{"models", "x", "\xff", "\xc3"}})));
}

TEST(PresetSummaries, OfAPriceSayWhoAsksItAndWhen) {
  const auto prices = search(summaries(shipped_presets(), "prices"), {"h100", "aws", "on_demand"});
  ASSERT_FALSE(prices.empty());
  EXPECT_THAT(prices.front().detail, testing::ContainsRegex("USD/\\(GPU\\*h\\) \\(20[0-9-]+\\)"));
}

} // namespace
} // namespace flopcast::tests
