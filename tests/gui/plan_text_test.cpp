// SPDX-License-Identifier: Apache-2.0
#include "gui/plan_text.hpp"
#include "tests/gui/gui_fixture.hpp"

#include <gmock/gmock.h>

namespace flopcast {
namespace {

using testing::HasSubstr;
using namespace tests;

constexpr auto text = R"(name = "mine" # a title

[model]
preset = "llama3-8b" # the base

[hardware]
gpu = "h100"
nodes = 8

[run]
goodput = 0.9
)";

TEST(Changes, HoldOneLineForAKey) {
  std::string changes = with_edit("", {"training.micro_batch", "2"});
  changes = with_edit(changes, {"run.goodput", "0.8"});
  changes = with_edit(changes, {"training.micro_batch", "4"});
  EXPECT_EQ(changes, "run.goodput=0.8\ntraining.micro_batch=4\n");
  EXPECT_EQ(changed_value(changes, "training.micro_batch"), "4");
  EXPECT_EQ(changed_value(changes, "training"), std::nullopt);
  EXPECT_EQ(without_edit(changes, "run.goodput"), "training.micro_batch=4\n");
}

TEST(Changes, KeepRemarks) {
  EXPECT_EQ(with_edit("# run.goodput=1\n", {"run.goodput", "0.8"}),
            "# run.goodput=1\nrun.goodput=0.8\n");
}

TEST(Changes, TakeKeysAway) {
  const std::string changes = with_edit("hardware.nodes=4\n", {"hardware.nodes", std::nullopt});
  EXPECT_EQ(changes, "-hardware.nodes\n");
  EXPECT_EQ(changed_value(changes, "hardware.nodes"), "");
  InputValue root = parse_toml(text, "plan.toml");
  apply_changes(root, changes);
  EXPECT_EQ(value_at(root, "hardware.nodes"), nullptr);
  EXPECT_NE(value_at(root, "hardware.gpu"), nullptr);
}

TEST(MergedPlan, ChangesValuesWhereTheyStandAndKeepsRemarks) {
  EXPECT_EQ(merged_plan(text, "plan.toml", "run.goodput=0.8\nmodel.preset=llama3-70b\n"),
            R"(name = "mine" # a title

[model]
preset = "llama3-70b" # the base

[hardware]
gpu = "h100"
nodes = 8

[run]
goodput = 0.8
)");
}

TEST(MergedPlan, AddsKeysToTheirTablesAndTablesAtTheEnd) {
  EXPECT_EQ(merged_plan(text, "plan.toml",
                        "-hardware.nodes\nhardware.count=64\ntraining.micro_batch=2\n"
                        "price.rate=2.10 USD/(GPU*h)\nmodel.layers=40\n"),
            R"toml(name = "mine" # a title

[model]
preset = "llama3-8b" # the base
layers = 40

[hardware]
gpu = "h100"
count = 64

[run]
goodput = 0.9

[training]
micro_batch = 2

[price]
rate = "2.10 USD/(GPU*h)"
)toml");
}

TEST(MergedPlan, WritesAnewWhatLinesDoNotShow) {
  const std::string merged =
      merged_plan("model = { preset = \"llama3-8b\" }\nhardware.gpu = \"h100\"\n", "plan.toml",
                  "model.preset=llama3-70b\nhardware.count=8\n");
  EXPECT_EQ(merged, "[hardware]\ncount = 8\ngpu = \"h100\"\n\n[model]\npreset = \"llama3-70b\"\n");
}

TEST(MergedPlan, EstimatesLikeThePlanWithItsChanges) {
  const PlanSession session = shipped_session();
  const std::string changes = "training.micro_batch=2\n-hardware.nodes\nhardware.count=512\n"
                              "-parallelism\ndata.tokens=1.5e12 token\n";
  for (const ShippedPlan &plan : session.shipped_plans()) {
    const std::string merged = merged_plan(session.text(plan.path), plan.path, changes);
    const PlanOutcome saved = session.outcome({plan.path, "", merged});
    const PlanOutcome changed = session.outcome({plan.path, changes});
    ASSERT_EQ(saved.index(), changed.index()) << plan.id;
    if (const auto *answer = std::get_if<EstimatedPlanPointer>(&saved)) {
      EXPECT_EQ(to_markdown((*answer)->report),
                to_markdown(std::get<EstimatedPlanPointer>(changed)->report))
          << plan.id;
    }
  }
}

} // namespace
} // namespace flopcast
