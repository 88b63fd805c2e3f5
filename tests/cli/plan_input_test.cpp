// SPDX-License-Identifier: Apache-2.0
// Plans as users hand them over: files, names, stdin, options; and what is wrong with them.
#include "tests/cli/command_line_fixture.hpp"

#include "cli/session.hpp"
#include "tests/support/source_directory.hpp"

#include <ostream>
#include <string>
#include <vector>

namespace flopcast::tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class PlanInput : public CommandLine {};

TEST_F(PlanInput, AFileStdinAndOptionsGiveTheSameAnswer) {
  const std::string path = file("small.toml", small_plan);
  const Ran from_file = run({"estimate", path, "--json"});
  EXPECT_EQ(from_file.code, exit_ok);
  EXPECT_THAT(from_file.err, IsEmpty());
  const Ran from_stdin = run({"estimate", "-", "--json"}, {.in = std::string(small_plan)});
  EXPECT_EQ(from_stdin.code, exit_ok);
  EXPECT_EQ(from_stdin.out, from_file.out);
  const Ran from_options = run({"estimate", "--json",
                                "--model",  "gpt2-124m",
                                "--gpu",    "a100-sxm4-80gb",
                                "--count",  "8",
                                "--set",    "name=small",
                                "--set",    "data.tokens=1e9 token",
                                "--set",    "parallelism.data_parallel=8",
                                "--set",    "training.micro_batch=4",
                                "--set",    "training.global_batch=64",
                                "--set",    "price.rate=2 USD/(GPU*h)"});
  EXPECT_EQ(from_options.code, exit_ok);
  EXPECT_EQ(from_options.out, from_file.out);
}

TEST_F(PlanInput, AShippedPlanGoesByItsName) {
  const std::string shipped = "gpt3-175b-a100";
  const Ran by_name = run({"estimate", shipped, "--json"});
  EXPECT_EQ(by_name.code, exit_ok);
  EXPECT_EQ(by_name.out,
            run({"estimate", (source_directory() / "presets/plans" / (shipped + ".toml")).string(),
                 "--json"})
                .out);
}

TEST_F(PlanInput, TheUsersOwnPlanHidesAShippedOneOfThatName) {
  (void)file("config/flopcast/presets/plans/gpt3-175b-a100.toml", small_plan);
  EXPECT_EQ(json({"estimate", "gpt3-175b-a100"})["plan"]["name"], "small");
}

constexpr auto model_config = R"({"model_type": "llama", "hidden_size": 1024,
  "intermediate_size": 4096, "max_position_embeddings": 2048, "num_attention_heads": 8,
  "num_hidden_layers": 4, "vocab_size": 32000})";

TEST_F(PlanInput, AConfigOfHuggingFaceIsAModel) {
  const std::string config = file("tiny/config.json", model_config);
  const auto as_plan = json({"estimate", config, "--gpu", "h100", "--count", "8"});
  // Llama's decoder: V h twice, and for each of L layers 4 h^2, 3 h f and two norms; one more norm.
  EXPECT_EQ(as_plan["parameters"]["total"],
            2 * 32000 * 1024 + 4 * (4 * 1024 * 1024 + 3 * 1024 * 4096 + 2 * 1024) + 1024);
  EXPECT_EQ(json({"estimate", "--model", config, "--gpu", "h100", "--count", "8"}), as_plan);
  EXPECT_EQ(as_plan["plan"]["model"], config);
}

TEST_F(PlanInput, AConfigOnStdinIsSentToItsOption) {
  const Ran ran = run({"estimate", "-", "--gpu", "h100", "--count", "8"}, {.in = model_config});
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(ran.err, HasSubstr("--model FILE"));
}

TEST_F(PlanInput, AConfigThatIsNotUnderstoodIsNamedWithItsPlace) {
  const std::string config = file("config.json", R"({"model_type": "mamba",
"hidden_size": 64})");
  const Ran ran = run({"estimate", config, "--gpu", "h100", "--count", "8"});
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("config.json:1:2"), HasSubstr("\"mamba\" is not known")));
}

TEST_F(PlanInput, ANameThatIsNoFileAndNoPlanIsCorrected) {
  const Ran ran = run({"estimate", "gpt3-175b-a10"});
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(ran.out, IsEmpty());
  EXPECT_THAT(ran.err, AllOf(HasSubstr("gpt3-175b-a10: no such file"),
                             HasSubstr("did you mean \"gpt3-175b-a100\"?")));
}

TEST_F(PlanInput, ADirectoryIsRefused) {
  const Ran ran = run({"estimate", folder().string()});
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(ran.err, HasSubstr(folder().string() + ": is a directory"));
}

TEST_F(PlanInput, BinaryJunkIsRefusedWithItsPlace) {
  std::string junk = "name = \"a\"\n";
  for (int byte = 255; byte >= 0; --byte)
    junk += static_cast<char>(byte);
  const std::string path = file("junk.toml", junk);
  const Ran ran = run({"estimate", path});
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(ran.out, IsEmpty());
  // The parser names the last good character before the junk.
  EXPECT_THAT(ran.err, AllOf(HasSubstr(path + ":1:11: "), HasSubstr("utf-8")));
}

TEST_F(PlanInput, AnEmptyFileSaysWhichTablesAreMissing) {
  const Ran ran = run({"estimate", file("empty.toml", "")});
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("model: is missing"), HasSubstr("hardware: is missing")));
  const Ran nothing = run({"estimate"});
  EXPECT_EQ(nothing.code, exit_bad_input);
  EXPECT_THAT(nothing.err, HasSubstr("the command line: model: is missing"));
}

// Lines count from 1 at the top of the file, columns from 1 at the value of a key.
TEST_F(PlanInput, AllErrorsAreShownAtOnceWithFileLineAndColumn) {
  const std::string path = file("wrong.toml", "[model]\n"
                                              "preset = \"gpt3-175b\"\n"
                                              "layrs = 96\n" // 3
                                              "[hardware]\n"
                                              "gpu = \"a100\"\n"
                                              "count = 0\n" // 6
                                              "[training]\n"
                                              "precision = \"bf61\"\n" // 8
                                              "[price]\n"
                                              "rate = \"2 USD/h\"\n"); // 10
  const Ran ran = run({"estimate", path});
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(ran.out, IsEmpty());
  EXPECT_THAT(ran.err,
              HasSubstr(path + ":3:9: model.layrs: no such key; did you mean \"layers\"?"));
  EXPECT_THAT(ran.err, HasSubstr(path + ":6:9: hardware.count: 0 is below the least allowed, 1"));
  EXPECT_THAT(ran.err, HasSubstr(path + ":8:13: training.precision: \"bf61\" is not known"));
  EXPECT_THAT(ran.err, HasSubstr(path + ":10:8: price.rate: expected a price of GPU time"));
}

TEST_F(PlanInput, StdinIsNamedInMessages) {
  const Ran ran = run({"estimate", "-"}, {.in = "name = \"x\"\n[modell]\n"});
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(ran.err, HasSubstr("<stdin>:2:2: modell: no such key; did you mean \"model\"?"));
}

TEST_F(PlanInput, OverridesChangeWhatThePlanSays) {
  // 2 USD in place of the plan's price; the count of the plan's nodes is what GPUs follow from.
  const auto answer = json({"estimate", "gpt3-175b-a100", "--set", "price.rate=2 USD/(GPU*h)",
                            "--set", "hardware.nodes=64", "--set", "training.recompute=\"full\""});
  EXPECT_DOUBLE_EQ(answer["cost"]["gpu_hour_usd"].get<double>(), 2);
  EXPECT_EQ(answer["plan"]["layout"]["gpus"], 512); // 64 nodes of 8
  EXPECT_EQ(answer["plan"]["layout"]["recompute"], "full");
}

TEST_F(PlanInput, TheLastOfTwoOverridesCounts) {
  const auto answer =
      json({"estimate", "gpt3-175b-a100", "--set", "run.goodput=0.5", "--set", "run.goodput=0.8"});
  EXPECT_NEAR(answer["time"]["goodput"].get<double>(), 0.8, 1e-12);
}

TEST_F(PlanInput, ASetAfterAShortFormWins) {
  const std::string path = file("small.toml", small_plan);
  const auto answer =
      json({"estimate", path, "--set", "model.preset=gpt2-355m", "--model", "gpt1"});
  EXPECT_EQ(answer["plan"]["model"], "gpt2-355m");
}

struct WrongOverride {
  std::string name;
  std::vector<std::string> options;
  std::string message;
};

void PrintTo(const WrongOverride &wrong, std::ostream *stream) { *stream << wrong.name; }

class WrongOverrides : public CommandLine, public testing::WithParamInterface<WrongOverride> {};

TEST_P(WrongOverrides, EndWithTwoAndNameTheOption) {
  std::vector<std::string> arguments{"estimate", file("small.toml", small_plan)};
  arguments.insert(arguments.end(), GetParam().options.begin(), GetParam().options.end());
  const Ran ran = run(arguments);
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(ran.out, IsEmpty());
  EXPECT_THAT(ran.err, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    PlanInput, WrongOverrides,
    testing::Values(
        WrongOverride{"NoEquals", {"--set", "training"}, "--set training: expected key=value"},
        WrongOverride{"NoKey", {"--set", "=3"}, "--set =3: expected key=value"},
        WrongOverride{"UnknownKey",
                      {"--set", "training.micro_bach=2"},
                      "training.micro_bach: no such key; did you mean \"micro_batch\"?"},
        WrongOverride{"KeyBelowAValue", {"--set", "model.preset.x=1"}, "is no path of keys"},
        WrongOverride{"EmptyPart", {"--set", "training..x=1"}, "is no path of keys"},
        WrongOverride{"WrongUnit", {"--set", "price.rate=2 USD/h"}, "a price of GPU time"},
        WrongOverride{"WrongType", {"--set", "run.goodput=high"}, "expected a number, got a text"},
        WrongOverride{"OutOfRange", {"--set", "run.goodput=1.5"}, "above the most allowed"},
        WrongOverride{"UnknownModel",
                      {"--model", "gpt2-124"},
                      "no model preset is called \"gpt2-124\"; did you mean \"gpt2-124m\"?"},
        WrongOverride{"UnknownGpu", {"--gpu", "zzzz9999"}, "presets list devices"},
        WrongOverride{"ModelWithAQuote", {"--model", "a\" b = \"c"}, "no model preset"},
        // Once taken as "not given".
        WrongOverride{"CountOfZero", {"--count", "0"}, "0 is below the least allowed, 1"},
        WrongOverride{"NegativeCount", {"--count", "-8"}, "below the least allowed, 1"}),
    [](const auto &tested) { return tested.param.name; });

TEST_F(PlanInput, AWholeTableCanBeReplaced) {
  const auto answer =
      json({"estimate", "gpt3-175b-a100", "--set", R"(hardware={node = "dgx-h100", nodes = 32})",
            "--set", "parallelism={tensor_parallel = 8, pipeline_parallel = 8}"});
  EXPECT_EQ(answer["plan"]["gpu"], "h100-sxm5-80gb");
  EXPECT_EQ(answer["plan"]["layout"]["gpus"], 256); // 32 nodes of 8
}

TEST_F(PlanInput, ANameThatIsNoUtf8DoesNotBreakJson) {
  const auto answer = json({"estimate", file("small.toml", small_plan), "--set", "name=\xff\xfe"});
  EXPECT_EQ(answer["plan"]["name"], "\uFFFD\uFFFD");
}

} // namespace
} // namespace flopcast::tests
