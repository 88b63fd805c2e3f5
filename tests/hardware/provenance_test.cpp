// SPDX-License-Identifier: Apache-2.0
#include "hardware/provenance.hpp"

#include <gtest/gtest.h>

namespace flopcast {
namespace {

TEST(Origin, HasTheBadgeThatOutputShows) {
  EXPECT_EQ(to_text(Origin::given), "given");
  EXPECT_EQ(to_text(Origin::measured), "measured");
  EXPECT_EQ(to_text(Origin::calibrated), "calibrated");
  EXPECT_EQ(to_text(Origin::fact), "fact");
  EXPECT_EQ(to_text(Origin::computed), "computed");
  EXPECT_EQ(to_text(Origin::defaulted), "default");
  EXPECT_EQ(to_text(Origin::assumed), "assumed");
}

TEST(Origin, ComparesStrongestFirst) {
  EXPECT_LT(Origin::given, Origin::measured);
  EXPECT_LT(Origin::calibrated, Origin::fact);
  EXPECT_LT(Origin::defaulted, Origin::assumed);
}

} // namespace
} // namespace flopcast
