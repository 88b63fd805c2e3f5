// SPDX-License-Identifier: Apache-2.0
// What a plan that is right is read as, and what is noted where it says nothing.
#include "model/planning/plan_reader.hpp"
#include "tests/model/examples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <algorithm>

namespace flopcast {
namespace {

using namespace tests;
using namespace units;
using testing::HasSubstr;

/// The least that a plan can say with a layout of its own.
constexpr std::string_view least = R"(
[model]
preset = "gpt2-124m"
[hardware]
gpu = "h100"
count = 8
[parallelism]
data_parallel = 8
)";

const Assumption *noted(const Plan &plan, std::string_view key) {
  const auto found = std::ranges::find(plan.assumptions, key, &Assumption::key);
  return found == plan.assumptions.end() ? nullptr : &*found;
}

TEST(PlanDefaults, AreEachNotedWithAReason) {
  const Plan plan = read_text(least).plan;
  for (const std::string_view key : {"data.sequence_length",
                                     "data.tokens",
                                     "hardware.node",
                                     "hardware.calibration",
                                     "parallelism.tensor_parallel",
                                     "parallelism.pipeline_parallel",
                                     "parallelism.zero_stage",
                                     "training.precision",
                                     "training.gradient_format",
                                     "training.optimizer",
                                     "training.recompute",
                                     "training.attention",
                                     "training.dropout",
                                     "training.micro_batch",
                                     "training.memory_reserve",
                                     "training.global_batch",
                                     "run.goodput",
                                     "run.checkpoint_interval",
                                     "price.rate",
                                     "energy.power_per_gpu",
                                     "energy.pue",
                                     "energy.region"}) {
    const Assumption *note = noted(plan, key);
    ASSERT_NE(note, nullptr) << key;
    EXPECT_FALSE(note->value.empty()) << key;
    EXPECT_FALSE(note->why.empty()) << key;
  }
}

TEST(PlanDefaults, AreNotNotedWhereThePlanSpeaks) {
  const Plan plan =
      read_text(least,
                {"data.tokens=1e9", "data.sequence_length=512", "hardware.node=dgx-h100",
                 "hardware.calibration=default", "parallelism.zero_stage=2",
                 "training.precision=bf16", "training.recompute=full", "training.global_batch=64",
                 "training.memory_reserve=1 GB", "run.goodput=0.8", "price.rate=2 USD/(GPU*h)",
                 "energy.pue=1.1", "energy.region=FRA", "energy.power_per_gpu=700 W/GPU"})
          .plan;
  for (const std::string_view key :
       {"data.tokens", "data.sequence_length", "hardware.node", "hardware.calibration",
        "parallelism.data_parallel", "parallelism.zero_stage", "training.precision",
        "training.recompute", "training.global_batch", "training.memory_reserve", "run.goodput",
        "price.rate", "energy.pue", "energy.region", "energy.power_per_gpu"})
    EXPECT_EQ(noted(plan, key), nullptr) << key;
}

TEST(PlanDefaults, HaveOneNoteAKey) {
  for (const std::string &id : presets().ids("plans")) {
    std::vector<std::string> keys;
    for (const Assumption &note : shipped_plan(id).plan.assumptions)
      if (note.origin == Origin::defaulted)
        keys.push_back(note.key);
    std::ranges::sort(keys);
    EXPECT_EQ(std::ranges::adjacent_find(keys), keys.end()) << id;
  }
}

TEST(PlanDefaults, TakeTwentyTokensAParameterWhereNothingIsPublished) {
  // Hoffmann 2022; GPT-2's own tokens were never published.
  EXPECT_EQ(read_text(least).plan.data.tokens.in(token), 20 * 124'439'808.0);
}

TEST(PlanDefaults, TakeTheTokensThatTheMakersPublished) {
  EXPECT_EQ(read_text(least, {"model.preset=gpt3-175b"}).plan.data.tokens.in(token), 300e9);
}

TEST(PlanDefaults, TakeTheModelsContextUpToEightThousandTokens) {
  EXPECT_EQ(read_text(least).plan.data.sequence_length, 1024);
  EXPECT_EQ(read_text(least, {"model.preset=llama3.1-405b"}).plan.data.sequence_length, 8192);
}

TEST(PlanDefaults, TakeAboutFourMillionTokensAStep) {
  // 4 Mi / 1024 tokens = 4096 sequences, which eight ranks share.
  EXPECT_EQ(read_text(least).plan.training.global_batch, 4096);
  // Rounded to whole micro-batches on every rank: 8 · 3 = 24 at a time.
  EXPECT_EQ(read_text(least, {"training.micro_batch=3"}).plan.training.global_batch, 171 * 24);
}

TEST(PlanDefaults, TurnSequenceParallelismOnWithTensorParallelism) {
  EXPECT_FALSE(read_text(least).plan.parallelism.sequence_parallel);
  const std::vector<std::string> two{"parallelism.tensor_parallel=2",
                                     "parallelism.data_parallel=4"};
  EXPECT_TRUE(read_text(least, two).plan.parallelism.sequence_parallel);
}

TEST(PlanDefaults, TakeThePrecisionOfTheDevicesMatrixUnits) {
  EXPECT_EQ(read_text(least).plan.training.precision, NumberFormat::bf16);
  EXPECT_EQ(read_text(least, {"hardware.gpu=v100-sxm2-32gb"}).plan.training.precision,
            NumberFormat::fp16);
}

TEST(PlanReader, TakesTheGpusThatOtherDegreesLeaveForDataParallelism) {
  const PlannedRun run = read_text(R"(
[model]
preset = "gpt2-124m"
[hardware]
gpu = "h100"
count = 64
[parallelism]
tensor_parallel = 2
pipeline_parallel = 4
context_parallel = 2
)");
  EXPECT_EQ(run.plan.parallelism.data_parallel, 4);
  EXPECT_TRUE(run.parallelism_was_given);
}

TEST(PlanReader, FindsALayoutWhereNoneIsGiven) {
  const PlannedRun run = shipped_plan("llama3-70b-h100");
  EXPECT_FALSE(run.parallelism_was_given);
  EXPECT_EQ(run.plan.parallelism.gpus(), 512);
  EXPECT_TRUE(estimate_of(run).feasible());
  ASSERT_NE(noted(run.plan, "parallelism"), nullptr);
}

TEST(PlanReader, NotesWhatTheFoundLayoutReallyTakes) {
  const Plan plan = shipped_plan("llama3-70b-h100").plan;
  // The search settles the micro-batch and what is recomputed too, and the notes follow it.
  const Assumption *micro_batch = noted(plan, "training.micro_batch");
  ASSERT_NE(micro_batch, nullptr);
  EXPECT_EQ(std::stoll(micro_batch->value), plan.training.micro_batch);
  const Assumption *recompute = noted(plan, "training.recompute");
  ASSERT_NE(recompute, nullptr);
  EXPECT_EQ(recompute->value, to_text(plan.training.recompute));
}

TEST(PlanReader, SearchesOnlyWhatThePlanLeavesOpen) {
  InputValue root = presets().load("plans", "llama3-70b-h100");
  apply_override(root, "training.micro_batch=2");
  apply_override(root, "training.recompute=\"full\"");
  const Plan plan = read_plan(root, presets()).plan;
  EXPECT_EQ(plan.training.micro_batch, 2);
  EXPECT_EQ(plan.training.recompute, Recompute::full);
  EXPECT_EQ(noted(plan, "training.micro_batch"), nullptr);
  EXPECT_EQ(noted(plan, "training.recompute"), nullptr);
}

TEST(PlanReader, SaysThatAWantedBatchWasRounded) {
  InputValue root = presets().load("plans", "llama3-70b-h100");
  apply_override(root, "training.global_batch_tokens=2000000");
  const Plan plan = read_plan(root, presets()).plan;
  const Assumption *batch = noted(plan, "training.global_batch");
  ASSERT_NE(batch, nullptr);
  EXPECT_EQ(batch->origin, Origin::assumed);
  // 2e6 / 8192 = 244 sequences, within a half of a round of the ranks
  const double round =
      static_cast<double>(plan.parallelism.data_parallel * plan.training.micro_batch);
  EXPECT_NEAR(static_cast<double>(plan.training.global_batch), 244, round / 2 + 1);
}

TEST(PlanReader, ForgetsWhatTheMakersTrainedOnIfTheModelIsChanged) {
  // 15e12 tokens were for 80 layers. 40 layers get 20 tokens a parameter.
  InputValue root = presets().load("plans", "llama3-70b-h100");
  apply_override(root, "model.layers=40");
  const PlannedRun run = read_plan(root, presets());
  const double parameters = estimate_of(run).parameters.total;
  EXPECT_DOUBLE_EQ(run.plan.data.tokens.in(units::token), 20 * parameters);
}

TEST(PlanReader, ChargesElectricityToOwnHardware) {
  InputValue root = presets().load("plans", "llama3-70b-h100");
  EXPECT_FALSE(read_plan(root, presets()).plan.energy.electricity);
  apply_override(root, "price.purchase=30000 USD/GPU");
  const auto electricity = read_plan(root, presets()).plan.energy.electricity;
  ASSERT_TRUE(electricity);
  // US average industrial price of 2025, presets/energy/electricity.csv.
  EXPECT_DOUBLE_EQ(electricity->in(units::usd / units::kilowatt_hour), 0.0826);
}

TEST(PlanReader, KeepsFittedLinksForNodesThatAreJoinedAlike) {
  InputValue root = presets().load("plans", "llama3-70b-h100");
  EXPECT_TRUE(read_plan(root, presets()).cluster.calibration.scale_up_links);
  apply_override(root, "hardware.node=aws-p5.48xlarge"); // NVSwitch, as in the DGX H100
  EXPECT_TRUE(read_plan(root, presets()).cluster.calibration.scale_up_links);
}

TEST(PlanReader, DropsFittedLinksForANodeThatIsJoinedOtherwise) {
  namespace fs = std::filesystem;
  const fs::path directory = fs::path(testing::TempDir()) / "flopcast-own-node";
  fs::create_directories(directory / "nodes");
  std::string node = read_file(presets().path("nodes", "dgx-h100").string());
  const std::string switched = "NVSwitch all-to-all";
  node.replace(node.find(switched), switched.size(), "PCIe tree");
  std::ofstream(directory / "nodes" / "pcie-h100.toml") << node;
  const PresetCatalog catalog({directory, source_directory() / "presets"});
  InputValue root = catalog.load("plans", "llama3-70b-h100");
  apply_override(root, "hardware.node=pcie-h100");
  const PlannedRun run = read_plan(root, catalog);
  EXPECT_FALSE(run.cluster.calibration.scale_up_links);
  EXPECT_NE(noted(run.plan, "hardware.node"), nullptr);
  fs::remove_all(directory);
}

TEST(PlanReader, RefusesFormatsThatNobodyTrainsIn) {
  InputValue root = presets().load("plans", "llama3-70b-h100");
  apply_override(root, "training.precision=int8");
  EXPECT_THROW((void)read_plan(root, presets()), InputError);
}

TEST(PlanReader, AnswersWhereNoLayoutFits) {
  const PlannedRun run = read_text(R"(
[model]
preset = "gpt3-175b"
[hardware]
gpu = "h100"
count = 8
)");
  const Estimate result = estimate_of(run);
  ASSERT_FALSE(result.feasible());
  EXPECT_EQ(result.reasons.front().code, "does_not_fit");
}

TEST(PlanReader, CountsNodesInTheirGpus) {
  EXPECT_EQ(shipped_plan("gpt3-175b-a100").cluster.gpus, 128 * 8);
}

TEST(PlanReader, MultipliesADatasetByItsEpochs) {
  const Plan plan = read_text(least, {"data.dataset_tokens=100e9 token", "data.epochs=2.5"}).plan;
  EXPECT_EQ(plan.data.tokens.in(token), 250e9);
  const Plan once = read_text(least, {"data.dataset_tokens=100e9 token"}).plan;
  EXPECT_EQ(once.data.tokens.in(token), 100e9);
  EXPECT_NE(noted(once, "data.epochs"), nullptr);
}

TEST(PlanReader, ReadsABatchInTokens) {
  const Plan plan = read_text(least, {"training.global_batch_tokens=524288"}).plan;
  EXPECT_EQ(plan.training.global_batch, 512);
}

TEST(PlanReader, ReadsAModelThatIsWrittenOut) {
  const PlannedRun run = read_text(R"(
[model]
name = "ours"
layers = 2
hidden = 64
heads = 4
ffn_hidden = 256
vocabulary = 1000
context_length = 128
[data]
tokens = 1e6
[hardware]
gpu = "h100"
count = 1
[parallelism]
data_parallel = 1
)");
  const Decoder &decoder = run.plan.model.decoder;
  EXPECT_EQ(run.plan.model.name, "ours");
  EXPECT_EQ(decoder.kv_heads, 4); // as many as heads where nothing is said
  EXPECT_EQ(decoder.head_dim, 16);
  // (1000 + 128)·64 + 2·(12·64² + 13·64) + 2·64.
  EXPECT_EQ(estimate_of(run).parameters.total, 1128 * 64 + 2 * (12 * 4096 + 13 * 64) + 128);
}

TEST(PlanReader, ChangesAPresetWhereThePlanSaysSo) {
  const PlannedRun run = read_text(least, {"model.layers=24", "model.heads=16"});
  EXPECT_EQ(run.plan.model.decoder.layers, 24);
  EXPECT_EQ(run.plan.model.decoder.kv_heads, 16);
  EXPECT_EQ(run.plan.model.decoder.head_dim, 48);
  EXPECT_THAT(run.plan.model.name, HasSubstr("(changed)"));
  // Padding is no other model.
  EXPECT_EQ(read_text(least, {"model.vocabulary_multiple=128"}).plan.model.name,
            read_text(least).plan.model.name);
}

TEST(PlanReader, OverridesTheMachine) {
  const Cluster cluster =
      read_text(least, {"hardware.memory_capacity=40 GB", "hardware.scale_up_bandwidth=1 GB/s",
                        "hardware.scale_out_bandwidth=2 GB/s", "hardware.scale_up_domain=4"})
          .cluster;
  EXPECT_EQ(cluster.device.memory_capacity.in(gigabyte), 40);
  EXPECT_EQ(cluster.node.scale_up_bandwidth.in(gigabyte / second), 1);
  EXPECT_EQ(cluster.node.scale_out_bandwidth->in(gigabyte / second), 2);
  EXPECT_EQ(cluster.node.scale_up_domain, 4);
}

TEST(PlanReader, KeepsTheCaveatsOfTheModel) {
  const Plan plan = shipped_plan("palm-540b-tpu-v4").plan;
  const Assumption *caveat = noted(plan, "model.preset");
  ASSERT_NE(caveat, nullptr);
  EXPECT_THAT(caveat->why, HasSubstr("30.4 %"));
  EXPECT_EQ(caveat->origin, Origin::assumed);
}

TEST(PlanReader, TakesTheUsersPriceOverTheLists) {
  const PriceTerms price = read_text(least, {"price.rate=7.25 USD/(GPU*h)"}).plan.price;
  EXPECT_DOUBLE_EQ(price.rent->in(usd / gpu_hour), 7.25);
  EXPECT_EQ(price.origin, Origin::given);
}

TEST(PlanReader, ReadsLinesOfTheBudgetUnderTheirNames) {
  const Plan plan = read_text(least, {"cost.staff.amount=200000 USD", "cost.research.share=1.5",
                                      "cost.research.name=research and development"})
                        .plan;
  ASSERT_EQ(plan.cost_items.size(), 2U); // in the order of their keys
  EXPECT_EQ(plan.cost_items[0].name, "research and development");
  EXPECT_EQ(plan.cost_items[0].share, 1.5);
  EXPECT_EQ(plan.cost_items[1].name, "staff");
  EXPECT_EQ(plan.cost_items[1].amount->in(usd), 200'000);
}

TEST(PlanReader, LaterOverridesWin) {
  EXPECT_EQ(read_text(least, {"hardware.count=4", "hardware.count=8"}).cluster.gpus, 8);
}

} // namespace
} // namespace flopcast
