// SPDX-License-Identifier: Apache-2.0
// `measure step` and `calibrate run` on the CPU back end, where it was built.
#include "tests/cli/command_line_fixture.hpp"

#include "cli/session.hpp"
#include "profiler/cpu/cpu_kernels.hpp"
#include "profiler/cuda_environment.hpp"
#include "profiler/measured_device.hpp"
#include "store/measured_runs.hpp"
#include "tests/support/source_directory.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

namespace flopcast::tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::string_view tiny_gpt = R"toml(name = "tiny"
[model]
layers = 1
hidden = 32
heads = 2
ffn_hidden = 128
vocabulary = 64
context_length = 16
activation = "gelu"
position = "learned"
normalization = "layernorm"
tied_embeddings = true
[data]
tokens = "1e6 token"
sequence_length = 16
[hardware]
gpu = "h100"
count = 1
[training]
precision = "fp32"
attention = "flash"
recompute = "none"
micro_batch = 2
global_batch = 2
)toml";

class Measure : public CommandLine {
protected:
  /// Presets of this machine: 50 GFLOP/s, 10 GB/s, and nothing fitted.
  void describe_machine() const {
    const DeviceDescription processor = make_cpu_kernels(1)->describe();
    const std::string id = preset_id(processor.name) + "-1-threads";
    std::vector<MeasuredOperator> measured(2);
    measured[0].call.kind = OperatorClass::gemm;
    measured[0].call.format = NumberFormat::fp32;
    measured[0].call.flops = 50e9 * units::flop;
    measured[0].median = 1.0 * units::second;
    measured[1].call.bytes = 10e9 * units::byte;
    measured[1].median = 1.0 * units::second;
    const Device device = measured_device(processor, measured, {"a test", {2026, 11, 24}});
    write("devices", id, device_toml(device));
    write("calibrations", id,
          fmt::format("name = \"this machine\"\norigin = \"calibrated\"\ndevice = \"{}\"\n"
                      "source = \"a test\"\ndate = 2026-11-24\n",
                      id));
  }

  [[nodiscard]] std::filesystem::path store() const { return folder() / "store.db"; }
  [[nodiscard]] std::vector<std::string> step(const std::string &plan) const {
    return {"measure", "step", plan, "--threads", "1", "--store", store().string()};
  }

private:
  void write(const std::string &kind, const std::string &id, const std::string &text) const {
    const std::filesystem::path directory = presets_ / kind;
    std::filesystem::create_directories(directory);
    std::ofstream(directory / (id + ".toml")) << text;
  }

  std::filesystem::path presets_ = folder() / "presets";
  EnvironmentVariable own_presets_{
      "FLOPCAST_PRESETS", presets_.string() + ":" + (source_directory() / "presets").string()};
};

TEST_F(Measure, NamesInOneSentenceWhyThereIsNoGpu) {
  if (cuda_environment().problem.empty())
    GTEST_SKIP() << "there is a GPU";
  const Ran ran = run({"calibrate", "run", "--backend", "cuda"});
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(ran.out, IsEmpty());
  EXPECT_EQ(lines_of(ran.err).size(), 1U) << ran.err;
  EXPECT_THAT(ran.err, StartsWith("flopcast: --backend: "));
}

TEST_F(Measure, LooksForThePlanBeforeItMeasures) {
  const Ran ran = run({"calibrate", "run", "no-such-plan", "--store", store().string()});
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(ran.err, HasSubstr("no-such-plan"));
  EXPECT_FALSE(std::filesystem::exists(store()));
}

TEST_F(Measure, AsksForACalibrationFirst) {
  if (!has_cpu_kernels())
    GTEST_SKIP() << "built without the CPU back end";
  const Ran ran = run(step(file("tiny.toml", tiny_gpt)));
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(ran.err, HasSubstr("run flopcast calibrate run first"));
  EXPECT_FALSE(std::filesystem::exists(store()));
}

TEST_F(Measure, RunsAStepAndKeepsIt) {
  if (!has_cpu_kernels())
    GTEST_SKIP() << "built without the CPU back end";
  describe_machine();
  const nlohmann::json answer = json(step(file("tiny.toml", tiny_gpt)));
  ASSERT_TRUE(answer.is_object());
  EXPECT_EQ(answer["kind"], "measured_step");
  EXPECT_EQ(answer["shape"]["hidden"], 32);
  const double measured = answer["measured"]["step_s"];
  const double predicted = answer["predicted"]["step_s"];
  EXPECT_GT(measured, 0);
  EXPECT_NEAR(answer["error"].get<double>(), predicted / measured - 1, 1e-9);
  // 2 × 16 tokens a step.
  EXPECT_NEAR(answer["measured"]["tokens_per_second"].get<double>() * measured, 32, 1e-6);
  // One batch again and again is learnt.
  EXPECT_LT(answer["measured"]["loss_after"].get<double>(),
            answer["measured"]["loss_before"].get<double>());
  const std::vector<MeasuredRun> runs = measured_runs(Database(store()), {});
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_DOUBLE_EQ(runs.front().step_time->in(units::second), measured);
  EXPECT_EQ(runs.front().settings.at("precision"), "fp32");
}

TEST_F(Measure, WritesATableThatCheckReads) {
  if (!has_cpu_kernels())
    GTEST_SKIP() << "built without the CPU back end";
  describe_machine();
  std::vector<std::string> arguments = step(file("tiny.toml", tiny_gpt));
  const std::string runs = (folder() / "runs.csv").string();
  arguments.insert(arguments.end(), {"--runs", runs});
  ASSERT_EQ(run(arguments).code, exit_ok);
  const std::vector<std::string> lines = lines_of(content_of(runs));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(lines[0], AllOf(StartsWith("id,source,"), HasSubstr(",step_time_s,")));
  const Ran checked = run({"check", runs, "--all", "--json"});
  EXPECT_NE(checked.code, exit_bad_input) << checked.err;
}

TEST_F(Measure, SaysWhatOfAPlanItCannotRun) {
  if (!has_cpu_kernels())
    GTEST_SKIP() << "built without the CPU back end";
  describe_machine();
  const std::string plan = file("tiny.toml", tiny_gpt);
  const auto why = [&](const std::string &change) {
    std::vector<std::string> arguments = step(plan);
    arguments.insert(arguments.end(), {"--set", change});
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.code, exit_bad_input) << change;
    return ran.err;
  };
  EXPECT_THAT(why("model.activation=swiglu"), HasSubstr("like GPT-2"));
  EXPECT_THAT(why("training.recompute=full"), HasSubstr("nothing is recomputed"));
  EXPECT_THAT(why("training.global_batch=4"), HasSubstr("one micro-batch"));
  EXPECT_THAT(why("model.context_length=32"), HasSubstr("context_length"));
}

} // namespace
} // namespace flopcast::tests
