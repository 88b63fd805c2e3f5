// SPDX-License-Identifier: Apache-2.0
#include "tests/reports/hand_made_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace flopcast::tests {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Markdown, EscapesWhatMarkdownReads) {
  EXPECT_EQ(escaped_markdown("a|b"), "a\\|b");
  EXPECT_EQ(escaped_markdown("<b>*x*</b>"), "\\<b>\\*x\\*\\</b>");
  EXPECT_EQ(escaped_markdown("micro_batch"), "micro\\_batch");
  EXPECT_EQ(escaped_markdown("`c` \\d"), "\\`c\\` \\\\d");
  EXPECT_EQ(escaped_markdown("plain text, 5 %"), "plain text, 5 %");
}

TEST(Markdown, KeepsARowOnALine) {
  EXPECT_EQ(escaped_markdown("two\nlines\r\nand"), "two lines  and");
}

TEST(Markdown, NothingOfAHostileNameBreaksATable) {
  Report report = hand_made_report();
  const std::string hostile = "a | b\n| c <script>";
  report.title = hostile;
  report.columns.front() = hostile;
  report.sections.front().title = hostile;
  report.sections.front().rows.front().label = hostile;
  report.sections.front().rows.front().cells.front() = hostile;
  report.alerts.front() = {hostile, hostile};
  const std::string markdown = to_markdown(report);
  EXPECT_THAT(markdown, Not(HasSubstr("| c <")));
  // A table row of four cells has five bars that are not escaped.
  for (const std::string &line : lines_of(markdown)) {
    if (!line.starts_with("| "))
      continue;
    std::ptrdiff_t bars = 0;
    for (std::size_t i = 0; i < line.size(); ++i)
      bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\') ? 1 : 0;
    EXPECT_EQ(bars, 5) << line;
  }
}

TEST(Markdown, NumbersAlignAtTheRightAndTextsAtTheLeft) {
  Report report;
  report.sections = {{"s", {{"", "a", {"1"}}}}};
  EXPECT_THAT(to_markdown(report), HasSubstr("|---|--:|\n"));
  report.left_aligned = true;
  EXPECT_THAT(to_markdown(report), HasSubstr("|---|---|\n"));
}

TEST(Markdown, EveryRowHasAsManyCellsAsItsTable) {
  for (const std::string &line : lines_of(to_markdown(hand_made_report())))
    if (line.starts_with("|")) {
      EXPECT_EQ(std::ranges::count(line, '|'), 5) << line; // a label and three columns
    }
}

TEST(Markdown, RemarksFold) {
  const std::string markdown = to_markdown(hand_made_report());
  EXPECT_THAT(markdown, HasSubstr("<details><summary>Assumptions</summary>\n\n- `run.goodput`: "));
  EXPECT_THAT(markdown, testing::EndsWith("\n</details>\n"));
}

TEST(Markdown, AReportWithoutAnythingIsAHeading) {
  Report report;
  report.title = "nothing";
  EXPECT_EQ(to_markdown(report), "## nothing\n");
}

} // namespace
} // namespace flopcast::tests
