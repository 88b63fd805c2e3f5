// SPDX-License-Identifier: Apache-2.0
#include "model/execution/step_time.hpp"
#include "tests/model/examples.hpp"

#include <gtest/gtest.h>

namespace flopcast {
namespace {

using namespace tests;
using units::byte;
using units::second;

/// Eight equal layers and no ends: forward 8 s, backward 16 s and 2 s of attention in forward, two
/// all-reduces a layer; 800 matrix weights.
ModelWork even_work() {
  ModelWork work;
  work.layer_count = 8;
  work.layers.forward = 8.0 * second;
  work.layers.backward = 16.0 * second;
  work.layers.attention_core = 2.0 * second;
  work.layers.redone = 2.0 * second; // by selective recomputation
  work.layers.all_reduces = 16;
  work.layers.parameters = 800;
  work.layers.matrix_parameters = 800;
  return work;
}

/// Only links take time, 1 byte a second each way; memory is out of the way.
Cluster link_machine() {
  Cluster cluster = unit_machine();
  cluster.device.memory_bandwidth *= beyond_measure;
  return cluster;
}

constexpr StepInputs eight_micro_batches{
    .boundary = {}, .residual = {}, .key_values = {}, .micro_batches = 8};

StepTime step(const Parallelism &parallelism, const Training &training = plain_training(),
              const StepInputs &inputs = eight_micro_batches,
              const Cluster &cluster = link_machine(), const ModelWork &work = even_work()) {
  return predicted_step_time(work, parallelism, training, inputs, cluster);
}

StepInputs one_micro_batch(Bytes boundary, Bytes residual, Bytes key_values) {
  return {.boundary = boundary, .residual = residual, .key_values = key_values, .micro_batches = 1};
}

TEST(StepTime, OfOneDeviceIsAllMicroBatches) {
  const StepTime time = step({});
  EXPECT_EQ(time.compute.in(second), 8 * (8 + 16));
  EXPECT_EQ(time.bubble.in(second), 0);
  EXPECT_EQ(time.recompute.in(second), 0);
  EXPECT_EQ(time.tensor_parallel.in(second), 0);
  EXPECT_EQ(time.data_parallel.in(second), 0);
  EXPECT_EQ(time.pipeline.in(second), 0);
  EXPECT_EQ(time.context_parallel.in(second), 0);
}

TEST(StepTime, PartsAddUpToTheTotal) {
  Training training = plain_training();
  training.recompute = Recompute::full;
  const StepInputs inputs{.boundary = 2.0 * byte,
                          .residual = 8.0 * byte,
                          .key_values = 64.0 * byte,
                          .micro_batches = 8};
  const StepTime time = step({.tensor_parallel = 2,
                              .pipeline_parallel = 2,
                              .virtual_pipeline = 2,
                              .context_parallel = 2,
                              .data_parallel = 2},
                             training, inputs, unit_machine());
  for (const Seconds part :
       {time.compute, time.recompute, time.tensor_parallel, time.context_parallel, time.pipeline,
        time.data_parallel, time.bubble, time.optimizer})
    EXPECT_GT(part, Seconds{});
  EXPECT_EQ(time.stated, Seconds{});
  EXPECT_EQ(time.total(), time.compute + time.recompute + time.tensor_parallel +
                              time.context_parallel + time.pipeline + time.data_parallel +
                              time.bubble + time.optimizer);
}

TEST(PipelineBubble, IsTheShareOfNarayanan) {
  // Narayanan 2021, section 2.2.1: (p − 1)/m of the ideal time. 3/8 of 8·24/4 s.
  const StepTime time = step({.pipeline_parallel = 4});
  EXPECT_EQ(time.compute.in(second), 8 * 24 / 4);
  EXPECT_EQ(time.bubble / time.compute, 3.0 / 8);
}

TEST(PipelineBubble, ShrinksWithTheChunksOfAStage) {
  // Section 2.2.2: (p − 1)/(v·m).
  const StepTime time = step({.pipeline_parallel = 4, .virtual_pipeline = 2});
  EXPECT_EQ(time.bubble / time.compute, 3.0 / (2 * 8));
}

TEST(PipelineBubble, OfUnevenStagesWaitsForTheOthersOnce) {
  ModelWork work = even_work();
  work.head.forward = 3.0 * second;
  work.head.backward = 6.0 * second;
  // Two stages of 12 s; the last has 9 s more and sets the pace, the first is waited for once.
  const StepTime time =
      step({.pipeline_parallel = 2}, plain_training(), eight_micro_batches, link_machine(), work);
  EXPECT_EQ(time.compute.in(second), 8 * (12 + 9));
  EXPECT_EQ(time.bubble.in(second), 12);
}

TEST(PipelineBubble, HoldsTheEmbeddingsStageWhereThatIsSlower) {
  ModelWork work = even_work();
  work.embedding.forward = 1.0 * second;
  const StepTime time =
      step({.pipeline_parallel = 2}, plain_training(), eight_micro_batches, link_machine(), work);
  EXPECT_EQ(time.compute.in(second), 8 * (12 + 1));
  EXPECT_EQ(time.bubble.in(second), 12);
}

TEST(Recomputation, RepeatsTheForwardPassOrItsAttention) {
  Training training = plain_training();
  training.recompute = Recompute::full;
  EXPECT_EQ(step({}, training).recompute.in(second), 8 * 8); // a third of forward and backward
  training.recompute = Recompute::selective;
  EXPECT_EQ(step({}, training).recompute.in(second), 8 * 2);
  EXPECT_EQ(step({.pipeline_parallel = 4}, training).recompute.in(second), 8 * 2 / 4);
}

TEST(TensorParallel, MovesTheRingVolumeOfEachAllReduce) {
  // An all-reduce of 8 bytes over 4 ranks takes 2·3/4·8 = 12 s. Sixteen forward, as many backward,
  // and one for the gradient of the logits' input.
  const StepInputs inputs = one_micro_batch({}, 8.0 * byte, {});
  EXPECT_EQ(step({.tensor_parallel = 4}, plain_training(), inputs).tensor_parallel.in(second),
            (16 + 16 + 1) * 12);
}

TEST(TensorParallel, MovesAsMuchUnderSequenceParallelism) {
  // Korthikanti 2022, section 4.2.2: an all-gather and a reduce-scatter move an all-reduce's bytes.
  const StepInputs inputs = one_micro_batch({}, 8.0 * byte, {});
  EXPECT_EQ(step({.tensor_parallel = 4, .sequence_parallel = true}, plain_training(), inputs)
                .tensor_parallel,
            step({.tensor_parallel = 4}, plain_training(), inputs).tensor_parallel);
}

TEST(TensorParallel, WaitsOnceForAnAllReduceAndTwiceForItsHalves) {
  Cluster cluster = link_machine();
  cluster.node.scale_up_bandwidth *= beyond_measure;
  cluster.node.scale_up_latency = 1.0 * second;
  const StepInputs inputs = one_micro_batch({}, 8.0 * byte, {});
  EXPECT_EQ(
      step({.tensor_parallel = 4}, plain_training(), inputs, cluster).tensor_parallel.in(second),
      33);
  EXPECT_EQ(
      step({.tensor_parallel = 4, .sequence_parallel = true}, plain_training(), inputs, cluster)
          .tensor_parallel.in(second),
      66);
}

TEST(TensorParallel, RepeatsTheForwardCollectivesWhereLayersAreRecomputed) {
  Training training = plain_training();
  training.recompute = Recompute::full;
  const StepInputs inputs = one_micro_batch({}, 8.0 * byte, {});
  EXPECT_EQ(step({.tensor_parallel = 4}, training, inputs).tensor_parallel.in(second),
            (16 + 16 + 16 + 1) * 12);
}

TEST(Pipeline, WaitsForTwoMessagesAMicroBatchAndChunkAndForOneLessAtItsEnds) {
  const StepInputs inputs = one_micro_batch(5.0 * byte, {}, {});
  // An inner stage sets the pace of four; two have ends alone.
  EXPECT_EQ(step({.pipeline_parallel = 4}, plain_training(), inputs).pipeline.in(second), 2 * 5);
  EXPECT_EQ(step({.pipeline_parallel = 2}, plain_training(), inputs).pipeline.in(second), 5);
  EXPECT_EQ(step({.pipeline_parallel = 2, .virtual_pipeline = 4}, plain_training(), inputs)
                .pipeline.in(second),
            (2 * 4 - 1) * 5);
}

TEST(Pipeline, WaitsForNoMessageThatOtherChunksHide) {
  const StepInputs inputs = one_micro_batch(5.0 * byte, {}, {});
  Training training = plain_training();
  training.software.hidden_messages = 0.75;
  EXPECT_EQ(
      step({.pipeline_parallel = 4, .virtual_pipeline = 2}, training, inputs).pipeline.in(second),
      0.25 * (2 * 2 * 5));
  // Plain stages have no other chunk, and the ends of a step no other work.
  EXPECT_EQ(step({.pipeline_parallel = 4}, training, inputs).pipeline.in(second), 2 * 5);
  EXPECT_EQ(step({.pipeline_parallel = 4, .virtual_pipeline = 2}, training, inputs).bubble,
            step({.pipeline_parallel = 4, .virtual_pipeline = 2}, plain_training(), inputs).bubble);
}

TEST(Pipeline, HasTheHostLaunchTheEndsToo) {
  ModelWork work = even_work();
  work.head.forward_calls = 3;
  work.head.backward_calls = 5;
  Training training = plain_training();
  training.software.host_forward = 100.0 * second;
  training.software.host_backward = 1000.0 * second;
  // Nothing but the host counts where it takes ten times longer; the layers have no calls here.
  const StepTime time =
      step({.pipeline_parallel = 2}, training, eight_micro_batches, link_machine(), work);
  const double device = 24.0 / 2;
  EXPECT_NEAR((time.host + time.compute).in(second), 8 * (3 * 100 + 5 * 1000), 8 * device);
}

TEST(Pipeline, WithoutALeadTheHostHidesNothingOfTheEndsBehindLayers) {
  ModelWork work = even_work();
  work.head.forward_calls = 3;
  work.head.backward_calls = 5;
  Training training = plain_training();
  training.software.host_forward = 1.0 * second;
  training.software.host_backward = 1.0 * second;
  training.software.host_lead = 0;
  const StepTime time =
      step({.pipeline_parallel = 2}, training, eight_micro_batches, link_machine(), work);
  // Half of the layers is 4 s forward and 8 s backward, which would hide nearly all of 3 s and 5 s.
  EXPECT_EQ(time.compute.in(second), 8 * (4 + 8));
  EXPECT_EQ(time.host.in(second), 8 * (3 + 5));
}

/// Every second of the eight layers has experts; no operators but what the host does for experts
/// takes time.
StepTime step_with_experts(bool cuda_graphs, Recompute recompute) {
  ModelWork work;
  work.layer_count = 8;
  work.expert_layer_count = 4;
  work.rank_experts = 5;
  Training training = plain_training();
  training.software.host_experts = 3.0 * second;
  training.cuda_graphs = cuda_graphs;
  training.recompute = recompute;
  return step({}, training, eight_micro_batches, link_machine(), work);
}

TEST(Host, LaunchesTheWorkOfEachExpertInEachPass) {
  EXPECT_NEAR(step_with_experts(false, Recompute::none).host.in(second), 8 * 4 * (15 + 15), 1e-9);
  EXPECT_NEAR(step_with_experts(false, Recompute::full).host.in(second), 8 * 4 * (15 + 2 * 15),
              1e-9);
}

TEST(Host, LaunchesNothingOfGraphs) {
  EXPECT_EQ(step_with_experts(true, Recompute::none).host.in(second), 0);
}

TEST(ContextParallel, HidesTheRingBehindAttention) {
  // 8 bytes to each of the 3 other ranks: 24 s, 2 of them behind the forward attention; backward
  // twice as much either way.
  const StepInputs inputs = one_micro_batch({}, {}, 8.0 * byte);
  EXPECT_EQ(step({.context_parallel = 4}, plain_training(), inputs).context_parallel.in(second),
            (24 - 2) + 2 * (24 - 2));
}

/// NCCL beside computation takes 0.15 of the multiprocessors (LinkModel::multiprocessor_share).
constexpr double taken = 0.15;

TEST(ContextParallel, SlowsTheAttentionThatHidesIt) {
  // 0.1 bytes to 3 ranks: 0.3 s forward and 0.6 s backward, all hidden, at 0.15 of the attention.
  const StepInputs little = one_micro_batch({}, {}, 0.1 * byte);
  EXPECT_DOUBLE_EQ(
      step({.context_parallel = 4}, plain_training(), little).context_parallel.in(second),
      taken * 0.9);
}

Training without_overlap() {
  Training training = plain_training();
  training.overlap_gradient_exchange = false;
  return training;
}

double exchange(const Parallelism &parallelism, const Training &training = without_overlap(),
                const Cluster &cluster = link_machine()) {
  return step(parallelism, training, eight_micro_batches, cluster).data_parallel.in(second);
}

TEST(DataParallel, AllReducesGradientsInARing) {
  // 800 gradients of 4 bytes over 4 ranks: 2·3/4·3200.
  EXPECT_EQ(exchange({.data_parallel = 4}), 4800);
}

TEST(DataParallel, ScattersGradientsAndGathersWeightsUnderZeroOneAndTwo) {
  // Rajbhandari 2020, section 7.1: 3/4·3200 of gradients and 3/4·1600 of weights.
  EXPECT_EQ(exchange({.data_parallel = 4, .zero_stage = 1}), 2400 + 1200);
  // ZeRO-2 keeps a quarter of the gradients, so each of the eight micro-batches scatters them.
  EXPECT_EQ(exchange({.data_parallel = 4, .zero_stage = 2}), 8 * 2400 + 1200);
}

TEST(DataParallel, GathersWeightsTwiceAMicroBatchUnderZeroThree) {
  // Section 7.2: forward and backward each gather, for each of the eight micro-batches.
  EXPECT_EQ(exchange({.data_parallel = 4, .zero_stage = 3}), 8 * (2 * 1200 + 2400));
}

TEST(DataParallel, ExchangesOverContextParallelRanksToo) {
  EXPECT_EQ(exchange({.context_parallel = 2, .data_parallel = 2}), 4800);
}

TEST(DataParallel, ExchangesTheStagesShareOnly) {
  EXPECT_EQ(exchange({.pipeline_parallel = 4, .data_parallel = 4}), 4800 / 4.0);
}

TEST(DataParallel, ExchangesTheLargerEndOfThePipeline) {
  // A tied matrix has a copy with the logits: 500 of the embedding against 20 + 490 of the head.
  ModelWork work = even_work();
  work.embedding.parameters = 500;
  work.head.parameters = 20;
  work.tied_output_parameters = 490;
  const StepTime staged = step({.pipeline_parallel = 2, .data_parallel = 4}, without_overlap(),
                               eight_micro_batches, link_machine(), work);
  EXPECT_EQ(staged.data_parallel.in(second), 2 * 3.0 / 4 * 4 * (400 + 510));
  // One stage holds the matrix once.
  const StepTime whole =
      step({.data_parallel = 4}, without_overlap(), eight_micro_batches, link_machine(), work);
  EXPECT_EQ(whole.data_parallel.in(second), 2 * 3.0 / 4 * 4 * (800 + 520));
}

TEST(DataParallel, HidesBehindTheBackwardPass) {
  Training training = plain_training();
  // 4800 s against 16 s of the last micro-batch's backward pass.
  EXPECT_EQ(exchange({.data_parallel = 4}, training), 4800 - 16);
  // A thousand times faster, all but the first layer's bucket is hidden: an eighth of 4.8 s. The
  // other 4.2 s slow the backward pass.
  Cluster fast = link_machine();
  fast.node.scale_up_bandwidth *= 1000.0;
  EXPECT_DOUBLE_EQ(exchange({.data_parallel = 4}, training, fast), 4.8 / 8 + taken * 4.2);
}

TEST(DataParallel, DelaysTheWorkBesideItByTheMultiprocessorsThatItTakes) {
  const auto hidden = [](double share) {
    Cluster fast = link_machine();
    fast.node.scale_up_bandwidth *= 1000.0;
    fast.calibration.scale_up_links = default_link_model(1);
    fast.calibration.scale_up_links->multiprocessor_share = share;
    return exchange({.data_parallel = 4}, plain_training(), fast);
  };
  EXPECT_DOUBLE_EQ(hidden(0), 0.6);
  EXPECT_DOUBLE_EQ(hidden(0.5), 0.6 + 0.5 * 4.2);
  // Not by more than an exchange that nothing overlaps takes.
  EXPECT_LE(hidden(0.99), 4.8);
}

TEST(DataParallel, TakesNoShareOfAMachineWhoseCoresDoNotMoveTheData) {
  Cluster pod = link_machine();
  pod.node.scale_up_bandwidth *= 1000.0;
  pod.device.form_factor = "TPU";
  EXPECT_DOUBLE_EQ(exchange({.data_parallel = 4}, plain_training(), pod), 0.6);
}

TEST(DataParallel, DelaysEachMicroBatchUnderZeroThree) {
  // 4.8 s behind 24 s of forward and backward, of which an eighth is alone.
  Cluster fast = link_machine();
  fast.node.scale_up_bandwidth *= 1000.0;
  EXPECT_DOUBLE_EQ(exchange({.data_parallel = 4, .zero_stage = 3}, plain_training(), fast),
                   8 * (0.6 + taken * 4.2));
}

TEST(DataParallel, HidesZeroThreeBehindEachMicroBatch) {
  // 4800 s a micro-batch, 24 of them behind forward and backward.
  EXPECT_EQ(exchange({.data_parallel = 4, .zero_stage = 3}, plain_training()), 8 * (4800 - 24));
}

TEST(DataParallel, HidesZeroThreeBehindExchangesOnOtherLinksToo) {
  const auto left = [](std::int64_t domain) {
    Cluster cluster = link_machine();
    cluster.node.scale_up_domain = domain;
    cluster.node.scale_out_bandwidth = cluster.node.scale_up_bandwidth;
    const StepInputs inputs{
        .boundary = {}, .residual = 8.0 * byte, .key_values = {}, .micro_batches = 8};
    const StepTime time = step({.tensor_parallel = 2, .data_parallel = 4, .zero_stage = 3},
                               plain_training(), inputs, cluster);
    // Two all-reduces of 8 bytes in each of 8 layers, each way, and one of the logits: 264 s.
    EXPECT_EQ(time.tensor_parallel.in(second), 8 * 264);
    return time.data_parallel.in(second);
  };
  // Gradients of two domains' ranks hide behind all-reduces inside one, of one domain's they do
  // not.
  EXPECT_EQ(left(8) - left(2), 8 * 264);
}

TEST(DataParallel, NeverTakesLongerWithOverlap) {
  for (int zero_stage = 0; zero_stage <= 3; ++zero_stage)
    for (const double speed : {1.0, 10.0, 1e3, 1e6}) {
      Cluster cluster = link_machine();
      cluster.node.scale_up_bandwidth *= speed;
      const Parallelism parallelism{.data_parallel = 4, .zero_stage = zero_stage};
      EXPECT_LE(exchange(parallelism, plain_training(), cluster),
                exchange(parallelism, without_overlap(), cluster));
      EXPECT_GT(exchange(parallelism, plain_training(), cluster), 0);
    }
}

TEST(OptimizerTime, ReadsAndWritesEveryState) {
  Cluster cluster = unit_machine();
  // AdamW: states and master of 12 bytes read and written, the gradient of 4 read, the weight of 2
  // written: 800·30 bytes at 1 byte/s.
  EXPECT_EQ(step({}, plain_training(), eight_micro_batches, cluster).optimizer.in(second),
            800 * (2 * 12 + 4 + 2));
  cluster.calibration.launch = 7.0 * second;
  EXPECT_EQ(step({}, plain_training(), eight_micro_batches, cluster).optimizer.in(second),
            800 * 30 + 7);
}

TEST(OptimizerTime, IsSharedUnderZero) {
  const Cluster cluster = unit_machine();
  const auto time = [&](int zero_stage) {
    return step({.data_parallel = 4, .zero_stage = zero_stage}, plain_training(),
                eight_micro_batches, cluster)
        .optimizer.in(second);
  };
  EXPECT_EQ(time(0), 24000);
  EXPECT_EQ(time(1), 6000);
  EXPECT_EQ(time(3), 6000);
}

} // namespace
} // namespace flopcast
