// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/command_line_fixture.hpp"

#include "cli/session.hpp"

#include <set>

namespace flopcast::tests {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class TraceCommand : public CommandLine {};

TEST_F(TraceCommand, WritesATraceOfTheStep) {
  const std::string path = (folder() / "step.json").string();
  const Ran ran = run({"trace", "gpt3-175b-a100", "-o", path});
  EXPECT_EQ(ran.code, exit_ok);
  EXPECT_THAT(ran.out, IsEmpty());
  const auto trace = nlohmann::json::parse(content_of(path));
  const auto stages = trace["otherData"]["stages"].get<std::size_t>();
  std::set<int> processes;
  for (const auto &event : trace["traceEvents"])
    processes.insert(event["pid"].get<int>());
  EXPECT_GT(stages, 1U);
  EXPECT_EQ(processes.size(), stages);
  EXPECT_THAT(ran.err, HasSubstr("micro-batches, a step of "));
}

TEST_F(TraceCommand, WritesToStdoutWithoutAFile) {
  const Ran ran = run({"trace", "gpt3-175b-a100", "-q"});
  EXPECT_EQ(ran.code, exit_ok);
  EXPECT_THAT(ran.err, IsEmpty());
  EXPECT_EQ(nlohmann::json::parse(ran.out)["otherData"]["schema_version"], 1);
}

TEST_F(TraceCommand, AnImpossibleLayoutHasNoStep) {
  const std::string path = (folder() / "step.json").string();
  const Ran ran =
      run({"trace", "gpt3-175b-a100", "--set", "parallelism.tensor_parallel=7", "-o", path});
  EXPECT_EQ(ran.code, exit_infeasible);
  EXPECT_THAT(ran.err, HasSubstr("cannot run: "));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(TraceCommand, WrongInputEndsWithTwo) {
  EXPECT_EQ(run({"trace", "no-such-plan"}).code, exit_bad_input);
  EXPECT_EQ(run({"trace"}).code, exit_bad_input);
  const Ran ran = run({"trace", "gpt3-175b-a100", "-o", (folder() / "none/step.json").string()});
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(ran.err, HasSubstr("cannot be written"));
}

} // namespace
} // namespace flopcast::tests
