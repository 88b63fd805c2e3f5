// SPDX-License-Identifier: Apache-2.0
#include "tests/reports/hand_made_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flopcast::tests {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr TextStyle plain{.colour = false, .width = 100};

Report report_of(std::vector<ReportRow> rows) {
  Report report;
  report.title = "t";
  report.sections = {{"s", std::move(rows)}};
  return report;
}

TEST(Table, NumbersAlignAtTheRight) {
  EXPECT_EQ(to_table(report_of({{"", "a", {"1 s"}}, {"", "long label", {"12,345 s"}}}), plain),
            "t\n\ns\n"
            "  a                1 s\n"
            "  long label  12,345 s\n");
}

TEST(Table, TextsAlignAtTheLeftWithoutSpacesAtTheEnd) {
  Report report = report_of({{"", "a", {"x", "y"}}, {"", "b", {"long", "z"}}});
  report.left_aligned = true;
  EXPECT_EQ(to_table(report, plain), "t\n\ns\n"
                                     "  a  x     y\n"
                                     "  b  long  z\n");
}

// A Han character fills two columns, so each line below fills as many.
TEST(Table, WideCharactersKeepColumnsStraight) {
  const std::string table = to_table(report_of({{"", "模型（新）", {"1 s", "50.0 %"}},
                                                {"", "step", {"20 s", "1 %"}},
                                                {"", "größe", {"三 s", "100.0 %"}}}),
                                     plain);
  const auto lines = lines_of(table);
  ASSERT_EQ(lines.size(), 6U);
  for (std::size_t i = 3; i < lines.size(); ++i)
    EXPECT_EQ(display_width(lines[i]), 2U + 10 + 2 + 4 + 2 + 7) << lines[i];
}

TEST(Table, ARowMayHaveFewerCellsThanOthers) {
  const std::string table =
      to_table(report_of({{"", "a", {"1"}}, {"", "b", {"2", "3"}}, {"", "c", {}}}), plain);
  EXPECT_EQ(table, "t\n\ns\n  a  1\n  b  2  3\n  c\n");
}

TEST(Table, AReportWithoutAnythingIsItsTitle) {
  Report report;
  report.title = "nothing";
  EXPECT_EQ(to_table(report, plain), "nothing\n");
  EXPECT_EQ(to_table(Report{}, plain), "\n");
}

TEST(Table, RemarksWrapAtTheWidth) {
  Report report;
  report.title = "t";
  report.remarks_title = "r";
  report.remarks = {
      {"key", std::string(20, 'a') + " " + std::string(20, 'b') + " " + std::string(20, 'c')}};
  // "  key  " takes 7 columns: of 50, 43 are left, enough for two words of 20 and a space.
  EXPECT_EQ(to_table(report, {.colour = false, .width = 50}),
            "t\n\nr\n  key  " + std::string(20, 'a') + " " + std::string(20, 'b') + "\n       " +
                std::string(20, 'c') + "\n");
  EXPECT_EQ(lines_of(to_table(report, {.colour = false, .width = 200})).size(), 4U);
}

TEST(Table, AWordWiderThanTheTerminalStaysWhole) {
  Report report;
  report.remarks = {{"key", "before " + std::string(200, 'x') + " after"}};
  const std::string table = to_table(report, {.colour = false, .width = 40});
  EXPECT_THAT(table, HasSubstr("\n       " + std::string(200, 'x') + "\n       after\n"));
}

TEST(Table, AVeryLongLabelOfARemarkHasALineOfItsOwn) {
  Report report;
  report.alerts = {{std::string(60, 'n'), "cannot run"}};
  EXPECT_THAT(to_table(report, plain), HasSubstr("  " + std::string(60, 'n') + "\n" +
                                                 std::string(42, ' ') + "cannot run\n"));
}

TEST(Table, AnyWidthWorks) {
  for (const std::size_t width : {0U, 1U, 20U, 60U, 10000U}) {
    const std::string table = to_table(hand_made_report(), {.colour = false, .width = width});
    EXPECT_THAT(table, HasSubstr("2,086,991 USD")) << width;
  }
}

TEST(Table, ColoursChangeNothingElse) {
  std::string coloured = to_table(hand_made_report(), {.colour = true, .width = 80});
  EXPECT_THAT(coloured, HasSubstr("\x1b[1mA plan\x1b[0m"));
  EXPECT_THAT(coloured, HasSubstr("\x1b[31mcannot run"));
  for (auto escape = coloured.find('\x1b'); escape != std::string::npos;
       escape = coloured.find('\x1b'))
    coloured.erase(escape, coloured.find('m', escape) - escape + 1);
  EXPECT_EQ(coloured, to_table(hand_made_report(), {.colour = false, .width = 80}));
}

TEST(Table, WithoutColourThereIsNoEscape) {
  EXPECT_THAT(to_table(hand_made_report(), plain), Not(HasSubstr("\x1b")));
}

} // namespace
} // namespace flopcast::tests
