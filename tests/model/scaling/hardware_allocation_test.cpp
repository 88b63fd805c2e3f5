// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/hardware_allocation.hpp"

#include "model/planning/plan_reader.hpp"
#include "model/scaling/law_reader.hpp"
#include "tests/support/paths.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace flopcast::tests {
namespace {

using namespace units;

/// Llama-like decoders on H100s at 2 USD a GPU-hour, as the devices alone would train them.
HardwareQuestion question(const std::string &model = "llama3.1-8b") {
  const PlannedRun run = read_plan(parse_toml("[model]\npreset = \"" + model +
                                                  "\"\n"
                                                  "[data]\nsequence_length = 4096\n"
                                                  "[hardware]\ngpu = \"h100\"\ncount = 64\n"
                                                  "[training]\nframework = \"none\"\n"
                                                  "[price]\nrate = \"2 USD/(GPU*h)\"\n",
                                              "test"),
                                   shipped_presets());
  HardwareQuestion asked;
  asked.plan = run.plan;
  asked.cluster = run.cluster;
  asked.law.form = *load_law(shipped_presets(), "besiroglu-2024-huber").form;
  asked.batch.batch = 2e6 * token;
  return asked;
}

ScalingLaw huber() { return load_law(shipped_presets(), "besiroglu-2024-huber"); }

double parameters(const Decoder &decoder) {
  // Matrices of layers alone: attention (2 + 2 KV/heads) h^2, gated feed-forward 3 h f.
  const double h = static_cast<double>(decoder.hidden);
  const double kv = static_cast<double>(decoder.kv_heads) / static_cast<double>(decoder.heads);
  return static_cast<double>(decoder.layers) *
         ((2 + 2 * kv) * h * h + 3 * h * static_cast<double>(decoder.ffn_hidden));
}

TEST(ScaledDecoder, HasAboutTheFactorsParametersAndWholeHeads) {
  const Decoder base = question().plan.model.decoder;
  for (const double factor : {0.05, 0.2, 0.7, 1.0, 3.0, 20.0}) {
    const Decoder scaled = scaled_decoder(base, factor);
    EXPECT_EQ(scaled.hidden, scaled.heads * scaled.head_dim);
    EXPECT_EQ(scaled.heads % scaled.kv_heads, 0);
    // Steps of four layers in sixteen or more: an eighth up or down at most.
    EXPECT_NEAR(parameters(scaled) / parameters(base) / factor, 1, 0.2) << factor;
  }
}

TEST(ServingTime, IsBoundByComputeForPromptsAndByMemoryForWriting) {
  const HardwareQuestion asked = question();
  const Device &device = asked.cluster.device;
  const ParameterCounts of_8b{.total = 8e9, .active = 8e9};
  Serving serving{.tokens = 1.0 * token};
  serving.context = 0;
  serving.prompt_share = 1;
  // 2 N / (.5 peak)
  const Seconds prompt = 2 * 8e9 * flop / (0.5 * *usable_peak(device, NumberFormat::bf16));
  EXPECT_NEAR(
      serving_time_per_token(device, NumberFormat::bf16, asked.plan.model.decoder, of_8b, serving) /
          (prompt * gpu),
      1, 1e-12);
  serving.prompt_share = 0;
  serving.batch = 1;
  // 2 N bytes / (.7 bandwidth)
  const Seconds written = 2 * 8e9 * byte / (0.7 * device.memory_bandwidth);
  EXPECT_NEAR(
      serving_time_per_token(device, NumberFormat::bf16, asked.plan.model.decoder, of_8b, serving) /
          (written * gpu),
      1, 1e-12);
}

TEST(HardwareAllocation, SpendsTheMoneyWithinTheDeadline) {
  HardwareQuestion asked = question();
  asked.budget = {.money = 50'000.0 * usd, .deadline = 30.0 * day};
  const auto answer = allocate_on_hardware(huber(), asked);
  ASSERT_TRUE(answer);
  // Real decoders have a step of their size, and storage and rounding of steps stay below a
  // percent.
  EXPECT_LE(answer->training_cost.in(usd), 50'000 * 1.02);
  EXPECT_GE(answer->training_cost.in(usd), 50'000 * 0.5);
  EXPECT_LE(answer->duration.in(day), 30 * 1.02);
  EXPECT_EQ(answer->gpus % 8, 0);
  EXPECT_GT(answer->estimate.step->utilisation.mfu, 0.1);
  // 25,000 GPU-hours at 40 % of 989 TFLOP/s are 3.6e22 FLOP: N* of some 2e10 parameters.
  EXPECT_GT(answer->chosen.params, 5e9);
  EXPECT_LT(answer->chosen.params, 6e10);
}

TEST(HardwareAllocation, MoreMoneyBuysLessLoss) {
  HardwareQuestion asked = question();
  asked.count_is_given = true;
  asked.budget = {.gpu_time = 5'000.0 * gpu_hour};
  const auto little = allocate_on_hardware(huber(), asked);
  asked.budget = {.gpu_time = 20'000.0 * gpu_hour};
  const auto much = allocate_on_hardware(huber(), asked);
  ASSERT_TRUE(little && much);
  EXPECT_LT(much->loss, little->loss);
  EXPECT_GT(much->chosen.params, little->chosen.params);
}

TEST(HardwareAllocation, ServingMakesTheModelSmaller) {
  HardwareQuestion asked = question();
  asked.count_is_given = true;
  asked.budget = {.gpu_time = 20'000.0 * gpu_hour};
  const auto alone = allocate_on_hardware(huber(), asked);
  asked.serving.tokens = 1e12 * token;
  const auto serving = allocate_on_hardware(huber(), asked);
  ASSERT_TRUE(alone && serving);
  EXPECT_LT(serving->split.best.params, alone->split.best.params);
  EXPECT_GT(serving->serving_time, GpuTime{});
}

TEST(HardwareAllocation, TheCheapestForALossCostsWhatBuysThatLoss) {
  HardwareQuestion asked = question();
  asked.count_is_given = true;
  asked.budget = {.gpu_time = 10'000.0 * gpu_hour};
  const auto best = allocate_on_hardware(huber(), asked);
  ASSERT_TRUE(best);
  asked.target_loss = best->split.best.loss;
  asked.budget = {.gpu_time = 40'000.0 * gpu_hour};
  const auto cheapest = allocate_on_hardware(huber(), asked);
  ASSERT_TRUE(cheapest);
  // The two curves were sampled at other sizes: interpolation is good to a few percent.
  EXPECT_NEAR(cheapest->split.best.cost / best->split.best.cost, 1, 0.05);
}

TEST(ScaledDecoder, OfAMixtureKeepsItsExpertsAndScalesTheirWidth) {
  const Decoder base = question("mixtral-8x7b").plan.model.decoder;
  const Decoder scaled = scaled_decoder(base, 0.125); // half the width
  ASSERT_TRUE(scaled.experts);
  EXPECT_EQ(scaled.experts->count, 8);
  EXPECT_EQ(scaled.experts->per_token, 2);
  EXPECT_EQ(scaled.hidden, base.hidden / 2);
  EXPECT_EQ(scaled.experts->hidden, base.experts->hidden / 2);
  EXPECT_EQ(scaled.ffn_hidden, scaled_decoder(base, 1).ffn_hidden == 0 ? 0 : scaled.ffn_hidden);
}

// Two of eight experts: of 44e9 = 33e9/.75 routed parameters one sequence reads a fourth, two leave
// (3/4)^2 of them alone: 13e9 + 44e9 (3/4 - 9/16) = 21.25e9.
TEST(ServingTime, OfAMixtureReadsTheExpertsThatSomeSequenceUses) {
  const Decoder decoder = question("mixtral-8x7b").plan.model.decoder;
  const ParameterCounts counts{.total = 46e9, .active = 13e9};
  EXPECT_DOUBLE_EQ(params_read(decoder, counts, 1), 13e9);
  EXPECT_DOUBLE_EQ(params_read(decoder, counts, 2), 21.25e9);
  EXPECT_NEAR(params_read(decoder, counts, 1000), 46e9, 1);
}

TEST(HardwareAllocation, OfAMixtureDividesByItsOwnLawAndTimesItsExperts) {
  const ScalingLaw abnar = load_law(shipped_presets(), "abnar-2025");
  HardwareQuestion asked = question("mixtral-8x7b");
  asked.law.form = *abnar.form;
  asked.count_is_given = true;
  asked.budget = {.gpu_time = 20'000.0 * gpu_hour};
  const auto mixture = allocate_on_hardware(abnar, asked);
  ASSERT_TRUE(mixture);
  EXPECT_EQ(mixture->chosen.params, mixture->chosen.counts.total);
  EXPECT_LT(mixture->chosen.counts.active, 0.4 * mixture->chosen.counts.total);
  EXPECT_EQ(mixture->chosen.decoder.experts->count, 8);
  // The law is asked with the decoder's sparsity: a loss by hand at 6 of 8 experts at rest.
  LawPoint at{.params = mixture->chosen.params, .tokens = mixture->tokens};
  at.sparsity = 0.75;
  EXPECT_NEAR(mixture->loss, loss(*abnar.form, at), 1e-9);
  // A token through one expert costs less time than through two.
  asked.plan.model.decoder.experts->per_token = 1;
  const auto sparser = allocate_on_hardware(abnar, asked);
  ASSERT_TRUE(sparser);
  EXPECT_GT(sparser->tokens.in(token)*sparser->chosen.params,
            mixture->tokens.in(token)*mixture->chosen.params);
}

TEST(HardwareAllocation, OfAMixtureByADenseLawCountsWhatATokenUses) {
  HardwareQuestion asked = question("mixtral-8x7b");
  asked.count_is_given = true;
  asked.budget = {.gpu_time = 10'000.0 * gpu_hour};
  const auto answer = allocate_on_hardware(huber(), asked);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->chosen.params, answer->chosen.counts.active);
}

} // namespace
} // namespace flopcast::tests
