// SPDX-License-Identifier: Apache-2.0
// Activations against Korthikanti et al. 2022. Letters: s sequence, b micro-batch, h hidden,
// a heads, t tensor parallel, L layers, V vocabulary. Values are in units of s·b·h bytes.
#include "model/execution/memory.hpp"
#include "tests/model/examples.hpp"

#include <gtest/gtest.h>

namespace flopcast {
namespace {

using namespace tests;
using units::byte;

constexpr std::int64_t s = 2048;
constexpr double sbh = 2048.0 * 12288; // b = 1
// 5·a·s/h of GPT-3: 5·96·2048/12288.
constexpr double scores_of_five = 80;
// Sums of a few hundred terms that are each exact.
constexpr double rounding = 1e-12;

Training paper_training() {
  Training training = plain_training();
  training.precision = NumberFormat::fp16;
  training.dropout = true;
  return training;
}

ModelWork work_of(const Decoder &decoder, const Parallelism &parallelism,
                  const Training &training) {
  const OperatorGraph graph = decoder_graph(decoder, {.sequence_length = s,
                                                      .vocabulary = decoder.vocabulary,
                                                      .flash_attention = training.flash_attention,
                                                      .dropout = training.dropout});
  return model_work(graph, decoder, parallelism, training, unit_machine());
}

/// Saved by a layer, in s·b·h bytes.
double layer_units(const Decoder &decoder, const Parallelism &parallelism,
                   const Training &training) {
  const ModelWork work = work_of(decoder, parallelism, training);
  const Bytes saved =
      redoes_parts(training.recompute) ? work.layers.saved_in_part : work.layers.saved;
  return saved.in(byte) / static_cast<double>(decoder.layers) / sbh;
}

void expect_units(double actual, double expected) {
  EXPECT_NEAR(actual / expected, 1, rounding) << actual << " for " << expected;
}

TEST(SavedActivations, OfALayerAreThirtyFourAndTheScores) {
  // Eq. 1: s·b·h·(34 + 5·a·s/h).
  expect_units(layer_units(gpt3(), {}, paper_training()), 34 + scores_of_five);
}

TEST(SavedActivations, UnderTensorParallelismKeepTenOfEachRank) {
  // Eq. 2: s·b·h·(10 + 24/t + 5·a·s/(h·t)).
  expect_units(layer_units(gpt3(), {.tensor_parallel = 8}, paper_training()),
               10 + 24.0 / 8 + scores_of_five / 8);
}

TEST(SavedActivations, UnderSequenceParallelismAreAllShared) {
  // Eq. 4: s·b·h/t·(34 + 5·a·s/h).
  expect_units(
      layer_units(gpt3(), {.tensor_parallel = 8, .sequence_parallel = true}, paper_training()),
      (34 + scores_of_five) / 8);
}

TEST(SavedActivations, SelectiveRecomputationLeavesThirtyFour) {
  Training training = paper_training();
  training.recompute = Recompute::selective;
  // Table 2: 34·s·b·h/t with sequence parallelism, s·b·h·(10 + 24/t) without.
  expect_units(layer_units(gpt3(), {.tensor_parallel = 8, .sequence_parallel = true}, training),
               34.0 / 8);
  expect_units(layer_units(gpt3(), {.tensor_parallel = 8}, training), 10 + 24.0 / 8);
  expect_units(layer_units(gpt3(), {}, training), 34);
}

TEST(SavedActivations, AlternateRecomputationLeavesEverySecondProduct) {
  Training training = paper_training();
  training.recompute = Recompute::alternate;
  training.flash_attention = true;
  training.dropout = false;
  const double row_sums = 4.0 * 96 / 12288;
  // Queries 2, values 2, attention 2 and its row sums, the MLP's first product 8, the output 2.
  expect_units(layer_units(gpt3(), {}, training), 16 + row_sums);
  // Gated, f = 4h: the first of its two halves 8; the last product is the seventh, of which a
  // compiler knows that no gradient asks for it. Eager training keeps its 2.
  Decoder gated = gpt3();
  gated.activation = Activation::swiglu;
  expect_units(layer_units(gated, {}, training), 16 + row_sums);
  training.operators = OperatorFusion::eager;
  expect_units(layer_units(gated, {}, training), 18 + row_sums);
}

TEST(SavedActivations, WithoutDropoutHaveNoMasks) {
  Training training = paper_training();
  training.dropout = false;
  // Two masks of s·b·h; of the scores only the softmax's output, 2·a·s²·b, stays.
  expect_units(layer_units(gpt3(), {}, training), 32 + 2.0 / 5 * scores_of_five);
}

TEST(SavedActivations, OfFlashAttentionHoldRowSumsInPlaceOfScores) {
  Training training = paper_training();
  training.flash_attention = true;
  // One fp32 number a row and head: 4·a·s·b bytes, 4·a/h of s·b·h.
  expect_units(layer_units(gpt3(), {}, training), 34 + 4.0 * 96 / 12288);
}

TEST(SavedActivations, InSinglePrecisionAreTwiceAsWideButForTheMasks) {
  Training training = paper_training();
  training.precision = NumberFormat::fp32;
  // 32 of the 34 double, two are masks; scores: softmax 4, its dropout 4 and a mask of 1.
  expect_units(layer_units(gpt3(), {}, training), 66 + 9.0 / 5 * scores_of_five);
}

TEST(SavedActivations, OfReluNeedNoInputOfIt) {
  Decoder decoder = gpt3();
  decoder.activation = Activation::relu;
  // The 8·s·b·h before the activation: its sign is in the output.
  expect_units(layer_units(decoder, {}, paper_training()), 26 + scores_of_five);
}

TEST(SavedActivations, OfAGatedMlpHoldBothHalves) {
  Decoder decoder = gpt3();
  decoder.activation = Activation::swiglu;
  // 2·2f before and 2f after: 24 for the 16 of f = 4h.
  expect_units(layer_units(decoder, {}, paper_training()), 34 + 8 + scores_of_five);
}

TEST(SavedActivations, OfSharedHeadsHoldFewerKeysAndValues) {
  Decoder decoder = gpt3();
  decoder.kv_heads = 12; // an eighth: keys and values 0.5 in place of 4
  expect_units(layer_units(decoder, {}, paper_training()), 34 - 3.5 + scores_of_five);
}

TEST(SavedActivations, OfSandwichNormsHoldTheInputsOfTheOuterOnes) {
  Decoder decoder = gpt3();
  decoder.norm_placement = NormPlacement::sandwich;
  expect_units(layer_units(decoder, {}, paper_training()), 34 + 4 + scores_of_five);
}

TEST(SavedActivations, OfAParallelLayerWithOneNormHoldOneStream) {
  Decoder decoder = gpt3();
  decoder.parallel_attention = true;
  decoder.norms_per_layer = 1;
  // No sum after the attention (2 and its mask of 1) and one norm's output (2) less.
  expect_units(layer_units(decoder, {}, paper_training()), 34 - 5 + scores_of_five);
}

TEST(SavedActivations, OfALocalLayerGrowWithTheWindow) {
  Decoder decoder = gpt3();
  decoder.sliding_window = 512; // a quarter of the sequence
  expect_units(layer_units(decoder, {}, paper_training()), 34 + scores_of_five / 4);
}

TEST(SavedActivations, GrowWithTheMicroBatchAndShrinkWithContextParallelism) {
  Training training = paper_training();
  const double base = layer_units(gpt3(), {}, training);
  expect_units(layer_units(gpt3(), {.context_parallel = 4}, training), base / 4);
  training.micro_batch = 3;
  expect_units(layer_units(gpt3(), {}, training), 3 * base);
}

// Whole stages: section 4.3 and the appendices' terms of the ends.

Bytes stage_activations(const Parallelism &parallelism, const Training &training,
                        double micro_batches, bool last = false) {
  const Decoder decoder = gpt3();
  const ModelWork work = work_of(decoder, parallelism, training);
  const double t =
      parallelism.sequence_parallel ? static_cast<double>(parallelism.tensor_parallel) : 1.0;
  const MemoryInputs inputs{.boundary = 2 * sbh / t * byte,
                            .layers_per_stage = static_cast<double>(decoder.layers) /
                                                static_cast<double>(parallelism.pipeline_parallel),
                            .micro_batches = micro_batches};
  return (last ? last_stage_memory : first_stage_memory)(work, parallelism, training, inputs)
      .activations;
}

double stage_units(const Parallelism &parallelism, const Training &training, double micro_batches,
                   bool last = false) {
  return stage_activations(parallelism, training, micro_batches, last).in(byte) / sbh;
}

// Logits in fp32, 4·s·b·V: Korthikanti's 4·s·b·h·(V/h).
constexpr double logits = 4 * 51200.0 / 12288;

TEST(StageActivations, OfAWholeModelAddTheEnds) {
  // Section 4.3: s·b·h·(L·(34 + 5as/h) + 1 mask of the embedding + 4·(1 + V/h)): the inputs of the
  // final norm and of the logits, 2 each, and the logits.
  expect_units(stage_units({}, paper_training(), 1), 96 * (34 + scores_of_five) + 1 + 4 + logits);
}

TEST(StageActivations, OfAWholeModelShareTheEndsOverTheTensorRanks) {
  const Parallelism sharded{.tensor_parallel = 8, .sequence_parallel = true};
  expect_units(stage_units(sharded, paper_training(), 1),
               (96 * (34 + scores_of_five) + 1 + 4 + logits) / 8);
}

TEST(StageActivations, OfTheFirstStageAreThoseOfAllLayersWhateverThePipeline) {
  // p micro-batches of L/p layers, each with the embedding's mask: s·b·h·(34·L + p) and scores.
  for (const std::int64_t p : {2, 4, 8, 96}) {
    const Parallelism staged{.pipeline_parallel = p};
    expect_units(stage_units(staged, paper_training(), 1000),
                 96 * (34 + scores_of_five) + static_cast<double>(p));
  }
}

TEST(StageActivations, OfAnInterleavedFirstStageAreMore) {
  // 1 + (p − 1)/(p·v) times as many, section 4.2.3: here 1 + 7/24.
  const Parallelism interleaved{.pipeline_parallel = 8, .virtual_pipeline = 3};
  expect_units(stage_units(interleaved, paper_training(), 1000),
               (96 * (34 + scores_of_five) + 8) * (1 + 7.0 / 24));
}

TEST(StageActivations, OfTheLastStageAreOneMicroBatchAndTheHead) {
  const Parallelism staged{.pipeline_parallel = 8};
  // 12 layers, the message that came in (2), the input of the logits (2) and the logits.
  expect_units(stage_units(staged, paper_training(), 1000, true),
               12 * (34 + scores_of_five) + 2 + 2 + logits);
}

TEST(StageActivations, OfFullRecomputationAreTheInputsOfLayersAndOneLayer) {
  Training training = paper_training();
  training.recompute = Recompute::full;
  // Table 2: 2·s·b·h a layer; the embedding's mask, the final norm's input and the layer that is
  // being rebuilt, which is more than the logits' input and the logits, gone by then: 2 + 16.7.
  expect_units(stage_units({}, training, 1), 2 * 96 + 1 + 2 + (34 + scores_of_five));
}

TEST(StageActivations, OfSelectiveRecomputationRebuildOneLayersScores) {
  Training training = paper_training();
  training.recompute = Recompute::selective;
  expect_units(stage_units({}, training, 1), 34 * 96 + 1 + 2 + scores_of_five);
}

TEST(StageActivations, FallWithEveryLevelOfRecomputation) {
  for (const std::int64_t p : {1, 8}) {
    Training training = paper_training();
    const Parallelism staged{.pipeline_parallel = p};
    const double none = stage_units(staged, training, 64);
    training.recompute = Recompute::selective;
    const double selective = stage_units(staged, training, 64);
    training.recompute = Recompute::full;
    const double full = stage_units(staged, training, 64);
    EXPECT_GT(none, selective);
    EXPECT_GT(selective, full);
  }
}

} // namespace
} // namespace flopcast
