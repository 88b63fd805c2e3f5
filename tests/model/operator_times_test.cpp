// SPDX-License-Identifier: Apache-2.0
#include "model/planning/operator_times.hpp"
#include "tests/model/examples.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace flopcast {
namespace {

using namespace tests;
using namespace units;

Seconds sum_of(const std::vector<OperatorTime> &operators) {
  Seconds sum;
  for (const OperatorTime &one : operators)
    sum += one.of_all();
  return sum;
}

/// Llama 2 7B on one node, with what a test sets.
PlannedRun run_with(const std::vector<std::string> &assignments) {
  InputValue root = parse_toml(R"toml([model]
preset = "llama2-7b"
[data]
tokens = "1e9 token"
[hardware]
node = "dgx-a100-80"
nodes = 1
[training]
micro_batch = 2
global_batch = 32
)toml",
                               "plan.toml");
  for (const std::string &assignment : assignments)
    apply_override(root, assignment);
  return read_plan(root, shipped_presets());
}

class Recomputed : public testing::TestWithParam<const char *> {};

TEST_P(Recomputed, OperatorsOfAllMicroBatchesAreComputeAndRecompute) {
  PlannedRun run = run_with({"parallelism.tensor_parallel=4", GetParam()});
  // Nothing delays the device but itself.
  Software &software = run.plan.training.software;
  software.host_forward = software.host_backward = software.host_exchange = Seconds{};
  software.hidden_gradient_sums = 0;
  run.plan.training.overlap_gradient_exchange = false;
  const Estimate result = estimate(run.plan, run.cluster);
  ASSERT_TRUE(result.step);
  const StepTime &time = result.step->predicted;
  const double each = (time.compute + time.recompute).in(second) / result.step->micro_batches;
  EXPECT_NEAR(sum_of(operator_times(run.plan, run.cluster)).in(second), each, 1e-9 * each);
}

INSTANTIATE_TEST_SUITE_P(Modes, Recomputed,
                         testing::Values("training.recompute=none", "training.recompute=selective",
                                         "training.recompute=full", "training.recompute=alternate",
                                         "training.operators=eager"));

TEST(OperatorTimes, AreOfAllStagesTogether) {
  const PlannedRun one = run_with({"parallelism.tensor_parallel=2"});
  const PlannedRun two =
      run_with({"parallelism.tensor_parallel=2", "parallelism.pipeline_parallel=2"});
  const Seconds alone = sum_of(operator_times(one.plan, one.cluster));
  EXPECT_EQ(sum_of(operator_times(two.plan, two.cluster)), alone);
  EXPECT_GT(alone, Seconds{});
}

TEST(OperatorTimes, TellGradientsOfInputAndWeightsApart) {
  const PlannedRun run = run_with({"parallelism.tensor_parallel=4"});
  const std::vector<OperatorTime> operators = operator_times(run.plan, run.cluster);
  const auto shape = [&](CallPart part) {
    const auto found = std::ranges::find_if(operators, [&](const OperatorTime &one) {
      return one.role == OperatorRole::mlp_down && one.part == part;
    });
    return found == operators.end() ? MatrixShape{} : found->call.shape;
  };
  // 2 x 4,096 tokens; a quarter of 11,008 columns.
  EXPECT_EQ(shape(CallPart::forward),
            (MatrixShape{.batch = 1, .rows = 8192, .columns = 4096, .depth = 2752}));
  EXPECT_EQ(shape(CallPart::input_gradient),
            (MatrixShape{.batch = 1, .rows = 8192, .columns = 2752, .depth = 4096}));
  EXPECT_EQ(shape(CallPart::weight_gradient),
            (MatrixShape{.batch = 1, .rows = 2752, .columns = 4096, .depth = 8192}));
  EXPECT_EQ(shape(CallPart::backward), MatrixShape{});
}

TEST(OperatorTimes, GiveColumnsOfASplitWidthToEachRank) {
  const PlannedRun run = run_with({"parallelism.tensor_parallel=4"});
  std::size_t found = 0;
  for (const OperatorTime &one : operator_times(run.plan, run.cluster)) {
    if (one.role == OperatorRole::mlp_activation) {
      ++found;
      EXPECT_EQ(one.call.shape,
                (MatrixShape{.batch = 1, .rows = 8192, .columns = 2752, .depth = 1}));
    }
    if (one.role == OperatorRole::cross_entropy) {
      ++found;
      EXPECT_EQ(one.call.shape,
                (MatrixShape{.batch = 1, .rows = 8192, .columns = 8000, .depth = 1}));
    }
  }
  EXPECT_EQ(found, 4U) << "both, forward and backward";
}

} // namespace
} // namespace flopcast
