// SPDX-License-Identifier: Apache-2.0
// `calibrate` on tables that a formula made: what is fitted must meet the formula.
#include "tests/cli/command_line_fixture.hpp"

#include "cli/session.hpp"
#include "profiler/importers/kernel_tables.hpp"
#include "tests/hardware/preset_texts.hpp"

#include <fmt/format.h>

#include <cmath>

namespace flopcast::tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char *device = "a100-sxm4-80gb";

/// 6 × 6 shapes of weights with 8 numbers of tokens each: 10 us, then 70 % of the A100's 312
/// TFLOP/s.
std::string kernels(const std::string &of = "NVIDIA A100-SXM4-80GB") {
  KernelTable table;
  table.device = of;
  table.software = "Formula 1";
  for (std::int64_t columns = 1024; columns <= 32768; columns *= 2)
    for (std::int64_t depth = 1024; depth <= 32768; depth *= 2)
      for (std::int64_t rows = 128; rows <= 16384; rows *= 2) {
        OperatorCall call{.kind = OperatorClass::gemm, .flops = {}, .bytes = {}};
        call.shape = {.batch = 1, .rows = rows, .columns = columns, .depth = depth};
        call.flops = 2.0 * static_cast<double>(rows * columns * depth) * units::flop;
        const Seconds time = 10.0 * units::microsecond +
                             call.flops / (0.7 * 312.0 * units::teraflop / units::second);
        table.samples.push_back({call, time});
      }
  return to_csv(table);
}

/// All-reduce on 2, 4 and 8 GPUs: 15 us, 1 us a step, then 80 % of 300 GB/s. Two sizes an octave.
std::string collectives(const std::string &of = "a100") {
  std::string text = "gpu,gpus,bytes,time_ns,bus_bandwidth_GBps\n";
  for (const double ranks : {2.0, 4.0, 8.0})
    for (double log_size = 16; log_size < 31; log_size += 0.5) {
      const double bytes = std::floor(std::exp2(log_size));
      const double wire = 2 * (ranks - 1) / ranks * bytes;
      const double seconds = 15e-6 + 2 * (ranks - 1) * 1e-6 + wire / (0.8 * 300e9);
      text += fmt::format("{},{},{},{},0\n", of, ranks, bytes, 1e9 * seconds);
    }
  return text;
}

/// All-reduce between 2 and 4 nodes of one GPU: 30 us, 5 us a step, then 90 % of 25 GB/s.
std::string network() {
  std::string text = "collective,source_file,elements,nodes,gpus_per_node,time_us\n";
  for (const double ranks : {2.0, 4.0})
    for (double log_size = 15; log_size < 30; log_size += 0.5) {
      const double elements = std::floor(std::exp2(log_size));
      const double wire = 2 * (ranks - 1) / ranks * 2 * elements;
      const double seconds = 30e-6 + 2 * (ranks - 1) * 5e-6 + wire / (0.9 * 25e9);
      text += fmt::format("all_reduce,sweep,{},{},1,{}\n", elements, ranks, 1e6 * seconds);
    }
  return text;
}

class Calibrate : public CommandLine {
protected:
  /// Where the user's own presets are in this test.
  [[nodiscard]] std::string preset(const std::string &id) const {
    return file("config/flopcast/presets/calibrations/" + id + ".toml", "");
  }

  /// Fits the tables into the preset "mine" and expects that it worked.
  Ran fit(const std::vector<std::string> &tables, const std::vector<std::string> &more = {}) const {
    std::vector<std::string> arguments{"calibrate", "fit"};
    arguments.insert(arguments.end(), tables.begin(), tables.end());
    for (const std::string argument :
         {"--device", device, "--source", "a formula", "--name", "Mine", "-o"})
      arguments.push_back(argument);
    arguments.push_back(preset("mine"));
    arguments.insert(arguments.end(), more.begin(), more.end());
    Ran ran = run(arguments);
    EXPECT_EQ(ran.code, exit_ok) << ran.err;
    return ran;
  }
};

// A formula without noise: what is left is the pull of parameters to usual values.
constexpr double formula_tolerance = 0.05;

TEST_F(Calibrate, FitsKernelsAndCollectivesOfOneDevice) {
  EXPECT_THAT(fit({file("k.csv", kernels()), file("c.csv", collectives())}).err, IsEmpty());
  const auto shown = json({"calibrate", "show", "mine"});
  EXPECT_EQ(shown["kind"], "calibration");
  EXPECT_EQ(shown["device"], device);
  EXPECT_EQ(shown["origin"], "calibrated");
  EXPECT_EQ(shown["source"], "a formula");
  EXPECT_EQ(shown["software"], "Formula 1; c.csv (collectives)");
  ASSERT_EQ(shown["errors"].size(), 1U);
  EXPECT_EQ(shown["errors"][0]["class"], "gemm");
  EXPECT_EQ(shown["errors"][0]["format"], "bf16");
  EXPECT_GT(shown["errors"][0]["held_back"]["samples"], 0);
  EXPECT_LT(shown["errors"][0]["held_back"]["median"], formula_tolerance);
  ASSERT_EQ(shown["link_errors"].size(), 1U);
  EXPECT_EQ(shown["link_errors"][0]["level"], "scale_up");
  EXPECT_EQ(shown["link_errors"][0]["collective"], "all_reduce");
  // Octaves 21, 24, 27 and 30, two sizes each, on three groups.
  EXPECT_EQ(shown["link_errors"][0]["held_back"]["samples"], 4 * 2 * 3);
  EXPECT_LT(shown["link_errors"][0]["held_back"]["p90"], formula_tolerance);
}

TEST_F(Calibrate, FitWritesTomlToStdoutWithTheDevicesNameUnlessGivenAnother) {
  const Ran ran = run({"calibrate", "fit", file("c.csv", collectives()), "--device", "A100",
                       "--source", "a \"formula\""});
  EXPECT_EQ(ran.code, exit_ok);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("name = \"NVIDIA A100"), HasSubstr("a \\\"formula\\\""),
                             HasSubstr("device = \"a100-sxm4-80gb\""),
                             HasSubstr("[links.scale_up.all_reduce]")));
}

TEST_F(Calibrate, ShowTellsWhatWasFittedAndHowFarItIsOff) {
  fit({file("k.csv", kernels()), file("c.csv", collectives())});
  const Ran table = run({"calibrate", "show", "mine"});
  EXPECT_EQ(table.code, exit_ok);
  EXPECT_THAT(table.out,
              AllOf(HasSubstr("Matrix products in bf16"), HasSubstr("Collectives inside a domain"),
                    HasSubstr("gemm, forward, bf16"), HasSubstr("all-reduce, inside a domain")));
  const auto csv = lines_of(run({"calibrate", "show", "mine", "--format", "csv"}).out);
  ASSERT_EQ(csv.size(), 5U); // a header, fitted and held back of each
  EXPECT_EQ(csv[0], "level,kind,pass,format,part,samples,median,mean,p90,bias");
  EXPECT_THAT(csv[1], testing::StartsWith("device,gemm,forward,bf16,fitted,"));
  EXPECT_THAT(csv[4], testing::StartsWith("scale_up,all_reduce,,,held_back,24,"));
  EXPECT_THAT(run({"calibrate", "show", "mine", "--format", "md"}).out, HasSubstr("# Mine"));
}

TEST_F(Calibrate, ShowOfADeviceIsTheCalibrationThatItsPlansTake) {
  EXPECT_EQ(json({"calibrate", "show", "default"})["origin"], "default");
  (void)file("config/flopcast/presets/calibrations/tpu-v4.toml",
             "name = \"Mine\"\norigin = \"measured\"\nsource = \"s\"\ndate = 2026-11-23\n");
  EXPECT_EQ(json({"calibrate", "show", "--device", "tpu-v4"})["id"], "tpu-v4");
}

TEST_F(Calibrate, ValidateJudgesWhatTheFitDidNotSee) {
  const std::string k = file("k.csv", kernels());
  const std::string c = file("c.csv", collectives());
  fit({k, c});
  const std::vector<std::string> arguments{"calibrate", "validate",      k,     c, "--device",
                                           device,      "--calibration", "mine"};
  const auto found = json(arguments);
  EXPECT_EQ(found["kind"], "validation");
  EXPECT_EQ(found["id"], "mine");
  const auto &kernel = found["rows"].back();
  EXPECT_EQ(kernel["size"], "all above 50 us");
  const auto shown = json({"calibrate", "show", "mine"});
  EXPECT_EQ(kernel["samples"], shown["errors"][0]["held_back"]["samples"]);
  const auto &link = found["link_rows"].back();
  EXPECT_EQ(link["collective"], "all_reduce");
  EXPECT_EQ(link["size"], "all from 1 MiB");
  EXPECT_EQ(link["samples"], 24);
  // What show has was rounded to 0.0001 on its way through the file.
  EXPECT_NEAR(link["p90"].get<double>(), shown["link_errors"][0]["held_back"]["p90"].get<double>(),
              1e-4);

  EXPECT_THAT(run(arguments).out, AllOf(HasSubstr("all-reduce, inside a domain"),
                                        HasSubstr("16 to 128 MiB"), HasSubstr("median")));
  auto as_csv = arguments;
  as_csv.insert(as_csv.end(), {"--format", "csv"});
  EXPECT_EQ(lines_of(run(as_csv).out).front(),
            "level,kind,pass,format,size,samples,median,mean,p90,bias");
}

TEST_F(Calibrate, CollectivesBetweenNodesAreTakenOnlyIfAsked) {
  const std::string n = file("n.csv", network());
  const std::string c = file("c.csv", collectives());
  EXPECT_THAT(fit({n, c}).err, HasSubstr("60 collectives between nodes passed over"));
  EXPECT_EQ(json({"calibrate", "show", "mine"})["link_errors"].size(), 1U);
  EXPECT_THAT(fit({n, c}, {"--scale-out", "25 GB/s"}).err, HasSubstr("names no device"));
  const auto shown = json({"calibrate", "show", "mine"});
  ASSERT_EQ(shown["link_errors"].size(), 2U);
  EXPECT_EQ(shown["link_errors"][1]["level"], "scale_out");
  EXPECT_LT(shown["link_errors"][1]["held_back"]["p90"], formula_tolerance);
  const auto found = json({"calibrate", "validate", n, "--device", device, "--calibration", "mine",
                           "--scale-out", "25 GB/s"});
  EXPECT_TRUE(found["rows"].empty());
  EXPECT_EQ(found["link_rows"].back()["level"], "scale_out");
}

TEST_F(Calibrate, TablesOfOtherDevicesArePassedOverAndNamed) {
  const Ran ran = fit({file("k.csv", kernels("NVIDIA H200")), file("h.csv", collectives("h100")),
                       file("c.csv", collectives())});
  EXPECT_THAT(ran.err, AllOf(HasSubstr("k.csv: 288 samples of NVIDIA H200 passed over"),
                             HasSubstr("h.csv: 90 samples of h100 passed over")));
  EXPECT_TRUE(json({"calibrate", "show", "mine"})["errors"].empty());
}

TEST_F(Calibrate, WrongInputEndsWithTwoAndNamesItsPlace) {
  const std::string c = file("c.csv", collectives());
  const auto error = [](const std::vector<std::string> &arguments) {
    std::vector<std::string> all{"calibrate"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const Ran ran = run(all);
    EXPECT_EQ(ran.code, exit_bad_input);
    EXPECT_THAT(ran.out, IsEmpty());
    return ran.err;
  };
  EXPECT_THAT(error({"fit", c, "--device", "a1000", "--source", "s"}), HasSubstr("a1000"));
  EXPECT_THAT(error({"fit", "nosuch.csv", "--device", "a100", "--source", "s"}),
              HasSubstr("nosuch.csv: cannot be opened"));
  EXPECT_THAT(error({"fit", c, "--device", "h100", "--source", "s"}),
              HasSubstr("c.csv: holds no kernels of h100-sxm5-80gb and no collectives"));
  EXPECT_THAT(error({"fit", c, "--device", "a100"}), HasSubstr("--source"));
  EXPECT_THAT(error({"fit", c, "--source", "s"}), HasSubstr("--device"));
  EXPECT_THAT(error({"fit", c, "--device", "a100", "--source", "s", "--scale-out", "25 GB"}),
              HasSubstr("--scale-out: "));
  EXPECT_THAT(error({"fit", c, "--device", "a100", "--source", "s", "--scale-out", "1 B/s"}),
              HasSubstr("--scale-out: "));
  EXPECT_THAT(error({"fit", file("e.csv", ""), "--device", "a100", "--source", "s"}),
              HasSubstr("e.csv:1"));
  EXPECT_THAT(error({"fit", file("x.csv", "a,b\n1,2\n"), "--device", "a100", "--source", "s"}),
              HasSubstr("x.csv:1"));
  EXPECT_THAT(error({"fit", file("few.csv", "gpu,gpus,bytes,time_ns\na100,2,1048576,45100\n"),
                     "--device", "a100", "--source", "s"}),
              HasSubstr("no kind of collective its 20"));
  EXPECT_THAT(error({"validate", c, "--device", "a100", "--calibration", "nosuch"}),
              HasSubstr("nosuch"));
  EXPECT_THAT(error({"show", "nosuch"}), HasSubstr("nosuch"));
  EXPECT_THAT(error({"show", "default", "--device", "a100"}), HasSubstr("excludes"));
  EXPECT_THAT(error({}), HasSubstr("subcommand is required"));
}

TEST_F(Calibrate, CollectivesOfADeviceWithoutNodeAndLinkAreRefused) {
  std::string text = device_text;
  const auto link = text.find("[link]");
  text.erase(link, text.find("[pcie]") - link);
  (void)file("config/flopcast/presets/devices/x1.toml", text);
  const Ran ran = run(
      {"calibrate", "fit", file("c.csv", collectives("x1")), "--device", "x1", "--source", "s"});
  EXPECT_EQ(ran.code, exit_bad_input);
  EXPECT_THAT(ran.err, HasSubstr("--device: no node preset holds x1"));
}

} // namespace
} // namespace flopcast::tests
