// SPDX-License-Identifier: Apache-2.0
// The layout of tables and Markdown, byte by byte. The golden files hold made-up numbers, so no
// change of the model touches them. To take over an intended change of the layout:
//
//   FLOPCAST_UPDATE_GOLDEN=1 flopcast_reports_tests --gtest_filter='Golden*'
//
// and read the difference before it is committed.
#include "tests/reports/hand_made_report.hpp"
#include "tests/support/paths.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace flopcast::tests {
namespace {

void expect_golden(const std::string &name, const std::string &text) {
  const auto path = source_directory() / "tests/golden" / name;
  if (std::getenv("FLOPCAST_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  std::ifstream stream(path, std::ios::binary);
  ASSERT_TRUE(stream) << path << " is missing";
  EXPECT_EQ(text, std::string(std::istreambuf_iterator<char>(stream), {})) << path;
}

TEST(Golden, Table) {
  expect_golden("report_table.txt", to_table(hand_made_report(), {.colour = false, .width = 100}));
}

TEST(Golden, NarrowTable) {
  expect_golden("report_table_narrow.txt",
                to_table(hand_made_report(), {.colour = false, .width = 60}));
}

TEST(Golden, ColouredTable) {
  expect_golden("report_table_coloured.txt",
                to_table(hand_made_report(), {.colour = true, .width = 100}));
}

TEST(Golden, Markdown) { expect_golden("report.md", to_markdown(hand_made_report())); }

} // namespace
} // namespace flopcast::tests
