// SPDX-License-Identifier: Apache-2.0
#include "model/planning/estimate.hpp"
#include "model/planning/pipeline_work.hpp"
#include "tests/model/examples.hpp"

#include <gtest/gtest.h>

namespace flopcast::tests {
namespace {

/// The simulated step and the sum of estimate() agree but for what the sum simplifies: the slowest
/// stage is paid for every micro-batch, fill and drain included, and so are all messages, which
/// chunks of other micro-batches may hide. The schedule knows neither stragglers nor what a step
/// costs once.
TEST(PipelineWork, SimulatesNearlyTheEstimatedStep) {
  for (const char *layout : {"tensor_parallel = 8\npipeline_parallel = 8\n",
                             "tensor_parallel = 8\npipeline_parallel = 8\nvirtual_pipeline = 4\n",
                             "tensor_parallel = 8\npipeline_parallel = 1\nzero_stage = 1\n",
                             // Gradients of five chunks fill the time until the last one's.
                             "tensor_parallel = 1\npipeline_parallel = 16\nvirtual_pipeline = 6\n"
                             "zero_stage = 1\n"}) {
    const PlannedRun run =
        read_plan(parse_toml(std::string("[model]\npreset = \"gpt3-175b\"\n[hardware]\nnode = "
                                         "\"dgx-a100-80\"\nnodes = 16\n[parallelism]\n") +
                                 layout + "[training]\nmicro_batch = 1\nglobal_batch = 128\n",
                             "a plan"),
                  presets());
    const Estimate result = estimate(run.plan, run.cluster);
    ASSERT_TRUE(result.step) << layout;
    const ScheduleOutcome outcome = simulated_schedule(pipeline_work(run.plan, run.cluster));
    const StepTime &step = result.step->predicted;
    const Seconds scheduled = step.total() - step.stragglers - step.overhead;
    EXPECT_LT(outcome.step, 1.01 * scheduled) << layout;
    EXPECT_GT(outcome.step, 0.99 * scheduled - step.pipeline) << layout;
  }
}

TEST(PipelineWork, HoldsAsManyActivationsAsTheEstimate) {
  const PlannedRun run = read_plan(
      parse_toml("[model]\npreset = \"gpt3-175b\"\n[hardware]\nnode = \"dgx-a100-80\"\nnodes = 16\n"
                 "[parallelism]\ntensor_parallel = 8\npipeline_parallel = 8\n"
                 "[training]\nmicro_batch = 1\nglobal_batch = 128\n",
                 "a plan"),
      presets());
  const Estimate result = estimate(run.plan, run.cluster);
  const ScheduleOutcome outcome = simulated_schedule(pipeline_work(run.plan, run.cluster));
  // Both count p micro-batches of the same layers and one layer recomputed.
  EXPECT_NEAR(outcome.stages[0].peak / result.step->first_stage.activations, 1, 1e-6);
}

} // namespace
} // namespace flopcast::tests
