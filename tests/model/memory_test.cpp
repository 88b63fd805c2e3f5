// SPDX-License-Identifier: Apache-2.0
#include "model/execution/memory.hpp"
#include "tests/model/examples.hpp"

#include <gtest/gtest.h>

namespace flopcast {
namespace {

using namespace tests;
using units::byte;
using units::gigabyte;

double bytes_a_parameter(const Training &training) {
  const ParameterBytes bytes = parameter_bytes(training);
  return bytes.weight + bytes.gradient + bytes.matrix_state;
}

Training with(OptimizerKind optimizer, NumberFormat precision, NumberFormat gradients) {
  Training training = plain_training();
  training.optimizer = optimizer;
  training.precision = precision;
  training.gradient_format = gradients;
  return training;
}

TEST(ParameterBytes, OfMixedPrecisionAdamAreSixteen) {
  // ZeRO (Rajbhandari 2020), section 3.1: 2 + 2 + K with K = 12.
  for (const NumberFormat half : {NumberFormat::fp16, NumberFormat::bf16}) {
    EXPECT_EQ(bytes_a_parameter(with(OptimizerKind::adam, half, half)), 16);
    EXPECT_EQ(bytes_a_parameter(with(OptimizerKind::adamw, half, half)), 16);
  }
}

TEST(ParameterBytes, WithGradientsSummedInFp32AreEighteen) {
  EXPECT_EQ(bytes_a_parameter(with(OptimizerKind::adam, NumberFormat::bf16, NumberFormat::fp32)),
            18); // Megatron-LM without its distributed optimizer
}

TEST(ParameterBytes, InSinglePrecisionNeedNoMasterCopy) {
  // Weight 4, gradient 4, two moments of 4: 16 as well.
  for (const NumberFormat single : {NumberFormat::fp32, NumberFormat::tf32}) {
    const ParameterBytes bytes =
        parameter_bytes(with(OptimizerKind::adam, single, NumberFormat::fp32));
    EXPECT_EQ(bytes.weight, 4);
    EXPECT_EQ(bytes.gradient, 4);
    EXPECT_EQ(bytes.matrix_state, 8);
  }
}

TEST(ParameterBytes, OfEachOptimizerAreItsStatesAndAMasterWeight) {
  struct Row {
    OptimizerKind optimizer;
    double state; ///< of a matrix, beside the master weight
    double other_state;
  };
  // Shazeer 2018: row and column sums, neglected; Dettmers 2022: two states of a byte; Muon leaves
  // what is no matrix to AdamW.
  for (const Row &row : {Row{OptimizerKind::adam, 8, 8}, Row{OptimizerKind::adamw, 8, 8},
                         Row{OptimizerKind::sgd_momentum, 4, 4}, Row{OptimizerKind::lion, 4, 4},
                         Row{OptimizerKind::adafactor, 0, 0}, Row{OptimizerKind::adam_8bit, 2, 2},
                         Row{OptimizerKind::muon, 4, 8}}) {
    const ParameterBytes mixed =
        parameter_bytes(with(row.optimizer, NumberFormat::bf16, NumberFormat::fp32));
    EXPECT_EQ(mixed.matrix_state, 4 + row.state) << to_text(row.optimizer);
    EXPECT_EQ(mixed.other_state, 4 + row.other_state) << to_text(row.optimizer);
    const ParameterBytes single =
        parameter_bytes(with(row.optimizer, NumberFormat::fp32, NumberFormat::fp32));
    EXPECT_EQ(single.matrix_state, row.state) << to_text(row.optimizer);
    EXPECT_EQ(single.other_state, row.other_state) << to_text(row.optimizer);
  }
}

TEST(ParameterBytes, OfNarrowProductsKeepSixteenBitWeightsAndActivations) {
  for (const NumberFormat narrow : {NumberFormat::fp8, NumberFormat::fp4}) {
    EXPECT_EQ(parameter_bytes(with(OptimizerKind::adam, narrow, NumberFormat::bf16)).weight, 2);
    EXPECT_EQ(activation_bytes(narrow), 2);
  }
  EXPECT_EQ(activation_bytes(NumberFormat::fp32), 4);
  EXPECT_EQ(activation_bytes(NumberFormat::tf32), 4);
}

TEST(Spellings, OfOptimizersAndRecomputationReadBack) {
  for (const auto &[name, kind] : optimizer_names())
    EXPECT_EQ(to_text(kind), name);
  for (const auto &[name, recompute] : recompute_names())
    EXPECT_EQ(to_text(recompute), name);
}

/// A model of `parameters` matrix weights in ten layers and no ends.
ModelWork plain_work(double parameters) {
  ModelWork work;
  work.layer_count = 10;
  work.layers.parameters = parameters;
  work.layers.matrix_parameters = parameters;
  return work;
}

constexpr MemoryInputs ten_layers{.boundary = {}, .layers_per_stage = 10, .micro_batches = 1};

MemoryParts states_of(const Parallelism &parallelism) {
  const Training training = with(OptimizerKind::adam, NumberFormat::fp16, NumberFormat::fp16);
  return first_stage_memory(plain_work(7.5e9), parallelism, training, ten_layers);
}

double states_in_gb(int zero_stage) {
  const MemoryParts parts = states_of({.data_parallel = 64, .zero_stage = zero_stage});
  return (parts.weights + parts.gradients + parts.optimizer).in(gigabyte);
}

TEST(Zero, StagesReproduceTheFigureOfItsPaper) {
  // Rajbhandari 2020, figure 1: 7.5 B parameters on 64 ranks: 120, 31.4, 16.6 and 1.9 GB.
  constexpr double printed = 0.05; // half of the last digit
  EXPECT_NEAR(states_in_gb(0), 120, printed);
  EXPECT_NEAR(states_in_gb(1), 31.4, printed);
  EXPECT_NEAR(states_in_gb(2), 16.6, printed);
  EXPECT_NEAR(states_in_gb(3), 1.9, printed);
}

TEST(Zero, EachStageSharesOnePartMore) {
  const auto part = [](int zero_stage) {
    return states_of({.data_parallel = 4, .zero_stage = zero_stage});
  };
  const MemoryParts none = part(0);
  EXPECT_EQ(none.weights.in(gigabyte), 15);
  EXPECT_EQ(none.gradients.in(gigabyte), 15);
  EXPECT_EQ(none.optimizer.in(gigabyte), 90);
  EXPECT_EQ(part(1).weights, none.weights);
  EXPECT_EQ(part(1).gradients, none.gradients);
  EXPECT_EQ(part(1).optimizer, none.optimizer / 4);
  EXPECT_EQ(part(2).weights, none.weights);
  EXPECT_EQ(part(2).gradients, none.gradients / 4);
  EXPECT_EQ(part(3).weights, none.weights / 4);
  EXPECT_EQ(part(3).optimizer, none.optimizer / 4);
}

TEST(Zero, SharesOverContextParallelRanksToo) {
  const MemoryParts by_data = states_of({.data_parallel = 8, .zero_stage = 3});
  const MemoryParts by_both =
      states_of({.context_parallel = 4, .data_parallel = 2, .zero_stage = 3});
  EXPECT_EQ(by_both.weights, by_data.weights);
  EXPECT_EQ(by_both.gradients, by_data.gradients);
  EXPECT_EQ(by_both.optimizer, by_data.optimizer);
}

TEST(Zero, StageThreeOfFsdpHoldsWeightsInFp32Alone) {
  Training training = with(OptimizerKind::adam, NumberFormat::bf16, NumberFormat::fp32);
  training.software.cast_weights = 1;
  const auto parts = [&](int zero_stage) {
    return first_stage_memory(plain_work(8e9), {.data_parallel = 4, .zero_stage = zero_stage},
                              training, ten_layers);
  };
  // 2 billion parameters a rank: weights 4 bytes, gradients 4, two moments of 4; no master.
  EXPECT_EQ(parts(3).weights.in(gigabyte), 8);
  EXPECT_EQ(parts(3).gradients.in(gigabyte), 8);
  EXPECT_EQ(parts(3).optimizer.in(gigabyte), 16);
  // What is gathered is cast: 0.8 billion of a layer, 2 x 2 bytes and gradients of 4.
  EXPECT_EQ(parts(3).buffers.in(gigabyte), 0.8 * 8);
  EXPECT_EQ(parts(2).weights.in(gigabyte), 16);
  EXPECT_EQ(parts(2).optimizer.in(gigabyte), 24);
}

TEST(Zero, StageThreeHoldsTwoGatheredLayersAndTheGradientsOfOne) {
  // A layer of 0.75 B: 2·(2 bytes) + 2 bytes of gradient in fp16.
  EXPECT_EQ(states_of({.data_parallel = 4, .zero_stage = 3}).buffers.in(gigabyte), 0.75 * 6);
  EXPECT_EQ(states_of({.data_parallel = 4, .zero_stage = 2}).buffers.in(gigabyte), 0);
}

TEST(StageMemory, MuonKeepsOneMomentOfMatricesAndTwoOfTheRest) {
  ModelWork work = plain_work(1000);
  work.embedding.parameters = 100;
  const MemoryParts parts = first_stage_memory(
      work, {}, with(OptimizerKind::muon, NumberFormat::bf16, NumberFormat::fp32), ten_layers);
  EXPECT_EQ(parts.optimizer.in(byte), 1000 * 8 + 100 * 12);
}

TEST(StageMemory, EndsOfThePipelineHoldTheirTables) {
  ModelWork work = plain_work(1000);
  work.embedding.parameters = 300;
  work.head.parameters = 7;                   // the final norm
  work.tied_output_parameters = 250;          // without the positions
  const Training training = plain_training(); // weights of two bytes
  const Parallelism staged{.pipeline_parallel = 2};
  const MemoryInputs inputs{.boundary = 16.0 * byte, .layers_per_stage = 5, .micro_batches = 4};
  EXPECT_EQ(first_stage_memory(work, staged, training, inputs).weights.in(byte), 2 * (500 + 300));
  // A tied matrix has a copy where the logits are.
  EXPECT_EQ(last_stage_memory(work, staged, training, inputs).weights.in(byte),
            2 * (500 + 7 + 250));
  // One device holds the matrix once.
  EXPECT_EQ(first_stage_memory(work, {}, training, ten_layers).weights.in(byte),
            2 * (1000 + 300 + 7));
}

TEST(StageMemory, DenseLayersBeforeTheExpertsStandOnTheFirstStage) {
  // Four layers: one dense of 100 parameters, three of 1,000 with experts, of which 900 theirs.
  ModelWork work;
  work.layer_count = 4;
  work.expert_layer_count = 3;
  work.dense_first_count = 1;
  work.expert_layers.parameters = 3000;
  work.expert_layers.expert_parameters = 2700;
  work.layers.parameters = 3100;
  work.layers.expert_parameters = 2700;
  const Training training = plain_training(); // weights of two bytes
  const Parallelism staged{.pipeline_parallel = 2};
  const MemoryInputs inputs{.boundary = {}, .layers_per_stage = 2, .micro_batches = 4};
  EXPECT_EQ(first_stage_memory(work, staged, training, inputs).weights.in(byte), 2 * (100 + 1000));
  EXPECT_EQ(last_stage_memory(work, staged, training, inputs).weights.in(byte), 2 * 2000);
  // One stage has all of them.
  EXPECT_EQ(first_stage_memory(work, {}, training, inputs).weights.in(byte), 2 * 3100);
}

TEST(StageMemory, TheLossIsGoneWhenALayerMakesItsGradients) {
  ModelWork work = plain_work(10);
  work.head.saved = 100.0 * byte;
  work.gradients_in_flight = 60.0 * byte;
  const MemoryParts with_loss = first_stage_memory(work, {}, plain_training(), ten_layers);
  EXPECT_EQ(with_loss.activations.in(byte), 100);
  EXPECT_EQ(with_loss.buffers.in(byte), 0);
  work.gradients_in_flight = 160.0 * byte;
  const MemoryParts with_gradients = first_stage_memory(work, {}, plain_training(), ten_layers);
  EXPECT_EQ(with_gradients.activations.in(byte), 0);
  EXPECT_EQ(with_gradients.buffers.in(byte), 160);
}

TEST(StageMemory, NarrowGradientsStayBesideWiderSumsWhereTheStackKeepsThem) {
  const auto gradients = [](NumberFormat format) {
    Training training = with(OptimizerKind::adam, NumberFormat::bf16, format);
    training.software.kept_gradient_bytes = 2;
    return first_stage_memory(plain_work(1000), {}, training, ten_layers).gradients.in(byte);
  };
  EXPECT_EQ(gradients(NumberFormat::fp32), 1000 * (4 + 2));
  EXPECT_EQ(gradients(NumberFormat::bf16), 1000 * 2);
}

TEST(StageMemory, AMessageEachWayWaitsBetweenStages) {
  const MemoryInputs inputs{.boundary = 16.0 * byte, .layers_per_stage = 5, .micro_batches = 4};
  const Parallelism staged{.pipeline_parallel = 2};
  EXPECT_EQ(first_stage_memory(plain_work(10), staged, plain_training(), inputs).buffers.in(byte),
            32);
  EXPECT_EQ(last_stage_memory(plain_work(10), staged, plain_training(), inputs).buffers.in(byte),
            32);
}

TEST(StageMemory, PartsAddUp) {
  Training training = plain_training();
  training.memory_reserve = 3.0 * byte;
  const MemoryInputs inputs{.boundary = 16.0 * byte, .layers_per_stage = 5, .micro_batches = 4};
  const MemoryParts parts =
      first_stage_memory(plain_work(10), {.pipeline_parallel = 2}, training, inputs);
  EXPECT_EQ(parts.reserve.in(byte), 3);
  EXPECT_EQ(parts.total(), parts.weights + parts.gradients + parts.optimizer + parts.activations +
                               parts.buffers + parts.reserve);
}

TEST(StageMemory, AChunkBesideAnothersBackwardPassIsOneMore) {
  ModelWork work = plain_work(0);
  work.layers.saved = 80.0 * byte;
  const auto kept = [&](Parallelism parallelism, double micro_batches) {
    const MemoryInputs inputs{
        .boundary = {}, .layers_per_stage = 5, .micro_batches = micro_batches};
    const auto bytes = [&] {
      return first_stage_memory(work, parallelism, plain_training(), inputs).activations.in(byte);
    };
    const double alone = bytes();
    parallelism.expert_overlap = ExpertOverlap::micro_batches;
    return bytes() - alone;
  };
  EXPECT_NEAR(kept({}, 8), 80, 1e-9);
  EXPECT_NEAR(kept({}, 1), 0, 1e-9);
  // A half of the layers, in two chunks.
  EXPECT_NEAR(kept({.pipeline_parallel = 2, .virtual_pipeline = 2}, 8), 80.0 / 2 / 2, 1e-9);
}

TEST(InFlight, MicroBatchesAreAsManyAsStagesOnTheFirst) {
  EXPECT_EQ(micro_batches_in_flight({.pipeline_parallel = 4}, 100, false), 4);
  EXPECT_EQ(micro_batches_in_flight({.pipeline_parallel = 4}, 100, true), 1);
  EXPECT_EQ(micro_batches_in_flight({}, 100, false), 1);
}

TEST(InFlight, MicroBatchesAreNeverMoreThanThereAre) {
  EXPECT_EQ(micro_batches_in_flight({.pipeline_parallel = 4}, 2, false), 2);
  EXPECT_EQ(micro_batches_in_flight({.pipeline_parallel = 4, .virtual_pipeline = 2}, 2, false), 2);
}

TEST(InFlight, InterleavedChunksAreMoreByThePapersFactor) {
  // Korthikanti 2022, section 4.2.3: p·(1 + (p − 1)/(p·v)) on the first stage.
  EXPECT_DOUBLE_EQ(
      micro_batches_in_flight({.pipeline_parallel = 4, .virtual_pipeline = 2}, 100, false),
      4 * (1 + 3.0 / 8));
  EXPECT_DOUBLE_EQ(
      micro_batches_in_flight({.pipeline_parallel = 8, .virtual_pipeline = 3}, 100, false),
      8 * (1 + 7.0 / 24));
  // The last stage starts its backward after (v − 1)·p chunks and one more, each 1/v of it.
  EXPECT_DOUBLE_EQ(
      micro_batches_in_flight({.pipeline_parallel = 4, .virtual_pipeline = 2}, 100, true),
      (4 + 1) / 2.0);
}

} // namespace
} // namespace flopcast
