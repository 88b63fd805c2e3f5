// SPDX-License-Identifier: Apache-2.0
#include "hardware/input/table_reader.hpp"
#include "tests/hardware/reading.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

namespace flopcast {
namespace {

using namespace units;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

/// One table of a text, with all that reading it needs.
struct Read {
  explicit Read(std::string_view text)
      : root(parse_toml(text, "f")), table(root, "", diagnostics) {}
  Read(const Read &) = delete;

  [[nodiscard]] std::string complaints() const { return tests::complaints_of(diagnostics); }

  InputValue root;
  Diagnostics diagnostics;
  TableReader table;
};

TEST(TableReader, YieldsValuesOfTheRightType) {
  Read read("name = \"x\"\nlist = [\"a\", \"b\"]\nflag = true\nday = 2026-11-23\ncount = 12\n"
            "share = 0.5\n");
  EXPECT_EQ(read.table.text("name"), "x");
  EXPECT_THAT(read.table.texts("list"), testing::ElementsAre("a", "b"));
  EXPECT_EQ(read.table.flag("flag"), true);
  EXPECT_EQ(read.table.date("day"), (Date{2026, 11, 23}));
  EXPECT_EQ(read.table.integer("count", 0, 100), 12);
  EXPECT_EQ(read.table.number("share", 0, 1), 0.5);
  EXPECT_EQ(read.table.number("count", 0, 100), 12.0);
  read.table.finish();
  EXPECT_EQ(read.complaints(), "");
}

TEST(TableReader, AbsentKeysAreNoErrorUntilTheyAreReported) {
  Read read("");
  EXPECT_FALSE(read.table.text("a"));
  EXPECT_THAT(read.table.texts("a"), IsEmpty());
  EXPECT_FALSE(read.table.flag("a"));
  EXPECT_FALSE(read.table.date("a"));
  EXPECT_FALSE(read.table.integer("a", 0, 1));
  EXPECT_FALSE(read.table.number("a", 0, 1));
  EXPECT_FALSE(read.table.quantity("a", 0.0 * byte, gigabyte));
  EXPECT_THAT(read.table.tables("a"), IsEmpty());
  read.table.finish();
  EXPECT_EQ(read.complaints(), "");
  read.table.report_missing("a", "an integer");
  EXPECT_THAT(read.complaints(), HasSubstr("a: is missing; expected an integer"));
}

TEST(TableReader, NamesBothTypesWhereTheyDiffer) {
  Read read("x = 1\ny = \"one\"\n");
  EXPECT_FALSE(read.table.text("x"));
  EXPECT_THAT(read.table.texts("x"), IsEmpty());
  EXPECT_FALSE(read.table.flag("x"));
  EXPECT_FALSE(read.table.date("x"));
  EXPECT_FALSE(read.table.number("y", 0, 1));
  EXPECT_FALSE(read.table.integer("y", 0, 1));
  EXPECT_THAT(read.table.tables("x"), IsEmpty());
  EXPECT_EQ(read.complaints(), "f:1:5: x: expected a text in quotes, got an integer\n"
                               "f:1:5: x: expected an array of texts, got an integer\n"
                               "f:1:5: x: expected true or false, got an integer\n"
                               "f:1:5: x: expected a date such as 2026-11-23, got an integer\n"
                               "f:2:5: y: expected a number, got a text\n"
                               "f:2:5: y: expected a number, got a text\n"
                               "f:1:5: x: expected tables under [[x]], got an integer");
}

TEST(TableReader, ReportsAWrongElementAtItsOwnPlace) {
  Read read("list = [\"a\", 2]\n");
  EXPECT_THAT(read.table.texts("list"), testing::ElementsAre("a"));
  EXPECT_EQ(read.complaints(), "f:1:14: list: expected a text in quotes, got an integer");
}

TEST(TableReader, TakesBothEndsOfARange) {
  Read read("low = 1\nhigh = 8\nbelow = 0\nabove = 9\n");
  EXPECT_EQ(read.table.integer("low", 1, 8), 1);
  EXPECT_EQ(read.table.integer("high", 1, 8), 8);
  EXPECT_EQ(read.complaints(), "");
  EXPECT_FALSE(read.table.integer("below", 1, 8));
  EXPECT_FALSE(read.table.integer("above", 1, 8));
  EXPECT_EQ(read.complaints(), "f:3:9: below: 0 is below the least allowed, 1\n"
                               "f:4:9: above: 9 is above the most allowed, 8");
}

TEST(TableReader, WholeFloatsAreIntegersAndOthersAreNot) {
  Read read("tokens = 300e9\none = 1.0\nhalf = 1.5\n");
  EXPECT_EQ(read.table.integer("tokens", 0, 1'000'000'000'000), 300'000'000'000);
  EXPECT_EQ(read.table.integer("one", 0, 10), 1);
  EXPECT_FALSE(read.table.integer("half", 0, 10));
  EXPECT_EQ(read.complaints(), "f:3:8: half: expected a whole number, got 1.5");
}

TEST(TableReader, IntegersBeyondDoublePrecisionStayExact) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  // 2^53 + 1 is the first integer that a double cannot hold.
  Read read("odd = 9007199254740993\nmost = 9223372036854775807\nreal = 9223372036854775807.0\n");
  EXPECT_EQ(read.table.integer("odd", 0, most), 9007199254740993);
  EXPECT_EQ(read.table.integer("most", 0, most), most);
  EXPECT_EQ(read.complaints(), "");
  EXPECT_FALSE(read.table.integer("real", 0, most)); // 2^63: beyond std::int64_t
}

TEST(TableReader, BoundsBeyondDoublePrecisionHoldExactly) {
  constexpr std::int64_t bound = 9007199254740992; // 2^53, to which 2^53 + 1 rounds
  Read read("odd = 9007199254740993\n");
  EXPECT_FALSE(read.table.integer("odd", 0, bound));
  EXPECT_THAT(read.complaints(), StartsWith("f:1:7: odd: "));
}

TEST(TableReader, RefusesNumbersThatAreNotFinite) {
  Read read("a = inf\nb = nan\nc = -inf\n");
  EXPECT_FALSE(read.table.number("a", -1e308, 1e308));
  EXPECT_FALSE(read.table.number("b", -1e308, 1e308));
  EXPECT_FALSE(read.table.integer("c", -1, 1));
  EXPECT_THAT(read.complaints(), AllOf(HasSubstr("f:1:5: a: expected a finite number"),
                                       HasSubstr("f:2:5: b:"), HasSubstr("f:3:5: c:")));
}

TEST(TableReader, ReadsQuantitiesWithTheirUnit) {
  Read read("memory = \"80 GiB\"\n");
  EXPECT_EQ(read.table.quantity("memory", byte, 1e18 * byte), 80.0 * gibibyte);
  EXPECT_EQ(read.complaints(), "");
}

TEST(TableReader, RefusesQuantitiesOfAnotherDimensionOrWithoutUnit) {
  Read read("a = \"80 s\"\nb = \"80\"\nc = 80\nd = \"80 zB\"\ne = true\n");
  for (const char *key : {"a", "b", "c", "d", "e"})
    EXPECT_FALSE(read.table.quantity(key, byte, 1e18 * byte)) << key;
  EXPECT_THAT(
      read.complaints(),
      AllOf(HasSubstr("f:1:5: a: expected an amount of data such as \"80 GB\", got \"80 s\""),
            HasSubstr("f:2:5: b: expected an amount of data such as \"80 GB\", got \"80\""),
            HasSubstr("f:3:5: c: expected an amount of data such as \"80 GB\" with its unit"),
            HasSubstr("f:4:5: d: \"zB\" is no unit"), HasSubstr("f:5:5: e: expected an amount")));
}

TEST(TableReader, APlainNumberStandsForThePlainUnit) {
  Read read("a = 300e9\nb = 2\nc = \"5\"\nd = \"7 token\"\ne = inf\n");
  const auto read_tokens = [&](std::string_view key) {
    return read.table.quantity(key, 0.0 * token, 1e18 * token, std::optional(token));
  };
  EXPECT_EQ(read_tokens("a"), 300e9 * token);
  EXPECT_EQ(read_tokens("b"), 2.0 * token);
  EXPECT_EQ(read_tokens("c"), 5.0 * token);
  EXPECT_EQ(read_tokens("d"), 7.0 * token);
  EXPECT_EQ(read.complaints(), "");
  EXPECT_FALSE(read_tokens("e"));
  EXPECT_THAT(read.complaints(), HasSubstr("f:5:5: e: expected a finite number"));
}

TEST(TableReader, ChecksTheRangeOfQuantities) {
  Read read("small = \"1 MB\"\nlarge = \"1 TB\"\nlow = \"1 GB\"\nhigh = \"100 GB\"\n");
  EXPECT_EQ(read.table.quantity("low", gigabyte, 100.0 * gigabyte), gigabyte);
  EXPECT_EQ(read.table.quantity("high", gigabyte, 100.0 * gigabyte), 100.0 * gigabyte);
  EXPECT_FALSE(read.table.quantity("small", gigabyte, 100.0 * gigabyte));
  EXPECT_FALSE(read.table.quantity("large", gigabyte, 100.0 * gigabyte));
  EXPECT_EQ(read.complaints(), "f:1:9: small: 1 MB is below the least allowed, 1 GB\n"
                               "f:2:9: large: 1 TB is above the most allowed, 100 GB");
}

enum class Speed { slow, fast };
constexpr std::array speeds{Spelled<Speed>{"slow", Speed::slow},
                            Spelled<Speed>{"fast", Speed::fast}};

TEST(TableReader, ReadsOneOfTheSpelledChoices) {
  Read read("a = \"fast\"\nb = \"fasst\"\nc = 1\n");
  EXPECT_EQ(read.table.choice<Speed>("a", speeds), Speed::fast);
  EXPECT_FALSE(read.table.choice<Speed>("b", speeds));
  EXPECT_FALSE(read.table.choice<Speed>("c", speeds));
  EXPECT_FALSE(read.table.choice<Speed>("absent", speeds));
  EXPECT_EQ(read.complaints(), "f:2:5: b: \"fasst\" is not known; expected one of slow, fast; "
                               "did you mean \"fast\"?\n"
                               "f:3:5: c: expected a text in quotes, got an integer");
}

TEST(TableReader, NamesUnknownKeysWithTheNearest) {
  Read read("tensor_paralel = 8\nzzzzzzzz = 1\n");
  (void)read.table.integer("tensor_parallel", 1, 8);
  (void)read.table.integer("count", 1, 8);
  read.table.finish();
  EXPECT_EQ(read.complaints(),
            "f:1:18: tensor_paralel: no such key; did you mean \"tensor_parallel\"?\n"
            "f:2:12: zzzzzzzz: no such key; expected one of count, tensor_parallel");
}

TEST(TableReader, OffersKeysThatItWasOnlyAskedAbout) {
  Read read("[powerr]\n");
  EXPECT_FALSE(read.table.has("power"));
  read.table.finish();
  EXPECT_EQ(read.complaints(), "f:1:2: powerr: no such key; did you mean \"power\"?");
}

TEST(TableReader, AKeyThatIsThereButNeverReadIsUnknown) {
  Read read("power = 1\n");
  EXPECT_TRUE(read.table.has("power"));
  read.table.finish();
  EXPECT_THAT(read.complaints(), StartsWith("f:1:9: power: no such key"));
}

TEST(TableReader, ReadsTablesBelowByTheirDottedNames) {
  Read read("[memory]\ncapacity = 1\n");
  TableReader memory = read.table.table("memory");
  EXPECT_EQ(memory.full_key("capacity"), "memory.capacity");
  EXPECT_FALSE(memory.quantity("capacity", byte, gigabyte));
  EXPECT_THAT(read.complaints(), StartsWith("f:2:12: memory.capacity: expected"));
}

TEST(TableReader, WhatIsMissingFromAnAbsentTableIsReportedAtTheTableAround) {
  Read read("x = 1\n[outer]\n");
  TableReader outer = read.table.table("outer");
  TableReader inner = outer.table("inner");
  EXPECT_FALSE(inner.has("key"));
  inner.report_missing("key", "an integer");
  EXPECT_EQ(read.complaints(), "f:2:2: outer.inner.key: is missing; expected an integer");
}

TEST(TableReader, ReportsWhatIsNoTable) {
  Read read("memory = 1\n");
  TableReader memory = read.table.table("memory");
  EXPECT_FALSE(memory.text("capacity"));
  memory.finish();
  EXPECT_EQ(read.complaints(), "f:1:10: memory: expected a table, got an integer");
}

TEST(TableReader, ReadsEveryTableOfAnArray) {
  Read read("[[run]]\ncount = 1\n[[run]]\ncount = 2\ncout = 3\n");
  auto runs = read.table.tables("run");
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0].integer("count", 0, 10), 1);
  EXPECT_EQ(runs[1].integer("count", 0, 10), 2);
  EXPECT_EQ(runs[1].place().line, 3);
  for (TableReader &run : runs)
    run.finish();
  EXPECT_EQ(read.complaints(), "f:5:8: run.cout: no such key; did you mean \"count\"?");
}

TEST(TableReader, ReportsAnElementThatIsNoTable) {
  Read read("run = [1]\n");
  EXPECT_EQ(read.table.tables("run").size(), 1U);
  EXPECT_EQ(read.complaints(), "f:1:8: run: expected a table, got an integer");
}

TEST(TableReader, GoesOnAfterAnError) {
  Read read("a = 1\nb = 2\nc = \"right\"\n");
  EXPECT_FALSE(read.table.text("a"));
  EXPECT_FALSE(read.table.flag("b"));
  EXPECT_EQ(read.table.text("c"), "right");
  EXPECT_EQ(tests::count_of(read.complaints()), 2U);
}

TEST(TableReader, AMillionUnknownKeysGiveFiftyMessages) {
  std::string text;
  for (int i = 0; i < 2000; ++i)
    text += "key" + std::to_string(i) + " = 1\n";
  Read read(text);
  read.table.finish();
  EXPECT_EQ(tests::count_of(read.complaints()), 50U);
}

} // namespace
} // namespace flopcast
