// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/attention_fit.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace flopcast {
namespace {

using namespace units;

const DeviceRates rates{
    .peak = 1e15 * flop / second, .memory_bandwidth = 3e12 * byte / second, .multiprocessors = 132};

OperatorCall call_of(std::int64_t batch, std::int64_t rows, std::int64_t columns,
                     std::int64_t depth, bool causal) {
  const auto vectors = static_cast<double>(batch) * static_cast<double>(depth);
  return {.kind = OperatorClass::fused_attention,
          .format = NumberFormat::bf16,
          .flops = {},
          .bytes = 4 * vectors * static_cast<double>(rows + columns) * byte,
          .shape = {.batch = batch, .rows = rows, .columns = columns, .depth = depth},
          .causal = causal};
}

AttentionModel planted() {
  AttentionModel model;
  model.launch = 8.0 * microsecond;
  model.efficiency = 0.7;
  model.softmax_depth = 30;
  model.fill_keys = 100;
  model.partial_block = 0.5;
  model.partial_depth = 0.2;
  model.uneven_depth = 0.15;
  model.partial_wave = 0.3;
  model.lone_block = 0.2;
  model.memory_efficiency = 0.8;
  model.extra_traffic = 0.3;
  return model;
}

/// 3 % of noise: what neighbouring rows of the tables differ by on H100.
std::vector<KernelSample> measured(const AttentionModel &truth, double noise, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> error(0, noise);
  std::vector<KernelSample> samples;
  for (const std::int64_t batch : {1, 4, 8, 16, 24, 32, 64, 96, 128, 256, 512})
    for (const std::int64_t length : {256, 512, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 16384})
      for (const std::int64_t depth : {32, 40, 64, 80, 96, 128, 160, 256}) {
        const OperatorCall call = call_of(batch, length, length, depth, true);
        samples.push_back({call, attention_time(truth, rates, call) * std::exp(error(random))});
      }
  return samples;
}

TEST(AttentionFit, FindsThePlantedParametersUnderNoise) {
  const AttentionModel fitted = fit_attention(measured(planted(), 0.03, 1), rates);
  EXPECT_NEAR(fitted.launch.in(microsecond), 8.0, 1.0);
  EXPECT_NEAR(fitted.efficiency, 0.7, 0.03);
  EXPECT_NEAR(fitted.softmax_depth, 30, 5);
  EXPECT_NEAR(fitted.fill_keys, 100, 40);
  EXPECT_NEAR(fitted.uneven_depth, 0.15, 0.03);
  EXPECT_NEAR(fitted.partial_wave, 0.3, 0.1);
  EXPECT_NEAR(fitted.extra_traffic, 0.3, 0.2); // a few percent of the time in most samples
}

TEST(AttentionFit, PredictsShapesItHasNotSeen) {
  const AttentionModel truth = planted();
  const AttentionModel fitted = fit_attention(measured(truth, 0.03, 2), rates);
  std::vector<double> errors;
  for (const std::int64_t batch : {6, 20, 40, 80, 200})
    for (const std::int64_t length : {768, 2560, 5120, 12288})
      for (const std::int64_t depth : {72, 112, 192}) {
        const OperatorCall call = call_of(batch, length, length, depth, true);
        errors.push_back(attention_time(fitted, rates, call) / attention_time(truth, rates, call) -
                         1);
      }
  const ErrorSummary summary = summarize(errors);
  EXPECT_LT(summary.median, 0.015);
  EXPECT_LT(summary.p90, 0.05);
}

TEST(AttentionModel, NeverFallsWithBatchQueriesKeysWidthOrBytes) {
  // Half of the samples are off by a factor, so that the residual is as rough as it may get.
  std::vector<KernelSample> samples = measured(planted(), 0.1, 3);
  for (std::size_t i = 0; i < samples.size(); i += 2)
    samples[i].time *= 1.5;
  const AttentionModel model = fit_attention(samples, rates);
  std::mt19937_64 random(4);
  std::uniform_real_distribution<double> share(0, 1);
  const auto between = [&](double low, double high) {
    return static_cast<std::int64_t>(low * std::exp2(share(random) * std::log2(high / low)));
  };
  for (int i = 0; i < 10000; ++i) {
    const bool causal = share(random) < 0.5;
    const std::int64_t batch = between(1, 2000), columns = between(64, 65536);
    // As where the sequence is split: some of the queries, all of the keys.
    const std::int64_t rows = std::max<std::int64_t>(
        1, static_cast<std::int64_t>(static_cast<double>(columns) * share(random)));
    const std::int64_t depth = 32 * between(1, 9);
    const double grown = 1 + share(random) * share(random);
    const auto more = [&](std::int64_t x) {
      return static_cast<std::int64_t>(std::ceil(static_cast<double>(x) * grown));
    };
    const OperatorCall call = call_of(batch, rows, columns, depth, causal);
    const Seconds time = attention_time(model, rates, call) * (1 - 1e-12);
    const auto grows_with = [&](const OperatorCall &larger) {
      return attention_time(model, rates, larger) >= time;
    };
    OperatorCall traffic = call;
    traffic.bytes *= grown;
    SCOPED_TRACE(testing::Message() << batch << " x " << rows << " x " << columns << " x " << depth
                                    << (causal ? " causal" : "") << " grown by " << grown);
    ASSERT_TRUE(grows_with(call_of(more(batch), rows, columns, depth, causal)));
    ASSERT_TRUE(grows_with(call_of(batch, std::min(more(rows), columns), columns, depth, causal)));
    ASSERT_TRUE(grows_with(call_of(batch, rows, more(columns), depth, causal)));
    ASSERT_TRUE(grows_with(call_of(batch, rows, columns, depth + 32, causal)));
    ASSERT_TRUE(grows_with(traffic));
  }
}

TEST(AttentionModel, ACausalMaskHalvesLongSequences) {
  const AttentionModel model = planted();
  const double ratio = attention_time(model, rates, call_of(64, 32768, 32768, 128, true)) /
                       attention_time(model, rates, call_of(64, 32768, 32768, 128, false));
  // Half, and the diagonal's tile and each block's start:
  // (16384 + 128 + 100) / (32768 + 100) = 0.5054. Launch, traffic and what the last wave leaves
  // free are below three thousandths.
  EXPECT_NEAR(ratio, 0.5054, 0.003);
}

TEST(AttentionModel, OneBlockMoreThanAWaveStartsAnother) {
  AttentionModel model = planted();
  model.partial_wave = 0.1;
  model.lone_block = 0;
  const auto time = [&](std::int64_t batch) {
    OperatorCall call = call_of(batch, 128, 16384, 128, false);
    call.bytes = {};
    return attention_time(model, rates, call);
  };
  // 264 blocks are two waves of 132. The next costs 0.9 of a wave: 1.45 of two.
  EXPECT_NEAR(time(265) / time(264), 1.45, 0.05);
}

// 44 sequences and heads of three blocks are one wave of 132, whatever the keys: 132 keys / keys
// may round to more than 132.
TEST(AttentionModel, WholeWavesStayWholeAtAnyNumberOfKeys) {
  AttentionModel model = planted();
  model.partial_wave = 0.1;
  model.fill_keys = 43.83;
  for (std::int64_t keys = 384; keys < 4096; ++keys) {
    const OperatorCall call = call_of(44, 384, keys, 128, false);
    EXPECT_EQ(attention_parts(model, rates, attention_work(call)).blocks, 132) << keys;
  }
}

TEST(AttentionFit, DoesNotDependOnTheOrderOfTheSamples) {
  std::vector<KernelSample> samples = measured(planted(), 0.03, 5);
  const AttentionModel first = fit_attention(samples, rates);
  std::ranges::reverse(samples);
  EXPECT_EQ(fit_attention(samples, rates), first);
}

TEST(AttentionFit, KnowsWhatWasMeasured) {
  const AttentionModel model = fit_attention(measured(planted(), 0.03, 6), rates);
  EXPECT_TRUE(in_measured_range(model, call_of(64, 4096, 4096, 128, true)));
  EXPECT_FALSE(in_measured_range(model, call_of(64, 32768, 32768, 128, true)));
  EXPECT_FALSE(in_measured_range(model, call_of(64, 4096, 4096, 512, true)));
}

} // namespace
} // namespace flopcast
