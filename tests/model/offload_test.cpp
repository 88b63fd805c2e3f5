// SPDX-License-Identifier: Apache-2.0
#include "model/execution/offload.hpp"
#include "model/planning/explain.hpp"
#include "model/planning/legality.hpp"
#include "model/planning/quantities.hpp"
#include "tests/model/examples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flopcast {
namespace {

using namespace tests;
using testing::HasSubstr;
using units::byte;
using units::second;

constexpr double rounding = 1e-9;

/// Copies at 1 byte a second each way, updates on the host at 1 byte a second.
Cluster unit_host() {
  Cluster cluster = unit_machine();
  cluster.device.host_link_bandwidth = 1 / 0.8 * byte / second;
  cluster.node.host_memory_bandwidth = 1 / 0.45 * byte / second;
  return cluster;
}

constexpr OptimizerTraffic states_of_twelve{
    .states = 12.0 * byte, .gradients = 4.0 * byte, .weights = 2.0 * byte};

constexpr OffloadWork four_layers{.forward = 4.0 * second,
                                  .backward = 12.0 * second,
                                  .optimizer = {},
                                  .micro_batches = 3,
                                  .pieces = 4,
                                  .activations = 10.0 * byte};

TEST(OffloadedActivations, CostWhatThePassesDoNotHide) {
  const OffloadTime time = offload_time({.activations = ActivationOffload::all}, states_of_twelve,
                                        four_layers, unit_host());
  // Out in 10 s beside 4 s of forward, back in 10 s beside 12 s of backward; three times.
  EXPECT_NEAR(time.activations.in(second), 3 * (10 - 4), rounding);
  EXPECT_EQ(time.optimizer, Seconds{});
}

TEST(OffloadedOptimizer, UpdatesOnTheHostWhileWeightsTravelBack) {
  OffloadWork work = four_layers;
  work.backward = 2.0 * second;
  const OffloadTime time = offload_time({.optimizer = 1}, states_of_twelve, work, unit_host());
  // Gradients: 4 s, the last quarter after the backward pass, 3 s beside its 2 s. The update moves
  // 2·12 + 4 + 2 bytes; the last quarter of the weights' 2 s follows it.
  EXPECT_NEAR(time.optimizer.in(second), 1 + (3 - 2) + 30 + 2.0 / 4, rounding);
  EXPECT_EQ(time.activations, Seconds{});
}

TEST(OffloadedOptimizer, WaitsForTheLinkWhereTheHostIsFaster) {
  Cluster cluster = unit_host();
  cluster.node.host_memory_bandwidth = beyond_measure * byte / second;
  const OffloadTime time = offload_time({.optimizer = 1}, states_of_twelve, four_layers, cluster);
  EXPECT_NEAR(time.optimizer.in(second), 1 + 2, rounding); // the last gradients, all weights
}

TEST(OffloadedOptimizer, OfAPartWorksBesideTheDevices) {
  OffloadWork work = four_layers;
  work.optimizer = 10.0 * second; // of the half that stays
  const OffloadTime time = offload_time({.optimizer = 0.5}, states_of_twelve, work, unit_host());
  // Half of everything: 0.5 s for the last gradients, 15 s of update and 0.25 s of weights beside
  // the device's 10 s.
  EXPECT_NEAR(time.optimizer.in(second), 0.5 + (15 + 0.25 - 10), rounding);
}

TEST(Offload, OfNothingIsFree) {
  EXPECT_EQ(offload_time({}, states_of_twelve, four_layers, unit_host()).total(), Seconds{});
  EXPECT_EQ(offloaded_activations({}, 8, 80.0 * byte, 3.0 * byte), Bytes{});
}

TEST(OffloadedActivations, AreThoseOfSomeLayersOrBoundaries) {
  const Bytes kept = 80.0 * byte;
  const auto moved = [&](const Offload &offload) {
    return offloaded_activations(offload, 8, kept, 3.0 * byte).in(byte);
  };
  EXPECT_EQ(moved({.activations = ActivationOffload::all}), 80);
  EXPECT_EQ(moved({.activations = ActivationOffload::all, .layers = 2}), 20);
  EXPECT_EQ(moved({.activations = ActivationOffload::all, .layers = 9}), 80);
  EXPECT_EQ(moved({.activations = ActivationOffload::boundaries}), 24);
  EXPECT_EQ(moved({.activations = ActivationOffload::boundaries, .layers = 2}), 6);
}

TEST(OffloadedMemory, IsTheHostsWithGradientsAndNewWeightsBesideTheStates) {
  MemoryParts parts;
  parts.optimizer = 12.0 * byte;
  offload_states(parts, {.optimizer = 0.5}, states_of_twelve);
  EXPECT_EQ(parts.optimizer.in(byte), 6);
  EXPECT_EQ(parts.host.in(byte), 6 + 2 + 1);
  EXPECT_EQ(parts.total().in(byte), 6); // what the host holds is no part of the device's
}

TEST(OffloadedMemory, KeepsRoomForTwoLayersOfOneMicroBatch) {
  MemoryParts parts;
  parts.activations = 100.0 * byte;
  // Four micro-batches in flight; 16 bytes of each in eight layers go.
  offload_activations(parts, {.activations = ActivationOffload::all}, 8, 4, 16.0 * byte);
  EXPECT_EQ(parts.host.in(byte), 64);
  EXPECT_EQ(parts.activations.in(byte), 100 - 64 + 2 * 2);
}

constexpr std::string_view plan = R"(
[model]
preset = "llama2-7b"
[data]
sequence_length = 4096
[hardware]
node = "dgx-a100-80"
nodes = 1
[parallelism]
zero_stage = 2
[training]
micro_batch = 1
global_batch = 64
recompute = "full"
)";

TEST(OffloadPlan, MovesTheOptimizerFromTheDeviceToTheHost) {
  const Estimate on_device = estimate_of(read_text(plan));
  const Estimate on_host = estimate_of(read_text(plan, {"training.offload_optimizer=1"}));
  ASSERT_TRUE(on_host.step);
  const MemoryParts &before = on_device.step->memory();
  const MemoryParts &after = on_host.step->memory();
  EXPECT_EQ(after.optimizer, Bytes{});
  EXPECT_EQ(before.host, Bytes{});
  // 12 bytes of states, 4 of gradient and 2 of weight for each of the 12 that the device held.
  EXPECT_NEAR(after.host / before.optimizer, 18.0 / 12, rounding);
  EXPECT_EQ(after.weights, before.weights);
  EXPECT_EQ(after.gradients, before.gradients);
  EXPECT_EQ(on_host.step->time.optimizer, Seconds{});
  // 30 bytes a parameter at 0.45·409.6/8 GB/s against as many at 2 TB/s.
  EXPECT_GT(on_host.step->time.offload, 20.0 * on_device.step->time.optimizer);
  EXPECT_EQ(on_host.step->time.compute, on_device.step->time.compute);
}

TEST(OffloadPlan, OfBoundariesIsHiddenBehindALayersWork) {
  const Estimate result = estimate_of(read_text(plan, {"training.offload_activations=boundaries"}));
  const Estimate before = estimate_of(read_text(plan));
  // A boundary of 4,096 tokens by 4,096 in 2 bytes: 34 MB against a layer's 6·10^12 FLOP.
  EXPECT_EQ(result.step->time.offload, Seconds{});
  EXPECT_EQ(result.step->time.total(), before.step->time.total());
  const double boundary = 4096.0 * 4096 * 2;
  EXPECT_NEAR(result.step->memory().host.in(byte), 32 * boundary, 1);
  EXPECT_NEAR((before.step->memory().activations - result.step->memory().activations).in(byte),
              30 * boundary, 1);
}

TEST(OffloadPlan, NamesTheAssumptionsThatItStandsOn) {
  const PlannedRun run =
      read_text(plan, {"training.offload_optimizer=1", "hardware.node=aws-p4de.24xlarge"});
  std::vector<std::string> keys;
  for (const Assumption &assumption : run.plan.assumptions)
    keys.push_back(assumption.key);
  EXPECT_THAT(keys, testing::IsSupersetOf(
                        {"hardware.host_link_bandwidth", "hardware.host_memory_bandwidth"}));
}

const Explanation &input_of(const Explanation &explanation, std::string_view label) {
  const auto *found = &explanation;
  for (const Explanation &input : explanation.inputs)
    if (input.label == label)
      found = &input;
  EXPECT_EQ(found->label, label);
  return *found;
}

TEST(OffloadPlan, ExplainsTheLinkAndTheHost) {
  const PlannedRun run = read_text(plan, {"training.offload_optimizer=0.5"});
  const Estimate result = estimate_of(run);
  const Explanation offload = explain({run, result}, *find_quantity("time.breakdown.offload_s"));
  EXPECT_EQ(input_of(offload, "share of the optimizer's states on the host").origin, Origin::given);
  EXPECT_EQ(input_of(offload, "activations on the host").origin, Origin::defaulted);
  // PCIe 4 at 0.8 of 31.5 GB/s.
  const Explanation &link = input_of(offload, "bandwidth to the host, as copies reach it");
  EXPECT_NEAR(link.value.value, 0.8 * 31.508e9, 1e6);
  EXPECT_EQ(link.origin, Origin::assumed);
  EXPECT_NEAR(input_of(offload, "host memory for each GPU, as an update reaches it").value.value,
              0.45 * 409.6e9 / 8, 1);
}

TEST(OffloadPlan, NeedsAsMuchHostMemoryAsItMoves) {
  const Estimate result =
      estimate_of(read_text(plan, {"training.offload_optimizer=1", "hardware.host_memory=100 GB"}));
  ASSERT_FALSE(result.feasible());
  EXPECT_EQ(result.reasons.front().code, "host_memory");
  EXPECT_THAT(result.reasons.front().text, HasSubstr("12.5 GB"));
}

TEST(OffloadPlan, NeedsALinkToTheHost) {
  PlannedRun run = read_text(plan, {"training.offload_optimizer=1"});
  run.cluster.device.pcie_generation.reset();
  const std::vector<Reason> reasons = layout_problems(run.plan, run.cluster);
  ASSERT_EQ(reasons.size(), 1U);
  EXPECT_EQ(reasons.front().code, "host_link");
  EXPECT_THAT(reasons.front().remedy, HasSubstr("hardware.host_link_bandwidth"));
}

TEST(OffloadPlan, CannotMoveMoreLayersThanAStageHas) {
  const Estimate result = estimate_of(
      read_text(plan, {"training.offload_activations=all", "training.offload_layers=40"}));
  ASSERT_FALSE(result.reasons.empty());
  EXPECT_EQ(result.reasons.front().code, "offload_layers");
  EXPECT_THAT(result.reasons.front().remedy, HasSubstr("32"));
}

TEST(OffloadPlan, SaysWhatOfTheLayersGoes) {
  EXPECT_THAT(complaint_about(plan, {"training.offload_layers=4"}),
              HasSubstr("needs offload_activations"));
}

} // namespace
} // namespace flopcast
