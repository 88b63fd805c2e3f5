// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/fit/random_stream.hpp"
#include "model/scaling/fit/run_filter.hpp"
#include "model/scaling/fit/run_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace flopcast {
namespace {

using testing::HasSubstr;

ScalingRuns read(const std::string &text, const std::string &columns = "",
                 const std::string &where = "") {
  std::optional<RunFilter> filter;
  if (!where.empty())
    filter.emplace(where);
  return read_scaling_runs(text, "runs.csv", parse_run_columns(columns), filter);
}

std::string error_of(const std::string &text, const std::string &columns = "",
                     const std::string &where = "") {
  try {
    (void)read(text, columns, where);
  } catch (const InputError &error) {
    return error.what();
  }
  ADD_FAILURE() << "no error for " << text;
  return {};
}

TEST(ScalingRuns, FillInTheThirdOfParametersTokensAndCompute) {
  // C = 6ND: 6 x 1e9 x 2e10 = 1.2e20.
  const auto by_compute = read("N,C,loss\n1e9,1.2e20,2.5\n").runs;
  ASSERT_EQ(by_compute.size(), 1U);
  EXPECT_DOUBLE_EQ(by_compute[0].at(RunFeature::tokens), 2e10);
  EXPECT_DOUBLE_EQ(read("D,C,loss\n2e10,1.2e20,2.5\n").runs[0].at(RunFeature::parameters), 1e9);
  EXPECT_DOUBLE_EQ(read("N,D,loss\n1e9,2e10,2.5\n").runs[0].at(RunFeature::compute), 1.2e20);
}

// A column that only some rows fill: the others state it not, and the third follows from two.
TEST(ScalingRuns, MayLeaveFieldsEmptyThatTheyDoNotState) {
  const auto runs = read("N,D,C,U,loss\n1e9,2e10,,1e10,2.5\n1e9,,1.2e20,,2.6\n").runs;
  EXPECT_DOUBLE_EQ(runs[0].at(RunFeature::compute), 1.2e20);
  EXPECT_DOUBLE_EQ(runs[1].at(RunFeature::tokens), 2e10);
  EXPECT_DOUBLE_EQ(runs[0].at(RunFeature::unique_tokens), 1e10);
  EXPECT_FALSE(runs[1].feature(RunFeature::unique_tokens));
}

TEST(ScalingRuns, ComeFromColumnsOfAnyName) {
  const auto runs =
      read("Model Size,Training FLOP,loss\n1e9,1.2e20,2.5\n", "N=Model Size,C=Training FLOP").runs;
  EXPECT_DOUBLE_EQ(runs[0].at(RunFeature::tokens), 2e10);
  EXPECT_DOUBLE_EQ(runs[0].loss, 2.5);
}

TEST(ScalingRuns, ComeFromJsonLinesAndArrays) {
  const std::string lines = "{\"N\": 1e9, \"D\": 2e10, \"loss\": 2.5}\n\n"
                            "{\"D\": 4e10, \"N\": 1e9, \"loss\": 2.4, \"more\": \"x\"}\n";
  EXPECT_EQ(read(lines).runs.size(), 2U);
  EXPECT_DOUBLE_EQ(read(lines).runs[1].at(RunFeature::tokens), 4e10);
  EXPECT_EQ(read("[{\"N\": 1, \"D\": 2, \"loss\": 3}]").runs.size(), 1U);
}

TEST(ScalingRuns, NameTheFieldThatIsNoLoss) {
  EXPECT_THAT(error_of("N,D,loss\n1e9,2e10,nan\n"), HasSubstr("runs.csv:2:10: loss: \"nan\""));
  EXPECT_THAT(error_of("N,D,loss\n1e9,0,2.5\n"), HasSubstr("runs.csv:2:5: D: \"0\""));
  EXPECT_THAT(error_of("N,D,loss\n-1,2,2.5\n"), HasSubstr("runs.csv:2:1: N"));
  EXPECT_THAT(error_of("N,D,loss\n1,2,\n"), HasSubstr("loss"));
  EXPECT_THAT(error_of("N,D,loss\n1,2,1e999\n"), HasSubstr("loss"));
}

TEST(ScalingRuns, PassOverWrongRowsThatTheConditionLeavesOut) {
  EXPECT_EQ(read("N,D,loss\n1e9,2e10,nan\n1e9,2e10,2.5\n", "", "loss < 5").runs.size(), 1U);
}

TEST(ScalingRuns, NameAColumnThatIsMissing) {
  EXPECT_THAT(error_of("N,D,lss\n1,2,3\n"), HasSubstr("no column \"loss\""));
  EXPECT_THAT(error_of("Size,D,loss\n1,2,3\n", "N=Sise"), HasSubstr("did you mean \"Size\"?"));
  EXPECT_THAT(error_of("N,D,loss\n1,2,3\n", "", "flops < 3"), HasSubstr("--where:1:1: no column"));
  EXPECT_THAT(error_of("N,D,loss\n1,2,3\n", "Q=N"), HasSubstr("--columns"));
  EXPECT_THAT(error_of("{\"N\": 1\n"), HasSubstr("runs.csv:1:"));
  EXPECT_THAT(error_of("N,D,loss\n1,2,3\n", "", "loss > 4"), HasSubstr("leaves none of 1 rows"));
}

bool holds(const std::string &condition) {
  return RunFilter(condition).holds([](const std::string &column) -> RunFilter::Value {
    if (column == "x")
      return 2.0;
    if (column == "Model Size")
      return 7e9;
    return std::string("rpj");
  });
}

TEST(RunFilter, ComparesNumbersAndTexts) {
  EXPECT_TRUE(holds("x < 3"));
  EXPECT_TRUE(holds("x*x - 1 == 3 and not x > 3"));
  EXPECT_TRUE(holds("[Model Size] / 1e9 >= 7"));
  EXPECT_TRUE(holds("set == \"rpj\" && (x == 1 || x == 2)"));
  EXPECT_FALSE(holds("set == 'c4'"));
  EXPECT_TRUE(holds("-x < 0"));
}

TEST(RunFilter, GivesAndPriorityOverOr) {
  EXPECT_TRUE(holds("x == 2 or x == 3 and x == 4"));
  EXPECT_FALSE(holds("(x == 2 or x == 3) and x == 4"));
}

TEST(RunFilter, HoldsForNoComparisonOfANumberWithAText) {
  EXPECT_FALSE(holds("set < 3"));
  EXPECT_FALSE(holds("set == 3"));
  EXPECT_FALSE(holds("set != 3"));
}

TEST(RunFilter, TellsWhereAConditionIsWrong) {
  for (const auto &[condition, place] : {std::pair{"x <", "--where:1:4"},
                                         {"x < < 3", "--where:1:5"},
                                         {"x ? 3", "--where:1:3"},
                                         {"(x < 3", "--where:1:7"},
                                         {"set == \"rpj", "--where:1:8"},
                                         {"x < 3 y", "--where:1:7"},
                                         {"", "--where:1:1"}}) {
    try {
      (void)RunFilter(condition);
      ADD_FAILURE() << condition;
    } catch (const InputError &error) {
      EXPECT_THAT(error.what(), testing::StartsWith(place)) << condition;
    }
  }
}

TEST(RunFilter, RefusesNestingThatWouldOverflowTheStack) {
  EXPECT_THROW((void)RunFilter(std::string(100'000, '(')), InputError);
  EXPECT_THROW((void)RunFilter(std::string(100'000, '-')), InputError);
  EXPECT_THROW((void)RunFilter(std::string(100'000, '!')), InputError);
}

// Random texts of the grammar's own characters either parse or are refused: nothing else happens.
TEST(RunReaders, SurviveTextsMadeOfTheirOwnCharacters) {
  const std::string condition_alphabet = "xN1.e9<>=!&|+-*/()[]\"' andort";
  const std::string table_alphabet = "N,D,loss\n1e9.-\"{}[]:nan\r ";
  for (std::uint64_t i = 0; i < 3000; ++i) {
    RandomStream random(7, i);
    const auto text_of = [&](const std::string &alphabet) {
      std::string text;
      for (std::int64_t length = random.below(40); length > 0; --length)
        text += alphabet[static_cast<std::size_t>(
            random.below(static_cast<std::int64_t>(alphabet.size())))];
      return text;
    };
    try {
      (void)holds(text_of(condition_alphabet));
    } catch (const InputError &) {
    }
    try {
      for (const ScalingRun &run : read("N,D,loss\n1,2,3\n" + text_of(table_alphabet)).runs)
        EXPECT_GT(run.loss, 0);
    } catch (const InputError &) {
    }
    try {
      (void)read(text_of(table_alphabet));
    } catch (const InputError &) {
    }
  }
}

} // namespace
} // namespace flopcast
