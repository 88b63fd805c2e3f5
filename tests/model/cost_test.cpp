// SPDX-License-Identifier: Apache-2.0
#include "model/economics/cost.hpp"
#include "tests/model/examples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace flopcast {
namespace {

using namespace units;
using testing::ElementsAre;

/// 100 productive GPU-hours of 125 held, at 2 USD.
struct PaidRun {
  Plan plan;
  RunTime time;

  PaidRun() {
    plan.price.rent = 2.0 * usd / gpu_hour;
    time.training = 10.0 * hour;
    time.wall_clock = 12.5 * hour;
    time.productive = 100.0 * gpu_hour;
    time.held = 125.0 * gpu_hour;
    time.goodput = 0.8;
  }

  [[nodiscard]] std::vector<CostLine> lines(Joules energy = {}, Bytes checkpoint = {}) const {
    return cost_lines(plan, time, energy, checkpoint);
  }
};

std::vector<std::string> names(const std::vector<CostLine> &lines) {
  std::vector<std::string> result(lines.size());
  std::ranges::transform(lines, result.begin(), &CostLine::name);
  return result;
}

double amount(const std::vector<CostLine> &lines, std::string_view name) {
  const auto found = std::ranges::find(lines, name, &CostLine::name);
  return found == lines.end() ? 0 : found->amount.in(usd);
}

TEST(CostLines, TellProductiveTimeFromLost) {
  const auto lines = PaidRun().lines();
  EXPECT_THAT(names(lines), ElementsAre("accelerators, productive", "accelerators, lost time"));
  EXPECT_DOUBLE_EQ(amount(lines, "accelerators, productive"), 200);
  EXPECT_DOUBLE_EQ(amount(lines, "accelerators, lost time"), 50);
}

TEST(CostLines, OfARunWithoutLossesAreOneLine) {
  PaidRun run;
  run.time.held = run.time.productive;
  EXPECT_THAT(names(run.lines()), ElementsAre("accelerators, productive"));
}

TEST(CostLines, TellCheckpointPausesFromOtherLosses) {
  PaidRun run;
  run.time.checkpoints = 1.0 * hour; // of ten hours of training: 10 GPU-hours
  const auto lines = run.lines();
  EXPECT_DOUBLE_EQ(amount(lines, "accelerators, checkpoints"), 20);
  EXPECT_DOUBLE_EQ(amount(lines, "accelerators, lost time"), 30);
}

TEST(CostLines, PausesNeverCostMoreThanIsHeld) {
  PaidRun run;
  run.time.checkpoints = 100.0 * hour; // an allocation bounds them
  const auto lines = run.lines();
  EXPECT_DOUBLE_EQ(amount(lines, "accelerators, checkpoints"), 50);
  EXPECT_DOUBLE_EQ(total_cost(lines).in(usd), 250);
}

TEST(CostLines, AddUpToTheTotal) {
  PaidRun run;
  run.plan.cost_items = {{"staff", 1000.0 * usd, std::nullopt}, {"research", std::nullopt, 1.5}};
  run.plan.energy.electricity = 0.1 * usd / kilowatt_hour;
  run.plan.price.storage = 0.001 * usd / (gigabyte * hour);
  run.time.checkpoints = 1.0 * hour;
  const auto lines = run.lines(300.0 * kilowatt_hour, 40.0 * gigabyte);
  EXPECT_THAT(names(lines), ElementsAre("accelerators, productive", "accelerators, checkpoints",
                                        "accelerators, lost time", "staff", "research",
                                        "electricity", "checkpoint storage"));
  Money sum;
  for (const CostLine &line : lines)
    sum += line.amount;
  EXPECT_EQ(total_cost(lines), sum);
  // Accelerators 250, staff 1000, research 375, electricity 30, storage 0.001·40·12.5 = 0.5.
  EXPECT_NEAR(sum.in(usd), 1655.5, 1e-9); // rounding
}

TEST(CostLines, SharesAreOfAllAcceleratorTimeHeld) {
  PaidRun run;
  run.plan.cost_items = {{"research", std::nullopt, 1.5}};
  EXPECT_DOUBLE_EQ(amount(run.lines(), "research"), 1.5 * 250);
}

TEST(CostLines, KeepACreditAsANegativeAmount) {
  PaidRun run;
  run.plan.cost_items = {{"credit", -50.0 * usd, std::nullopt}};
  EXPECT_DOUBLE_EQ(total_cost(run.lines()).in(usd), 200);
}

TEST(CostLines, StorageGrowsWithTheCheckpointsKept) {
  PaidRun run;
  run.plan.price.storage = 0.001 * usd / (gigabyte * hour);
  run.plan.run.checkpoints_kept = 3;
  EXPECT_DOUBLE_EQ(amount(run.lines({}, 40.0 * gigabyte), "checkpoint storage"), 1.5);
}

TEST(CostLines, ElectricityIsPaidApartOnlyWhereThePlanSaysSo) {
  const PaidRun run;
  EXPECT_EQ(amount(run.lines(300.0 * kilowatt_hour), "electricity"), 0);
}

TEST(GpuTimePrice, IsTheRent) {
  EXPECT_DOUBLE_EQ(gpu_time_price(PaidRun().plan.price).in(usd / gpu_hour), 2);
}

TEST(GpuTimePrice, OfOwnHardwareIsWrittenOffOverItsLifetime) {
  PriceTerms price;
  price.purchase = 35'040.0 * usd / gpu;
  price.lifetime = 4 * 365.0 * day; // 35,040 hours
  EXPECT_DOUBLE_EQ(gpu_time_price(price).in(usd / gpu_hour), 1);
}

TEST(GpuTimePrice, IsNothingWhereNoneIsKnown) { EXPECT_EQ(gpu_time_price({}), GpuPrice{}); }

TEST(EnergyUse, IsServerPowerTimesHeldTimeTimesPue) {
  EnergyTerms terms;
  terms.power = 800.0 * watt / gpu;
  terms.pue = 1.25;
  terms.carbon_intensity = 400.0 * gram / kilowatt_hour;
  // 0.8 kW · 125 GPU-hours · 1.25 = 125 kWh; 0.4 kg each.
  const EnergyUse use = energy_use(terms, 125.0 * gpu_hour);
  EXPECT_DOUBLE_EQ(use.energy.in(kilowatt_hour), 125);
  EXPECT_DOUBLE_EQ(use.carbon.in(kilogram), 50);
}

TEST(EnergyUse, IsNothingWhereThePowerIsNotKnown) {
  EnergyTerms terms;
  terms.carbon_intensity = 400.0 * gram / kilowatt_hour;
  EXPECT_EQ(energy_use(terms, 125.0 * gpu_hour).energy, Joules{});
  EXPECT_EQ(energy_use(terms, 125.0 * gpu_hour).carbon, Mass{});
}

TEST(CheckpointSize, HoldsWeightsMasterAndMoments) {
  // 2 + 4 + 8 bytes a parameter; gradients are not written.
  EXPECT_EQ(checkpoint_size(9e8, 1e8, parameter_bytes(tests::plain_training())).in(gigabyte), 14);
}

TEST(CheckpointSize, InSinglePrecisionHoldsNoMaster) {
  Training training = tests::plain_training();
  training.precision = NumberFormat::fp32;
  EXPECT_EQ(checkpoint_size(9e8, 1e8, parameter_bytes(training)).in(gigabyte), 12);
}

TEST(CheckpointSize, OfFsdpHoldsWeightsInFp32AndNoMaster) {
  Training training = tests::plain_training();
  training.software.cast_weights = 1;
  const auto size = [&](int zero_stage) {
    return checkpoint_size(9e8, 1e8, held_parameter_bytes(training, zero_stage)).in(gigabyte);
  };
  EXPECT_EQ(size(3), 12);
  EXPECT_EQ(size(2), 14) << "only ZeRO-3 gathers weights";
  training.precision = NumberFormat::fp32;
  EXPECT_EQ(size(3), 12);
}

TEST(CheckpointSize, OfMuonHoldsTwoMomentsOutsideMatrices) {
  Training training = tests::plain_training();
  training.optimizer = OptimizerKind::muon;
  // 0.9e9 x (2 + 4 + 4) + 0.1e9 x (2 + 4 + 8)
  EXPECT_DOUBLE_EQ(checkpoint_size(9e8, 1e8, parameter_bytes(training)).in(gigabyte), 10.4);
}

} // namespace
} // namespace flopcast
