// SPDX-License-Identifier: Apache-2.0
#include "gui/plan_text.hpp"
#include "tests/cli/command_line_fixture.hpp"
#include "tests/gui/gui_fixture.hpp"

#include <gmock/gmock.h>

namespace flopcast {
namespace {

using testing::HasSubstr;
using namespace tests;

class PlanSessionRequest : public CommandLine {};

TEST_F(PlanSessionRequest, NamesAFileOrAShippedPlan) {
  const std::string own = file("own.toml", small_plan);
  EXPECT_EQ(answered({}, own)->report.title, "small");
  EXPECT_EQ(answered({}, example)->report.title, "GPT-3 175B on 1,024 A100");
}

TEST_F(PlanSessionRequest, RefusesANameWithTheTextOfTheCommandLine) {
  EXPECT_EQ("flopcast: " + refused({"gpt3-175b-a10", ""}) + "\n",
            run({"estimate", "gpt3-175b-a10"}).err);
}

TEST_F(PlanSessionRequest, RefusesAnOverrideWithTheTextOfTheCommandLine) {
  EXPECT_EQ("flopcast: " + refused({std::string(example), "training.micro_bath=2"}) + "\n",
            run({"estimate", std::string(example), "--set", "training.micro_bath=2"}).err);
}

TEST_F(PlanSessionRequest, SaysWhereInAFileAValueIsWrong) {
  const std::string own = file("own.toml", "[model]\npreset = \"gpt2-124m\"\n[hardware]\n"
                                           "gpu = \"h100\"\ncount = \"many\"\n");
  EXPECT_THAT(refused({own, ""}), HasSubstr(own + ":5:9: "));
}

TEST_F(PlanSessionRequest, ReadsTheFileEveryTime) {
  const PlanSession session = shipped_session();
  const auto title = [&session](const std::string &where) {
    return std::get<EstimatedPlanPointer>(session.outcome({where, ""}))->report.title;
  };
  EXPECT_EQ(title(file("own.toml", small_plan)), "small");
  EXPECT_EQ(title(file("own.toml", "name = \"another\"" + std::string(small_plan.substr(14)))),
            "another");
}

TEST(PlanSession, PassesEmptyLinesAndRemarksAmongOverrides) {
  const std::string changes = "\n  # a remark\n  training.micro_batch = 2  \r\n\n"
                              "training.global_batch=768";
  EXPECT_EQ(change_lines(changes).size(), 2);
  EXPECT_TRUE(change_lines("").empty());
}

TEST(PlanSession, AppliesOverridesInTheirOrder) {
  EXPECT_EQ(
      answered("training.micro_batch=4\ntraining.micro_batch=2")->run.plan.training.micro_batch, 2);
}

TEST(PlanSession, TakesKeysAway) {
  // Without its nodes the plan has the count alone: 512 GPUs instead of 128 nodes of eight.
  const EstimatedPlanPointer fewer = answered("-hardware.nodes\nhardware.count=512");
  EXPECT_EQ(fewer->run.cluster.gpus, 512);
  EXPECT_EQ(fewer->run.plan.parallelism.data_parallel, 8) << "512 / (tensor 8 x pipeline 8)";
}

TEST(PlanSession, FindsTheNearestOnlyForAPlanThatCannotRun) {
  EXPECT_FALSE(answered()->nearest);
  const EstimatedPlanPointer infeasible = answered(std::string(too_large));
  ASSERT_TRUE(infeasible->nearest);
  EXPECT_EQ(infeasible->report.alerts.back().label, "nearest plan");
}

TEST(PlanSession, ListsThePlansThatTheCatalogHas) {
  const PresetCatalog catalog = shipped_presets();
  std::vector<std::string> ids;
  for (const ShippedPlan &plan : shipped_session().shipped_plans()) {
    ids.push_back(plan.id);
    EXPECT_NE(plan.name, "");
    EXPECT_EQ(plan.path, catalog.path("plans", plan.id).string());
  }
  EXPECT_EQ(ids, catalog.ids("plans"));
}

} // namespace
} // namespace flopcast
