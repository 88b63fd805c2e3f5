// SPDX-License-Identifier: Apache-2.0
#include "reports/report.hpp"

#include <gtest/gtest.h>

#include <string>

namespace flopcast::tests {
namespace {

TEST(DisplayWidth, OneColumnForACharacter) {
  EXPECT_EQ(display_width(""), 0U);
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("größe"), 5U); // two bytes each: ö, ß
  EXPECT_EQ(display_width("a – b"), 5U); // three bytes: the en dash
  EXPECT_EQ(display_width("µs ≤ 3"), 6U);
}

TEST(DisplayWidth, TwoForEastAsianOnes) {
  EXPECT_EQ(display_width("模型"), 4U);   // Han
  EXPECT_EQ(display_width("モデル"), 6U); // Katakana
  EXPECT_EQ(display_width("한국"), 4U);   // Hangul
  EXPECT_EQ(display_width("。"), 2U);     // U+3002, the full stop
  EXPECT_EQ(display_width("🚀"), 2U);
}

// Chinese text has these brackets and signs everywhere: U+FF08, U+FF09, U+FF1A, U+FF25.
TEST(DisplayWidth, TwoForFullWidthForms) {
  EXPECT_EQ(display_width("（）"), 4U);
  EXPECT_EQ(display_width("：Ｅ"), 4U);
  EXPECT_EQ(display_width("\uFFFD"), 1U) << "the replacement character is narrow";
}

TEST(DisplayWidth, EndsWhereTheTextDoesThoughACharacterIsCut) {
  for (const std::string text : {"\xff", "\xe4\xbd", "a\xf0\x9f", "\xef", "\x80\x80\x80"}) {
    EXPECT_GE(display_width(text), 1U);
    EXPECT_LE(display_width(text), 2 * text.size());
  }
}

} // namespace
} // namespace flopcast::tests
