// SPDX-License-Identifier: Apache-2.0
#include "model/execution/exchanges.hpp"
#include "model/execution/tensor_tiles.hpp"
#include "model/planning/legality.hpp"
#include "tests/model/examples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flopcast {
namespace {

using namespace tests;
using units::byte;
using units::second;

constexpr double rounding = 1e-9;

double exposed(std::int64_t ranks, double tile, double cut, double slowdown) {
  return tiled_exposure(ranks, 1.0 * second, {.tile = tile * second, .cut = cut * second}, slowdown)
      .in(second);
}

TEST(TiledExposure, IsOneTileAndWhatTheOthersTakeLongerThanTheProducts) {
  // Four ranks pass three tiles on: one alone, two beside 0.6 s of product each.
  EXPECT_NEAR(exposed(4, 0.6, 0, 1), 1 + 2 * 0.4, rounding);
  EXPECT_NEAR(exposed(4, 5, 0, 1), 1, rounding);
  EXPECT_NEAR(exposed(2, 0, 0, 1), 1, rounding);
}

TEST(TiledExposure, CountsTheProductsThatItSlows) {
  // Taking a fifth of the multiprocessors for two tiles of 1 s.
  EXPECT_NEAR(exposed(4, 5, 0, 1.25), 1 + 2 * 0.2, rounding);
}

TEST(TiledExposure, CountsWhatCuttingTheProductCosts) {
  EXPECT_NEAR(exposed(4, 5, 0.25, 1), 1.25, rounding);
  EXPECT_EQ(exposed(1, 5, 0.25, 1), 0);
}

TEST(TiledExchange, AddsUpTheLayersProducts) {
  ModelWork work;
  const TiledProduct short_one{.tile = 0.6 * second, .cut = {}};
  const TiledProduct long_one{.tile = 2.0 * second, .cut = {}};
  work.tiled = {{.count = 3,
                 .gathered = short_one,
                 .scattered = long_one,
                 .gathered_backward = long_one,
                 .scattered_backward = long_one}};
  // A quarter of 4 bytes at 1 byte a second is 1 s; 0.15 of the multiprocessors where no
  // calibration says otherwise.
  const TensorExchangeTime time =
      tiled_exchange(work, {.tensor_parallel = 4, .sequence_parallel = true}, plain_training(),
                     4.0 * byte, unit_machine());
  EXPECT_NEAR(time.forward.in(second), 3 * ((1 + 2 * 0.4) + (1 + 2 * 0.15)), rounding);
  EXPECT_NEAR(time.backward.in(second), 3 * 2 * (1 + 2 * 0.15), rounding);
}

TEST(TiledProducts, AreThoseBeforeEachReduction) {
  const Parallelism parallelism{
      .tensor_parallel = 2, .sequence_parallel = true, .tensor_overlap = TensorOverlap::tiles};
  const ModelWork work =
      model_work(graph_of(tiny(), 4), tiny(), parallelism, plain_training(), compute_machine());
  ASSERT_EQ(work.tiled.size(), 2U); // attention and MLP
  // 4 tokens: 2·4·4·12 FLOP for queries, keys and values, 2·4·4·4 for the output, 2·4·4·16 each way
  // for the MLP; a half for each rank, and a half of that a tile.
  EXPECT_EQ(work.tiled[0].count, 1);
  EXPECT_NEAR(work.tiled[0].gathered.tile.in(second), 384.0 / 4, rounding);
  EXPECT_NEAR(work.tiled[0].scattered.tile.in(second), 128.0 / 4, rounding);
  EXPECT_NEAR(work.tiled[1].gathered.tile.in(second), 512.0 / 4, rounding);
  EXPECT_NEAR(work.tiled[1].scattered.tile.in(second), 512.0 / 4, rounding);
  EXPECT_NEAR(work.tiled[1].gathered_backward.tile.in(second), 512.0 / 4, rounding);
  EXPECT_NEAR(work.tiled[0].gathered.cut.in(second), 0, rounding);
}

TEST(TiledProducts, AreNotLookedAtUnlessAsked) {
  const Parallelism parallelism{.tensor_parallel = 2, .sequence_parallel = true};
  EXPECT_TRUE(
      model_work(graph_of(tiny(), 4), tiny(), parallelism, plain_training(), compute_machine())
          .tiled.empty());
}

TEST(TensorOverlap, OfTilesLeavesTheFrameworksShareOut) {
  Training training = plain_training();
  training.software.hidden_tensor_exchange = 0.75;
  const Parallelism parallelism{
      .tensor_parallel = 2, .sequence_parallel = true, .tensor_overlap = TensorOverlap::tiles};
  EXPECT_EQ(tensor_exchange(parallelism, training, 8.0 * byte, unit_machine()),
            tensor_exchange(parallelism, plain_training(), 8.0 * byte, unit_machine()));
}

constexpr std::string_view plan = R"(
[model]
preset = "gpt3-175b"
[hardware]
node = "dgx-a100-80"
nodes = 8
[parallelism]
tensor_parallel = 8
pipeline_parallel = 8
[training]
framework = "none"
micro_batch = 4
global_batch = 256
)";

TEST(TensorOverlap, OfTilesHidesMuchOfTheExchangesOfLargeLayers) {
  const Estimate whole = estimate_of(read_text(plan));
  const Estimate tiled = estimate_of(read_text(plan, {"parallelism.tensor_overlap=tiles"}));
  ASSERT_TRUE(tiled.step);
  EXPECT_LT(tiled.step->time.tensor_parallel, 0.7 * whole.step->time.tensor_parallel);
  // At least one of seven tiles has nothing beside it.
  EXPECT_GT(tiled.step->time.tensor_parallel, 1.0 / 7 * whole.step->time.tensor_parallel);
  EXPECT_EQ(tiled.step->time.compute, whole.step->time.compute);
}

TEST(TensorOverlap, OfTilesHidesLessTheFewerRowsATileHas) {
  // Of one sequence a tile has 256 rows: too few for all multiprocessors at once.
  const auto share = [](const std::string &micro_batch) {
    const std::string batch = "training.micro_batch=" + micro_batch;
    return estimate_of(read_text(plan, {batch, "parallelism.tensor_overlap=tiles"}))
               .step->time.tensor_parallel /
           estimate_of(read_text(plan, {batch})).step->time.tensor_parallel;
  };
  EXPECT_GT(share("1"), share("4"));
  EXPECT_GT(share("4"), share("8"));
}

TEST(TensorOverlap, OfTilesNeedsSplitSequences) {
  const Estimate result = estimate_of(
      read_text(plan, {"parallelism.tensor_overlap=tiles", "parallelism.sequence_parallel=false"}));
  ASSERT_FALSE(result.reasons.empty());
  EXPECT_EQ(result.reasons.front().code, "tensor_overlap");
  EXPECT_THAT(result.reasons.front().remedy, testing::HasSubstr("sequence_parallel = true"));
}

} // namespace
} // namespace flopcast
