// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/command_line_fixture.hpp"

#include "cli/session.hpp"

#include <fmt/format.h>

#include <set>

namespace flopcast::tests {
namespace {

using testing::HasSubstr;

class LawCommand : public CommandLine {};

TEST_F(LawCommand, ListNamesEveryPaper) {
  const auto laws = json({"law", "list"})["laws"];
  std::set<std::string> families;
  for (const auto &law : laws)
    families.insert(law["family"].get<std::string>());
  for (const char *family :
       {"kaplan-2020", "hoffmann-2022", "besiroglu-2024", "muennighoff-2023", "sardana-2023",
        "gadre-2024", "deepseek-2024", "llama-3-2024", "clark-2022", "krajewski-2024", "abnar-2025",
        "henighan-2020", "hernandez-2021", "step-law-2025", "porian-2024", "tao-2024", "kumar-2024",
        "zhai-2021"})
    EXPECT_TRUE(families.contains(family)) << family;
}

TEST_F(LawCommand, ShowGivesUnroundedCoefficientsAndTheirSource) {
  const auto law = json({"law", "show", "chinchilla"});
  // exp(6.0073404), of the paper's TeX source.
  EXPECT_NEAR(law["parameters"]["A"].get<double>(), 406.4, 0.05);
  EXPECT_EQ(law["parameters"]["alpha"], 0.33917084);
  EXPECT_THAT(law["source"].get<std::string>(), HasSubstr("2203.15556"));
  EXPECT_EQ(json({"law", "show", "zhai"})["status"], "unverified");
  EXPECT_EQ(json({"law", "show", "kumar"})["status"], "second-hand");
}

TEST_F(LawCommand, PredictTakesSuffixesAndWarns) {
  const auto answer = json({"law", "predict", "hoffmann-2022-printed", "--params", "70B",
                            "--tokens", "1.4T", "--tokenizer", "own"});
  // 1.69 + 406.4/7e10^.34 + 410.7/1.4e12^.28
  EXPECT_NEAR(answer["loss"]["base"].get<double>(), 1.9366454705587173, 1e-9);
  EXPECT_TRUE(answer["loss"]["low"].is_null());
  const std::string warnings = answer["warnings"].dump();
  EXPECT_THAT(warnings, HasSubstr("extrapolated: N"));
  EXPECT_THAT(warnings, HasSubstr("rounded constants"));
  EXPECT_THAT(warnings, HasSubstr("mixed conventions"));
}

TEST_F(LawCommand, PredictGivesAnIntervalWhereTheLawHasOne) {
  const auto loss = json(
      {"law", "predict", "besiroglu-2024-huber", "--params", "1e9", "--tokens", "2e10"})["loss"];
  EXPECT_LT(loss["low"], loss["base"]);
  EXPECT_GT(loss["high"], loss["base"]);
}

TEST_F(LawCommand, PlanDividesABudgetOfFlops) {
  const auto answer = json({"law", "plan", "hoffmann-2022", "--flops", "5.76e23"});
  // Closed form on 6ND with the TeX constants: 58.93 tokens per parameter.
  EXPECT_NEAR(answer["tokens_per_parameter"]["base"].get<double>(), 58.931666582574636, 1e-6);
  EXPECT_GT(answer["flatness"]["double_N"]["base"].get<double>(), 0);
  EXPECT_GT(answer["flatness"]["half_N"].get<double>(), 0);
  EXPECT_LE(answer["batch"]["tokens"], answer["batch"]["critical_tokens"]);
  const auto printed = json({"law", "plan", "hoffmann-2022-printed", "--flops", "5.76e23"});
  EXPECT_THAT(printed["warnings"].dump(), HasSubstr("92.6 tokens per parameter here, 58.9"));
}

TEST_F(LawCommand, PlanReachesALossAtLeastCost) {
  const auto there = json({"law", "plan", "besiroglu-2024", "--flops", "1e22"});
  const auto back = json({"law", "plan", "besiroglu-2024", "--target-loss",
                          fmt::format("{:.15g}", there["loss"]["base"].get<double>())});
  EXPECT_NEAR(back["cost"]["base"].get<double>() / 1e22, 1, 1e-9);
  EXPECT_EQ(back["cost"]["unit"], "FLOP");
}

TEST_F(LawCommand, PlanWeighsRepeats) {
  const auto answer =
      json({"law", "plan", "muennighoff", "--flops", "1e22", "--unique-tokens", "25e9"});
  // 7.026e9 parameters, 9.49 epochs: the exact optimum of the published constants.
  EXPECT_NEAR(answer["N"]["base"].get<double>(), 7.02616e9, 1e6);
  EXPECT_NEAR(answer["epochs"].get<double>(), 9.4884, 1e-3);
}

TEST_F(LawCommand, PlanOfMoneyChoosesModelGpusAndLayoutTogether) {
  const auto answer = json({"law", "plan", "besiroglu-2024-huber", "--usd", "20000", "--gpu",
                            "h100", "--deadline", "20 d"});
  const auto &hardware = answer["hardware"];
  EXPECT_LE(hardware["training_usd"].get<double>(), 20000 * 1.02);
  EXPECT_LE(hardware["duration_days"].get<double>(), 20 * 1.02);
  const auto &p = hardware["parallelism"];
  EXPECT_EQ(p["tensor_parallel"].get<int>() * p["pipeline_parallel"].get<int>() *
                p["context_parallel"].get<int>() * p["data_parallel"].get<int>(),
            hardware["gpus"].get<int>());
  EXPECT_EQ(answer["cost"]["unit"], "USD");
  EXPECT_LT(answer["N"]["low"], answer["N"]["base"]);
}

TEST_F(LawCommand, PlanOfALawOfRelationsGivesNoLoss) {
  const auto answer = json({"law", "plan", "llama-3-2024", "--flops", "3.8e25"});
  EXPECT_TRUE(answer["loss"].is_null());
  // .299 (3.8e25)^.537 = 16.29e12 tokens
  EXPECT_NEAR(answer["D"]["base"].get<double>() / 16.29e12, 1, 1e-3);
}

TEST_F(LawCommand, TablesNameIntervalsAndWarnings) {
  const Ran ran = run({"law", "plan", "besiroglu-2024-huber", "--flops", "1e25"});
  EXPECT_EQ(ran.code, exit_ok);
  EXPECT_THAT(ran.out, HasSubstr("loss at 2N"));
  EXPECT_THAT(ran.out, HasSubstr("extrapolated"));
  EXPECT_THAT(run({"law", "show", "clark", "--format", "md"}).out, HasSubstr("314.478"));
  EXPECT_THAT(
      run({"law", "predict", "kaplan", "--params", "1e9", "--tokens", "1e10", "--format", "csv"})
          .out,
      HasSubstr("key,low,base,high"));
}

TEST_F(LawCommand, BadInputNamesTheRemedy) {
  const struct {
    std::vector<std::string> arguments;
    const char *text;
  } cases[]{
      {{"law", "predict", "no-such-law"}, "flopcast presets list laws"},
      {{"law", "predict", "chinchilla", "--tokens", "1e9"}, "--params"},
      {{"law", "predict", "chinchilla", "--params", "7 apples"}, "such as 7e9 or 7B"},
      {{"law", "predict", "deepseek", "--params", "1e9"}, "relations alone"},
      {{"law", "predict", "zhai", "--flops", "1e20"}, "no FLOPs follow"},
      {{"law", "plan", "chinchilla"}, "--flops"},
      {{"law", "plan", "chinchilla", "--target-loss", "1.5"}, "no model reaches"},
      {{"law", "plan", "henighan-2020-math", "--target-loss", "1.5"}, "does not divide"},
      {{"law", "plan", "chinchilla", "--deadline", "9 d", "--gpu", "h100"}, "--count"},
      {{"law", "plan", "chinchilla", "--usd", "1e5", "--gpu", "h100", "--deadline", "soon"},
       "--deadline"},
  };
  for (const auto &c : cases) {
    const Ran ran = run(c.arguments);
    EXPECT_EQ(ran.code, exit_bad_input) << c.text;
    EXPECT_THAT(ran.err, HasSubstr(c.text));
  }
}

TEST_F(LawCommand, NeverLeavesAMissingIntervalUnsaid) {
  EXPECT_THAT(run({"law", "predict", "hoffmann-2022", "--params", "1e9", "--tokens", "2e10"}).out,
              HasSubstr("no interval: the source gives"));
  EXPECT_THAT(run({"law", "plan", "hoffmann-2022", "--flops", "1e21"}).out,
              HasSubstr("no interval: the source gives"));
  EXPECT_THAT(run({"law", "show", "hoffmann-2022"}).out, HasSubstr("no interval"));
  EXPECT_THAT(run({"law", "show", "besiroglu-2024"}).out, testing::Not(HasSubstr("no interval")));
  EXPECT_THAT(run({"law", "plan", "llama-3-2024", "--flops", "1e21"}).out,
              HasSubstr("no interval: the source gives"));
}

// Approach 1 of Hoffmann et al. prints .488 to .502 for the exponent of N at budgets of 6e18 to
// 3e21, middle 1.342e20: at 1e24 the base times (1e24/1.342e20)^(.488 - .5) = .8986 and ^.002 =
// 1.0180.
TEST_F(LawCommand, TakesPrintedRangesOfExponentsAsIntervals) {
  const auto plan = json({"law", "plan", "hoffmann-2022-approach-1", "--flops", "1e24"});
  const double base = plan["N"]["base"].get<double>();
  EXPECT_NEAR(plan["N"]["low"].get<double>() / base, 0.8986, 1e-3);
  EXPECT_NEAR(plan["N"]["high"].get<double>() / base, 1.0180, 1e-3);
  EXPECT_THAT(plan["warnings"].dump(), HasSubstr("printed ranges"));
}

// L = 2 + 100/N^.5 with a standard error of .1 of E alone: P10 and P90 of a normal variable lie
// 1.2816 deviations off, and E is drawn by its logarithm: 2 e^(+-1.2816 x .05).
TEST_F(LawCommand, DrawsFromStandardErrorsWhereNothingElseIsGivenAndSaysSo) {
  const std::string law = file("mine.toml", "name = \"mine\"\nstatus = \"seen\"\nform = "
                                            "\"power\"\nvariable = \"params\"\nsource = \"me\"\n"
                                            "date = 2026-01-02\n[coefficients]\nE = 2\nx_0 = "
                                            "1e4\nalpha = 0.5\n[standard_errors]\nE = 0.1\nx_0 = "
                                            "0\nalpha = 0\n");
  const auto answer = json({"law", "predict", law, "--params", "1e8"});
  const double term = std::pow(1e-4, 0.5);
  constexpr double of_a_thousand_draws = 0.01; // 10 % of the deviation
  EXPECT_NEAR(answer["mean"]["low"], 2 * std::exp(-1.2816 * 0.05) + term, of_a_thousand_draws);
  EXPECT_NEAR(answer["mean"]["high"], 2 * std::exp(1.2816 * 0.05) + term, of_a_thousand_draws);
  EXPECT_THAT(answer["warnings"].dump(), HasSubstr("too wide"));
}

TEST_F(LawCommand, PlansMixturesOnAMachineByWhatATokenUses) {
  const auto plan = json({"law", "plan", "krajewski-2024-moe", "--gpu-hours", "20000", "--gpu",
                          "h100", "--count", "64", "--model", "deepseek-moe-16b"});
  const auto &hardware = plan["hardware"];
  EXPECT_EQ(hardware["decoder"]["experts"]["count"], 64);
  EXPECT_LT(hardware["parameters_active"].get<double>(),
            0.5 * hardware["parameters_total"].get<double>());
  EXPECT_GT(hardware["mfu"].get<double>(), 0);
  const Ran dense = run({"law", "plan", "krajewski-2024-moe", "--gpu-hours", "20000", "--gpu",
                         "h100", "--count", "64"});
  EXPECT_EQ(dense.code, exit_bad_input);
  EXPECT_THAT(dense.err, HasSubstr("--model deepseek-moe-16b"));
}

// Small models leave a GPU idle, so that the first guess of a size is far too large: the search
// must go on to where half the size is worse too.
TEST_F(LawCommand, GoesOnBelowTheGuessedSizes) {
  const auto plan = json({"law", "plan", "besiroglu-2024-huber", "--usd", "5", "--gpu", "h100"});
  EXPECT_GT(plan["flatness"]["double_N"]["base"].get<double>(), 0);
  const auto &sizes = plan["hardware"]["sizes"];
  EXPECT_GT(plan["N"]["base"].get<double>(), sizes.front()["N"].get<double>());
}

TEST_F(LawCommand, TakesMoreGpusForModelsThatFewCannotHold) {
  const auto plan = json({"law", "plan", "krajewski-2024-moe", "--usd", "100000", "--gpu", "h100",
                          "--model", "deepseek-moe-16b"});
  EXPECT_GT(plan["hardware"]["gpus"].get<int>(), 8);
}

TEST_F(LawCommand, AsksOnWhichMachineMoneyIsSpent) {
  const Ran ran = run({"law", "plan", "besiroglu-2024-huber", "--usd", "1000"});
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(ran.err, HasSubstr("on which machine? give --gpu"));
}

} // namespace
} // namespace flopcast::tests
