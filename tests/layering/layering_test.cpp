// SPDX-License-Identifier: Apache-2.0
// The arrows of docs/architecture: a folder includes only what stands before it.
#include "tests/support/source_directory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 7> layers{"hardware", "model", "store", "profiler",
                                                 "reports",  "cli",   "gui"};

std::size_t rank(const std::string &folder) {
  const auto *found = std::ranges::find(layers, folder);
  return static_cast<std::size_t>(found - layers.begin());
}

struct Include {
  std::string file;
  int line;
  std::string target; ///< between the quotes or the angle brackets
};

std::vector<Include> includes_of(const std::string &folder) {
  static const std::regex pattern(R"(^\s*#\s*include\s*[<"]([^>"]+)[>"])");
  std::vector<Include> found;
  const fs::path root = flopcast::tests::source_directory();
  if (!fs::exists(root / folder))
    return found;
  for (const auto &entry : fs::recursive_directory_iterator(root / folder)) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".cpp" && extension != ".hpp" && extension != ".cu" && extension != ".cuh")
      continue;
    std::ifstream stream(entry.path());
    std::string text;
    for (int line = 1; std::getline(stream, text); ++line)
      if (std::smatch match; std::regex_search(text, match, pattern))
        found.push_back({fs::relative(entry.path(), root).string(), line, match[1]});
  }
  return found;
}

std::string first_folder(const std::string &path) { return path.substr(0, path.find('/')); }

class Layer : public testing::TestWithParam<std::string_view> {};

TEST_P(Layer, IncludesOnlyWhatStandsBeforeIt) {
  const std::string folder(GetParam());
  const auto includes = includes_of(folder);
  for (const Include &include : includes) {
    const std::size_t target = rank(first_folder(include.target));
    if (target == layers.size() || include.target.find('/') == std::string::npos)
      continue;
    EXPECT_LE(target, rank(folder))
        << include.file << ":" << include.line << " includes " << include.target;
    // The two faces stand side by side: neither uses the other.
    EXPECT_FALSE(folder == "gui" && first_folder(include.target) == "cli")
        << include.file << ":" << include.line;
  }
}

TEST_P(Layer, KeepsThirdPartyLibrariesWhereTheyBelong) {
  struct Rule {
    std::regex header;
    std::vector<std::string> allowed; ///< prefixes of paths
  };
  const std::array rules{
      Rule{std::regex("^Q[A-Z].*|^qcustomplot.*"), {"gui/", "reports/pdf/"}},
      Rule{std::regex("^(cuda|cupti|nvml|cublas|cudnn|nccl).*"), {"profiler/cuda/"}},
      Rule{std::regex("^(cblas|openblas|omp).*"), {"profiler/cpu/"}},
      Rule{std::regex("^(SQLiteCpp/.*|sqlite3.*)"), {"store/"}},
      Rule{std::regex("^toml.*"), {"hardware/input/"}},
      Rule{std::regex("^CLI/.*"), {"cli/"}},
      // Both answer 38 at run time since CUDA 13.
      Rule{std::regex("^(cupti_events|cupti_metrics)\\.h$"), {}},
  };
  for (const Include &include : includes_of(std::string(GetParam())))
    for (const Rule &rule : rules) {
      if (!std::regex_match(include.target, rule.header))
        continue;
      EXPECT_TRUE(std::ranges::any_of(
          rule.allowed, [&](const std::string &path) { return include.file.starts_with(path); }))
          << include.file << ":" << include.line << " includes " << include.target;
    }
}

// So that a header's source shows that it is complete: see flopcast_library() of the build.
TEST_P(Layer, SourcesIncludeTheHeaderOfTheirNameFirst) {
  std::string last;
  std::size_t with_header = 0;
  for (const Include &include : includes_of(std::string(GetParam()))) {
    if (include.file == last)
      continue;
    last = include.file;
    const fs::path header = fs::path(include.file).replace_extension(".hpp");
    if (!include.file.ends_with(".cpp") ||
        !fs::exists(flopcast::tests::source_directory() / header))
      continue;
    ++with_header;
    EXPECT_EQ(include.target, header.string()) << include.file << ":" << include.line;
  }
  EXPECT_GT(with_header, 0);
}

INSTANTIATE_TEST_SUITE_P(Folders, Layer, testing::ValuesIn(layers),
                         [](const auto &folder) { return std::string(folder.param); });

TEST(Layering, TheTestItselfSeesIncludes) {
  const auto includes = includes_of("hardware");
  EXPECT_TRUE(std::ranges::any_of(
      includes, [](const Include &include) { return include.target == "hardware/device.hpp"; }));
}

} // namespace
