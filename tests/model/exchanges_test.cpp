// SPDX-License-Identifier: Apache-2.0
#include "model/execution/exchanges.hpp"
#include "tests/model/examples.hpp"

#include <gtest/gtest.h>

#include <array>

namespace flopcast {
namespace {

using namespace tests;
using units::byte;
using units::second;

/// Links of 1 byte a second each way; nothing overlaps.
Training nothing_hidden() {
  Training training = plain_training();
  training.overlap_gradient_exchange = false;
  return training;
}

Seconds gradients(const Parallelism &parallelism, const Training &training, double parameters,
                  double micro_batches, const HidingWork &hiding = {},
                  const Cluster &cluster = unit_machine()) {
  const std::array all{SummedParameters{parameters, parallelism.gradient_group()}};
  return gradient_exchange(all, parallelism, training, hiding, micro_batches, cluster);
}

TEST(GradientExchange, OfZero2ScattersEveryMicroBatch) {
  Parallelism one{.data_parallel = 4, .zero_stage = 1};
  Parallelism two{.data_parallel = 4, .zero_stage = 2};
  const Training training = nothing_hidden();
  const ParameterBytes bytes = parameter_bytes(training);
  // A scatter moves 3/4 of the gradients over each link. Four micro-batches scatter three times
  // more often than one.
  const double scatter = 0.75 * 100 * bytes.gradient;
  EXPECT_NEAR((gradients(two, training, 100, 4) - gradients(one, training, 100, 4)).in(second),
              3 * scatter, 1e-9 * scatter);
}

TEST(GradientExchange, OfHybridShardingGathersAmongNeighboursAlone) {
  Parallelism whole{.data_parallel = 8, .zero_stage = 3};
  Parallelism hybrid = whole;
  hybrid.shard_group = 2;
  const Training training = nothing_hidden();
  const ParameterBytes bytes = parameter_bytes(training);
  // Two gathers of the weights and a scatter of the gradients over two ranks, each 1/2 of the data;
  // then an all-reduce of half of the gradients over four, 2 x 3/4 of it.
  const double inside = 0.5 * 100 * (2 * bytes.weight + bytes.gradient);
  const double between = 1.5 * 50 * bytes.gradient;
  EXPECT_NEAR(gradients(hybrid, training, 100, 1).in(second), inside + between,
              1e-9 * (inside + between));
  EXPECT_LT(inside, gradients(whole, training, 100, 1).in(second));
}

TEST(GradientExchange, OfTwoPartsHidesBehindTheSameWorkOnce) {
  const Training training = plain_training();
  const double bytes = parameter_bytes(training).gradient;
  const HidingWork backward{.work = 100.0 * second};
  for (const int zero_stage : {0, 3}) {
    const Parallelism parallelism{
        .expert_parallel = 2, .data_parallel = 4, .zero_stage = zero_stage};
    const std::array parts{SummedParameters{100, parallelism.gradient_group()},
                           SummedParameters{100, parallelism.expert_gradient_group()}};
    // A ring of four moves 3/4 of the data, one of two 1/2, each as often as one micro-batch does.
    const double volume =
        zero_stage == 0 ? 2 * bytes : 2 * parameter_bytes(training).weight + bytes;
    EXPECT_NEAR(
        gradient_exchange(parts, parallelism, training, backward, 1, unit_machine()).in(second),
        (0.75 + 0.5) * 100 * volume - 100, 1e-9);
  }
}

/// Ways to experts of 8 s and work of 20 s, in a step of so many micro-batches.
double ways_left(Parallelism parallelism, double micro_batches, Seconds all = 8.0 * second) {
  parallelism.expert_overlap = ExpertOverlap::micro_batches;
  return exposed_expert_exchange(all, 20.0 * second, parallelism, micro_batches, unit_machine())
      .in(second);
}

TEST(ExpertExchange, IsHiddenByOtherMicroBatchesLayers) {
  const Parallelism parallelism{.expert_parallel = 2, .data_parallel = 2};
  EXPECT_EQ(exposed_expert_exchange(8.0 * second, 20.0 * second, parallelism, 4, unit_machine()),
            8.0 * second);
  // Three of four micro-batches have another's layers beside them, which they slow by 0.15.
  EXPECT_NEAR(ways_left(parallelism, 4), 8.0 / 4 + 0.75 * 0.15 * 8, 1e-9);
  EXPECT_NEAR(ways_left(parallelism, 4, 50.0 * second), 50.0 / 4 + 0.75 * (50 - 20), 1e-9);
  EXPECT_EQ(ways_left(parallelism, 1), 8);
  // An inner stage of four with two chunks does 3 + 4 + 1 of its 16 chunks first.
  const Parallelism staged{
      .pipeline_parallel = 4, .virtual_pipeline = 2, .expert_parallel = 2, .data_parallel = 2};
  EXPECT_NEAR(ways_left(staged, 8), 8.0 / 2 + 0.5 * 0.15 * 8, 1e-9);
}

TEST(StageMessage, OfTensorRanksIsAPartOfEachWhereTheStackScattersIt) {
  const Parallelism parallelism{.tensor_parallel = 4, .pipeline_parallel = 2};
  Training training = plain_training();
  const auto seconds = [&](const Parallelism &layout) {
    return stage_message(layout, training, 100.0 * byte, unit_machine()).in(second);
  };
  EXPECT_EQ(seconds(parallelism), 100);
  training.software.scattered_messages = 1;
  // A quarter to the next stage, three quarters from the ranks there.
  EXPECT_EQ(seconds(parallelism), 25 + 75);
  training.software.message_overhead = 7.0 * second; // the hand-shake of both sides
  EXPECT_EQ(seconds(parallelism), 7 + 25 + 75);
  training.software.message_overhead = {};
  // With sequence parallelism the boundary is a rank's own part already.
  Parallelism sequence = parallelism;
  sequence.sequence_parallel = true;
  EXPECT_EQ(seconds(sequence), 100);
}

TEST(TensorExchange, WaitsForItsRanksOnceACollective) {
  Parallelism parallelism{.tensor_parallel = 4};
  Training training = plain_training();
  const auto seconds = [&] {
    return tensor_exchange(parallelism, training, 100.0 * byte, unit_machine()).in(second);
  };
  // An all-reduce sends 3/4 of the data and receives the sum of as much.
  EXPECT_EQ(seconds(), 150);
  training.software.exchange_overhead = 7.0 * second;
  EXPECT_EQ(seconds(), 7 + 150);
  // The same bytes as a gather and a scatter: two collectives.
  parallelism.sequence_parallel = true;
  EXPECT_EQ(seconds(), 2 * 7 + 150);
}

TEST(GradientExchange, TakesLongerByTheFrameworksConstant) {
  const Parallelism parallelism{.data_parallel = 4, .zero_stage = 1};
  Training training = nothing_hidden();
  const Seconds alone = gradients(parallelism, training, 100, 1);
  training.software.gradient_exchange = 2.5;
  EXPECT_EQ(gradients(parallelism, training, 100, 1), 2.5 * alone);
}

TEST(GradientExchange, MovesAsManyBytesAsItsFormatHas) {
  const Parallelism parallelism{.data_parallel = 4, .zero_stage = 0};
  Training training = nothing_hidden();
  // 2·3/4 of 100 gradients of four bytes, of two in bf16.
  EXPECT_NEAR(gradients(parallelism, training, 100, 1).in(second), 1.5 * 400, 1e-9);
  training.gradient_exchange_format = NumberFormat::bf16;
  EXPECT_NEAR(gradients(parallelism, training, 100, 1).in(second), 1.5 * 200, 1e-9);
  EXPECT_EQ(parameter_bytes(training).gradient, 4); // they are summed as before
}

TEST(GradientExchange, GathersAsManyBytesOfWeightsAsTheirFormatHas) {
  const Parallelism parallelism{.data_parallel = 4, .zero_stage = 3};
  Training training = nothing_hidden();
  // 3/4 of 100 gradients of four bytes, and twice of 100 weights of two, of one in fp8.
  EXPECT_NEAR(gradients(parallelism, training, 100, 1).in(second), 0.75 * (400 + 2 * 200), 1e-9);
  training.weight_exchange_format = NumberFormat::fp8;
  EXPECT_NEAR(gradients(parallelism, training, 100, 1).in(second), 0.75 * (400 + 2 * 100), 1e-9);
  EXPECT_EQ(parameter_bytes(training).weight, 2); // products read them as before
}

TEST(GradientBuckets, AreAsFewAsHoldTheGradients) {
  Training training = plain_training();
  EXPECT_FALSE(gradient_buckets(training, 400.0 * byte));
  training.gradient_bucket = 100.0 * byte;
  EXPECT_EQ(gradient_buckets(training, 400.0 * byte), 4.0);
  EXPECT_EQ(gradient_buckets(training, 401.0 * byte), 5.0);
  EXPECT_EQ(gradient_buckets(training, 10.0 * byte), 1.0);
}

TEST(GradientBuckets, LeaveTheLastOneWithNothingBesideIt) {
  const Parallelism parallelism{.data_parallel = 4, .zero_stage = 0};
  Training training = plain_training();
  training.gradient_bucket = 100.0 * byte;
  // 600 s in four buckets: one of 150 s alone, the others beside a long backward pass that they
  // slow by 0.15, the share of multiprocessors where no calibration says otherwise.
  const HidingWork backward{.work = 1e6 * second, .alone = 0.9};
  const Seconds exposed = gradients(parallelism, training, 100, 1, backward);
  EXPECT_NEAR(exposed.in(second), 150 + 0.15 * 450, 1e-9);
}

TEST(GradientExchange, OfChunksFollowsEachOneAsItIsComplete) {
  const Parallelism parallelism{.data_parallel = 4, .zero_stage = 0};
  const auto left = [&](double work, double chunks, double apart) {
    return gradients(parallelism, plain_training(), 100, 1,
                     {.work = work * second, .chunks = chunks, .apart = apart})
        .in(second);
  };
  // 600 s of exchange. Of one chunk they hide behind one micro-batch.
  EXPECT_NEAR(left(100, 1, 4), 600 - 100, 1e-9);
  // Three of four chunks have 4 / 4 of a micro-batch's 150 s each before the next one is complete:
  // the last has 150 s left and its own 150 / 4 to hide behind.
  EXPECT_NEAR(left(150, 4, 4), 150 - 37.5, 1e-9);
  // A tenth of that time: 3 · 15 and 3.75 of all hide.
  EXPECT_NEAR(left(15, 4, 4), 600 - 45 - 3.75, 1e-9);
}

TEST(GradientBuckets, EachPayTheirOwnStart) {
  const Parallelism parallelism{.data_parallel = 4, .zero_stage = 0};
  Training training = nothing_hidden();
  training.gradient_bucket = 100.0 * byte;
  Cluster cluster = unit_machine();
  cluster.node.scale_up_latency = 7.0 * second;
  EXPECT_NEAR(gradients(parallelism, training, 100, 1, {}, cluster).in(second), 600 + 4 * 7, 1e-9);
}

TEST(TensorExchange, LeavesOutWhatProductsHide) {
  const Parallelism parallelism{.tensor_parallel = 2};
  Training training = plain_training();
  const Seconds alone = tensor_exchange(parallelism, training, 10.0 * byte, unit_machine());
  training.software.hidden_tensor_exchange = 0.75;
  EXPECT_EQ(tensor_exchange(parallelism, training, 10.0 * byte, unit_machine()), 0.25 * alone);
}

TEST(TensorExchanges, HideSumsOfGradientsBehindGradientsOfWeights) {
  Parallelism parallelism{.tensor_parallel = 2};
  Training training = plain_training();
  const auto hidden = [&](Seconds weight_gradients) {
    const TensorExchangeTime time =
        tensor_exchanges(3, weight_gradients, parallelism, training, 10.0 * byte, unit_machine());
    EXPECT_NEAR(time.forward.in(second), 30, 1e-9);
    return (time.forward - time.backward).in(second);
  };
  EXPECT_EQ(hidden(1e6 * second), 0); // a stack that hides none
  training.software.hidden_gradient_sums = 1;
  // Three all-reduces of 10 s, which slow what hides them by 0.15, the share of multiprocessors
  // where no calibration says otherwise.
  EXPECT_NEAR(hidden(1e6 * second), 0.85 * 30, 1e-9);
  EXPECT_NEAR(hidden(4.0 * second), 4, 1e-9); // no more than there is to hide behind
  training.software.hidden_gradient_sums = 0.5;
  EXPECT_NEAR(hidden(1e6 * second), 0.85 * 15, 1e-9);
  // A scatter is half of an all-reduce; the gather before it has nothing beside it.
  parallelism.sequence_parallel = true;
  EXPECT_NEAR(hidden(1e6 * second), 0.85 * 7.5, 1e-9);
  // Zero-bubble schedules do the products later.
  parallelism.schedule = PipelineSchedule::zb_h1;
  EXPECT_EQ(hidden(1e6 * second), 0);
}

TEST(ExpertExchange, IsFreeWhereEachRankHoldsAllExperts) {
  const ExpertExchange exchange{.dispatched = 8.0 * byte, .gathered = {}};
  EXPECT_EQ(expert_exchange({.data_parallel = 4}, plain_training(), exchange, unit_machine()),
            Seconds{});
  EXPECT_GT(expert_exchange({.expert_parallel = 4, .data_parallel = 4}, plain_training(), exchange,
                            unit_machine()),
            Seconds{});
}

TEST(ContextExchange, OfOneRankIsFreeWhateverTheWay) {
  for (const auto &[name, way] : context_exchange_names())
    EXPECT_EQ(
        context_exchange({.context_exchange = way}, 8.0 * byte, 8.0 * byte, {}, unit_machine()),
        Seconds{})
        << name;
}

TEST(ContextExchange, OfARingHidesBehindTheAttentionAndAGatherDoesNot) {
  Parallelism parallelism{.context_parallel = 4};
  const Seconds attention = 1e6 * second;
  const Seconds ring =
      context_exchange(parallelism, 8.0 * byte, 8.0 * byte, attention, unit_machine());
  parallelism.context_exchange = ContextExchange::all_gather;
  const Seconds gather =
      context_exchange(parallelism, 8.0 * byte, 8.0 * byte, attention, unit_machine());
  // Two gathers and a scatter of four ranks' 8 bytes, 3/4 of 32 over each link.
  EXPECT_NEAR(gather.in(second), 3 * 24, 1e-6);
  EXPECT_LT(ring, gather);
}

TEST(StageLayers, ShareWhatTheEndsLeave) {
  // BLOOM: 70 layers and two ends that count as one each, on 12 stages of 6.
  const StageLayers bloom =
      stage_layers({.pipeline_parallel = 12, .first_stage_layers = 5, .last_stage_layers = 5}, 70);
  EXPECT_EQ(bloom.first, 5);
  EXPECT_EQ(bloom.middle, 6);
  EXPECT_EQ(bloom.last, 5);
  const StageLayers even = stage_layers({.pipeline_parallel = 4}, 32);
  EXPECT_EQ(even.first, 8);
  EXPECT_EQ(even.last, 8);
  EXPECT_EQ(stage_layers({}, 32).first, 32);
}

} // namespace
} // namespace flopcast
