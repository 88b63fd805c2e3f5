// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/command_line_fixture.hpp"

#include "cli/session.hpp"
#include "hardware/input/csv.hpp"
#include "model/planning/quantities.hpp"

namespace flopcast::tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class ExplainCommand : public CommandLine {};

TEST_F(ExplainCommand, ShowsFormulaValuesAndSources) {
  const Ran ran = run({"explain", "gpt3-175b-a100", "throughput.mfu"});
  EXPECT_EQ(ran.code, exit_ok);
  EXPECT_THAT(ran.err, IsEmpty());
  EXPECT_THAT(ran.out, StartsWith("MFU, attention full = "));
  EXPECT_THAT(ran.out, AllOf(HasSubstr("\n    = "), HasSubstr("[given]"), HasSubstr("[fact]"),
                             HasSubstr("312 TFLOP/s"))); // A100, dense bf16
}

TEST_F(ExplainCommand, EveryQuantityCanBeExplained) {
  for (const NamedQuantity &quantity : named_quantities()) {
    const Ran ran = run({"explain", "gpt3-175b-a100", std::string(quantity.key)});
    EXPECT_EQ(ran.code, exit_ok) << quantity.key;
    EXPECT_THAT(ran.out, StartsWith(std::string(quantity.label) + " = ")) << quantity.key;
  }
}

TEST_F(ExplainCommand, AUniqueEndingNamesAQuantity) {
  EXPECT_EQ(run({"explain", "gpt3-175b-a100", "step_s"}).out,
            run({"explain", "gpt3-175b-a100", "time.step_s"}).out);
}

TEST_F(ExplainCommand, DepthBoundsTheChain) {
  const auto all = json({"explain", "gpt3-175b-a100", "cost.total_usd", "--depth", "20"});
  const auto one = json({"explain", "gpt3-175b-a100", "cost.total_usd", "--depth", "1"});
  const auto none = json({"explain", "gpt3-175b-a100", "cost.total_usd", "--depth", "0"});
  EXPECT_TRUE(none["inputs"].empty());
  ASSERT_FALSE(one["inputs"].empty());
  for (const auto &input : one["inputs"])
    EXPECT_TRUE(input["inputs"].empty());
  EXPECT_EQ(one["inputs"].size(), all["inputs"].size());
}

TEST_F(ExplainCommand, JsonIsATreeOfNodes) {
  const auto root = json({"explain", "gpt3-175b-a100", "time.step_s"});
  EXPECT_EQ(root["schema_version"], 1);
  EXPECT_EQ(root["kind"], "explanation");
  EXPECT_EQ(root["key"], "time.step_s");
  for (const char *key : {"label", "text", "origin", "formula", "source"})
    EXPECT_TRUE(root[key].is_string()) << key;
  double sum = 0;
  for (const auto &input : root["inputs"])
    sum += input["value"].get<double>();
  EXPECT_NEAR(sum, root["value"].get<double>(), 1e-12 * sum); // the step is the sum of its parts
}

TEST_F(ExplainCommand, CsvIsARowANode) {
  const Ran ran = run({"explain", "gpt3-175b-a100", "throughput.mfu", "--format", "csv"});
  const auto rows = parse_csv(ran.out, "out.csv",
                              {"depth", "key", "value", "text", "origin", "formula", "source"});
  ASSERT_GT(rows.size(), 3U);
  EXPECT_EQ(rows.front().at("depth"), "0");
  EXPECT_EQ(rows.front().at("key"), "throughput.mfu");
  EXPECT_EQ(rows[1].at("depth"), "1");
}

TEST_F(ExplainCommand, MarkdownIsANestedList) {
  const Ran ran = run({"explain", "gpt3-175b-a100", "time.step_s", "--format", "md"});
  EXPECT_THAT(ran.out, AllOf(StartsWith("- **step** = "), HasSubstr("\n  - **compute** = ")));
}

TEST_F(ExplainCommand, AMisspelledQuantityIsCorrected) {
  const Ran whole = run({"explain", "gpt3-175b-a100", "time.stepp_s"});
  EXPECT_EQ(whole.code, exit_bad_input);
  EXPECT_THAT(whole.out, IsEmpty());
  EXPECT_THAT(whole.err, HasSubstr("did you mean \"time.step_s\"?"));
  // An ending names a quantity, so a misspelled ending is corrected too.
  EXPECT_THAT(run({"explain", "gpt3-175b-a100", "mfuu"}).err, HasSubstr("did you mean \"mfu\"?"));
}

TEST_F(ExplainCommand, AnUnknownQuantityIsToldWhichThereAre) {
  const Ran ran = run({"explain", "gpt3-175b-a100", "qqqqqqqqqqqq"});
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("expected one of"), HasSubstr("carbon.total_kg")));
}

// It once ended with 3 and said nothing, and its JSON had 0 for a number that there is not.
TEST_F(ExplainCommand, APlanThatCannotRunSaysWhyAndHasNoValue) {
  const std::vector<std::string> arguments{"explain", "gpt3-175b-a100", "throughput.mfu", "--set",
                                           "parallelism.tensor_parallel=7"};
  const Ran table = run(arguments);
  EXPECT_EQ(table.code, exit_infeasible);
  EXPECT_THAT(table.err, HasSubstr("cannot run: tensor_parallel = 7 does not divide 96 heads"));
  EXPECT_THAT(table.out, AllOf(HasSubstr("= –"), Not(HasSubstr("from the plan cannot"))));
  EXPECT_TRUE(json(arguments)["value"].is_null());
  std::vector<std::string> csv = arguments;
  csv.insert(csv.end(), {"--format", "csv"});
  EXPECT_THAT(run(csv).out, HasSubstr("\n0,throughput.mfu,,–,"));
}

TEST_F(ExplainCommand, WhatNeedsNoLayoutIsExplainedThoughThePlanCannotRun) {
  const auto root = json(
      {"explain", "gpt3-175b-a100", "parameters.total", "--set", "parallelism.tensor_parallel=7"});
  EXPECT_EQ(root["value"], 174604259328.0); // derived in estimate_test.cpp
}

TEST_F(ExplainCommand, TheLossHasTheLawsFormulaItsDigitsAndItsSource) {
  const Ran ran = run({"explain", "gpt3-175b-a100", "loss", "--depth", "1"});
  EXPECT_EQ(ran.code, exit_ok);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("= E + A/N^alpha + B/D^beta\n"), HasSubstr("E = 1.817218"),
                             HasSubstr("law besiroglu-2024-huber: "), HasSubstr("data.law: ")));
}

} // namespace
} // namespace flopcast::tests
