// SPDX-License-Identifier: Apache-2.0
// How well models fitted to published measurements meet whole shapes that were held back. Classes
// that miss their target are not asserted: softmax forward (A100, GH200, NeuSight), cross entropy
// backward on GH200.
#include "hardware/efficiency/attention_fit.hpp"
#include "hardware/efficiency/stream_fit.hpp"
#include "profiler/importers/kernel_tables.hpp"
#include "tests/support/paths.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace flopcast {
namespace {

using namespace units;
using enum OperatorClass;

// Below this the time is mostly that of the launch.
const Seconds shortest = 50.0 * microsecond;

struct Group {
  OperatorClass kind;
  Pass pass;
  NumberFormat format;
};

KernelTable table_of(const std::filesystem::path &path, const std::string &device) {
  for (KernelTable &table : read_kernel_tables(tests::shared_data() / path))
    if (table.device == device)
      return table;
  ADD_FAILURE() << path << " has no " << device;
  return {};
}

/// Fits the group's samples that are not held back and judges by those that are.
template <class Fit, class Time>
ErrorSummary held_back(const KernelTable &table, const Group &group, Fit fit, Time time) {
  std::vector<KernelSample> fitted;
  std::vector<KernelSample> held;
  for (const KernelSample &sample : table.samples)
    if (sample.call.kind == group.kind && sample.call.pass == group.pass &&
        sample.call.format == group.format)
      (is_held_back(sample.call) ? held : fitted).push_back(sample);
  const auto model = fit(fitted);
  std::vector<double> errors;
  for (const KernelSample &sample : held)
    if (sample.time > shortest && (group.kind == fused_attention || has_aligned_rows(sample.call)))
      errors.push_back(time(model, sample.call) / sample.time - 1);
  return summarize(errors);
}

ErrorSummary stream_errors(const KernelTable &table, OperatorClass kind, Pass pass,
                           NumberFormat format, Bandwidth bandwidth) {
  const ErrorSummary summary = held_back(
      table, {kind, pass, format},
      [&](const auto &samples) { return fit_stream(samples, bandwidth); },
      [&](const StreamModel &model, const OperatorCall &call) {
        return stream_time(model, bandwidth, call);
      });
  EXPECT_GT(summary.samples, 20) << to_text(kind);
  return summary;
}

ErrorSummary attention_errors(const KernelTable &table, Pass pass, NumberFormat format,
                              const DeviceRates &rates) {
  const ErrorSummary summary = held_back(
      table, {fused_attention, pass, format},
      [&](const auto &samples) { return fit_attention(samples, rates); },
      [&](const AttentionModel &model, const OperatorCall &call) {
        return attention_time(model, rates, call);
      });
  EXPECT_GT(summary.samples, 500);
  return summary;
}

constexpr double attention_target = 0.05;
constexpr double stream_target = 0.06;

// Datasheet: 312 TFLOP/s, 2.039 TB/s, 108 multiprocessors; GH200 with 96 GB: 989, 4.0, 132.
const DeviceRates a100{312e12 * flop / second, 2.039e12 * byte / second, 108};
const DeviceRates gh200{989e12 * flop / second, 4.0e12 * byte / second, 132};

TEST(HeldBackAttention, IsWithinFivePercentOnHopper) {
  struct Case {
    const char *file;
    const char *device;
    double bandwidth;
  };
  for (const Case &c :
       {Case{"kernels/aiconfigurator/h100_sxm__trtllm__1.3.0rc20__context_attention_perf.csv.gz",
             "NVIDIA H100 80GB HBM3", 3.35e12},
        Case{"kernels/aiconfigurator/h200_sxm__trtllm__1.3.0rc20__context_attention_perf.csv.gz",
             "NVIDIA H200", 4.8e12}}) {
    FLOPCAST_REQUIRE_SHARED(c.file);
    const KernelTable table = table_of(c.file, c.device);
    const DeviceRates bf16{989e12 * flop / second, c.bandwidth * byte / second, 132};
    const DeviceRates fp8{1979e12 * flop / second, c.bandwidth * byte / second, 132};
    for (const ErrorSummary &errors :
         {attention_errors(table, Pass::forward, NumberFormat::bf16, bf16),
          attention_errors(table, Pass::forward, NumberFormat::fp8, fp8)}) {
      EXPECT_LT(errors.median, attention_target) << c.device;
      EXPECT_LT(std::abs(errors.bias), 0.02) << c.device;
    }
  }
}

TEST(HeldBackAttention, IsWithinFivePercentOnGraceHopper) {
  const char *file = "kernels/gh200-120gb_fp16_operators.csv";
  FLOPCAST_REQUIRE_SHARED(file);
  const ErrorSummary errors = attention_errors(table_of(file, "NVIDIAGH200120GB"), Pass::forward,
                                               NumberFormat::fp16, gh200);
  EXPECT_LT(errors.median, attention_target);
}

// Of the table's 80 runs 37 were at a lower clock; their times are brought to that of the others
// when the table is read (profiler/importers/run_speeds.hpp).
TEST(HeldBackAttention, IsWithinFivePercentOnA100) {
  const char *file = "kernels/a100-sxm4-80gb_fp16_operators.csv";
  FLOPCAST_REQUIRE_SHARED(file);
  const KernelTable table = table_of(file, "NVIDIAA100-SXM4-80GB");
  for (const Pass pass : {Pass::forward, Pass::backward}) {
    const ErrorSummary errors = attention_errors(table, pass, NumberFormat::fp16, a100);
    EXPECT_LT(errors.median, 0.04); // 3.3 and 3.7 % as of writing
    EXPECT_LT(errors.p90, 0.12);
    EXPECT_LT(std::abs(errors.bias), 0.02);
  }
}

TEST(HeldBackStreams, AreWithinSixPercentOnA100) {
  const char *file = "kernels/a100-sxm4-80gb_fp16_operators.csv";
  FLOPCAST_REQUIRE_SHARED(file);
  const KernelTable table = table_of(file, "NVIDIAA100-SXM4-80GB");
  for (const auto &[kind, pass] : {std::pair{softmax, Pass::backward},
                                   {normalization, Pass::forward},
                                   {normalization, Pass::backward},
                                   {elementwise, Pass::forward},
                                   {elementwise, Pass::backward},
                                   {rotary, Pass::forward},
                                   {rotary, Pass::backward},
                                   {embedding, Pass::forward},
                                   {cross_entropy, Pass::forward},
                                   {cross_entropy, Pass::backward},
                                   {optimizer, Pass::forward}})
    EXPECT_LT(stream_errors(table, kind, pass, NumberFormat::fp16, a100.memory_bandwidth).median,
              stream_target)
        << to_text(kind);
}

// What no function that grows with the width can meet, and the reason why softmax is not above.
TEST(HeldBackStreams, MissSoftmaxWhoseTimeFallsFromOneWidthToAWider) {
  const char *file = "kernels/a100-sxm4-80gb_fp16_operators.csv";
  FLOPCAST_REQUIRE_SHARED(file);
  const KernelTable table = table_of(file, "NVIDIAA100-SXM4-80GB");
  const auto row_time = [&](std::int64_t width) {
    std::vector<Seconds> times;
    for (const auto &[call, time, power] : table.samples)
      if (call.kind == softmax && call.pass == Pass::forward && call.shape.columns == width)
        times.push_back(time / static_cast<double>(call.shape.rows));
    std::ranges::sort(times);
    return times.at(times.size() / 2);
  };
  EXPECT_GT(row_time(3584) / row_time(4096), 1.15);
  const ErrorSummary errors =
      stream_errors(table, softmax, Pass::forward, NumberFormat::fp16, a100.memory_bandwidth);
  EXPECT_GT(errors.median, stream_target);
  EXPECT_LT(errors.median, 0.09); // 8.0 % as of writing
}

TEST(HeldBackStreams, AreWithinSixPercentOnGraceHopper) {
  const char *file = "kernels/gh200-120gb_fp16_operators.csv";
  FLOPCAST_REQUIRE_SHARED(file);
  const KernelTable table = table_of(file, "NVIDIAGH200120GB");
  for (const auto &[kind, pass] : {std::pair{softmax, Pass::backward},
                                   {normalization, Pass::forward},
                                   {normalization, Pass::backward},
                                   {elementwise, Pass::forward},
                                   {elementwise, Pass::backward},
                                   {rotary, Pass::forward},
                                   {rotary, Pass::backward},
                                   {cross_entropy, Pass::forward}})
    EXPECT_LT(stream_errors(table, kind, pass, NumberFormat::fp16, gh200.memory_bandwidth).median,
              stream_target)
        << to_text(kind);
}

TEST(HeldBackStreams, AreWithinSixPercentInSinglePrecision) {
  const char *file = "kernels/neusight_fp32_kernels.csv";
  FLOPCAST_REQUIRE_SHARED(file);
  const std::vector<KernelTable> tables = read_kernel_tables(tests::shared_data() / file);
  const std::vector<std::pair<std::string, double>> devices{{"NVIDIA A100 80GB PCIe", 1.935e12},
                                                            {"NVIDIA A100-PCIE-40GB", 1.555e12},
                                                            {"NVIDIA L4", 300e9},
                                                            {"Tesla V100-PCIE-32GB", 900e9},
                                                            {"Tesla T4", 320e9},
                                                            {"Tesla P100-PCIE-16GB", 732e9},
                                                            {"Tesla P4", 192e9}};
  for (const auto &[device, bandwidth] : devices) {
    const auto table = std::ranges::find(tables, device, &KernelTable::device);
    ASSERT_NE(table, tables.end()) << device;
    for (const OperatorClass kind : {elementwise, normalization})
      EXPECT_LT(
          stream_errors(*table, kind, Pass::forward, NumberFormat::fp32, bandwidth * byte / second)
              .median,
          stream_target)
          << device << ' ' << to_text(kind);
  }
}

} // namespace
} // namespace flopcast
