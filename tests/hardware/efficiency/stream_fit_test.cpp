// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/stream_fit.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>

namespace flopcast {
namespace {

using namespace units;

const Bandwidth bandwidth = 2e12 * byte / second;

OperatorCall call_of(std::int64_t rows, std::int64_t columns, double element_bytes) {
  return {.kind = OperatorClass::normalization,
          .format = NumberFormat::bf16,
          .flops = {},
          .bytes = element_bytes * static_cast<double>(rows) * static_cast<double>(columns) * byte,
          .shape = {.batch = 1, .rows = rows, .columns = columns, .depth = 0}};
}

StreamModel planted() {
  StreamModel model;
  model.launch = 4.0 * microsecond;
  model.launch_interval = 7.0 * microsecond;
  model.memory_efficiency = 0.85;
  model.cache_speedup = 2.5;
  model.cache = 20.0 * megabyte;
  model.row_cost = 200.0 * byte;
  return model;
}

/// What the model says, times e^noise; noise of 0.02 is twice the run-to-run spread of GH200's
/// table.
std::vector<KernelSample> measured(const StreamModel &truth, double noise, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> error(0, noise);
  std::vector<KernelSample> samples;
  for (std::int64_t rows = 1024; rows <= 65536; rows *= 2)
    for (const std::int64_t columns : {256, 512, 1024, 1536, 2048, 3072, 4096, 6144, 8192})
      for (const double element_bytes : {4.0, 6.0}) {
        const OperatorCall call = call_of(rows, columns, element_bytes);
        const Seconds time = stream_time(truth, bandwidth, call) * std::exp(error(random));
        samples.push_back({call, time});
      }
  return samples;
}

TEST(StreamFit, FindsThePlantedParametersUnderNoise) {
  const StreamModel fitted = fit_stream(measured(planted(), 0.02, 1), bandwidth);
  // 126 samples with 2 % each: about 1 % on what all of them tell, more on what few tell.
  EXPECT_NEAR(fitted.launch.in(microsecond), 4.0, 0.6);
  EXPECT_NEAR(fitted.memory_efficiency, 0.85, 0.03);
  EXPECT_NEAR(fitted.cache_speedup, 2.5, 0.5);
  EXPECT_NEAR(std::log2(fitted.cache.in(megabyte) / 20.0), 0, 0.6);
  EXPECT_NEAR(fitted.row_cost.in(byte), 200, 80);
}

TEST(StreamFit, PredictsShapesItHasNotSeen) {
  const StreamModel truth = planted();
  const StreamModel fitted = fit_stream(measured(truth, 0.02, 2), bandwidth);
  std::vector<double> errors;
  for (const std::int64_t rows : {1500, 3000, 12000, 50000})
    for (const std::int64_t columns : {640, 1280, 2560, 5120}) {
      const OperatorCall call = call_of(rows, columns, 5);
      errors.push_back(stream_time(fitted, bandwidth, call) / stream_time(truth, bandwidth, call) -
                       1);
    }
  const ErrorSummary summary = summarize(errors);
  EXPECT_LT(summary.median, 0.01);
  EXPECT_LT(summary.p90, 0.03);
}

/// A table no monotone function meets: every other width is half as fast.
std::vector<KernelSample> uneven() {
  std::vector<KernelSample> samples = measured(planted(), 0.05, 3);
  for (KernelSample &sample : samples)
    if (sample.call.shape.columns % 1024 != 0)
      sample.time *= 2.0;
  return samples;
}

/// The same of softmax, whose wide rows are fitted as slower than their neighbours of a power of
/// two.
std::vector<KernelSample> uneven_softmax() {
  std::vector<KernelSample> samples = uneven();
  for (KernelSample &sample : samples)
    sample.call.kind = OperatorClass::softmax;
  return samples;
}

class StreamModelOf : public testing::TestWithParam<std::vector<KernelSample>> {};

TEST_P(StreamModelOf, NeverFallsWithRowsColumnsOrBytes) {
  const StreamModel model = fit_stream(GetParam(), bandwidth);
  std::mt19937_64 random(4);
  std::uniform_real_distribution<double> octave(0, 1);
  const auto between = [&](double low, double high) {
    return static_cast<std::int64_t>(low * std::exp2(octave(random) * std::log2(high / low)));
  };
  for (int i = 0; i < 10000; ++i) {
    // Beyond the measured range on both sides.
    const std::int64_t rows = between(64, 1e6), columns = between(64, 65536);
    const double element_bytes = 2 + 10 * octave(random);
    const double grown = 1 + octave(random) * octave(random);
    const auto more = [&](std::int64_t x) {
      return static_cast<std::int64_t>(std::ceil(static_cast<double>(x) * grown));
    };
    const Seconds time = stream_time(model, bandwidth, call_of(rows, columns, element_bytes));
    const Seconds exact = time * (1 - 1e-12);
    ASSERT_GE(stream_time(model, bandwidth, call_of(more(rows), columns, element_bytes)), exact);
    ASSERT_GE(stream_time(model, bandwidth, call_of(rows, more(columns), element_bytes)), exact);
    ASSERT_GE(stream_time(model, bandwidth, call_of(rows, columns, element_bytes * grown)), exact);
  }
}

INSTANTIATE_TEST_SUITE_P(Samples, StreamModelOf, testing::Values(uneven(), uneven_softmax()),
                         [](const auto &test) {
                           return std::string(to_text(test.param.front().call.kind));
                         });

TEST(StreamModel, WhatFitsTheCacheIsFasterForEachByte) {
  const StreamModel model = planted();
  const auto rate = [&](std::int64_t rows) {
    const OperatorCall call = call_of(rows, 4096, 4);
    return call.bytes / (stream_time(model, bandwidth, call) - model.launch);
  };
  EXPECT_GT(rate(256), 1.5 * rate(1 << 20)); // 4 MB and 17 GB, the cache holds 20 MB
  // Far beyond the cache: 0.85 of the bandwidth, less 200 B of each row's 16,384.
  EXPECT_NEAR(rate(1 << 22).in(byte / second), 0.85 * 2e12 / (1 + 200.0 / 16384), 2e9);
}

TEST(StreamModel, LaunchesHideBehindWorkOrWorkBehindLaunches) {
  const StreamModel model = planted();
  const auto extra = [&](std::int64_t rows, std::int64_t kernels) {
    OperatorCall call = call_of(rows, 4096, 4);
    const Seconds one = stream_time(model, bandwidth, call);
    call.kernels = kernels;
    return (stream_time(model, bandwidth, call) - one).in(microsecond);
  };
  // 67 GB take 40 ms; that the host takes 7 µs for each of nine more launches is nothing beside it,
  // and what is left are their 4 µs on the device.
  EXPECT_NEAR(extra(1 << 22, 10), 9 * 4.0, 0.1);
  // 256 kB take less than 0.1 µs.
  EXPECT_NEAR(extra(16, 10), 9 * (4.0 + 7.0), 0.2);
}

TEST(StreamFit, FindsWhatTheHostTakesToLaunch) {
  StreamModel truth = planted();
  truth.launch_interval = 40.0 * microsecond; // 400 µs for each call: half of the samples take less
  std::vector<KernelSample> samples = measured(truth, 0.02, 8);
  for (KernelSample &sample : samples) {
    const Seconds one = stream_time(truth, bandwidth, sample.call);
    sample.call.kernels = 11;
    sample.time *= stream_time(truth, bandwidth, sample.call) / one;
  }
  const StreamModel fitted = fit_stream(samples, bandwidth);
  EXPECT_NEAR(fitted.launch_interval.in(microsecond), 40.0, 2.0);
  EXPECT_NEAR(fitted.memory_efficiency, 0.85, 0.03);
}

/// Rows of softmax: wide ones take longer for each byte, but less at a power of two.
StreamModel planted_softmax() {
  StreamModel model = planted();
  model.wide_row_factor = 1.5;
  model.power_of_two_speedup = 1.3;
  return model;
}

std::vector<KernelSample> measured_softmax(const StreamModel &truth, std::uint64_t seed) {
  std::vector<KernelSample> samples = measured(truth, 0.02, seed);
  for (KernelSample &sample : samples)
    sample.call.kind = OperatorClass::softmax;
  return samples;
}

TEST(StreamFit, FindsThatSoftmaxIsFasterAtPowersOfTwo) {
  const StreamModel fitted = fit_stream(measured_softmax(planted_softmax(), 9), bandwidth);
  EXPECT_NEAR(fitted.power_of_two_speedup, 1.3, 0.05);
  // Between 1,024 and the next width, 1,536, a step and a slope of the residual look much alike.
  EXPECT_NEAR(fitted.wide_row_factor, 1.5, 0.15);
}

TEST(StreamFit, GivesOtherOperatorsAndEvenSoftmaxNoWidthsOfTheirOwn) {
  for (const StreamModel &fitted : {fit_stream(measured(planted_softmax(), 0.02, 9), bandwidth),
                                    fit_stream(measured_softmax(planted(), 9), bandwidth)}) {
    EXPECT_EQ(fitted.wide_row_factor, 1);
    EXPECT_EQ(fitted.power_of_two_speedup, 1);
  }
}

TEST(StreamModel, ARowLastsNoLongerThanOneOfTheNextPowerOfTwo) {
  const StreamModel model = planted_softmax();
  const auto row_time = [&](std::int64_t columns, bool causal) {
    OperatorCall call = call_of(1 << 20, columns, 4);
    call.causal = causal;
    return stream_time(model, bandwidth, call) - model.launch;
  };
  // Of 4 × 4,096 bytes and 200 a row; 3,500 is above 4,096 / 1.3 = 3,151, 3,000 below.
  EXPECT_NEAR(row_time(3500, false) / row_time(4096, false), 1, 1e-9);
  EXPECT_NEAR(row_time(3000, false) / row_time(4096, false), 1.3 * 12200 / 16584, 1e-3);
  // The kernel of a triangle has no such widths.
  EXPECT_NEAR(row_time(3500, true) / row_time(4096, true), 14200.0 / 16584, 1e-3);
  // One element more than fits the registers of a warp: 4,296 bytes and half as many again, but no
  // more than 8,392 of them at 2,048 columns.
  EXPECT_NEAR(row_time(1025, false) / row_time(1024, false), 1.5, 0.002);
}

TEST(StreamFit, DoesNotDependOnTheOrderOfTheSamples) {
  std::vector<KernelSample> samples = measured(planted(), 0.02, 5);
  const StreamModel first = fit_stream(samples, bandwidth);
  std::ranges::reverse(samples);
  EXPECT_EQ(fit_stream(samples, bandwidth), first);
}

TEST(StreamFit, KnowsWhatWasMeasured) {
  const StreamModel model = fit_stream(measured(planted(), 0.02, 6), bandwidth);
  EXPECT_TRUE(in_measured_range(model, call_of(4096, 4096, 4)));
  EXPECT_FALSE(in_measured_range(model, call_of(512, 4096, 4)));
  EXPECT_FALSE(in_measured_range(model, call_of(4096, 16384, 4)));
}

TEST(StreamFit, LeavesOutRowsOfOddWidth) {
  EXPECT_TRUE(has_aligned_rows(call_of(1, 1600, 4)));
  EXPECT_FALSE(has_aligned_rows(call_of(1, 1601, 4)));
  std::vector<KernelSample> samples = measured(planted(), 0.02, 7);
  const StreamModel without = fit_stream(samples, bandwidth);
  samples.push_back({call_of(4096, 1001, 4), 1.0 * second});
  EXPECT_EQ(fit_stream(samples, bandwidth), without);
}

} // namespace
} // namespace flopcast
