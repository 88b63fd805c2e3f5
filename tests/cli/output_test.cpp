// SPDX-License-Identifier: Apache-2.0
// Where text goes and how it looks there: -o, colours, width.
#include "tests/cli/command_line_fixture.hpp"

#include "cli/session.hpp"

#include <algorithm>
#include <sstream>

namespace flopcast::tests {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Output : public CommandLine {};

constexpr const char *escape = "\x1b[";

TEST_F(Output, AFileGetsWhatStdoutWould) {
  const std::string target = (folder() / "out.csv").string();
  const Ran to_file = run({"estimate", "gpt3-175b-a100", "--format", "csv", "-o", target});
  const Ran to_stdout = run({"estimate", "gpt3-175b-a100", "--format", "csv"});
  EXPECT_EQ(to_file.code, exit_ok);
  EXPECT_THAT(to_file.out, IsEmpty());
  EXPECT_EQ(content_of(target), to_stdout.out);
}

TEST_F(Output, ADashIsStdout) {
  const Ran dash = run({"presets", "list", "plans", "--output", "-"});
  EXPECT_EQ(dash.code, exit_ok);
  EXPECT_EQ(dash.out, run({"presets", "list", "plans"}).out);
}

TEST_F(Output, AFileThatCannotBeWrittenEndsWithTwo) {
  const std::string missing = (folder() / "no/such/folder/out.json").string();
  for (const std::vector<std::string> &command :
       std::vector<std::vector<std::string>>{{"estimate", "gpt3-175b-a100"},
                                             {"explain", "gpt3-175b-a100", "time.step_s"},
                                             {"compare", "gpt3-175b-a100", "gpt3-175b-v100"},
                                             {"presets", "list", "plans"}}) {
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.end(), {"-o", missing});
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.code, exit_bad_input) << command.front();
    EXPECT_THAT(ran.out, IsEmpty()) << command.front();
    EXPECT_THAT(ran.err, HasSubstr(missing + ": cannot be written: No such file"))
        << command.front();
  }
  EXPECT_EQ(run({"estimate", "gpt3-175b-a100", "-o", folder().string()}).code, exit_bad_input);
}

TEST_F(Output, AFullDiskEndsWithTwo) {
  if (!std::filesystem::exists("/dev/full"))
    GTEST_SKIP() << "this system has no /dev/full";
  const Ran ran = run({"estimate", "gpt3-175b-a100", "-o", "/dev/full"});
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(ran.err, HasSubstr("/dev/full: cannot be written"));
}

TEST_F(Output, AClosedStdoutEndsWithTwo) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  out.setstate(std::ios::badbit);
  const Session session{.in = in, .out = out, .err = err, .executable = {}};
  const char *arguments[] = {"flopcast", "completion", "bash"};
  EXPECT_EQ(run_command_line(3, arguments, session), exit_bad_input);
  EXPECT_THAT(err.str(), HasSubstr("stdout: cannot be written"));
}

TEST_F(Output, ColoursAreForTerminalsOnly) {
  const Outside terminal{.in = {}, .out_is_terminal = true, .width = 100};
  for (const std::vector<std::string> &command :
       std::vector<std::vector<std::string>>{{"estimate", "gpt3-175b-a100"},
                                             {"explain", "gpt3-175b-a100", "time.step_s"},
                                             {"compare", "gpt3-175b-a100", "gpt3-175b-v100"},
                                             {"presets", "list", "plans"},
                                             {"presets", "show", "h100"},
                                             {"doctor"}}) {
    EXPECT_THAT(run(command, terminal).out, HasSubstr(escape)) << command.front();
    EXPECT_THAT(run(command).out, Not(HasSubstr(escape))) << command.front();
  }
}

TEST_F(Output, OtherFormatsHaveNoColours) {
  const Outside terminal{.in = {}, .out_is_terminal = true, .width = 100};
  for (const char *format : {"json", "csv", "md"})
    EXPECT_THAT(run({"estimate", "gpt3-175b-a100", "--format", format}, terminal).out,
                Not(HasSubstr(escape)))
        << format;
}

TEST_F(Output, NoColorRefusesColours) {
  const Outside terminal{.in = {}, .out_is_terminal = true, .width = 100};
  EXPECT_THAT(run({"--no-color", "estimate", "gpt3-175b-a100"}, terminal).out,
              Not(HasSubstr(escape)));
  EXPECT_THAT(run({"estimate", "gpt3-175b-a100", "--no-color"}, terminal).out,
              Not(HasSubstr(escape)));
  {
    const EnvironmentVariable no_color("NO_COLOR", "1");
    EXPECT_THAT(run({"estimate", "gpt3-175b-a100"}, terminal).out, Not(HasSubstr(escape)));
  }
  // https://no-color.org: an empty value does not count.
  const EnvironmentVariable empty("NO_COLOR", "");
  EXPECT_THAT(run({"estimate", "gpt3-175b-a100"}, terminal).out, HasSubstr(escape));
}

// A report written from a terminal with -o once held escape codes.
TEST_F(Output, AFileHasNoColoursThoughStdoutIsATerminal) {
  const Outside terminal{.in = {}, .out_is_terminal = true, .width = 100};
  const std::string target = (folder() / "report.txt").string();
  for (const std::vector<std::string> &command :
       std::vector<std::vector<std::string>>{{"estimate", "gpt3-175b-a100"},
                                             {"explain", "gpt3-175b-a100", "time.step_s"},
                                             {"compare", "gpt3-175b-a100", "gpt3-175b-v100"},
                                             {"presets", "list", "plans"},
                                             {"presets", "show", "h100"}}) {
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.end(), {"-o", target});
    ASSERT_EQ(run(arguments, terminal).code, exit_ok);
    EXPECT_THAT(content_of(target), Not(HasSubstr(escape))) << command.front();
    EXPECT_EQ(content_of(target), run(command).out) << command.front();
  }
}

TEST_F(Output, ANarrowTerminalWrapsTheAssumptions) {
  const auto assumptions = [](const std::string &table) {
    auto lines = lines_of(table);
    const auto title = std::ranges::find_if(
        lines, [](const std::string &line) { return line.starts_with("Assumptions"); });
    lines.erase(lines.begin(), title == lines.end() ? title : title + 1);
    return lines;
  };
  const auto wide = assumptions(run({"estimate", "gpt3-175b-a100"}, {.in = {}, .width = 140}).out);
  const auto narrow = assumptions(run({"estimate", "gpt3-175b-a100"}, {.in = {}, .width = 70}).out);
  ASSERT_FALSE(wide.empty());
  EXPECT_GT(narrow.size(), wide.size());
  for (const std::string &line : narrow)
    EXPECT_LE(line.size(), 70U + 2) << line; // an en dash is three bytes and one column
}

} // namespace
} // namespace flopcast::tests
