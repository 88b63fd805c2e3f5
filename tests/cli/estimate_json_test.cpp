// SPDX-License-Identifier: Apache-2.0
// The schema of estimate --json: scripts read these keys, so they stay.
#include "tests/cli/command_line_fixture.hpp"

#include "cli/session.hpp"

namespace flopcast::tests {
namespace {

using Json = nlohmann::json;

Json at_path(const Json &root, std::string path) {
  const Json *node = &root;
  while (!path.empty()) {
    const auto dot = path.find('.');
    const std::string key = path.substr(0, dot);
    if (!node->is_object() || !node->contains(key)) {
      ADD_FAILURE() << "no key " << key << " in " << node->dump();
      return "absent";
    }
    node = &node->at(key);
    path = dot == std::string::npos ? "" : path.substr(dot + 1);
  }
  return *node;
}

const std::vector<std::string> number_keys{"parameters.total",
                                           "parameters.active",
                                           "flops.per_token",
                                           "flops.model_total",
                                           "flops.hardware_total",
                                           "flops.six_nd",
                                           "memory.per_gpu.weights_bytes",
                                           "memory.per_gpu.gradients_bytes",
                                           "memory.per_gpu.optimizer_bytes",
                                           "memory.per_gpu.activations_bytes",
                                           "memory.per_gpu.buffers_bytes",
                                           "memory.per_gpu.total_bytes",
                                           "memory.per_gpu.capacity_bytes",
                                           "time.step_s",
                                           "time.breakdown.compute_s",
                                           "time.breakdown.tensor_parallel_s",
                                           "time.breakdown.pipeline_s",
                                           "time.breakdown.data_parallel_s",
                                           "time.breakdown.bubble_s",
                                           "time.breakdown.optimizer_s",
                                           "time.total_s",
                                           "time.gpu_hours",
                                           "throughput.mfu",
                                           "throughput.hfu",
                                           "throughput.tokens_per_s_per_gpu",
                                           "throughput.tflops_per_gpu",
                                           "cost.total_usd",
                                           "energy.total_joule",
                                           "carbon.total_kg"};

class EstimateJson : public CommandLine {
protected:
  static double number(const Json &root, const std::string &path) {
    const Json value = at_path(root, path);
    EXPECT_TRUE(value.is_number()) << path << " is " << value.dump();
    return value.is_number() ? value.get<double>() : 0;
  }
};

TEST_F(EstimateJson, HasEveryKeyAsAPlainNumber) {
  const Json answer = json({"estimate", "gpt3-175b-a100"});
  EXPECT_EQ(answer["schema_version"], 1);
  EXPECT_EQ(answer["kind"], "estimate");
  for (const std::string &key : number_keys)
    EXPECT_TRUE(at_path(answer, key).is_number()) << key;
}

TEST_F(EstimateJson, IsTheSameDocumentForEveryShippedPlan) {
  const Json list = json({"presets", "list", "plans"});
  ASSERT_FALSE(list["presets"].empty());
  for (const auto &preset : list["presets"]) {
    const std::string plan = preset["id"];
    const Json answer = json({"estimate", plan});
    for (const std::string &key : number_keys)
      EXPECT_TRUE(at_path(answer, key).is_number()) << plan << ": " << key;
    EXPECT_TRUE(answer["feasible"].get<bool>()) << plan;
  }
}

TEST_F(EstimateJson, PartsOfTheStepAddUpToIt) {
  for (const char *plan : {"gpt3-175b-a100", "gpt3-175b-lambda", "llama3-70b-h100"}) {
    const Json answer = json({"estimate", plan});
    double sum = 0;
    for (const auto &part : answer["time"]["breakdown"])
      sum += part.get<double>();
    const double step = number(answer, "time.step_s");
    EXPECT_NEAR(sum, step, 1e-12 * step) << plan; // rounding of nine additions
  }
}

TEST_F(EstimateJson, PartsOfMemoryAddUpToTheTotal) {
  const Json memory = json({"estimate", "gpt3-175b-a100"})["memory"]["per_gpu"];
  double sum = 0;
  for (const auto &[key, value] : memory.items())
    if (key != "total_bytes" && key != "capacity_bytes")
      sum += value.get<double>();
  EXPECT_NEAR(sum, memory["total_bytes"].get<double>(), 1); // a byte
  EXPECT_EQ(memory["capacity_bytes"], 80e9);                // A100 80 GB
}

TEST_F(EstimateJson, LinesOfTheCostAddUpToIt) {
  const Json cost = json({"estimate", "gpt3-175b-techtalks"})["cost"];
  double sum = 0;
  for (const auto &line : cost["lines"]) {
    EXPECT_TRUE(line["name"].is_string());
    sum += line["usd"].get<double>();
  }
  EXPECT_GE(cost["lines"].size(), 2U) << "the run and the plan's own line of research";
  EXPECT_NEAR(sum, cost["total_usd"].get<double>(), 0.01); // a cent
}

// 1e9 tokens in steps of 64 x 1024 = 15,259 steps (rounded up); held time = steps x step / 0.9 on
// 8 GPUs; at 2 USD an hour.
TEST_F(EstimateJson, UnitsAreThoseThatKeysEndIn) {
  const Json answer = json({"estimate", file("small.toml", small_plan)});
  const double step = number(answer, "time.step_s");
  EXPECT_EQ(number(answer, "time.steps"), 15259);
  EXPECT_NEAR(number(answer, "time.total_s"), 15259 * step / 0.9, 1e-6 * step);
  const double gpu_hours = 15259 * step / 0.9 * 8 / 3600;
  EXPECT_NEAR(number(answer, "time.gpu_hours"), gpu_hours, 1e-9 * gpu_hours);
  EXPECT_NEAR(number(answer, "cost.total_usd"), 2 * gpu_hours, 1e-9 * gpu_hours);
  EXPECT_NEAR(number(answer, "throughput.tokens_per_s_per_gpu"), 64 * 1024 / step / 8, 1e-6 / step);
  EXPECT_NEAR(number(answer, "throughput.tflops_per_gpu"),
              number(answer, "flops.per_token") * 64 * 1024 / step / 8 / 1e12, 1e-6);
}

TEST_F(EstimateJson, HasRangesAroundItsNumbers) {
  const Json answer = json({"estimate", "gpt3-175b-a100"});
  for (const char *key : {"time.step_s", "time.total_s", "time.gpu_hours", "throughput.mfu",
                          "cost.total_usd", "energy.total_joule", "memory.per_gpu.total_bytes"}) {
    const Json range = at_path(answer["ranges"], key);
    EXPECT_EQ(range["base"], at_path(answer, key)) << key;
    EXPECT_LT(range["low"], range["base"]) << key;
    EXPECT_GT(range["high"], range["base"]) << key;
  }
  EXPECT_TRUE(answer["uncertainty"]["meaning"].is_string());
  for (const char *key : {"kernels", "links"})
    EXPECT_GT(number(answer["uncertainty"], key), 0) << key;
  const Json impossible =
      json({"estimate", "gpt3-175b-a100", "--set", "parallelism.tensor_parallel=5"});
  EXPECT_TRUE(impossible["ranges"].is_null());
  EXPECT_TRUE(impossible["uncertainty"].is_null());
}

TEST_F(EstimateJson, SaysWhatWasTakenByDefault) {
  const Json assumptions = json({"estimate", file("small.toml", small_plan)})["assumptions"];
  ASSERT_TRUE(assumptions.is_array());
  bool goodput = false;
  for (const auto &assumption : assumptions) {
    for (const char *key : {"key", "value", "why", "origin"})
      EXPECT_TRUE(assumption[key].is_string()) << assumption;
    goodput |= assumption["key"] == "run.goodput" && assumption["value"] == "0.9" &&
               assumption["origin"] == "default";
  }
  EXPECT_TRUE(goodput);
}

TEST_F(EstimateJson, APlanThatCanRunHasNoReasonsAndNoNearest) {
  const Json answer = json({"estimate", "gpt3-175b-a100"});
  EXPECT_EQ(answer["feasible"], true);
  EXPECT_EQ(answer["reasons"], Json::array());
  EXPECT_FALSE(answer.contains("nearest"));
}

TEST_F(EstimateJson, APlanThatCannotRunHasNullsReasonsAndTheNearest) {
  const Json answer =
      json({"estimate", "gpt3-175b-a100", "--set", "parallelism.tensor_parallel=7"});
  EXPECT_EQ(answer["feasible"], false);
  ASSERT_FALSE(answer["reasons"].empty());
  for (const auto &reason : answer["reasons"])
    for (const char *key : {"code", "text", "remedy"})
      EXPECT_FALSE(reason[key].get<std::string>().empty()) << reason;
  EXPECT_EQ(answer["nearest"]["tensor_parallel"], 8);
  EXPECT_EQ(answer["nearest"]["gpus"], 1024);
  for (const std::string &key : number_keys) {
    const Json value = at_path(answer, key);
    EXPECT_TRUE(value.is_number() || value.is_null()) << key << " is " << value.dump();
  }
  EXPECT_TRUE(at_path(answer, "time.step_s").is_null());
  EXPECT_TRUE(at_path(answer, "parameters.total").is_number());
  EXPECT_EQ(answer["cost"]["lines"], Json::array());
}

TEST_F(EstimateJson, NearestIsAPlanThatRuns) {
  const Json layout =
      json({"estimate", "gpt3-175b-a100", "--set", "parallelism.tensor_parallel=7"})["nearest"];
  std::vector<std::string> arguments{"estimate", "gpt3-175b-a100"};
  for (const char *key : {"tensor_parallel", "sequence_parallel", "pipeline_parallel",
                          "virtual_pipeline", "context_parallel", "data_parallel", "zero_stage"})
    arguments.insert(arguments.end(),
                     {"--set", "parallelism." + std::string(key) + "=" + layout[key].dump()});
  for (const char *key : {"micro_batch", "global_batch", "recompute"})
    arguments.insert(arguments.end(),
                     {"--set", "training." + std::string(key) + "=" + layout[key].dump()});
  EXPECT_EQ(run(arguments).code, exit_ok);
}

TEST_F(EstimateJson, WhereNothingNearRunsNearestIsNull) {
  // A step of one sequence is not shared by more than one GPU, and 1 TB of reserve fits none.
  const Json answer =
      json({"estimate", file("small.toml", small_plan), "--set", "training.memory_reserve=1 TB"});
  EXPECT_EQ(answer["feasible"], false);
  EXPECT_TRUE(answer["nearest"].is_null());
}

} // namespace
} // namespace flopcast::tests
