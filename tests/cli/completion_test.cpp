// SPDX-License-Identifier: Apache-2.0
// Completion scripts name every subcommand and option, and their shells accept them.
#include "tests/cli/command_line_fixture.hpp"

#include "cli/session.hpp"
#include "tests/cli/command_walk.hpp"

#include <cstdlib>

namespace flopcast::tests {
namespace {

using testing::HasSubstr;

class Completion : public CommandLine {
protected:
  static std::string script(const std::string &shell) {
    const Ran ran = run({"completion", shell});
    EXPECT_EQ(ran.code, exit_ok) << shell;
    EXPECT_THAT(ran.err, testing::IsEmpty()) << shell;
    return ran.out;
  }

  /// What a shell prints, or nothing where it is not installed.
  std::optional<std::string> answer_of(const std::string &shell, const std::string &command) const {
    if (std::system(("command -v " + shell + " >/dev/null 2>&1").c_str()) != 0)
      return std::nullopt;
    const std::string source = file("script." + shell, command);
    const auto target = folder() / "answer";
    const int status =
        std::system((shell + " " + source + " >" + target.string() + " 2>&1").c_str());
    EXPECT_EQ(status, 0) << shell << ": " << content_of(target);
    return content_of(target);
  }
};

TEST_F(Completion, EveryShellsScriptNamesEverySubcommandAndOption) {
  const std::vector<WalkedCommand> commands = walk_commands();
  // The root, twelve subcommands, three of presets, five of calibrate, one of measure and seven of
  // law: were the walk empty, nothing below counts.
  ASSERT_EQ(commands.size(), 29U);
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    const std::string text = script(shell);
    for (const WalkedCommand &command : commands) {
      EXPECT_THAT(text, HasSubstr(command.name())) << shell;
      for (const std::string &option : command.options)
        EXPECT_THAT(text, HasSubstr(shell == "fish" ? " -l " + option + " " : "--" + option))
            << shell << ", " << command.path;
    }
  }
}

// What CLI11's own help lists and what the scripts complete is the same.
TEST_F(Completion, AgreesWithHelp) {
  for (const WalkedCommand &command : walk_commands()) {
    std::vector<std::string> arguments = words_of(command.path);
    arguments.emplace_back("--help");
    const std::string help = run(arguments).out;
    for (const std::string &option : command.options)
      EXPECT_THAT(help, HasSubstr("--" + option)) << command.path;
    std::size_t in_help = 0; // options that help lists, each on a line of its own
    for (const std::string &line : lines_of(help))
      if (line.starts_with("  -"))
        ++in_help;
    EXPECT_EQ(in_help, command.options.size()) << command.path;
  }
}

TEST_F(Completion, ShellsAcceptTheirScripts) {
  std::string checked;
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    if (std::system(("command -v " + shell + " >/dev/null 2>&1").c_str()) != 0)
      continue;
    const std::string path = file("completion." + shell, script(shell));
    EXPECT_EQ(std::system((shell + " -n " + path).c_str()), 0) << shell;
    checked += shell + " ";
  }
  if (checked.empty())
    GTEST_SKIP() << "none of bash, zsh and fish is installed";
  RecordProperty("shells", checked);
}

TEST_F(Completion, BashCompletesWhereTheCursorStands) {
  const auto completed = [&](const std::string &words, int cursor) {
    return answer_of("bash", script("bash") + "COMP_WORDS=(" + words +
                                 ")\nCOMP_CWORD=" + std::to_string(cursor) +
                                 "\n_flopcast\necho \"${COMPREPLY[*]}\"\n");
  };
  const auto first = completed("flopcast est", 1);
  if (!first)
    GTEST_SKIP() << "bash is not installed";
  EXPECT_EQ(*first, "estimate\n");
  EXPECT_EQ(completed("flopcast presets s", 2), "show search\n");
  EXPECT_EQ(completed("flopcast presets list --f", 3), "--format\n");
  EXPECT_EQ(completed("flopcast --quiet explain plan.toml --de", 4), "--depth\n");
}

} // namespace
} // namespace flopcast::tests
