// SPDX-License-Identifier: Apache-2.0
#include "hardware/input/csv.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace flopcast {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;

const std::vector<std::string> columns{"name", "price"};

std::vector<CsvRow> parse(std::string_view text) { return parse_csv(text, "t.csv", columns); }

TEST(Csv, ReadsRowsByColumnName) {
  const auto rows = parse("name,price\n"
                          "a,1\n"
                          "b,2\n");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].at("name"), "a");
  EXPECT_EQ(rows[1].at("price"), "2");
  EXPECT_EQ(rows[0].line, 2);
  EXPECT_EQ(rows[1].line, 3);
}

TEST(Csv, AbsentColumnReadsAsEmpty) { EXPECT_EQ(CsvRow{}.at("name"), ""); }

TEST(Csv, OrderOfColumnsIsThatOfTheHeader) {
  const auto rows = parse("price,name\n1,a\n");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].at("name"), "a");
}

TEST(Csv, LastLineNeedsNoLineEnd) {
  const auto rows = parse("name,price\na,");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].at("price"), "");
}

TEST(Csv, CommentsAndBlankLinesMayComeBeforeTheHeader) {
  const auto rows = parse("# source\n"
                          "\n"
                          "# licence\n"
                          "name,price\n"
                          "# not a comment,1\n");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].at("name"), "# not a comment");
  EXPECT_EQ(rows[0].line, 5);
}

TEST(Csv, QuotesHoldCommasAndQuotes) {
  const auto rows = parse("name,price\n"
                          "\"a, \"\"b\"\"\",\"\"\n");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].at("name"), "a, \"b\"");
  EXPECT_EQ(rows[0].at("price"), "");
}

TEST(Csv, QuotedLineEndsKeepTheCountOfLines) {
  const auto rows = parse("name,price\n"
                          "\"two\nlines\",1\n"
                          "b,2\n");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].at("name"), "two\nlines");
  EXPECT_EQ(rows[0].line, 2);
  EXPECT_EQ(rows[1].line, 4);
}

TEST(Csv, WindowsLineEndsAreNoPartOfAField) {
  const auto rows = parse("# comment\r\nname,price\r\na,1\r\n\"b\",\"2\"\r\n");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].at("price"), "1");
  EXPECT_EQ(rows[1].at("price"), "2");
  EXPECT_EQ(rows[1].line, 4);
}

TEST(Csv, WrongNumbersOfFieldsAreReportedTogetherWithTheirLines) {
  EXPECT_THAT([] { (void)parse("name,price\na\nb,2\nc,3,4\n"); },
              ThrowsMessage<InputError>("t.csv:2:1: the row has 1 fields, the header 2\n"
                                        "t.csv:4:1: the row has 3 fields, the header 2"));
}

TEST(Csv, HeaderMustHaveEveryColumnAndNoOther) {
  for (const char *text : {"name\n", "name,price,note\n", "name,cost\n", "name,name\n"})
    EXPECT_THAT([&] { (void)parse(text); },
                ThrowsMessage<InputError>(
                    testing::AllOf(StartsWith("t.csv:1:1: "), HasSubstr("name,price"))))
        << text;
}

TEST(Csv, EmptyFileIsMissingItsHeader) {
  for (const char *text : {"", "\n\n", "# only a comment"})
    EXPECT_THAT([&] { (void)parse(text); },
                ThrowsMessage<InputError>(HasSubstr("expected a header line: name,price")));
}

TEST(Csv, OpenQuoteIsReportedWhereItBegins) {
  EXPECT_THAT([] { (void)parse("name,price\n\"a,1\nb,2\n"); },
              ThrowsMessage<InputError>("t.csv:2:1: a quoted field is not closed"));
}

TEST(Csv, TextAfterAClosingQuoteIsReported) {
  EXPECT_THAT([] { (void)parse("name,price\na,1\n\"b\"c,2\n"); },
              ThrowsMessage<InputError>(
                  testing::AllOf(StartsWith("t.csv:3:1: "), HasSubstr("after the closing quote"))));
}

TEST(Csv, HeaderAloneIsATableWithoutRows) { EXPECT_TRUE(parse("name,price\n").empty()); }

TEST(CsvTable, TakesAnyColumnsAndKnowsWhereEachFieldStands) {
  const CsvTable table = parse_csv_table("a,b\n1,\"x, y\"\n\n\"two\nlines\",z\n", "t.csv");
  EXPECT_EQ(table.columns, (std::vector<std::string>{"a", "b"}));
  ASSERT_EQ(table.records.size(), 2U); // the empty line is none
  EXPECT_EQ(table.records[0].fields[1], "x, y");
  EXPECT_EQ(table.records[0].places[1].line, 2);
  EXPECT_EQ(table.records[0].places[1].column, 3);
  EXPECT_EQ(table.records[1].places[0].line, 4);
  EXPECT_EQ(table.records[1].places[1].line, 5); // behind the line end inside the quotes
  EXPECT_EQ(table.records[1].places[1].column, 8);
}

TEST(CsvTable, PassesOverAByteOrderMark) {
  EXPECT_EQ(parse_csv_table("\xEF\xBB\xBF"
                            "a,b\n1,2\n",
                            "t.csv")
                .columns.front(),
            "a");
}

TEST(CsvTable, NamesRowsOfAnotherLengthAndColumnsThatAreThereTwice) {
  EXPECT_THAT(
      [] { (void)parse_csv_table("a,b\n1\n", "t.csv"); },
      ThrowsMessage<InputError>(HasSubstr("t.csv:2:1: the row has 1 fields, the header 2")));
  EXPECT_THAT([] { (void)parse_csv_table("a,a\n1,2\n", "t.csv"); },
              ThrowsMessage<InputError>(HasSubstr("t.csv:1:3: the column \"a\" is there twice")));
}

} // namespace
} // namespace flopcast
