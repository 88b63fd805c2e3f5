// SPDX-License-Identifier: Apache-2.0
// The published numbers that a visitor will try first, through the shipped plans.
#include "tests/model/examples.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace flopcast {
namespace {

using namespace tests;
using namespace units;

/// Of sums that are quoted with four digits.
constexpr double a_thousandth = 1e-3;

void expect_relative(double actual, double expected, double tolerance) {
  EXPECT_NEAR(actual, expected, tolerance * expected);
}

/// Rounded as an article prints it: in tenths of a million.
double millions(Money money) { return std::round(money.in(usd) / 1e5) / 10; }

struct Headline {
  PlannedRun run;
  Estimate estimate;

  explicit Headline(std::string_view plan, const std::vector<std::string> &overrides = {})
      : run(shipped_plan(plan, overrides)), estimate(estimate_of(run)) {}

  [[nodiscard]] double total_usd() const { return estimate.run->total_cost.in(usd); }
};

TEST(Headline, EveryShippedPlanCanRun) {
  for (const std::string &id : presets().ids("plans")) {
    const Headline headline(id);
    EXPECT_TRUE(headline.estimate.feasible())
        << id << ": "
        << (headline.estimate.feasible() ? "" : headline.estimate.reasons.front().text);
  }
}

TEST(Headline, Gpt3TakesThreePointOneE23BySixNd) {
  // 6 · 174.6e9 · 300e9 = 3.143e23; the paper prints 3.14e23.
  expect_relative(Headline("gpt3-175b-v100").estimate.work.six_nd.in(flop), 3.143e23, a_thousandth);
}

TEST(Headline, LambdasRecipeCostsFourPointSixMillion) {
  const Headline lambda("gpt3-175b-lambda");
  // 3.114e23 / 28e12 s = 1.1121e10 GPU-s = 3,089,286 GPU-h at 1.50 USD.
  expect_relative(lambda.total_usd(), 4.634e6, a_thousandth);
  // Lambda's years have 365 days: 3,089,286 / 8,760.
  expect_relative(lambda.estimate.run->time.held.in(gpu * (365.0 * day)), 352.7, a_thousandth);
}

TEST(Headline, ResearchMultipliesItToElevenAndAHalfMillion) {
  // 4.6 + 1.5 · 4.6 = 11.5: TechTalks, 2020-09-21.
  EXPECT_EQ(millions(Headline("gpt3-175b-techtalks").estimate.run->total_cost), 11.5);
}

TEST(Headline, ResearchMultipliesItToTwentySevenMillion) {
  // 4.6 + 5 · 4.6 = 27.6.
  const Headline techtalks("gpt3-175b-techtalks", {"cost.research.share=5"});
  EXPECT_EQ(millions(techtalks.estimate.run->total_cost), 27.6);
}

TEST(Headline, TenThousandV100sTakeAFortnight) {
  const Headline v100("gpt3-175b-v100");
  EXPECT_EQ(v100.run.cluster.gpus, 10'000);
  // Patterson 2021: 14.8 days. The utilisation behind it is known to three digits.
  expect_relative(v100.estimate.run->time.wall_clock.in(day), 14.8, 5e-3);
  // 19.64 % of 125 TFLOP/s is the 24.6 TFLOP/s a GPU that the paper prints, by 6ND.
  EXPECT_NEAR(v100.estimate.step->utilisation.mfu_six_n, 0.1964, 1e-9);
}

TEST(Headline, PalmHeldEightPointFourMillionChipHours) {
  // 6144 · 1200 + 3072 · 336.
  EXPECT_EQ(Headline("palm-540b-tpu-v4").estimate.run->time.held.in(gpu_hour), 8'404'992);
  EXPECT_EQ(Headline("palm-540b-tpu-v4").estimate.run->time.wall_clock.in(day), 64);
}

TEST(Headline, PalmCostsSeventeenMillionAtTheOneYearPrice) {
  expect_relative(Headline("palm-540b-tpu-v4").total_usd(), 17.06e6, a_thousandth);
}

TEST(Headline, PalmCostsTwentySevenMillionOnDemand) {
  const Headline palm("palm-540b-tpu-v4", {"price.rate=3.22 USD/(GPU*h)"});
  expect_relative(palm.total_usd(), 27.06e6, a_thousandth);
}

TEST(Headline, PalmCostsTwelveMillionAtTheThreeYearPrice) {
  const Headline palm("palm-540b-tpu-v4", {"price.rate=1.45 USD/(GPU*h)"});
  expect_relative(palm.total_usd(), 12.19e6, a_thousandth);
}

TEST(Headline, PalmTakesTwoPointFiveE24BySixNd) {
  // 6 · 540.35e9 · 780e9.
  expect_relative(Headline("palm-540b-tpu-v4").estimate.work.six_nd.in(flop), 2.529e24,
                  a_thousandth);
}

TEST(Headline, PalmsUtilisationIsThePublishedOneWithAndWithoutAttention) {
  // Chowdhery 2022, appendix B: 46.2 and 45.7 %, printed to a tenth of a point.
  constexpr double printed = 0.0005;
  const Utilisation use = Headline("palm-540b-tpu-v4").estimate.step->utilisation;
  EXPECT_NEAR(use.mfu, 0.462, printed);
  EXPECT_NEAR(use.mfu_six_n, 0.457, printed);
}

TEST(Headline, PalmsHeldHoursReachThirtyPercentOfPeak) {
  // 2.527e24 FLOP (Epoch AI) over 8,404,992 chip-hours at 275 TFLOP/s.
  constexpr double a_tenth_of_a_point = 0.001;
  const Headline palm("palm-540b-tpu-v4");
  const auto peak = *palm.run.cluster.device.peak_of(NumberFormat::bf16) / gpu;
  const GpuTime held = palm.estimate.run->time.held;
  EXPECT_NEAR(2.527e24 * flop / (held * peak), 0.304, a_tenth_of_a_point);
  // It is the utilisation while stepping times the share of time that was stepped.
  const double effective =
      palm.estimate.step->utilisation.mfu_six_n * palm.estimate.run->time.goodput;
  EXPECT_NEAR(effective, 0.304, a_tenth_of_a_point);
}

TEST(Headline, PalmsGoodputIsApartFromItsUtilisation) {
  // The published throughput needs 780e9 / 238.3e3 s · 6144 chips = 5.586 M of the held hours.
  const Headline palm("palm-540b-tpu-v4");
  expect_relative(palm.estimate.run->time.goodput, 780e9 / 238.3e3 / 3600 * 6144 / 8'404'992,
                  a_thousandth);
  // Holding the chips longer changes the goodput and leaves the MFU alone.
  const Headline longer("palm-540b-tpu-v4",
                        {"run.allocation=[{gpus = 6144, duration = \"3000 h\"}]"});
  EXPECT_LT(longer.estimate.run->time.goodput, palm.estimate.run->time.goodput);
  EXPECT_EQ(longer.estimate.step->utilisation.mfu, palm.estimate.step->utilisation.mfu);
}

TEST(Headline, Gpt1TookEighteenThousandPetaflop) {
  // 1.8e19 as printed, two digits; Epoch AI has 1.758e19.
  const double six_nd = Headline("gpt1-8gpu").estimate.work.six_nd.in(flop);
  EXPECT_NEAR(six_nd, 1.8e19, 0.05e19);
  expect_relative(six_nd, 1.758e19, a_thousandth);
}

TEST(Headline, XlnetsPositionsAreBatchesTimesLength) {
  // 8192 sequences of 512 tokens, 500,000 steps: an input that a user states, not a preset's.
  const PlannedRun run = read_text(R"(
[model]
preset = "gpt2-124m"
[data]
dataset_tokens = "4194304 token"
epochs = 500000
[hardware]
gpu = "h100"
count = 8
)");
  expect_relative(run.plan.data.tokens.in(token), 2.097e12, a_thousandth);
}

} // namespace
} // namespace flopcast
