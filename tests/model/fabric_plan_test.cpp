// SPDX-License-Identifier: Apache-2.0
// A plan's network: how it is named, what is said of one that does not fit, what it does to a step.
#include "model/planning/layout_search.hpp"
#include "tests/model/examples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace flopcast {
namespace {

using namespace tests;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view plan = R"([model]
preset = "gpt2-124m"
[data]
tokens = "1e9 token"
[hardware]
node = "dgx-h100"
count = 1024
[parallelism]
tensor_parallel = 2
)";

PlannedRun on(const std::string &fabric) { return read_text(plan, {"hardware.fabric" + fabric}); }

TEST(PlanFabric, IsAbsentUnlessThePlanNamesOne) { EXPECT_FALSE(read_text(plan).cluster.fabric); }

TEST(PlanFabric, IsAPresetByItsName) {
  const PlannedRun run = on("=rail-2-ndr400");
  ASSERT_TRUE(run.cluster.fabric);
  EXPECT_EQ(run.cluster.fabric->id, "rail-2-ndr400");
  EXPECT_EQ(run.cluster.fabric->rails, 8);
  // The preset's caveat is the plan's.
  const auto noted = std::ranges::find(run.plan.assumptions, "hardware.fabric", &Assumption::key);
  ASSERT_NE(noted, run.plan.assumptions.end());
  EXPECT_THAT(noted->why, HasSubstr("31 nodes"));
}

TEST(PlanFabric, IsAPresetWithChanges) {
  const PlannedRun run = read_text(plan, {"hardware.fabric.preset=fat-tree-2-ndr400",
                                          "hardware.fabric.leaf.oversubscription=4"});
  ASSERT_TRUE(run.cluster.fabric);
  EXPECT_EQ(run.cluster.fabric->levels[0].oversubscription, 4);
  EXPECT_EQ(run.cluster.fabric->levels[0].down, 32); // the preset's
  EXPECT_THAT(run.cluster.fabric->name, HasSubstr("(changed)"));
  EXPECT_THAT(on(".preset=fat-tree-2-ndr400").cluster.fabric->name, Not(HasSubstr("(changed)")));
}

TEST(PlanFabric, MayBeWrittenOutWithoutASource) {
  const PlannedRun run = read_text(std::string(plan) + R"([hardware.fabric]
kind = "fat_tree"
link = { bandwidth = "200 Gb/s" }
leaf = { gpus = 64, oversubscription = 2, latency = "1 us" }
spine = { leaves = 32, latency = "1 us" }
)");
  ASSERT_TRUE(run.cluster.fabric);
  EXPECT_EQ(run.cluster.fabric->name, "own fabric");
  EXPECT_EQ(most_gpus(*run.cluster.fabric), 2048);
}

TEST(PlanFabric, ThatIsBrokenIsReportedAtItsKeys) {
  EXPECT_THAT(complaint_about(plan, {"hardware.fabric=fat-tree-2"}),
              AllOf(HasSubstr("hardware.fabric: "), HasSubstr("fat-tree-2-ndr400")));
  EXPECT_THAT(complaint_about(plan, {"hardware.fabric=3"}), HasSubstr("expected a text"));
  EXPECT_THAT(complaint_about(plan, {"hardware.fabric.preset=3"}),
              HasSubstr("hardware.fabric.preset: expected a text"));
  EXPECT_THAT(complaint_about(std::string(plan) + "[hardware.fabric]\npreset = \"x\"\n"),
              StartsWith("plan.toml:11:10: hardware.fabric.preset: "));
  EXPECT_THAT(complaint_about(std::string(plan) + "[hardware.fabric]\nkind = \"fat_tree\"\n"),
              HasSubstr("hardware.fabric.leaf.gpus: is missing"));
  EXPECT_THAT(complaint_about(
                  plan, {"hardware.fabric.preset=fat-tree-2-ndr400", "hardware.fabric.leaf.gpu=8"}),
              HasSubstr("hardware.fabric.leaf.gpu: no such key; did you mean \"gpus\"?"));
  // What the fabric was to fit is missing: that is the one thing to say.
  EXPECT_THAT(complaint_about("[model]\npreset = \"gpt2-124m\"\n[hardware]\ncount = 8\n"
                              "fabric = \"single-domain\"\n"),
              AllOf(HasSubstr("hardware.gpu: is missing"), Not(HasSubstr("hardware.fabric"))));
}

TEST(PlanFabric, ThatHoldsFewerGpusIsRefusedAndThoseThatFitAreNamed) {
  const std::string complaint =
      complaint_about(plan, {"hardware.fabric=fat-tree-2-ndr400", "hardware.count=4096"});
  EXPECT_THAT(complaint, AllOf(HasSubstr("hardware.fabric: "), HasSubstr("2048 GPUs"),
                               HasSubstr("4096"), HasSubstr("fat-tree-3-ndr400")));
  EXPECT_THAT(complaint, Not(HasSubstr("tpu-v4-4096")));
}

TEST(PlanFabric, ThatDoesNotFitTheNodeIsRefused) {
  EXPECT_THAT(complaint_about(plan, {"hardware.fabric=tpu-v4-4096"}), HasSubstr("torus"));
  EXPECT_THAT(complaint_about(plan, {"hardware.fabric=single-domain"}), HasSubstr("no network"));
  // Leaves of 32 cut a rack of 72.
  EXPECT_THAT(complaint_about(plan, {"hardware.node=gb200-nvl72", "hardware.count=1152",
                                     "hardware.fabric=fat-tree-2-ndr400"}),
              HasSubstr("no whole number of domains of 72"));
  EXPECT_THAT(complaint_about(plan, {"hardware.node=gb200-nvl72", "hardware.count=1152",
                                     "hardware.fabric=nvl72-2-xdr800"}),
              IsEmpty());
}

TEST(PlanFabric, StandsInForNicsThatNoPresetKnows) {
  const PlannedRun run = read_text("[model]\npreset = \"gpt2-124m\"\n[hardware]\n"
                                   "gpu = \"l4\"\ncount = 56\nfabric = \"ethernet-2-8to1\"\n");
  const auto noted =
      std::ranges::find(run.plan.assumptions, "hardware.scale_out_bandwidth", &Assumption::key);
  ASSERT_NE(noted, run.plan.assumptions.end());
  EXPECT_THAT(noted->why, HasSubstr("fabric's ports"));
  EXPECT_EQ(run.cluster.node.scale_out_bandwidth, run.cluster.fabric->link_bandwidth);
}

TEST(PlanFabric, SlowsTheDataParallelExchangeThatCrossesItAndNothingElse) {
  const auto time = [](const std::string &oversubscription) {
    return estimate_of(
               read_text(plan,
                         {"model.preset=llama3.1-8b", "hardware.fabric.preset=fat-tree-2-ndr400",
                          "training.overlap_gradient_exchange=false",
                          "hardware.fabric.leaf.oversubscription=" + oversubscription}))
        .step->time;
  };
  const StepTime full = time("1");
  const StepTime thin = time("16");
  // A leaf of 32 GPUs has 1,600 / 16 = 100 GB/s up for the two rings of tensor parallel 2, of 4
  // ranks a domain each: 50 in place of 200 GB/s. Four times as long but for the latency: 7 levels
  // over 128 domains of some 20 us beside 24 GB at 150 GB/s.
  EXPECT_NEAR(thin.data_parallel / full.data_parallel, 4, 0.02);
  EXPECT_EQ(thin.tensor_parallel, full.tensor_parallel);
  EXPECT_EQ(thin.compute, full.compute);
}

TEST(PlanFabric, BoundsTheSearchForTheNearestPlan) {
  // Too large for 16 GPUs, and the fabric holds no more: none is proposed that it cannot join.
  const PlannedRun run = read_text(R"([model]
preset = "llama3.1-405b"
[hardware]
node = "dgx-h100"
count = 16
[hardware.fabric]
kind = "fat_tree"
link = { bandwidth = "50 GB/s" }
leaf = { gpus = 64, latency = "1 us" }
)");
  ASSERT_FALSE(estimate_of(run).feasible());
  const auto nearest = nearest_layout(run.plan, run.cluster);
  if (nearest) {
    EXPECT_LE(nearest->gpus, 64);
  }
}

} // namespace
} // namespace flopcast
