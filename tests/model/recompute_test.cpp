// SPDX-License-Identifier: Apache-2.0
#include "tests/model/examples.hpp"

#include <gtest/gtest.h>

namespace flopcast {
namespace {

using namespace tests;

/// GPT-3 6.7B on two stages: 16 layers each, and memory enough for all of it.
const PlannedRun &middling() {
  static const PlannedRun run = read_text(R"(
[model]
preset = "gpt3-6.7b"
[data]
tokens = "300e9 token"
sequence_length = 2048
[hardware]
node = "dgx-a100-80"
nodes = 2
memory_capacity = "10 TB"
[parallelism]
pipeline_parallel = 2
[training]
global_batch = 64
)");
  return run;
}

Estimate with(Recompute recompute, OperatorRoles modules = {},
              std::optional<std::int64_t> layers = std::nullopt) {
  PlannedRun run = middling();
  run.plan.training.recompute = recompute;
  run.plan.training.recomputed = modules;
  run.plan.training.recompute_layers = layers;
  return estimate(run.plan, run.cluster);
}

OperatorRoles module(std::string_view wanted) {
  for (const auto &[name, roles] : recompute_module_names())
    if (name == wanted)
      return roles;
  ADD_FAILURE() << wanted;
  return {};
}

TEST(Recompute, OfTheCoreAttentionIsTheSelectiveOne) {
  const Estimate modules = with(Recompute::modules, module("core_attention"));
  const Estimate selective = with(Recompute::selective);
  EXPECT_EQ(modules.step->time.recompute, selective.step->time.recompute);
  EXPECT_EQ(modules.step->memory().activations, selective.step->memory().activations);
  EXPECT_EQ(modules.work.hardware_total, selective.work.hardware_total);
}

TEST(Recompute, OfMoreModulesKeepsLessAndTakesLonger) {
  const Estimate none = with(Recompute::none);
  const Estimate activation = with(Recompute::modules, module("activation"));
  const Estimate both = with(Recompute::modules, module("activation") | module("normalization"));
  EXPECT_LT(activation.step->first_stage.activations, none.step->first_stage.activations);
  EXPECT_LT(both.step->first_stage.activations, activation.step->first_stage.activations);
  EXPECT_GT(activation.step->time.recompute, none.step->time.recompute);
  EXPECT_GT(both.step->time.recompute, activation.step->time.recompute);
  // Activations and norms multiply no matrices.
  EXPECT_EQ(both.work.hardware_total, none.work.hardware_total);
}

TEST(Recompute, OfSomeLayersLiesBetweenNoneAndAll) {
  const Estimate none = with(Recompute::none);
  const Estimate all = with(Recompute::full);
  const double layers = static_cast<double>(middling().plan.model.decoder.layers) /
                        static_cast<double>(middling().plan.parallelism.pipeline_parallel);
  const Estimate zero = with(Recompute::full, {}, 0);
  const Estimate every = with(Recompute::full, {}, static_cast<std::int64_t>(layers));
  EXPECT_EQ(zero.step->time.recompute, none.step->time.recompute);
  EXPECT_EQ(every.step->time.recompute, all.step->time.recompute);
  EXPECT_EQ(every.step->first_stage.activations, all.step->first_stage.activations);
  const Estimate half = with(Recompute::full, {}, static_cast<std::int64_t>(layers) / 2);
  EXPECT_LT(half.step->first_stage.activations, none.step->first_stage.activations);
  EXPECT_GT(half.step->first_stage.activations, all.step->first_stage.activations);
}

} // namespace
} // namespace flopcast
