// SPDX-License-Identifier: Apache-2.0
#include "model/execution/stage_parameters.hpp"

#include "tests/model/examples.hpp"

#include <gtest/gtest.h>

namespace flopcast {
namespace {

ModelWork small_work() {
  ModelWork work;
  work.layer_count = 4;
  work.layers.parameters = 400;
  work.layers.matrix_parameters = 360;
  work.embedding.parameters = 50;
  work.head.parameters = 70;
  work.head.matrix_parameters = 60;
  work.prediction.parameters = 100;
  work.prediction.matrix_parameters = 90;
  return work;
}

TEST(StageParameters, OfEndsAreNoMatricesButThoseOfFurtherLayers) {
  const ModelWork work = small_work();
  EXPECT_EQ(embedding_parameters(work).matrix, 0);
  EXPECT_EQ(head_parameters(work).all, 170);
  EXPECT_EQ(head_parameters(work).matrix, 90) << "the logits' table goes to AdamW under Muon";
  EXPECT_EQ(layer_parameters(work, 0.25).matrix, 90);
}

TEST(StageParameters, OfTheLastEndHoldOneCopyOfATable) {
  ModelWork work = small_work();
  EXPECT_EQ(last_end_parameters(work).all, 170);
  work.prediction_table_parameters = 50;
  EXPECT_EQ(last_end_parameters(work).all, 220);
  work.tied_output_parameters = 50; // the same table
  EXPECT_EQ(last_end_parameters(work).all, 220);
}

TEST(ParameterSharing, BeginsAtItsZeroStage) {
  Parallelism parallelism;
  parallelism.data_parallel = 8;
  parallelism.zero_stage = 1;
  EXPECT_EQ(sharing_from(1, parallelism).of(800, 0), 100);
  EXPECT_EQ(sharing_from(2, parallelism).of(800, 0), 800);
  parallelism.shard_group = 2;
  EXPECT_EQ(sharing_from(1, parallelism).of(800, 0), 400);
}

/// Bytes that the update of a parameter moves.
double update_bytes(const Training &training, int zero_stage) {
  Parallelism parallelism;
  parallelism.zero_stage = zero_stage;
  return optimizer_traffic({.all = 1}, parallelism, training).of_update().in(units::byte);
}

TEST(OptimizerTraffic, ReadsTheWeightItselfWhereNoMasterIsApart) {
  Training training = tests::plain_training();
  training.optimizer = OptimizerKind::adamw;
  training.precision = NumberFormat::bf16;
  training.gradient_format = NumberFormat::fp32;
  EXPECT_EQ(update_bytes(training, 3), 2 * (4 + 8) + 4 + 2);
  training.software.cast_weights = 1;
  EXPECT_EQ(update_bytes(training, 1), 2 * (4 + 8) + 4 + 2);
  EXPECT_EQ(update_bytes(training, 3), 2 * 8 + 4 + 2 * 4);
  training.precision = NumberFormat::fp32;
  EXPECT_EQ(update_bytes(training, 1), 2 * 8 + 4 + 2 * 4);
}

} // namespace
} // namespace flopcast
