// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace flopcast::tests {

/// A subcommand that the program really has, with its long options.
struct WalkedCommand {
  std::string path;                 ///< "" for the program itself, else such as "presets list"
  std::vector<std::string> options; ///< without their dashes

  [[nodiscard]] std::string name() const { return path.substr(path.rfind(' ') + 1); }
};

/// All of them, read from `completion fish`, which is made by walking the CLI11 application.
[[nodiscard]] std::vector<WalkedCommand> walk_commands();

[[nodiscard]] std::vector<std::string> words_of(const std::string &text);

} // namespace flopcast::tests
