// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/command_walk.hpp"

#include "tests/cli/command_line_fixture.hpp"

#include <regex>
#include <sstream>

namespace flopcast::tests {

std::vector<std::string> words_of(const std::string &text) {
  std::vector<std::string> words;
  std::istringstream stream(text);
  for (std::string word; stream >> word;)
    words.push_back(word);
  return words;
}

std::vector<WalkedCommand> walk_commands() {
  struct Runner : CommandLine {
    using CommandLine::run; // static: needs no test
  };
  std::vector<WalkedCommand> commands{{"", {}}};
  const std::regex line(R"(complete -c flopcast -n '([^']*)' -(l|a) (\S+) -d .*)");
  for (const std::string &text : lines_of(Runner::run({"completion", "fish"}).out)) {
    std::smatch match;
    if (!std::regex_match(text, match, line))
      continue;
    std::string path;
    const auto extend = [&path](const std::string &word) {
      if (!path.empty())
        path += ' ';
      path += word;
    };
    for (const std::string &word : words_of(match[1]))
      if (!word.starts_with("__fish") && word != "and")
        extend(word.substr(0, word.find(';')));
    if (match[2] == "a") {
      extend(match[3]);
      commands.push_back({path, {}});
      continue;
    }
    for (WalkedCommand &command : commands)
      if (command.path == path)
        command.options.push_back(match[3]);
  }
  return commands;
}

} // namespace flopcast::tests
