// SPDX-License-Identifier: Apache-2.0
// Help, versions, wrong command lines and the streams that text goes to.
#include "tests/cli/command_line_fixture.hpp"

#include "cli/session.hpp"

#include <ostream>
#include <string>
#include <vector>

namespace flopcast::tests {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class Usage : public CommandLine {};

TEST_F(Usage, VersionGoesToStdout) {
  const Ran ran = run({"--version"});
  EXPECT_EQ(ran.code, exit_ok);
  EXPECT_THAT(ran.out, testing::MatchesRegex("flopcast [0-9]+\\.[0-9]+\\.[0-9]+\n"));
  EXPECT_THAT(ran.err, IsEmpty());
}

TEST_F(Usage, HelpNamesEverySubcommandAndTheExitCodes) {
  const Ran ran = run({"--help"});
  EXPECT_EQ(ran.code, exit_ok);
  for (const char *name : {"estimate", "explain", "compare", "trace", "calibrate", "check",
                           "presets", "doctor", "completion"})
    EXPECT_THAT(ran.out, HasSubstr(std::string("\n  ") + name));
  EXPECT_THAT(ran.out, HasSubstr("Exit codes: 0"));
  EXPECT_THAT(ran.err, IsEmpty());
}

TEST_F(Usage, EverySubcommandHasHelp) {
  for (const std::vector<std::string> &path :
       std::vector<std::vector<std::string>>{{"estimate"},
                                             {"explain"},
                                             {"compare"},
                                             {"trace"},
                                             {"calibrate"},
                                             {"calibrate", "fit"},
                                             {"calibrate", "show"},
                                             {"calibrate", "validate"},
                                             {"check"},
                                             {"presets"},
                                             {"presets", "list"},
                                             {"presets", "show"},
                                             {"presets", "search"},
                                             {"doctor"},
                                             {"completion"}}) {
    std::vector<std::string> arguments = path;
    arguments.emplace_back("--help");
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.code, exit_ok) << path.back();
    EXPECT_THAT(ran.out, HasSubstr("Usage: flopcast")) << path.back();
    EXPECT_THAT(ran.err, IsEmpty()) << path.back();
  }
}

struct WrongUsage {
  std::string name;
  std::vector<std::string> arguments;
  std::string message; ///< part of what stderr says
};

void PrintTo(const WrongUsage &wrong, std::ostream *stream) { *stream << wrong.name; }

class WrongCommandLine : public CommandLine, public testing::WithParamInterface<WrongUsage> {};

TEST_P(WrongCommandLine, EndsWithTwoAndSaysWhyOnStderr) {
  const Ran ran = run(GetParam().arguments);
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(ran.out, IsEmpty());
  EXPECT_THAT(ran.err, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Usage, WrongCommandLine,
    testing::Values(
        WrongUsage{"NoSubcommand", {}, "subcommand is required"},
        WrongUsage{"MisspelledSubcommand", {"estmate", "x"}, "did you mean \"estimate\"?"},
        WrongUsage{"UnknownSubcommand", {"bogus"}, "\"bogus\" was not expected here"},
        WrongUsage{"PresetsWithoutAction", {"presets"}, "subcommand is required"},
        WrongUsage{"MisspelledAction", {"presets", "lst"}, "did you mean \"list\"?"},
        WrongUsage{"MisspelledOption",
                   {"estimate", "gpt3-175b-a100", "--jsn"},
                   "did you mean \"--json\"?"},
        WrongUsage{"WordTooMany", {"doctor", "extra"}, "\"extra\" was not expected here"},
        WrongUsage{"UnknownFormat",
                   {"estimate", "gpt3-175b-a100", "--format", "xml"},
                   "{table,json,csv,md}"},
        // Once taken as the number of an enumerator: no output, and exit code 0.
        WrongUsage{"FormatByNumber",
                   {"estimate", "gpt3-175b-a100", "--format", "7"},
                   "{table,json,csv,md}"},
        WrongUsage{"FormatByValidNumber",
                   {"estimate", "gpt3-175b-a100", "--format", "1"},
                   "{table,json,csv,md}"},
        WrongUsage{
            "TwoFormats", {"estimate", "gpt3-175b-a100", "--json", "--format", "csv"}, "excludes"},
        WrongUsage{"CompareNeedsTwo", {"compare", "gpt3-175b-a100"}, "At least 2 required"},
        WrongUsage{"ExplainNeedsAQuantity", {"explain", "gpt3-175b-a100"}, "quantity"},
        WrongUsage{"DepthBelowZero",
                   {"explain", "gpt3-175b-a100", "time.step_s", "--depth", "-1"},
                   "--depth"},
        WrongUsage{"CountIsNoNumber", {"estimate", "gpt3-175b-a100", "--count", "many"}, "--count"},
        WrongUsage{"UnknownShell", {"completion", "tcsh"}, "{bash,zsh,fish}"}),
    [](const auto &tested) { return tested.param.name; });

TEST_F(Usage, AMessageBeginsWithTheProgramsName) {
  EXPECT_THAT(run({"estimate", "nosuch.toml"}).err, StartsWith("flopcast: nosuch.toml: "));
}

TEST_F(Usage, GlobalOptionsMayStandBeforeAndAfterTheSubcommand) {
  const Ran before = run({"-q", "--no-color", "presets", "list", "plans"});
  const Ran after = run({"presets", "list", "plans", "-q", "--no-color"});
  EXPECT_EQ(before.code, exit_ok);
  EXPECT_EQ(after.code, exit_ok);
  EXPECT_EQ(before.out, after.out);
}

TEST_F(Usage, QuietSilencesMessagesButNotErrors) {
  EXPECT_THAT(run({"presets", "list"}).err, HasSubstr("presets list prices"));
  EXPECT_THAT(run({"presets", "list", "-q"}).err, IsEmpty());
  const Ran infeasible = run({"estimate", "gpt3-175b-a100", "--set",
                              "parallelism.tensor_parallel=7", "--quiet", "--json"});
  EXPECT_EQ(infeasible.code, exit_infeasible);
  EXPECT_THAT(infeasible.err, IsEmpty());
  EXPECT_THAT(run({"estimate", "nosuch", "--quiet"}).err, HasSubstr("no such file"));
}

TEST_F(Usage, DoctorCountsThePresets) {
  const Ran ran = run({"doctor"});
  EXPECT_EQ(ran.code, exit_ok);
  EXPECT_THAT(ran.out, StartsWith("flopcast "));
  for (const char *kind : {"devices", "nodes", "models", "plans", "calibrations"})
    EXPECT_THAT(ran.out, testing::ContainsRegex(std::string("  ") + kind + " +[1-9][0-9]*\n"));
  EXPECT_THAT(ran.out, HasSubstr("built with CUDA"));
}

TEST_F(Usage, BrokenAliasesOfTheUserAreNamedWithTheirPlace) {
  const std::string aliases = file("config/flopcast/presets/aliases.toml", "gpu = 3\n");
  const Ran ran = run({"presets", "list"});
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(ran.err, HasSubstr(aliases + ":1:"));
  EXPECT_EQ(run({"completion", "bash"}).code, exit_ok) << "needs no presets";
}

} // namespace
} // namespace flopcast::tests
