// SPDX-License-Identifier: Apache-2.0
#include "model/economics/power.hpp"
#include "tests/model/examples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flopcast {
namespace {

using namespace tests;
using namespace units;
using ::testing::HasSubstr;

ModelWork tiny_work(const Cluster &cluster) {
  return model_work(graph_of(tiny(), 4), tiny(), {}, plain_training(), cluster);
}

TEST(ModelWork, HoldsTheFlopsAndBytesThatItTimes) {
  Training selective = plain_training();
  selective.recompute = Recompute::selective;
  const ModelWork work = model_work(graph_of(tiny(), 4), tiny(), {}, selective, compute_machine());
  // As in ModelWork.ThatComputesTakesAsLongAsItsFlops; two products backward for each forward.
  EXPECT_EQ(work.layers.forward_work.flops.in(flop), 1792);
  EXPECT_EQ(work.layers.redone_work.flops.in(flop), 256);
  EXPECT_EQ(work.head.forward_work.flops.in(flop), 256);
  EXPECT_EQ(work.layers.backward_work.flops.in(flop), 2 * 1792);
  // At 1 byte/s a second is a byte.
  const ModelWork moved = tiny_work(memory_machine());
  EXPECT_DOUBLE_EQ(moved.layers.forward_work.bytes.in(byte), moved.layers.forward.in(second));
  EXPECT_DOUBLE_EQ(moved.head.forward_work.bytes.in(byte), moved.head.forward.in(second));
  EXPECT_DOUBLE_EQ(moved.layers.backward_work.bytes.in(byte), moved.layers.backward.in(second));
}

ModelWork stated_work() {
  const auto done = [](double flops, double bytes) {
    return OperatorWork{flops * flop, bytes * byte};
  };
  ModelWork work;
  work.embedding.forward_work = done(10, 1);
  work.embedding.backward_work = done(20, 2);
  work.layers.forward_work = done(100, 10);
  work.layers.backward_work = done(200, 20);
  work.layers.redone_work = done(5, 1);
  work.head.forward_work = done(30, 3);
  work.head.backward_work = done(60, 6);
  return work;
}

TEST(StepWork, IsTheMeanStagesWithWhatIsDoneAgain) {
  const Parallelism parallelism{.pipeline_parallel = 2};
  Training training = plain_training();
  const auto flops = [&] { return step_work(stated_work(), parallelism, training, 4).flops; };
  // 420 FLOPs a micro-batch, four of them, over two stages.
  EXPECT_DOUBLE_EQ(flops().in(flop), 840);
  EXPECT_DOUBLE_EQ(step_work(stated_work(), parallelism, training, 4).bytes.in(byte), 84);
  training.recompute = Recompute::selective;
  EXPECT_DOUBLE_EQ(flops().in(flop), 850);
  training.recompute = Recompute::full;
  EXPECT_DOUBLE_EQ(flops().in(flop), 1040);
}

/// 100 W idle, 0.5 pJ/FLOP in bf16, 50 pJ/B, metered at 1,000 W.
Cluster metered_cluster(Power thermal_design_power) {
  Cluster cluster;
  cluster.device.thermal_design_power = thermal_design_power;
  PowerModel &model = cluster.calibration.power.emplace().model;
  model.idle = 100.0 * watt;
  model.per_flop[static_cast<std::size_t>(NumberFormat::bf16)] = 0.5 * picojoule / flop;
  model.per_byte = 50.0 * picojoule / byte;
  model.limit = 1000.0 * watt;
  return cluster;
}

std::optional<StepPower> power_of(const Cluster &cluster, double tera_flops, NumberFormat format) {
  return step_power({tera_flops * teraflop, 2.0 * terabyte}, 4.0 * second, format,
                    200.0 * watt / gpu, cluster);
}

TEST(StepPower, IsIdlePowerAndTheEnergyOfTheWorkOverTheStep) {
  // 10^15 FLOP take 500 J, 2 · 10^12 B take 100 J: 150 W over 4 s, on top of 100 W.
  const auto power = power_of(metered_cluster(1000.0 * watt), 1000, NumberFormat::bf16);
  ASSERT_TRUE(power);
  EXPECT_NEAR(power->gpu.in(watt / gpu), 250, 1e-9);
  EXPECT_NEAR(power->server.in(watt / gpu), 450, 1e-9);
}

TEST(StepPower, OfARelativeIsInProportionToItsThermalDesignPower) {
  const auto power = power_of(metered_cluster(500.0 * watt), 1000, NumberFormat::bf16);
  EXPECT_NEAR(power->gpu.in(watt / gpu), 125, 1e-9);
}

TEST(StepPower, IsAbsentForAFormatThatWasNotMetered) {
  EXPECT_FALSE(power_of(metered_cluster(1000.0 * watt), 1000, NumberFormat::fp8));
  EXPECT_FALSE(power_of(Cluster{}, 1000, NumberFormat::bf16));
}

constexpr std::string_view plan = R"(
[model]
preset = "gpt2-124m"
[data]
tokens = "1e9 token"
[hardware]
gpu = "h200"
count = 16
[training]
global_batch = 64
micro_batch = 4
)";

PowerPerGpu gpu_power(std::string_view mfu) {
  const Estimate result = estimate_of(read_text(plan, {"stated.mfu=" + std::string(mfu)}));
  return result.step->power.value_or(StepPower{}).gpu;
}

TEST(EstimatedPower, GrowsWithTheSpeedAndStaysBelowTheThermalDesignPower) {
  PowerPerGpu before;
  for (const char *mfu : {"0.1", "0.2", "0.3", "0.4", "0.5", "0.7", "0.9", "1.0"}) {
    const PowerPerGpu power = gpu_power(mfu);
    EXPECT_GT(power, before) << mfu;
    EXPECT_LT(power, 700.0 * watt / gpu) << mfu;
    before = power;
  }
}

TEST(EstimatedPower, MakesTheEnergyOfTheRun) {
  const PlannedRun run = read_text(plan);
  const Estimate result = estimate_of(run);
  ASSERT_TRUE(result.step->power);
  EXPECT_EQ(result.step->power->server,
            result.step->power->gpu + *run.plan.energy.beside_accelerator);
  EXPECT_DOUBLE_EQ(
      result.run->energy.energy.in(joule),
      (result.step->power->server * result.run->time.held * run.plan.energy.pue).in(joule));
}

TEST(EstimatedPower, YieldsToThePlansOwn) {
  const PlannedRun run = read_text(plan, {"energy.power_per_gpu=500 W/GPU", "energy.pue=1"});
  const Estimate result = estimate_of(run);
  EXPECT_FALSE(result.step->power);
  EXPECT_DOUBLE_EQ(result.run->energy.energy.in(joule),
                   (500.0 * watt / gpu * result.run->time.held).in(joule));
}

TEST(EstimatedPower, IsThatOfTheServerWhereNoneWasMetered) {
  const PlannedRun run = read_text(plan, {"hardware.gpu=a100"});
  const Estimate result = estimate_of(run);
  EXPECT_FALSE(result.step->power);
  EXPECT_DOUBLE_EQ(
      result.run->energy.energy.in(joule),
      (*run.plan.energy.power * result.run->time.held * run.plan.energy.pue).in(joule));
}

const Assumption *assumed_power(const PlannedRun &run) {
  for (const Assumption &assumption : run.plan.assumptions)
    if (assumption.key == "energy.power_per_gpu")
      return &assumption;
  return nullptr;
}

TEST(EstimatedPower, SaysWhereItComesFrom) {
  const PlannedRun own = read_text(plan);
  ASSERT_NE(assumed_power(own), nullptr);
  EXPECT_EQ(assumed_power(own)->origin, Origin::defaulted);
  EXPECT_THAT(assumed_power(own)->why, HasSubstr("metered on this GPU"));
  const PlannedRun lent = read_text(plan, {"hardware.gpu=h100"});
  ASSERT_NE(assumed_power(lent), nullptr);
  EXPECT_EQ(assumed_power(lent)->origin, Origin::assumed);
  EXPECT_THAT(assumed_power(lent)->why, HasSubstr("metered on h200-sxm-141gb"));
}

} // namespace
} // namespace flopcast
