// SPDX-License-Identifier: Apache-2.0
// What the pages under docs/ say is held against the code: sections that `explain` names, keys that
// the plan reader takes, examples, and links.
#include "hardware/input/diagnostic.hpp"
#include "model/planning/estimate.hpp"
#include "model/planning/explain.hpp"
#include "model/planning/plan_reader.hpp"
#include "model/planning/quantities.hpp"
#include "tests/support/paths.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <ostream>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fs = std::filesystem;

namespace flopcast {
namespace {

using Names = std::set<std::string>;

/// A line of a page, with what a reader of Markdown knows about it.
struct Line {
  int number = 0;
  std::string text;
  bool fenced = false; ///< between ``` and ```, those lines included
};

std::vector<Line> lines_of(const fs::path &page) {
  std::ifstream stream(page);
  EXPECT_TRUE(stream) << page;
  std::vector<Line> lines;
  bool inside = false;
  std::string text;
  for (int number = 1; std::getline(stream, text); ++number) {
    const bool fence = text.starts_with("```");
    lines.push_back({number, text, inside || fence});
    inside = inside != fence;
  }
  EXPECT_FALSE(inside) << page << " leaves a block of code open";
  return lines;
}

/// Headings of a level, without the marks.
Names headings(const fs::path &page, std::string_view marks) {
  Names found;
  for (const Line &line : lines_of(page))
    if (!line.fenced && line.text.starts_with(marks) && line.text.size() > marks.size() &&
        line.text[marks.size()] == ' ')
      found.insert(line.text.substr(marks.size() + 1));
  return found;
}

/// GitHub's anchor of a heading: lower case, spaces to hyphens, punctuation left out.
std::string anchor(const std::string &heading) {
  std::string text;
  for (const char c : heading) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || byte >= 0x80)
      text += static_cast<char>(std::tolower(byte));
    else if (c == ' ')
      text += '-';
  }
  return text;
}

Names anchors(const fs::path &page) {
  Names found;
  for (const std::string_view marks : {"#", "##", "###", "####"})
    for (const std::string &heading : headings(page, marks))
      found.insert(anchor(heading));
  return found;
}

bool is_product_folder(const fs::path &path) {
  const std::string name = path.filename().string();
  return name.starts_with(".") || name == "build" || name == "install";
}

/// All pages of the checkout, but for those of builds.
std::vector<fs::path> pages() {
  std::vector<fs::path> found;
  auto entry = fs::recursive_directory_iterator(tests::source_directory());
  for (; entry != fs::recursive_directory_iterator(); ++entry) {
    if (entry->is_directory() && is_product_folder(entry->path()))
      entry.disable_recursion_pending();
    else if (entry->path().extension() == ".md")
      found.push_back(entry->path());
  }
  std::ranges::sort(found);
  return found;
}

/// A block of code of a page.
struct Block {
  fs::path page;
  int line = 0;
  std::string text;
};

std::vector<Block> blocks(const fs::path &page, std::string_view language) {
  std::vector<Block> found;
  bool wanted = false;
  for (const Line &line : lines_of(page)) {
    if (line.text.starts_with("```")) {
      wanted = !wanted && line.text == "```" + std::string(language);
      if (wanted)
        found.push_back({page, line.number, ""});
    } else if (wanted) {
      found.back().text += line.text + "\n";
    }
  }
  return found;
}

PlannedRun read(const std::string &toml, const std::string &file) {
  return read_plan(parse_toml(toml, file), tests::shipped_presets());
}

void collect_sections(const Explanation &explanation, Names &sections) {
  constexpr std::string_view page = "docs/method.md, ";
  if (explanation.source.starts_with(page))
    sections.insert(explanation.source.substr(page.size()));
  for (const Explanation &input : explanation.inputs)
    collect_sections(input, sections);
}

/// Sections of docs/method.md that the explanations of all numbers name.
Names explained_sections() {
  const PlannedRun run = read("[model]\npreset = \"gpt3-175b\"\n"
                              "[hardware]\nnode = \"dgx-a100-80\"\nnodes = 128\n"
                              "[parallelism]\ntensor_parallel = 8\npipeline_parallel = 8\n",
                              "a plan");
  const Estimate result = estimate(run.plan, run.cluster);
  EXPECT_TRUE(result.feasible()) << "the plan must have every number";
  Names sections;
  for (const NamedQuantity &quantity : named_quantities())
    collect_sections(explain({run, result}, quantity), sections);
  return sections;
}

TEST(Method, HasEverySectionThatExplainNames) {
  const Names there = headings(tests::source_directory() / "docs/method.md", "##");
  const Names named = explained_sections();
  EXPECT_THAT(named, testing::IsSupersetOf({"FLOPs", "Memory", "Step time", "Run", "Cost"}));
  for (const std::string &section : named)
    EXPECT_TRUE(there.contains(section)) << "docs/method.md has no section \"" << section << "\"";
}

TEST(Method, NamesFilesThatExist) {
  static const std::regex file("`((?:hardware|model|presets)/[^` ]+\\.[a-z]+)`");
  const fs::path page = tests::source_directory() / "docs/method.md";
  int files = 0;
  for (const Line &line : lines_of(page))
    for (std::sregex_iterator match(line.text.begin(), line.text.end(), file), end; match != end;
         ++match, ++files)
      EXPECT_TRUE(fs::exists(tests::source_directory() / (*match)[1].str()))
          << "docs/method.md:" << line.number << ": " << (*match)[1];
  EXPECT_GT(files, 10);
}

/// A table of the plan: how docs/plan.md heads it, and a plan with a key in it that none has.
struct PlanTable {
  std::string heading;
  std::string toml;
};

void PrintTo(const PlanTable &table, std::ostream *stream) { *stream << table.heading; }

// Nothing is near to it, so that the reader names every key that it knows.
constexpr std::string_view no_key = "0000000000";

const std::string model_table = "[model]\npreset = \"gpt2-124m\"\n";
const std::string hardware_table = "[hardware]\ngpu = \"h100\"\ncount = 8\n";
const std::string base = model_table + hardware_table;

std::vector<PlanTable> plan_tables() {
  const std::string wrong = std::string(no_key) + " = 1\n";
  std::vector<PlanTable> tables{
      {"Top level", wrong + base},
      {"`[model]`", model_table + wrong + hardware_table},
      {"`[model.experts]`", base + "[model.experts]\n" + wrong},
      {"`[model.latent_attention]`", base + "[model.latent_attention]\n" + wrong},
      {"`[hardware]`", base + wrong},
      {"`[[run.allocation]]`", base + "[[run.allocation]]\n" + wrong},
      {"`[cost.NAME]`", base + "[cost.NAME]\n" + wrong},
  };
  for (const std::string name :
       {"data", "parallelism", "training", "stated", "run", "price", "energy"})
    tables.push_back({"`[" + name + "]`", base + "[" + name + "]\n" + wrong});
  return tables;
}

/// The keys that the plan reader knows, as its complaint about no_key lists them.
Names keys_of_reader(const PlanTable &table) {
  try {
    (void)read(table.toml, "a plan");
  } catch (const InputError &error) {
    for (const Diagnostic &diagnostic : error.diagnostics()) {
      constexpr std::string_view before = ": no such key; expected one of ";
      const auto begin = diagnostic.message.find(before);
      if (begin == std::string::npos || diagnostic.message.find(no_key) == std::string::npos)
        continue;
      Names keys;
      static const std::regex key("[a-z_0-9]+");
      const std::string list = diagnostic.message.substr(begin + before.size());
      for (std::sregex_iterator match(list.begin(), list.end(), key), end; match != end; ++match)
        keys.insert(match->str());
      return keys;
    }
  }
  ADD_FAILURE() << "the reader of " << table.heading << " does not list its keys";
  return {};
}

/// First cells of the table under a heading of docs/plan.md: | `key` | … |
Names keys_of_page(const std::string &heading) {
  static const std::regex row("^\\| `([a-z_0-9]+)` \\|.*");
  Names keys;
  bool inside = false;
  for (const Line &line : lines_of(tests::source_directory() / "docs/plan.md")) {
    if (line.text.starts_with("## "))
      inside = line.text == "## " + heading;
    if (std::smatch match; inside && std::regex_match(line.text, match, row))
      keys.insert(match[1]);
  }
  return keys;
}

class PlanPageTable : public testing::TestWithParam<PlanTable> {};

TEST_P(PlanPageTable, ListsTheKeysThatTheReaderKnowsAndNoOther) {
  EXPECT_EQ(keys_of_page(GetParam().heading), keys_of_reader(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Tables, PlanPageTable, testing::ValuesIn(plan_tables()),
                         [](const auto &table) {
                           std::string name;
                           for (const char c : table.param.heading)
                             if (std::isalnum(static_cast<unsigned char>(c)) != 0)
                               name += c;
                           return name;
                         });

TEST(PlanPage, NamesEveryDefaultThatAnEstimateLists) {
  std::ifstream stream(tests::source_directory() / "docs/plan.md");
  const std::string page{std::istreambuf_iterator<char>(stream), {}};
  for (const Assumption &assumption : read(base, "a plan").plan.assumptions) {
    const std::string key = assumption.key.substr(assumption.key.rfind('.') + 1);
    EXPECT_THAT(page, testing::HasSubstr("| `" + key + "` |")) << assumption.key;
  }
}

TEST(PlanPage, ExamplesCanRun) {
  int examples = 0;
  for (const fs::path &page : pages())
    for (const Block &block : blocks(page, "toml")) {
      if (block.text.find("[model]") == std::string::npos ||
          block.text.find("[hardware]") == std::string::npos)
        continue; // a part of a plan
      ++examples;
      try {
        const PlannedRun run = read(block.text, block.page.string());
        EXPECT_TRUE(estimate(run.plan, run.cluster).feasible())
            << block.page << ":" << block.line << " cannot run";
      } catch (const InputError &error) {
        ADD_FAILURE() << block.page << ":" << block.line << ": " << error.what();
      }
    }
  EXPECT_GE(examples, 3);
}

TEST(Pages, LinksLeadToFilesAndHeadingsThatExist) {
  static const std::regex link("\\]\\(([^)\\s]+)\\)");
  const fs::path root = tests::source_directory();
  int links = 0;
  for (const fs::path &page : pages())
    for (const Line &line : lines_of(page)) {
      if (line.fenced)
        continue;
      for (std::sregex_iterator match(line.text.begin(), line.text.end(), link), end; match != end;
           ++match) {
        const std::string target = (*match)[1];
        if (target.find("://") != std::string::npos || target.starts_with("mailto:"))
          continue;
        ++links;
        const auto hash = target.find('#');
        const std::string file = target.substr(0, hash);
        const fs::path path = file.empty() ? page : page.parent_path() / file;
        EXPECT_TRUE(fs::exists(path))
            << fs::relative(page, root) << ":" << line.number << ": " << target;
        if (hash != std::string::npos && path.extension() == ".md" && fs::exists(path)) {
          EXPECT_TRUE(anchors(path).contains(target.substr(hash + 1)))
              << fs::relative(page, root) << ":" << line.number << ": no such heading: " << target;
        }
      }
    }
  EXPECT_GT(links, 10);
}

TEST(Pages, DecisionsAreAllInTheIndex) {
  const fs::path folder = tests::source_directory() / "docs/decisions";
  std::ifstream stream(folder / "README.md");
  const std::string index{std::istreambuf_iterator<char>(stream), {}};
  for (const auto &entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name != "README.md") {
      EXPECT_THAT(index, testing::HasSubstr("](" + name + ")"));
    }
  }
}

} // namespace
} // namespace flopcast
