// SPDX-License-Identifier: Apache-2.0
#include "hardware/presets/load.hpp"
#include "model/planning/estimate.hpp"
#include "model/planning/plan_reader.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/preset_values.hpp"
#include "tests/support/print_quantity.hpp"

#include <gtest/gtest.h>

namespace flopcast::tests {
namespace {

TEST(PlanPreset, IsReadWithoutADiagnostic) {
  const PresetCatalog catalog = shipped_presets();
  ASSERT_GE(catalog.ids("plans").size(), 8U);
  for (const std::string &id : catalog.ids("plans"))
    EXPECT_NO_THROW((void)read_plan(catalog.load("plans", id), catalog)) << id;
}

TEST(PlanPreset, CanRun) {
  const PresetCatalog catalog = shipped_presets();
  for (const std::string &id : catalog.ids("plans")) {
    const PlannedRun run = read_plan(catalog.load("plans", id), catalog);
    const Estimate answer = estimate(run.plan, run.cluster);
    EXPECT_TRUE(answer.feasible())
        << id << ": " << (answer.feasible() ? "" : answer.reasons.front().text);
    ASSERT_TRUE(answer.run) << id;
    EXPECT_GT(answer.run->total_cost, Money{}) << id;
    EXPECT_GT(answer.run->energy.energy, Joules{}) << id;
  }
}

TEST(PlanPreset, SaysWhatItIs) {
  const PresetCatalog catalog = shipped_presets();
  for (const std::string &id : catalog.ids("plans")) {
    const InputValue root = catalog.load("plans", id);
    EXPECT_NE(text_at(root, "name"), "") << id << ": name";
    EXPECT_NE(text_at(root, "description"), "") << id << ": description";
  }
}

TEST(PlanPreset, ThatStatesAPublishedSpeedOrPriceNamesItsSource) {
  const PresetCatalog catalog = shipped_presets();
  for (const std::string &id : catalog.ids("plans")) {
    const InputValue root = catalog.load("plans", id);
    if (value_at(root, "stated") != nullptr) {
      EXPECT_NE(text_at(root, "source"), "") << id << ": source";
    }
    if (value_at(root, "price.rate") != nullptr) {
      EXPECT_NE(text_at(root, "price.source") + text_at(root, "source"), "")
          << id << ": price.source";
    }
  }
}

} // namespace
} // namespace flopcast::tests
