// SPDX-License-Identifier: Apache-2.0
// estimate: what its formats share, and a plan that cannot run.
#include "tests/cli/command_line_fixture.hpp"

#include "cli/session.hpp"
#include "hardware/input/csv.hpp"
#include "hardware/units/text.hpp"
#include "model/planning/quantities.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>

namespace flopcast::tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class EstimateCommand : public CommandLine {
protected:
  /// key → row
  static std::map<std::string, CsvRow> csv(const std::vector<std::string> &arguments) {
    std::vector<std::string> all = arguments;
    all.insert(all.end(), {"--format", "csv"});
    std::map<std::string, CsvRow> rows;
    for (CsvRow &row :
         parse_csv(run(all).out, "out.csv", {"key", "value", "unit", "text", "low", "high"})) {
      std::string key = row.at("key");
      rows.emplace(std::move(key), std::move(row));
    }
    return rows;
  }
};

// L = 96, h = 12288, V = 50257, s = 2048: 12 L h^2 + 13 L h in the layers, (V + s) h in the tables
// and 2 h in the last norm.
constexpr std::string_view gpt3_parameters = "174,604,259,328";

TEST_F(EstimateCommand, TheTableIsForPeople) {
  const Ran ran = run({"estimate", "gpt3-175b-a100"});
  EXPECT_EQ(ran.code, exit_ok);
  EXPECT_THAT(ran.err, IsEmpty());
  EXPECT_THAT(ran.out, StartsWith("GPT-3 175B on 1,024 A100\n"));
  EXPECT_THAT(ran.out, HasSubstr(std::string(gpt3_parameters)));
  for (const char *section : {"Plan", "Parameters", "Work", "Memory per GPU", "Time", "Throughput",
                              "Cost", "Energy and carbon"})
    EXPECT_THAT(ran.out, HasSubstr(std::string("\n") + section + "\n"));
  EXPECT_THAT(ran.out, HasSubstr("\nAssumptions"));
}

TEST_F(EstimateCommand, TableIsTheDefaultFormat) {
  EXPECT_EQ(run({"estimate", "gpt3-175b-a100", "--format", "table"}).out,
            run({"estimate", "gpt3-175b-a100"}).out);
}

TEST_F(EstimateCommand, MarkdownIsTablesUnderAHeading) {
  const Ran ran = run({"estimate", "gpt3-175b-a100", "--format", "md"});
  EXPECT_EQ(ran.code, exit_ok);
  EXPECT_THAT(ran.out, StartsWith("## GPT-3 175B on 1,024 A100\n"));
  EXPECT_THAT(ran.out, HasSubstr("| parameters | " + std::string(gpt3_parameters) + " |"));
  EXPECT_THAT(ran.out, AllOf(HasSubstr("<details>"), HasSubstr("</details>")));
}

TEST_F(EstimateCommand, CsvHasARowForEveryQuantity) {
  const auto rows = csv({"estimate", "gpt3-175b-a100"});
  for (const NamedQuantity &quantity : named_quantities())
    EXPECT_TRUE(rows.contains(std::string(quantity.key))) << quantity.key;
  EXPECT_EQ(rows.at("feasible").at("value"), "1");
}

// The unit column is what the reader of units understands, and says what one of the value is.
TEST_F(EstimateCommand, CsvUnitsAreThoseOfTheirKeys) {
  const auto rows = csv({"estimate", "gpt3-175b-a100"});
  for (const NamedQuantity &quantity : named_quantities()) {
    const std::string &unit = rows.at(std::string(quantity.key)).at("unit");
    const AnyQuantity one = parse_any_quantity(unit == "1" ? "1" : "1 " + unit);
    EXPECT_NEAR(one.value / quantity.key_unit, 1, 1e-12) << quantity.key << " in " << unit;
  }
}

TEST_F(EstimateCommand, CsvAndJsonHoldTheSameNumbers) {
  const auto rows = csv({"estimate", "gpt3-175b-a100"});
  const auto answer = json({"estimate", "gpt3-175b-a100"});
  for (const NamedQuantity &quantity : named_quantities()) {
    const nlohmann::json *node = &answer;
    for (std::string path(quantity.key); !path.empty();) {
      const auto dot = path.find('.');
      node = &node->at(path.substr(0, dot));
      path = dot == std::string::npos ? "" : path.substr(dot + 1);
    }
    EXPECT_EQ(std::stod(rows.at(std::string(quantity.key)).at("value")), node->get<double>())
        << quantity.key;
  }
}

// A row whose quantity has a dimension, or is a share, shows a unit; counts and ratios need none.
TEST_F(EstimateCommand, EveryRowOfTheTableHasAUnitWhereItNeedsOne) {
  const auto rows = csv({"estimate", "gpt3-175b-a100"});
  const Ran table = run({"estimate", "gpt3-175b-a100"});
  for (const NamedQuantity &quantity : named_quantities()) {
    const CsvRow &row = rows.at(std::string(quantity.key));
    const bool share = quantity.key.find("mfu") != std::string_view::npos ||
                       quantity.key == "throughput.hfu" || quantity.key == "time.goodput";
    if (row.at("unit") == "1" && !share)
      continue;
    const std::string &text = row.at("text");
    const auto space = text.rfind(' ');
    ASSERT_NE(space, std::string::npos) << quantity.key << ": " << text;
    const std::string unit = text.substr(space + 1);
    if (share) {
      EXPECT_EQ(unit, "%") << quantity.key;
    } else {
      EXPECT_NO_THROW((void)parse_any_quantity("1 " + unit)) << quantity.key << ": " << text;
    }
  }
  for (const char *key : {"time.step_s", "cost.total_usd", "memory.per_gpu.total_bytes",
                          "throughput.mfu", "energy.total_joule"})
    EXPECT_THAT(table.out, HasSubstr(rows.at(key).at("text"))) << key;
}

TEST_F(EstimateCommand, SharesOfTheStepAddUpToAHundredPercent) {
  const auto answer = json({"estimate", "gpt3-175b-a100"});
  const double step = answer["time"]["step_s"].get<double>();
  double percent = 0;
  for (const auto &part : answer["time"]["breakdown"])
    percent += 100 * part.get<double>() / step;
  EXPECT_NEAR(percent, 100, 1e-9); // rounding of nine additions
}

// 7 divides neither 96 heads nor 1,024 GPUs.
TEST_F(EstimateCommand, APlanThatCannotRunEndsWithThree) {
  const std::vector<std::string> arguments{"estimate", "gpt3-175b-a100", "--set",
                                           "parallelism.tensor_parallel=7"};
  for (const char *format : {"table", "json", "csv", "md"}) {
    std::vector<std::string> all = arguments;
    all.insert(all.end(), {"--format", format});
    const Ran ran = run(all);
    EXPECT_EQ(ran.code, exit_infeasible) << format;
    EXPECT_FALSE(ran.out.empty()) << format;
    EXPECT_THAT(ran.err, HasSubstr("cannot run: tensor_parallel = 7 does not divide 96 heads; try "
                                   "tensor_parallel = 3, 4, 6, 8"))
        << format;
    EXPECT_THAT(ran.err, HasSubstr("the nearest plan that can run: 1024 GPUs, tensor 8")) << format;
  }
  const Ran table = run(arguments);
  EXPECT_THAT(table.out, AllOf(HasSubstr("cannot run"), HasSubstr("nearest plan")));
}

TEST_F(EstimateCommand, WhatAPlanThatCannotRunDoesNotReachIsEmptyInCsv) {
  const auto rows = csv({"estimate", "gpt3-175b-a100", "--set", "parallelism.tensor_parallel=7"});
  EXPECT_EQ(rows.at("feasible").at("value"), "0");
  EXPECT_EQ(rows.at("time.step_s").at("value"), "");
  EXPECT_NE(rows.at("parameters.total").at("value"), "") << "needs no layout";
}

// 16 bytes a parameter of 175e9 on one GPU of 80 GB: no recomputation helps.
TEST_F(EstimateCommand, AModelThatDoesNotFitIsToldWithItsMemory) {
  const Ran ran = run({"estimate", "--model", "gpt3-175b", "--gpu", "a100", "--count", "1"});
  EXPECT_EQ(ran.code, exit_infeasible);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("cannot run: needs"), HasSubstr("has 80 GB")));
}

TEST_F(EstimateCommand, HalvingThePriceHalvesTheCost) {
  const std::string path = file("small.toml", small_plan);
  const auto full = json({"estimate", path});
  const auto half = json({"estimate", path, "--set", "price.rate=1 USD/(GPU*h)"});
  EXPECT_NEAR(half["cost"]["total_usd"].get<double>(), full["cost"]["total_usd"].get<double>() / 2,
              1e-9 * full["cost"]["total_usd"].get<double>());
}

// 3.0112: derived in tests/model/expected_loss_test.cpp.
TEST_F(EstimateCommand, ShowsTheExpectedLossWithItsIntervalLawAndWarnings) {
  const Ran ran = run({"estimate", "--model", "gpt2-124m", "--gpu", "h100", "--count", "8", "--set",
                       "data.tokens=10e9"});
  EXPECT_THAT(ran.out, testing::ContainsRegex("expected loss +3\\.0112 nats/token\n"));
  EXPECT_THAT(ran.out,
              testing::ContainsRegex("of a run, 8 times in 10 +2\\.9[0-9]+ to 3\\.0[0-9]+\n"));
  EXPECT_THAT(ran.out, testing::ContainsRegex("by law +besiroglu-2024-huber\n"));
  EXPECT_THAT(ran.out, HasSubstr("data.law"));
  EXPECT_THAT(run({"estimate", "gpt3-175b-a100"}).out, HasSubstr("extrapolated: N"));
}

TEST_F(EstimateCommand, SaysWhereALawHasNoInterval) {
  const Ran ran = run({"estimate", "gpt3-175b-a100", "--set", "data.law=deepmind"});
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(
      run({"estimate", "gpt3-175b-a100", "--set", "data.law=kaplan-2020"}).out,
      testing::ContainsRegex("of a run, 8 times in 10 +not known: the source gives none\n"));
}

TEST_F(EstimateCommand, SaysWhichParametersOfAMixtureTheLawCounts) {
  const std::vector<std::string> mixtral{"estimate", "--model", "mixtral-8x7b",
                                         "--gpu",    "h100",    "--count",
                                         "64",       "--set",   "data.tokens=1e12"};
  EXPECT_THAT(run(mixtral).out, testing::ContainsRegex("at N +[0-9,]+ active parameters"));
  auto sparse = mixtral;
  sparse.insert(sparse.end(), {"--set", "data.law=abnar-2025"});
  EXPECT_THAT(run(sparse).out, testing::ContainsRegex("at N +[0-9,]+ total parameters"));
}

TEST_F(EstimateCommand, WithoutALawThereIsNoSectionForTheLoss) {
  const std::vector<std::string> arguments{"estimate", "gpt3-175b-a100", "--set", "data.law=none"};
  EXPECT_THAT(run(arguments).out, testing::Not(HasSubstr("expected loss")));
  const auto answer = json(arguments);
  EXPECT_TRUE(answer["loss"].is_null());
  EXPECT_TRUE(answer["law"].is_null());
}

TEST_F(EstimateCommand, JsonAndCsvHoldTheIntervalsOfTheLoss) {
  const auto answer = json({"estimate", "gpt3-175b-a100"});
  const auto rows = csv({"estimate", "gpt3-175b-a100"});
  for (const char *of : {"run", "mean"})
    for (const char *end : {"low", "high"})
      EXPECT_EQ(std::stod(rows.at(fmt::format("law.{}.{}", of, end)).at("value")),
                answer["law"][of][end].get<double>());
  EXPECT_LT(answer["law"]["run"]["low"].get<double>(), answer["loss"].get<double>());
  EXPECT_GT(answer["law"]["run"]["high"].get<double>(), answer["loss"].get<double>());
  EXPECT_FALSE(answer["law"]["warnings"].empty());
}

} // namespace
} // namespace flopcast::tests
