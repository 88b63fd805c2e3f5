// SPDX-License-Identifier: Apache-2.0
// The documents name what the program has: a key or option that is added must be written down.
#include "tests/cli/command_line_fixture.hpp"

#include "cli/session.hpp"
#include "model/planning/quantities.hpp"
#include "tests/cli/command_walk.hpp"
#include "tests/support/paths.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <regex>
#include <set>

namespace flopcast::tests {
namespace {

/// Whether the text has the word. A failure shows the word, not the whole document.
testing::AssertionResult names(const std::string &text, const std::string &word) {
  if (text.find(word) != std::string::npos)
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << word << " is not in the document: ";
}

class Documents : public CommandLine {
protected:
  static std::string document(const std::string &path) {
    const std::string text = content_of(source_directory() / "docs" / path);
    EXPECT_FALSE(text.empty()) << path << " is missing";
    return text;
  }

  /// The lines from the heading to the next one.
  static std::string section(const std::string &text, const std::string &heading,
                             const std::string &next) {
    const auto begin = text.find(heading + "\n");
    if (begin == std::string::npos) {
      ADD_FAILURE() << "no heading " << heading;
      return {};
    }
    const auto end = text.find(next, begin + heading.size());
    return text.substr(begin, end == std::string::npos ? end : end - begin);
  }
};

TEST_F(Documents, CliMdHasASectionForEverySubcommandWithItsOptions) {
  const std::string text = document("cli.md");
  for (const WalkedCommand &command : walk_commands()) {
    if (command.path == "presets" || command.path == "calibrate")
      continue; // their actions have the sections
    const std::string own =
        command.path.empty() ? text
                             : section(text, fmt::format("## flopcast {}", command.path), "\n## ");
    for (const std::string &option : command.options)
      EXPECT_TRUE(names(option == "help" ? text : own, fmt::format("`--{}", option)))
          << "flopcast " << command.path;
  }
}

TEST_F(Documents, TheManPageNamesEverySubcommandAndOption) {
  const std::string text = document("man/flopcast.1.scd");
  for (const WalkedCommand &command : walk_commands()) {
    if (command.path == "presets" || command.path == "calibrate")
      continue;
    if (!command.path.empty()) {
      EXPECT_TRUE(names(text, fmt::format("*flopcast {}*", command.path)));
    }
    for (const std::string &option : command.options)
      EXPECT_TRUE(names(text, fmt::format("*--{}*", option))) << "flopcast " << command.path;
  }
}

TEST_F(Documents, ExitCodesStandInBoth) {
  for (const char *path : {"cli.md", "man/flopcast.1.scd"}) {
    const std::string text = document(path);
    for (const int code : {int{exit_ok}, int{exit_check_failed}, int{exit_bad_input},
                           int{exit_infeasible}, int{exit_internal}})
      EXPECT_THAT(text, testing::ContainsRegex(fmt::format("(\\| |\\*){}( \\||\\*)", code)))
          << path;
  }
}

TEST_F(Documents, JsonMdNamesEveryQuantity) {
  const std::string text = document("json.md");
  for (const NamedQuantity &quantity : named_quantities())
    EXPECT_TRUE(names(text, fmt::format("`{}`", quantity.key)));
}

TEST_F(Documents, JsonMdNamesEveryKeyOfACalibrationAndAValidation) {
  const std::string text = document("json.md");
  const std::string none = file("c.csv", "gpu,gpus,bytes,time_ns\na100,2,2097152,51130\n");
  const auto shown = json({"calibrate", "show", "default"});
  const auto validated = json({"calibrate", "validate", none, "--device", "a100"});
  ASSERT_EQ(validated["link_rows"].size(), 2U); // 2 MiB: its own size, and all
  for (const auto &object : {shown, validated, validated["link_rows"].front()})
    for (const auto &[key, value] : object.items())
      EXPECT_TRUE(names(text, fmt::format("`{}`", key)));
}

TEST_F(Documents, JsonMdNamesEveryKeyOfACheck) {
  const std::string text = document("json.md");
  const std::string runs =
      file("runs.csv", "id,framework,model,layers,hidden,heads,ffn,vocab,seq_len,gpu,n_gpus,tp,pp,"
                       "micro_batch,global_batch_seqs,step_time_s,core\n"
                       "a,Megatron-LM,GPT,24,2048,16,8192,51200,2048,A100,8,1,1,4,256,9,1\n"
                       "b,Megatron-LM,GPT,24,2048,16,8192,51200,2048,A100,8,2,1,4,256,9,1\n"
                       "c,Megatron-LM,GPT,24,2048,16,8192,51200,2048,A100,8,4,1,4,256,9,1\n"
                       "d,Megatron-LM,GPT,24,2048,16,8192,51200,2048,none,8,1,1,4,256,9,1\n");
  const auto answer = json({"check", runs, "--group-by", "gpu"});
  for (const auto &object :
       {answer, answer["metrics"], answer["metrics"]["step_time"], answer["groups"].front(),
        answer["regret"], answer["regret"]["families"].front(), answer["rows"].front(),
        answer["skipped"].front()})
    for (const auto &[key, value] : object.items())
      EXPECT_TRUE(names(text, fmt::format("`{}`", key)));
}

TEST_F(Documents, JsonMdNamesEveryOtherKeyOfAnEstimate) {
  const std::string text = document("json.md");
  const auto answer =
      json({"estimate", "gpt3-175b-a100", "--set", "parallelism.tensor_parallel=7"});
  for (const auto &[key, value] : answer.items())
    EXPECT_TRUE(names(text, fmt::format("`{}", key))) << "top level";
  for (const char *object : {"plan", "nearest", "law"})
    for (const auto &[key, value] : answer[object].items())
      EXPECT_TRUE(names(text, fmt::format("`{}`", key))) << object;
  for (const char *list : {"reasons", "assumptions"})
    for (const auto &[key, value] : answer[list].front().items())
      EXPECT_TRUE(names(text, fmt::format("`{}`", key))) << list;
}

/// The keys of a plan that messages offer: a table with one unknown key lists all that it knows.
std::set<std::string> offered_keys(const std::string &message) {
  std::set<std::string> keys;
  constexpr std::string_view offer = "no such key; expected one of ";
  const auto begin = message.find(offer);
  if (begin == std::string::npos)
    return keys;
  const std::string list =
      message.substr(begin + offer.size(), message.find('\n', begin) - begin - offer.size());
  const std::regex word("[a-z_]+");
  for (std::sregex_iterator at(list.begin(), list.end(), word), end; at != end; ++at)
    keys.insert(at->str());
  return keys;
}

TEST_F(Documents, ThePlansManPageNamesEveryKeyThatPlansMayHave) {
  const std::string text = document("man/flopcast-plan.5.scd");
  const std::string plan = file("small.toml", small_plan);
  for (const std::string table :
       {"", "model.", "model.experts.", "model.latent_attention.", "data.", "hardware.",
        "parallelism.", "training.", "stated.", "run.", "price.", "energy.", "cost.extra."}) {
    const auto keys = offered_keys(
        run({"estimate", plan, "--set", table + "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq=1"}).err);
    EXPECT_FALSE(keys.empty()) << table;
    for (const std::string &key : keys)
      EXPECT_TRUE(names(text, fmt::format("*{}*", key)) || names(text, fmt::format("[{}]", key)))
          << table << key;
  }
}

TEST_F(Documents, ScdocAcceptsTheManPages) {
  if (std::system("command -v scdoc >/dev/null 2>&1") != 0)
    GTEST_SKIP() << "scdoc is not installed";
  for (const char *page : {"flopcast.1.scd", "flopcast-plan.5.scd"})
    EXPECT_EQ(std::system(("scdoc < " + (source_directory() / "docs/man" / page).string() + " > " +
                           (folder() / "page").string())
                              .c_str()),
              0)
        << page;
}

} // namespace
} // namespace flopcast::tests
