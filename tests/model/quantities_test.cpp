// SPDX-License-Identifier: Apache-2.0
#include "model/planning/quantities.hpp"
#include "tests/model/examples.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace flopcast {
namespace {

using namespace tests;

const NamedQuantity &named(std::string_view key) {
  const NamedQuantity *found = find_quantity(key);
  EXPECT_NE(found, nullptr) << key;
  return found != nullptr ? *found : named_quantities().front();
}

TEST(NamedQuantities, HaveKeysAndLabelsOfTheirOwn) {
  std::set<std::string_view> keys;
  for (const NamedQuantity &quantity : named_quantities()) {
    EXPECT_TRUE(keys.insert(quantity.key).second) << quantity.key;
    EXPECT_FALSE(quantity.label.empty()) << quantity.key;
    EXPECT_GT(quantity.key_unit, 0) << quantity.key;
  }
}

TEST(NamedQuantities, StandInTheOrderOfTheirSections) {
  QuantitySection last = QuantitySection::parameters;
  for (const NamedQuantity &quantity : named_quantities()) {
    EXPECT_GE(quantity.section, last) << quantity.key;
    EXPECT_FALSE(to_text(quantity.section).empty());
    last = quantity.section;
  }
}

TEST(NamedQuantities, AreFiniteAndNeverNegativeInEveryShippedPlan) {
  for (const std::string &id : presets().ids("plans")) {
    const PlannedRun run = shipped_plan(id);
    const Estimate result = estimate_of(run);
    for (const NamedQuantity &quantity : named_quantities()) {
      const auto value = quantity.value({run, result});
      ASSERT_TRUE(value) << id << " " << quantity.key;
      EXPECT_TRUE(std::isfinite(value->value) && value->value >= 0)
          << id << " " << quantity.key << " = " << value->value;
    }
  }
}

TEST(NamedQuantities, OfAnImpossibleLayoutEndWithTheWork) {
  PlannedRun run = shipped_plan("gpt3-175b-a100");
  run.plan.parallelism.pipeline_parallel = 7;
  const Estimate result = estimate_of(run);
  const auto known = [&](std::string_view key) {
    return named(key).value({run, result}).has_value();
  };
  EXPECT_TRUE(known("parameters.total"));
  EXPECT_TRUE(known("flops.model_total"));
  EXPECT_TRUE(known("memory.per_gpu.capacity_bytes"));
  EXPECT_FALSE(known("flops.hardware_total")); // depends on what the layout recomputes
  EXPECT_FALSE(known("memory.per_gpu.total_bytes"));
  EXPECT_FALSE(known("time.step_s"));
  EXPECT_FALSE(known("throughput.mfu"));
  EXPECT_FALSE(known("cost.total_usd"));
  EXPECT_FALSE(known("energy.total_joule"));
}

TEST(NamedQuantities, CarryTheDimensionOfTheirName) {
  const PlannedRun run = shipped_plan("palm-540b-tpu-v4");
  const Estimate result = estimate_of(run);
  const auto dimension = [&](std::string_view key) {
    return named(key).value({run, result})->exponents;
  };
  EXPECT_EQ(dimension("time.step_s"), Seconds::dimension::exponents);
  EXPECT_EQ(dimension("time.gpu_hours"), GpuTime::dimension::exponents);
  EXPECT_EQ(dimension("cost.total_usd"), Money::dimension::exponents);
  EXPECT_EQ(dimension("memory.per_gpu.total_bytes"), Bytes::dimension::exponents);
  EXPECT_EQ(dimension("throughput.mfu"), Exponents{});
}

TEST(NamedQuantities, KeysInHoursCountHours) {
  const PlannedRun run = shipped_plan("palm-540b-tpu-v4");
  const Estimate result = estimate_of(run);
  const auto in_key_unit = [&](std::string_view key) {
    return named(key).value({run, result})->value / named(key).key_unit;
  };
  EXPECT_DOUBLE_EQ(in_key_unit("time.gpu_hours"), 8'404'992);
  EXPECT_DOUBLE_EQ(in_key_unit("cost.gpu_hour_usd"), 2.03);
}

TEST(FindQuantity, TakesWholeKeys) {
  for (const NamedQuantity &quantity : named_quantities())
    EXPECT_EQ(find_quantity(quantity.key), &quantity);
}

TEST(FindQuantity, TakesEndingsThatAreUnique) {
  EXPECT_EQ(named("step_s").key, "time.step_s");
  EXPECT_EQ(named("mfu").key, "throughput.mfu");
  EXPECT_EQ(named("total_bytes").key, "memory.per_gpu.total_bytes");
  EXPECT_EQ(named("breakdown.bubble_s").key, "time.breakdown.bubble_s");
}

TEST(FindQuantity, CutsKeysAtDotsOnly) {
  EXPECT_EQ(find_quantity("ep_s"), nullptr);
  EXPECT_EQ(find_quantity("_s"), nullptr);
  EXPECT_EQ(find_quantity(".step_s"), nullptr);
}

TEST(FindQuantity, KnowsNothingElse) {
  EXPECT_EQ(find_quantity(""), nullptr);
  EXPECT_EQ(find_quantity("time"), nullptr);
  EXPECT_EQ(find_quantity("time.step"), nullptr);
  EXPECT_EQ(find_quantity("x.time.step_s"), nullptr);
}

TEST(QuantityText, OfSharesIsAPercentage) {
  EXPECT_EQ(quantity_text(named("throughput.mfu"), {0.4623, {}}), "46.23 %");
  EXPECT_EQ(quantity_text(named("throughput.hfu"), {0.578, {}}), "57.80 %");
  EXPECT_EQ(quantity_text(named("time.goodput"), {0.9, {}}), "90.00 %");
}

TEST(QuantityText, OfTheRestHasAUnit) {
  EXPECT_EQ(quantity_text(named("time.step_s"), {12, Seconds::dimension::exponents}), "12 s");
}

} // namespace
} // namespace flopcast
