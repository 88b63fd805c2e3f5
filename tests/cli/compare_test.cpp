// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/command_line_fixture.hpp"

#include "cli/session.hpp"
#include "model/planning/quantities.hpp"

#include <algorithm>

namespace flopcast::tests {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;

class CompareCommand : public CommandLine {
protected:
  /// The small plan at another price of GPU time.
  std::string plan(const std::string &name, const std::string &price) const {
    std::string text(small_plan);
    text.replace(text.find("small"), 5, name);
    text.replace(text.find("2 USD"), 5, price + " USD");
    return file(name + ".toml", text);
  }
};

// 3 USD is 50 % more than 2; everything but the money is the same.
TEST_F(CompareCommand, ShowsTheChangeFromTheFirst) {
  const Ran ran = run({"compare", plan("first", "2"), plan("second", "3")});
  EXPECT_EQ(ran.code, exit_ok);
  EXPECT_THAT(ran.err, IsEmpty());
  EXPECT_THAT(ran.out, ContainsRegex("first +second +change\n"));
  EXPECT_THAT(ran.out, ContainsRegex("total cost .* USD +.* USD +\\+50\\.0 %\n"));
  EXPECT_THAT(ran.out, ContainsRegex("parameters +124,[0-9,]+ +124,[0-9,]+ +=\n"));
}

TEST_F(CompareCommand, EveryPlanIsComparedWithTheFirst) {
  const Ran ran = run({"compare", plan("a", "2"), plan("b", "3"), plan("c", "1")});
  EXPECT_THAT(ran.out, ContainsRegex("total cost .*\\+50\\.0 % .*-50\\.0 %\n"));
}

// "total" alone once stood for the memory of a GPU.
TEST_F(CompareCommand, ARowOfMemorySaysSo) {
  EXPECT_THAT(run({"compare", plan("a", "2"), plan("b", "3")}).out,
              ContainsRegex("\n  Memory per GPU, total +"));
}

TEST_F(CompareCommand, JsonIsTheEstimatesAndWhichIsTheBaseline) {
  const auto root = json({"compare", plan("a", "2"), plan("b", "3")});
  EXPECT_EQ(root["schema_version"], 1);
  EXPECT_EQ(root["kind"], "comparison");
  EXPECT_EQ(root["baseline"], 0);
  ASSERT_EQ(root["estimates"].size(), 2U);
  EXPECT_EQ(root["estimates"][0], json({"estimate", (folder() / "a.toml").string()}));
  EXPECT_EQ(root["estimates"][1]["plan"]["name"], "b");
}

TEST_F(CompareCommand, CsvHasAColumnAPlanAndARowForEveryQuantity) {
  const Ran ran = run({"compare", plan("a", "2"), plan("b", "3"), "--format", "csv"});
  const auto lines = lines_of(ran.out);
  EXPECT_EQ(lines.front(), "key,unit,a,b");
  EXPECT_EQ(lines.size(), 1 + named_quantities().size());
  EXPECT_NE(std::ranges::find(lines, "cost.gpu_hour_usd,USD/(GPU*h),2,3"), lines.end());
}

TEST_F(CompareCommand, MarkdownHasAColumnAPlanAndItsChange) {
  EXPECT_THAT(run({"compare", plan("a", "2"), plan("b", "3"), "--format", "md"}).out,
              HasSubstr("| Headline numbers | a | b | change |\n|---|--:|--:|--:|\n"));
}

TEST_F(CompareCommand, OverridesHoldForEveryPlan) {
  const auto root =
      json({"compare", plan("a", "2"), plan("b", "3"), "--set", "price.rate=5 USD/(GPU*h)"});
  for (const auto &estimate : root["estimates"])
    EXPECT_DOUBLE_EQ(estimate["cost"]["gpu_hour_usd"].get<double>(), 5);
}

TEST_F(CompareCommand, StdinMayBeOneOfThePlans) {
  const Ran ran = run({"compare", plan("a", "2"), "-"}, {.in = std::string(small_plan)});
  EXPECT_EQ(ran.code, exit_ok);
  EXPECT_THAT(ran.out, ContainsRegex("a +small +change"));
}

// In formats without room for it, only stderr can say why.
TEST_F(CompareCommand, APlanThatCannotRunIsNamedOnStderr) {
  std::string broken(small_plan);
  broken.replace(broken.find("small"), 5, "broken");
  broken.replace(broken.find("data_parallel = 8"), 17, "tensor_parallel = 7");
  const Ran ran = run({"compare", plan("a", "2"), file("broken.toml", broken), "--format", "csv"});
  EXPECT_EQ(ran.code, exit_infeasible);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("broken: cannot run: "), testing::Not(HasSubstr("a: "))));
  EXPECT_THAT(ran.out, ContainsRegex("time.step_s,s,[0-9.]+,\n"));
}

TEST_F(CompareCommand, ABadPlanEndsWithTwo) {
  const Ran ran = run({"compare", plan("a", "2"), "nosuch"});
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(ran.out, IsEmpty());
}

TEST_F(CompareCommand, ShowsLossesWithTheirIntervalsAndLaws) {
  const Ran ran = run({"compare", plan("a", "2"), plan("b", "3")});
  EXPECT_THAT(ran.out, ContainsRegex("expected loss +[0-9.]+ nats/token +[0-9.]+ nats/token +=\n"));
  EXPECT_THAT(ran.out, ContainsRegex("of a run, 8 times in 10 +[0-9.]+ to [0-9.]+ "));
  EXPECT_THAT(ran.out, ContainsRegex("by law +besiroglu-2024-huber +besiroglu-2024-huber"));
}

} // namespace
} // namespace flopcast::tests
