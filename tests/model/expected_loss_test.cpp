// SPDX-License-Identifier: Apache-2.0
// What a plan's scaling law expects of its run: which N it is asked with, what it warns of, what it
// costs to carry.
#include "model/planning/expected_loss.hpp"
#include "model/planning/explain.hpp"
#include "tests/model/examples.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

namespace flopcast {
namespace {

using namespace tests;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view gpt2_plan = R"(
[model]
preset = "gpt2-124m"
[data]
tokens = 10e9
[hardware]
gpu = "h100"
count = 8
)";

constexpr std::string_view mixtral_plan = R"(
[model]
preset = "mixtral-8x7b"
[data]
tokens = 1e12
[hardware]
gpu = "h100"
count = 64
)";

/// Digits that sums of powers keep.
constexpr double rounding = 1e-12;

LossPrediction prediction_of(const PlannedRun &run) {
  const auto prediction = loss_prediction(run.plan, estimate_of(run));
  EXPECT_TRUE(prediction);
  return prediction.value_or(LossPrediction{});
}

double loss_with(std::string_view plan, const std::vector<std::string> &overrides) {
  return estimate_of(read_text(plan, overrides)).loss.value_or(0);
}

// N = 124,439,808 (all parameters of GPT-2), D = 1e10:
// 1.8172181047136613 + 477.8258901082132/N^.347310501339 + 2143.417493454286/D^.367172435668.
TEST(ExpectedLoss, IsByDefaultThatOfTheHuberOptimum) {
  const PlannedRun run = read_text(gpt2_plan);
  EXPECT_NEAR(*estimate_of(run).loss, 3.01123023767302, rounding);
  EXPECT_EQ(run.plan.data.law->law.id, "besiroglu-2024-huber");
  EXPECT_THAT(run.plan.assumptions,
              Contains(AllOf(testing::Field(&Assumption::key, "data.law"),
                             testing::Field(&Assumption::value, "besiroglu-2024-huber"))));
}

// Kaplan leaves out embeddings: 124,439,808 - 50,257 x 768 - 1,024 x 768 = 85,056,000;
// [(6.4e13/85056000)^(.076/.103) + 1.8e13/1e10]^.103.
TEST(ExpectedLoss, CountsParametersAsTheLawDoes) {
  const PlannedRun run = read_text(gpt2_plan, {"data.law=kaplan-2020"});
  EXPECT_NEAR(*estimate_of(run).loss, 2.819551639489241, rounding);
  EXPECT_DOUBLE_EQ(prediction_of(run).point.params, 85'056'000);
  EXPECT_THAT(run.plan.assumptions, Not(Contains(testing::Field(&Assumption::key, "data.law"))));
}

TEST(ExpectedLoss, CanBeSwitchedOff) {
  const PlannedRun run = read_text(gpt2_plan, {"data.law=none"});
  const Estimate estimate = estimate_of(run);
  EXPECT_FALSE(estimate.loss);
  EXPECT_FALSE(loss_prediction(run.plan, estimate));
  const Explanation explained = explain({run, estimate}, *find_quantity("loss"));
  EXPECT_EQ(explained.text, "–");
  EXPECT_THAT(explained.source, HasSubstr("data.law"));
}

TEST(ExpectedLoss, OfMaskedModelsIsNoneUnlessTheyNameALaw) {
  EXPECT_EQ(loss_with(gpt2_plan, {"model.causal=false"}), 0);
  EXPECT_GT(loss_with(gpt2_plan, {"model.causal=false", "data.law=hoffmann-2022"}), 0);
}

TEST(ExpectedLoss, DoesNotDependOnTheMachine) {
  EXPECT_EQ(loss_with(gpt2_plan, {"hardware.gpu=a100", "hardware.count=16"}),
            loss_with(gpt2_plan, {}));
  // Nor on whether the layout can run.
  EXPECT_EQ(loss_with(gpt2_plan, {"parallelism.tensor_parallel=7"}), loss_with(gpt2_plan, {}));
}

TEST(ExpectedLoss, OfMoreTokensOrParametersIsLess) {
  EXPECT_LT(loss_with(gpt2_plan, {"data.tokens=20e9"}), loss_with(gpt2_plan, {}));
  EXPECT_LT(loss_with(gpt2_plan, {"model.layers=24"}), loss_with(gpt2_plan, {}));
}

TEST(ExpectedLoss, OfTokensFilledInByDefaultIsThere) {
  constexpr std::string_view plan = R"(
[model]
layers = 12
hidden = 768
heads = 12
ffn_hidden = 3072
vocabulary = 50257
context_length = 1024
[hardware]
gpu = "h100"
count = 8
)";
  EXPECT_GT(loss_with(plan, {}), 1.8172181047136613); // E
}

// Mixtral's tokens use 12.9e9 of 46.7e9 parameters: a law of dense models is asked with the former.
TEST(ExpectedLoss, OfExpertsByADenseLawCountsWhatATokenUses) {
  const PlannedRun run = read_text(mixtral_plan);
  const Estimate estimate = estimate_of(run);
  const LossPrediction prediction = prediction_of(run);
  EXPECT_EQ(prediction.point.params, estimate.parameters.active);
  EXPECT_LT(estimate.parameters.active, 0.3 * estimate.parameters.total);
  EXPECT_THAT(prediction.warnings, Contains(HasSubstr("of dense models")));
}

TEST(ExpectedLoss, OfExpertsByTheirOwnLawsCountsAll) {
  const PlannedRun sparse = read_text(mixtral_plan, {"data.law=abnar-2025"});
  const LossPrediction prediction = prediction_of(sparse);
  EXPECT_EQ(prediction.point.params, estimate_of(sparse).parameters.total);
  EXPECT_DOUBLE_EQ(*prediction.point.sparsity, 0.75); // two of eight
  EXPECT_THAT(prediction.warnings, Not(Contains(HasSubstr("of dense models"))));

  // A feed-forward of 8 x 4096^2 weights over an expert's 3 x 4096 x 14336.
  const PlannedRun fine = read_text(mixtral_plan, {"data.law=krajewski-2024-moe"});
  EXPECT_NEAR(*prediction_of(fine).point.granularity, 8.0 * 4096 / (3 * 14336), rounding);
  const Estimate counted = estimate_of(fine);
  EXPECT_EQ(prediction_of(fine).point.params,
            counted.parameters.total - counted.parameters.embedding);
}

TEST(ExpectedLoss, RisesWithFewerBitsWhereTheLawWeighsThem) {
  const double full = loss_with(gpt2_plan, {"data.law=kumar-2024"});
  EXPECT_GT(loss_with(gpt2_plan, {"data.law=kumar-2024", "training.precision=fp8"}), full);
  EXPECT_EQ(loss_with(gpt2_plan, {"training.precision=fp8"}), loss_with(gpt2_plan, {}));
}

// Muennighoff et al. 2023: repeats are worth less than new tokens, and hardly less at four epochs.
TEST(ExpectedLoss, OfRepeatedDataIsMoreByTheLawOfRepeats) {
  constexpr std::string_view repeated = R"(
[model]
preset = "gpt2-124m"
[data]
dataset_tokens = 1e9
epochs = 40
law = "muennighoff-2023"
[hardware]
gpu = "h100"
count = 8
)";
  const PlannedRun run = read_text(repeated);
  EXPECT_EQ(run.plan.data.unique_tokens, 1e9 * units::token);
  const double unique = loss_with(gpt2_plan, {"data.tokens=40e9", "data.law=muennighoff-2023"});
  EXPECT_GT(*estimate_of(run).loss, unique);
  const double four = loss_with(repeated, {"data.epochs=4"});
  const double new_ones = loss_with(gpt2_plan, {"data.tokens=4e9", "data.law=muennighoff-2023"});
  EXPECT_NEAR(four, new_ones, 0.02 * new_ones);
}

TEST(ExpectedLoss, IsCarriedByCopiesWithoutCopyingTheLaw) {
  const PlannedRun run = read_text(gpt2_plan);
  const Plan copy = run.plan;
  EXPECT_EQ(copy.data.law.get(), run.plan.data.law.get());
}

TEST(LossPrediction, HasTheLossOfTheEstimateAndItsIntervals) {
  const PlannedRun run = read_text(gpt2_plan);
  const LossPrediction prediction = prediction_of(run);
  EXPECT_EQ(prediction.loss, *estimate_of(run).loss);
  ASSERT_TRUE(prediction.interval && prediction.of_coefficients);
  // A run adds the scatter of runs to what the coefficients leave open.
  EXPECT_LT(prediction.interval->low, prediction.of_coefficients->low);
  EXPECT_LT(prediction.of_coefficients->low, prediction.loss);
  EXPECT_LT(prediction.loss, prediction.of_coefficients->high);
  EXPECT_LT(prediction.of_coefficients->high, prediction.interval->high);
}

// GPT-3: 175e9 parameters where the law's runs had at most 16.2e9.
TEST(LossPrediction, WarnsOfExtrapolationAndUnknownTokenizers) {
  const PlannedRun run = shipped_plan("gpt3-175b-a100");
  EXPECT_THAT(prediction_of(run).warnings,
              AllOf(Contains(HasSubstr("extrapolated: N")), Contains(HasSubstr("data.tokenizer"))));
  const PlannedRun told =
      shipped_plan("gpt3-175b-a100", {"data.tokenizer=\"SentencePiece, 32000 tokens\""});
  EXPECT_THAT(prediction_of(told).warnings, Not(Contains(HasSubstr("tokenizer"))));
  const PlannedRun other = shipped_plan("gpt3-175b-a100", {"data.tokenizer=\"GPT-2\""});
  EXPECT_THAT(prediction_of(other).warnings, Contains(HasSubstr("not of \"GPT-2\"")));
}

// At 175e9 parameters and 300e9 tokens printed and unrounded constants differ by more than .001.
TEST(LossPrediction, WarnsWhereRoundedConstantsMatter) {
  const PlannedRun run = shipped_plan("gpt3-175b-a100", {"data.law=hoffmann-2022-printed"});
  EXPECT_THAT(prediction_of(run).warnings, Contains(HasSubstr("hoffmann-2022")));
}

TEST(LawOfAPlan, MustGiveALossOfDecoders) {
  const auto complaint = [](const std::string &law) {
    return complaint_about(gpt2_plan, {"data.law=" + law});
  };
  EXPECT_THAT(complaint("deepseek-2024"), AllOf(HasSubstr("data.law"), HasSubstr("relations")));
  EXPECT_THAT(complaint("zhai-2021"), HasSubstr("error rate"));
  EXPECT_THAT(complaint("tao-2024"), HasSubstr("unigram-normalised"));
  EXPECT_THAT(complaint("krajewski-2024-moe"), HasSubstr("mixtures of experts"));
  EXPECT_THAT(complaint("hofmann-2022"), HasSubstr("did you mean \"hoffmann-2022\""));
}

TEST(LawOfAPlan, ThatDefaultsIsNeverRefused) {
  for (const std::string &id : presets().ids("models"))
    EXPECT_THAT(complaint_about("[model]\npreset = \"" + id +
                                "\"\n[hardware]\ngpu = \"h100\"\ncount = 512\n"
                                "[parallelism]\nzero_stage = 3\n"),
                Not(HasSubstr("data.law")))
        << id;
}

class EveryLaw : public testing::TestWithParam<std::string> {};

// The chain of `explain` repeats the arithmetic, whatever the form weighs.
TEST_P(EveryLaw, ThatAPlanMayNameIsExplainedByItsFormula) {
  for (const std::string_view plan : {gpt2_plan, mixtral_plan}) {
    const std::string choice = "data.law=" + GetParam();
    if (!complaint_about(plan, {choice}).empty())
      continue; // LawOfAPlan says which and why
    const PlannedRun run = read_text(plan, {choice});
    const Estimate estimate = estimate_of(run);
    ASSERT_TRUE(estimate.loss);
    const Explanation explained = explain({run, estimate}, *find_quantity("loss"));
    ASSERT_TRUE(explained.evaluate);
    std::vector<double> values(explained.inputs.size());
    std::ranges::transform(explained.inputs, values.begin(),
                           [](const Explanation &input) { return input.value.value; });
    EXPECT_NEAR(explained.evaluate(values), *estimate.loss, rounding * *estimate.loss);
    EXPECT_EQ(prediction_of(run).loss, *estimate.loss);
  }
}

INSTANTIATE_TEST_SUITE_P(Laws, EveryLaw, testing::ValuesIn(presets().ids("laws")),
                         [](const auto &law) {
                           std::string name = law.param;
                           std::ranges::replace_if(
                               name, [](char c) { return c == '-' || c == '.'; }, '_');
                           return name;
                         });

} // namespace
} // namespace flopcast
