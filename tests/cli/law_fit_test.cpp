// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/command_line_fixture.hpp"

#include "cli/session.hpp"
#include "tests/support/paths.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace flopcast::tests {
namespace {

using testing::HasSubstr;

class LawFitCommand : public CommandLine {
protected:
  /// 30 runs of 1.8 + 400/N^.34 + 900/D^.34 with alternating errors of 0.1 %.
  static std::string table() {
    std::string text = "size,tokens,loss,set\n";
    for (int i = 0; i < 30; ++i) {
      const double n = 1e7 * std::pow(2, i % 6);
      const double d = 2e9 * std::pow(3, static_cast<int>(i / 6));
      const double error = i % 2 == 0 ? 0.001 : -0.001;
      text +=
          fmt::format("{},{},{:.9g},a\n", n, d,
                      (1.8 + 400 * std::pow(n, -0.34) + 900 * std::pow(d, -0.34)) * (1 + error));
    }
    return text + "1e7,2e9,nan,b\n";
  }
  const std::vector<std::string> columns{"--columns", "N=size,D=tokens"};
};

TEST_F(LawFitCommand, PrintsTheKeysThatDocsPromise) {
  const auto fit =
      json({"law", "fit", file("runs.csv", table()), columns[0], columns[1], "--where",
            "set == 'a'", "--bootstrap", "50", "--seed", "3", "--predict", "N=1e9,D=1e12"});
  EXPECT_EQ(fit["kind"], "law_fit");
  EXPECT_EQ(fit["form"], "chinchilla");
  EXPECT_EQ(fit["n_points"], 30);
  for (const char *name : {"E", "A", "B", "alpha", "beta"}) {
    EXPECT_TRUE(fit["parameters"][name].is_number()) << name;
    EXPECT_GT(fit["standard_errors"][name], 0) << name;
    EXPECT_LT(fit["intervals"]["95"][name][0], fit["intervals"]["80"][name][1]) << name;
    EXPECT_TRUE(fit["identifiable"][name].is_boolean()) << name;
  }
  EXPECT_NEAR(fit["parameters"]["alpha"], 0.34, 0.02);
  EXPECT_LT(fit["certificate"]["gradient_norm"], 1e-8);
  EXPECT_GE(fit["certificate"]["starts"], fit["certificate"]["starts_agreeing"]);
  EXPECT_TRUE(fit["warnings"].is_array());
  EXPECT_EQ(fit["forecasts"].size(), 1U);
}

TEST_F(LawFitCommand, GivesTheSameForTheSameSeedOnAnyNumberOfThreads) {
  const std::vector<std::string> base{"law",      "fit",         file("runs.csv", table()),
                                      columns[0], columns[1],    "--where",
                                      "loss < 9", "--bootstrap", "40",
                                      "--threads"};
  auto one = base;
  one.emplace_back("1");
  auto three = base;
  three.emplace_back("3");
  EXPECT_EQ(json(one), json(three));
}

TEST_F(LawFitCommand, WritesALawThatLawFilesAre) {
  const std::string law = (folder() / "mine.toml").string();
  const Ran ran = run({"law", "fit", file("runs.csv", table()), columns[0], columns[1], "--where",
                       "loss < 9", "--bootstrap", "20", "-o", law});
  EXPECT_EQ(ran.code, exit_ok) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("identified"));
  EXPECT_THAT(content_of(law), HasSubstr("form = \"additive\""));
}

TEST_F(LawFitCommand, TellsWhereInputIsWrong) {
  const std::string runs = file("runs.csv", table());
  const Ran loss = run({"law", "fit", runs, columns[0], columns[1]});
  EXPECT_EQ(loss.code, exit_bad_input);
  EXPECT_THAT(loss.err, HasSubstr("runs.csv:32:9: loss: \"nan\""));
  EXPECT_THAT(loss.err, HasSubstr("--where"));
  for (const auto &[arguments, message] :
       std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"--where", "loss <"}, "--where:1:7"},
           {{"--columns", "N=sise"}, "did you mean \"size\"?"},
           {{"--columns", "N"}, "NAME=COLUMN"},
           {{"--fix", "E"}, "--fix"},
           {{"--fix", "gamma=1", "--where", "loss < 9", "--columns", "N=size,D=tokens"}, "gamma"},
           {{"--starts", "0", "--where", "loss < 9", "--columns", "N=size,D=tokens"}, "--starts"},
           {{"--form", "abnar", "--where", "loss < 9", "--columns", "N=size,D=tokens"},
            "no run has S"}}) {
    std::vector<std::string> all{"law", "fit", runs};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const Ran ran = run(all);
    EXPECT_EQ(ran.code, exit_bad_input) << message;
    EXPECT_THAT(ran.err, HasSubstr(message));
  }
  EXPECT_EQ(run({"law", "fit", (folder() / "none.csv").string()}).code, exit_bad_input);
}

TEST_F(LawFitCommand, DesignsRunsWithinTheBudget) {
  const auto design = json({"law", "design", file("runs.csv", table()), columns[0], columns[1],
                            "--where", "loss < 9", "--budget", "1e21", "--target", "1e23"});
  EXPECT_EQ(design["kind"], "law_design");
  EXPECT_LT(design["log_deviation_after"], design["log_deviation_before"]);
  double spent = 0;
  for (const auto &planned : design["runs"])
    spent += planned["flops"].get<double>();
  EXPECT_LE(spent, 1e21 * (1 + 1e-9));
}

// The refit of S-Base, dense runs included, to the published curves: MOE-021 to MOE-024 of the
// acceptance table, whose tolerance is 2 %.
TEST_F(LawFitCommand, RefitsTheRoutedLawOfClarkToItsCompressedTable) {
  FLOPCAST_REQUIRE_SHARED("laws/deepmind_routing/curves.csv.gz");
  const auto fit =
      json({"law", "fit", (shared_data() / "laws/deepmind_routing/curves.csv.gz").string(),
            "--form", "clark", "--free", "E_start,E_max", "--columns",
            "N=dense_parameter_count,experts=num_experts,loss=loss_validation", "--where",
            "(router_type == 'S-Base' or router_type == 'Dense') and k == 1 and "
            "routing_frequency == 0.5 and step == 249000",
            "--objective", "least-squares", "--bootstrap", "0"});
  EXPECT_NEAR(fit["parameters"]["a"], -0.0838, 0.02 * 0.0838);
  EXPECT_NEAR(fit["parameters"]["b"], -0.1234, 0.02 * 0.1234);
  EXPECT_NEAR(fit["parameters"]["c"], 0.0104, 0.02 * 0.0104);
  EXPECT_NEAR(fit["parameters"]["d"], 1.1216, 0.02 * 1.1216);
}

class LawRecordCommand : public LawFitCommand {
protected:
  std::vector<std::string> record(const std::string &runs, const std::string &source) const {
    return {"law",      "record",   file(source + ".csv", runs),
            columns[0], columns[1], "--where",
            "loss<9",   "--store",  store(),
            "--source", source};
  }
  [[nodiscard]] std::string store() const { return (folder() / "store.db").string(); }
};

// The same objective from the table and from the store: numbers come back to the bit.
TEST_F(LawRecordCommand, KeepsRunsThatFitAsTheirTableDoes) {
  EXPECT_THAT(run(record(table(), "ladder")).out, HasSubstr("30 of 30 runs added"));
  const auto stored = json({"law", "fit", "--stored", "--store", store(), "--bootstrap", "0"});
  const auto direct = json({"law", "fit", file("runs.csv", table()), columns[0], columns[1],
                            "--where", "loss < 9", "--bootstrap", "0"});
  EXPECT_EQ(stored["n_points"], 30);
  EXPECT_EQ(stored["objective"], direct["objective"]);
  EXPECT_EQ(stored["parameters"], direct["parameters"]);
}

TEST_F(LawRecordCommand, AddsARunOnce) {
  EXPECT_EQ(run(record(table(), "ladder")).code, exit_ok);
  EXPECT_THAT(run(record(table(), "ladder")).out,
              testing::AllOf(HasSubstr("0 of 30 runs added"), HasSubstr("there already")));
}

TEST_F(LawRecordCommand, TellsSourcesApartByConditions) {
  EXPECT_EQ(run(record(table(), "ladder")).code, exit_ok);
  EXPECT_EQ(run(record("size,tokens,loss\n1e9,2e10,2.5\n", "other")).code, exit_ok);
  const std::vector<std::string> fit{"law",   "fit",         "--stored", "--store",
                                     store(), "--bootstrap", "0"};
  EXPECT_EQ(json(fit)["n_points"], 31);
  auto one = fit;
  one.insert(one.end(), {"--where", "source == 'ladder'"});
  EXPECT_EQ(json(one)["n_points"], 30);
}

TEST_F(LawRecordCommand, KeepsWhatFormsAskForBesideSizeAndTokens) {
  std::string runs = "size,tokens,loss,U\n";
  for (const char *row : {"1e7,2e9,3.9,1e9\n", "2e7,4e9,3.6,1e9\n", "4e7,8e9,3.3,2e9\n"})
    runs += row;
  EXPECT_EQ(run(record(runs, "repeats")).code, exit_ok);
  const Ran ran = run({"law", "fit", "--stored", "--store", store(), "--form", "data-constrained",
                       "--fix", "E=1.87,A=521,B=1488,alpha=0.353,beta=0.353", "--bootstrap", "0"});
  EXPECT_EQ(ran.code, exit_ok) << ran.err;
}

TEST_F(LawRecordCommand, SaysWhereNoRunsAre) {
  const Ran none = run({"law", "fit", "--stored", "--store", store()});
  EXPECT_EQ(none.code, exit_bad_input);
  EXPECT_THAT(none.err, HasSubstr("flopcast law record"));
  EXPECT_FALSE(std::filesystem::exists(store()));
  const Ran neither = run({"law", "fit"});
  EXPECT_EQ(neither.code, exit_bad_input);
  EXPECT_THAT(neither.err, HasSubstr("which runs?"));
}

TEST_F(LawFitCommand, NamesAFeatureThatNoRunHasOnce) {
  const Ran ran = run({"law", "fit", file("c.csv", "C,loss\n1e18,3\n2e18,2.9\n4e18,2.8\n")});
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(ran.err, HasSubstr("no run has N"));
  EXPECT_THAT(ran.err, HasSubstr("no run has D"));
  EXPECT_EQ(std::ranges::count(ran.err, '\n'), 2);
}

} // namespace
} // namespace flopcast::tests
