// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/command_line_fixture.hpp"

#include "cli/session.hpp"
#include "tests/support/paths.hpp"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace flopcast::tests {
namespace {

std::filesystem::path new_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "flopcast-cli-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr)
    throw std::runtime_error("no temporary folder can be made");
  return name;
}

} // namespace

EnvironmentVariable::EnvironmentVariable(std::string name, std::optional<std::string> value)
    : name_(std::move(name)) {
  if (const char *before = std::getenv(name_.c_str()))
    before_ = before;
  value ? setenv(name_.c_str(), value->c_str(), 1) : unsetenv(name_.c_str());
}

EnvironmentVariable::~EnvironmentVariable() {
  before_ ? setenv(name_.c_str(), before_->c_str(), 1) : unsetenv(name_.c_str());
}

CommandLine::CommandLine()
    : folder_(new_folder()),
      presets_("FLOPCAST_PRESETS", (source_directory() / "presets").string()),
      config_("XDG_CONFIG_HOME", (folder_ / "config").string()),
      no_color_("NO_COLOR", std::nullopt) {}

CommandLine::~CommandLine() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Ran CommandLine::run(const std::vector<std::string> &arguments, const Outside &outside) {
  std::vector<const char *> pointers{"flopcast"};
  for (const std::string &argument : arguments)
    pointers.push_back(argument.c_str());
  std::istringstream in(outside.in);
  std::ostringstream out;
  std::ostringstream err;
  const Session session{.in = in,
                        .out = out,
                        .err = err,
                        .executable = {},
                        .out_is_terminal = outside.out_is_terminal,
                        .width = outside.width};
  Ran ran;
  ran.code = run_command_line(static_cast<int>(pointers.size()), pointers.data(), session);
  ran.out = out.str();
  ran.err = err.str();
  return ran;
}

nlohmann::json CommandLine::json(std::vector<std::string> arguments, const Outside &outside) {
  arguments.emplace_back("--json");
  const Ran ran = run(arguments, outside);
  auto parsed = nlohmann::json::parse(ran.out, nullptr, false);
  EXPECT_FALSE(parsed.is_discarded()) << ran.out << ran.err;
  return parsed.is_discarded() ? nlohmann::json() : parsed;
}

std::string CommandLine::file(const std::string &name, std::string_view content) const {
  const std::filesystem::path path = folder_ / name;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
  return path.string();
}

std::string content_of(const std::filesystem::path &path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<std::string> lines_of(const std::string &text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    lines.push_back(line);
  return lines;
}

} // namespace flopcast::tests
