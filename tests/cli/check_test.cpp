// SPDX-License-Identifier: Apache-2.0
// `check` on small tables of runs.
#include "tests/cli/command_line_fixture.hpp"

#include "cli/session.hpp"

namespace flopcast::tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char *header = "id,framework,model,layers,hidden,heads,kv_heads,ffn,vocab,seq_len,"
                               "moe_experts,gpu,n_gpus,tp,pp,"
                               "dp,micro_batch,global_batch_seqs,recompute,step_time_s,memory_gb,"
                               "memory_kind,split_group,core\n";

/// Three layouts of GPT-3 1.3B on eight A100, one run of experts, one that is not core.
std::string table() {
  const std::string model = "Megatron-LM,GPT-3 1.3B,24,2048,16,16,8192,51200,2048,";
  return header + ("a," + model + ",A100-80GB-SXM,8,1,1,8,4,256,full,9.5,20,GB,g,1\n") +
         ("b," + model + ",A100-80GB-SXM,8,2,1,4,4,256,full,10.5,,,g,1\n") +
         ("c," + model + ",A100-80GB-SXM,8,1,2,4,4,256,full,11,,,h,1\n") +
         ("d," + model + "8,A100-80GB-SXM,8,1,1,8,4,256,full,9,,,h,1\n") +
         ("e," + model + ",H100,8,1,1,8,4,256,full,5,,,i,0\n");
}

class Check : public CommandLine {
protected:
  [[nodiscard]] std::string runs() const { return file("runs.csv", table()); }
};

TEST_F(Check, PrintsErrorsByMetricAndWhatIsSkipped) {
  const Ran ran = run({"check", runs(), "--group-by", "gpu_family"});
  EXPECT_EQ(ran.code, exit_ok);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("3 runs compared, 1 skipped"), HasSubstr("step time"),
                             HasSubstr("memory"), HasSubstr("step time, by gpu_family"),
                             HasSubstr("A100"), HasSubstr("moe_topk"), Not(HasSubstr("H100"))));
}

TEST_F(Check, JsonHasTheKeysThatOthersRelyOn) {
  const auto answer = json({"check", runs(), "--group-by", "gpu,split_group"});
  EXPECT_EQ(answer["kind"], "check");
  const auto &step = answer["metrics"]["step_time"];
  EXPECT_EQ(step["n"], 3);
  for (const char *key : {"mape", "median_ape", "signed_bias", "p90_ape", "group_weighted_mape",
                          "group_weighted_median_ape"})
    EXPECT_TRUE(step[key].is_number()) << key;
  ASSERT_EQ(answer["groups"].size(), 3U); // one GPU, two groups
  EXPECT_EQ(answer["groups"][0]["column"], "gpu");
  EXPECT_EQ(answer["groups"][0]["metrics"]["step_time"], step);
  EXPECT_TRUE(answer["regret"]["max"].is_number());
  EXPECT_TRUE(answer["regret"]["mean"].is_number());
  EXPECT_EQ(answer["regret"]["families"].size(), 1U);
  ASSERT_EQ(answer["rows"].size(), 4U); // three steps, one memory
  const auto &row = answer["rows"][0];
  EXPECT_EQ(row["id"], "a");
  EXPECT_EQ(row["metric"], "step_time");
  EXPECT_EQ(row["measured"], 9.5);
  EXPECT_NEAR(row["ape"].get<double>(), std::abs(row["predicted"].get<double>() / 9.5 - 1), 1e-12);
  ASSERT_EQ(answer["skipped"].size(), 1U);
  EXPECT_EQ(answer["skipped"][0]["id"], "d");
  EXPECT_THAT(answer["skipped"][0]["reason"].get<std::string>(), HasSubstr("not stated: moe_topk"));
}

TEST_F(Check, ExitsWithOneBeyondTheTolerance) {
  const Ran strict = run({"check", runs(), "--tolerance", "0", "--metric", "step_time"});
  EXPECT_EQ(strict.code, exit_check_failed);
  EXPECT_THAT(strict.err, HasSubstr("step_time: the group-weighted median error is beyond"));
  EXPECT_EQ(run({"check", runs(), "--tolerance", "1000"}).code, exit_ok);
}

TEST_F(Check, TakesRunsThatAreNotCoreAndMetricsAsAsked) {
  EXPECT_EQ(json({"check", runs(), "--all"})["metrics"]["step_time"]["n"], 4);
  EXPECT_EQ(json({"check", runs(), "--core"})["metrics"]["step_time"]["n"], 3);
  const auto memory = json({"check", runs(), "--metric", "memory"});
  EXPECT_TRUE(memory["metrics"].contains("memory"));
  EXPECT_FALSE(memory["metrics"].contains("step_time"));
  EXPECT_EQ(json({"check", runs(), runs()})["metrics"]["step_time"]["n"], 6);
}

TEST_F(Check, ListsAsManyWorstRunsAsAsked) {
  EXPECT_THAT(run({"check", runs(), "--worst", "0"}).out, Not(HasSubstr("measured:")));
  EXPECT_THAT(run({"check", runs(), "--worst", "1"}).out, HasSubstr("measured:"));
}

TEST_F(Check, CsvHasALineForEveryRunAndMetric) {
  const auto lines = lines_of(run({"check", runs(), "--format", "csv"}).out);
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[0], "id,metric,measured,predicted,error,split_group,gpu_family,rules,source");
  EXPECT_TRUE(lines[1].starts_with("a,step_time,9.5,"));
}

TEST_F(Check, SaysOnceWhichColumnsAreNotUsed) {
  const std::string path =
      file("more.csv", "id,framework,gpu,n_gpus,site,core\na,x,A100,8,Oslo,1\nb,x,A100,8,Bonn,1\n");
  const Ran ran = run({"check", path});
  EXPECT_THAT(ran.err, HasSubstr("columns that are not used: site"));
}

TEST_F(Check, RefusesBadInput) {
  for (const std::vector<std::string> &arguments :
       {std::vector<std::string>{"check", (folder() / "none.csv").string()},
        {"check", file("empty.csv", "")},
        {"check", file("other.csv", "name,price\nx,1\n")},
        {"check", runs(), "--group-by", "nothing"},
        {"check", runs(), "--framework", "no such"},
        {"check", runs(), "--metric", "speed"},
        {"check", runs(), "--tolerance", "-1"},
        {"check", runs(), "--core", "--all"},
        {"check"}}) {
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.code, exit_bad_input) << arguments.back();
    EXPECT_THAT(ran.err, Not(IsEmpty())) << arguments.back();
    EXPECT_THAT(ran.out, IsEmpty()) << arguments.back();
  }
}

} // namespace
} // namespace flopcast::tests
