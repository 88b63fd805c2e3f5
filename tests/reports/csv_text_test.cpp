// SPDX-License-Identifier: Apache-2.0
#include "hardware/input/csv.hpp"
#include "reports/csv_text.hpp"

#include <gtest/gtest.h>

namespace flopcast::tests {
namespace {

TEST(CsvLine, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(csv_line({"a", "b c", "1.5"}), "a,b c,1.5\n");
  EXPECT_EQ(csv_line({"1,024", "say \"x\"", "two\nlines"}),
            "\"1,024\",\"say \"\"x\"\"\",\"two\nlines\"\n");
}

TEST(CsvLine, EmptyFieldsKeepTheirPlace) {
  EXPECT_EQ(csv_line({}), "\n");
  EXPECT_EQ(csv_line({""}), "\n");
  EXPECT_EQ(csv_line({"", "a"}), ",a\n");
  EXPECT_EQ(csv_line({"", "", ""}), ",,\n");
  EXPECT_EQ(csv_line({"a", ""}), "a,\n");
}

TEST(CsvLine, IsReadBackAsItWas) {
  const std::vector<std::string> hard{
      "plain",       "with, comma",        "\"quoted\"", "\"",
      "line\nbreak", "carriage\r\nreturn", " spaces ",   "模型（新）, 一",
      "semi;colon",  "\",\"\n,\"\"\"",     ",",          "=1+1"};
  for (const std::string &field : hard) {
    const auto rows =
        parse_csv(csv_line({"first", "second", "third"}) + csv_line({field, "", field}), "t.csv",
                  {"first", "second", "third"});
    ASSERT_EQ(rows.size(), 1U) << field;
    EXPECT_EQ(rows[0].at("first"), field);
    EXPECT_EQ(rows[0].at("second"), "");
    EXPECT_EQ(rows[0].at("third"), field);
  }
}

} // namespace
} // namespace flopcast::tests
