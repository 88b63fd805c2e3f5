// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/command_line_fixture.hpp"

#include "cli/session.hpp"

namespace flopcast::tests {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class OperatorsCommand : public CommandLine {};

TEST_F(OperatorsCommand, ListsWhatAGpuComputes) {
  const Ran ran = run({"operators", "gpt3-175b-a100"});
  EXPECT_EQ(ran.code, exit_ok);
  EXPECT_THAT(ran.err, IsEmpty());
  // 2,048 tokens by an eighth of 49,152 columns.
  EXPECT_THAT(ran.out, testing::ContainsRegex("mlp_up, forward +2,048 x 6,144 x 12,288 +96 "));
  EXPECT_THAT(ran.out, HasSubstr("mlp_up, input gradient"));
  EXPECT_THAT(ran.out, HasSubstr("mlp_up, weight gradient"));
  EXPECT_THAT(ran.out, HasSubstr("a micro-batch; 96 micro-batches in 8 stages"));
}

TEST_F(OperatorsCommand, JsonAndCsvHoldTheSame) {
  const Ran json = run({"operators", "gpt3-175b-a100", "--json"});
  const auto root = nlohmann::json::parse(json.out);
  EXPECT_EQ(root["kind"], "operators");
  double sum = 0;
  for (const auto &one : root["operators"])
    sum += one["calls"].get<double>() * one["time_s"].get<double>();
  EXPECT_NEAR(sum, root["time_s"].get<double>(), 1e-9 * sum);
  const Ran csv = run({"operators", "gpt3-175b-a100", "--format", "csv"});
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(csv.out, '\n')),
            root["operators"].size() + 1);
  EXPECT_THAT(csv.out, HasSubstr("\nmlp_up,layer,weight_gradient,gemm,bf16,1,12288,6144,2048,96,"));
  EXPECT_THAT(run({"operators", "gpt3-175b-a100", "--format", "md"}).out,
              HasSubstr("| mlp\\_up, weight gradient | 12,288 x 6,144 x 2,048 | 96 |"));
}

TEST_F(OperatorsCommand, OfAPlanThatOptionsAloneDescribe) {
  const Ran ran = run({"operators", "--model", "mixtral-8x7b", "--gpu", "h100", "--count", "64"});
  EXPECT_EQ(ran.code, exit_ok);
  EXPECT_THAT(ran.out, HasSubstr("expert_up, weight gradient"));
}

TEST_F(OperatorsCommand, OfAnImpossibleLayoutAreNone) {
  const Ran ran = run({"operators", "gpt3-175b-a100", "--set", "parallelism.tensor_parallel=7"});
  EXPECT_EQ(ran.code, exit_infeasible);
  EXPECT_THAT(ran.out, IsEmpty());
  EXPECT_THAT(ran.err, HasSubstr("cannot run: "));
}

TEST_F(OperatorsCommand, OfAPlanThatDoesNotFitAreThereAllTheSame) {
  const Ran ran = run({"operators", "gpt3-175b-a100", "--set", "training.memory_reserve=60 GB"});
  EXPECT_EQ(ran.code, exit_infeasible);
  EXPECT_THAT(ran.out, HasSubstr("mlp_up, forward"));
  EXPECT_THAT(ran.err, HasSubstr("cannot run: "));
}

TEST_F(OperatorsCommand, WrongInputEndsWithTwo) {
  EXPECT_EQ(run({"operators", "no-such-plan"}).code, exit_bad_input);
  EXPECT_EQ(run({"operators"}).code, exit_bad_input);
}

} // namespace
} // namespace flopcast::tests
