// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast::tests {

/// What one run of the command line left behind.
struct Ran {
  int code = -1;
  std::string out;
  std::string err;
};

/// The outside world of a run, but for the arguments.
struct Outside {
  std::string in;
  bool out_is_terminal = false;
  std::size_t width = 100;
};

/// Sets an environment variable, or unsets it, until the end of the scope.
class EnvironmentVariable {
public:
  EnvironmentVariable(std::string name, std::optional<std::string> value);
  ~EnvironmentVariable();
  EnvironmentVariable(const EnvironmentVariable &) = delete;
  EnvironmentVariable &operator=(const EnvironmentVariable &) = delete;

private:
  std::string name_;
  std::optional<std::string> before_;
};

/// Runs command lines in process against the shipped presets, out of reach of the user's own.
class CommandLine : public testing::Test {
protected:
  CommandLine();
  ~CommandLine() override;

  [[nodiscard]] static Ran run(const std::vector<std::string> &arguments,
                               const Outside &outside = {});
  /// Runs with --json added. An output that is no JSON fails the test and gives null.
  [[nodiscard]] static nlohmann::json json(std::vector<std::string> arguments,
                                           const Outside &outside = {});

  /// A folder of the test's own, removed after it.
  [[nodiscard]] const std::filesystem::path &folder() const { return folder_; }
  /// Writes a file there and returns its path.
  [[nodiscard]] std::string file(const std::string &name, std::string_view content) const;

private:
  std::filesystem::path folder_;
  EnvironmentVariable presets_;
  EnvironmentVariable config_;
  EnvironmentVariable no_color_;
};

[[nodiscard]] std::string content_of(const std::filesystem::path &path);
[[nodiscard]] std::vector<std::string> lines_of(const std::string &text);

/// A plan that can run on any machine of one GPU: nothing in it is left to a search.
inline constexpr std::string_view small_plan = R"toml(name = "small"
[model]
preset = "gpt2-124m"
[data]
tokens = "1e9 token"
[hardware]
gpu = "a100-sxm4-80gb"
count = 8
[parallelism]
data_parallel = 8
[training]
micro_batch = 4
global_batch = 64
[price]
rate = "2 USD/(GPU*h)"
)toml";

} // namespace flopcast::tests
