// SPDX-License-Identifier: Apache-2.0
#include "hardware/input/diagnostic.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace flopcast {
namespace {

TEST(Diagnostic, TextBeginsWithThePlace) {
  EXPECT_EQ(to_text(Diagnostic{{"plans/70b.toml", 12, 9}, "wrong"}), "plans/70b.toml:12:9: wrong");
}

TEST(Diagnostic, TextNamesTheWholeFileWhereThereIsNoLine) {
  EXPECT_EQ(to_text(Diagnostic{{"plans/70b.toml", 0, 0}, "wrong"}), "plans/70b.toml: wrong");
  EXPECT_EQ(to_text(Diagnostic{{}, "wrong"}), "wrong");
}

TEST(InputError, HoldsEveryDiagnosticOneALine) {
  const InputError error({Diagnostic{{"a", 1, 2}, "x"}, Diagnostic{{"b", 3, 4}, "y"}});
  EXPECT_STREQ(error.what(), "a:1:2: x\nb:3:4: y");
  ASSERT_EQ(error.diagnostics().size(), 2U);
  EXPECT_EQ(error.diagnostics()[1].place.line, 3);
}

TEST(Diagnostics, ThrowNothingWhileEmpty) {
  const Diagnostics diagnostics;
  EXPECT_TRUE(diagnostics.empty());
  EXPECT_NO_THROW(diagnostics.throw_if_any());
}

TEST(Diagnostics, AreThrownAllAtOnceInTheOrderFound) {
  Diagnostics diagnostics;
  diagnostics.add({"f", 1, 1}, "first");
  diagnostics.add({"f", 2, 1}, "second");
  EXPECT_FALSE(diagnostics.empty());
  EXPECT_THAT([&] { diagnostics.throw_if_any(); },
              testing::ThrowsMessage<InputError>("f:1:1: first\nf:2:1: second"));
}

TEST(Diagnostics, StopCollectingAfterFifty) {
  Diagnostics diagnostics;
  for (int line = 1; line <= 100'000; ++line)
    diagnostics.add({"f", line, 1}, "wrong");
  try {
    diagnostics.throw_if_any();
    FAIL() << "nothing was thrown";
  } catch (const InputError &error) {
    ASSERT_EQ(error.diagnostics().size(), 50U);
    EXPECT_EQ(error.diagnostics().back().place.line, 50);
  }
}

const std::vector<std::string> keys{"tensor_parallel", "pipeline_parallel", "micro_batch", "pp"};

TEST(NearestName, FindsASlipOfTheFinger) {
  EXPECT_EQ(nearest_name("tensor_paralel", keys), "tensor_parallel");
  EXPECT_EQ(nearest_name("tenosr_parallel", keys), "tensor_parallel");
  EXPECT_EQ(nearest_name("microbatch", keys), "micro_batch");
}

TEST(NearestName, TakesTheNearerOfTwo) {
  // One edit from "h100", two from "h200".
  EXPECT_EQ(nearest_name("h10", std::vector<std::string>{"h200", "h100"}), "h100");
}

TEST(NearestName, KnowsAPartOfALongerName) {
  EXPECT_EQ(nearest_name("pipeline", keys), "pipeline_parallel");
}

TEST(NearestName, IsEmptyWhereNothingIsNear) {
  EXPECT_EQ(nearest_name("learning_rate", keys), "");
  EXPECT_EQ(nearest_name("anything", std::vector<std::string>{}), "");
}

TEST(NearestName, DoesNotOfferANameThatSharesNoLetter) {
  // Two edits turn any two letters into any other two.
  EXPECT_EQ(nearest_name("xy", keys), "");
  EXPECT_EQ(nearest_name("", keys), "");
  EXPECT_EQ(nearest_name("tp", keys), "pp");
}

TEST(NearestName, IgnoresANameTooLongToBeMeant) {
  EXPECT_EQ(nearest_name(std::string(1'000'000, 'x'), keys), "");
}

} // namespace
} // namespace flopcast
