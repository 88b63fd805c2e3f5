// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/link_fit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace flopcast {
namespace {

using namespace units;
using enum Collective;

constexpr auto link = 300.0 * gigabyte / second;

LinkModel planted() {
  LinkModel model;
  for (CollectiveModel &m : model.collectives)
    m = {.efficiency = 0.8,
         .start = 15.0 * microsecond,
         .step = 1.2 * microsecond,
         .local_copy = 0.4,
         .fill = 10.0 * microsecond,
         .fill_exponent = 0.5,
         .low_latency_efficiency = 0.2,
         .low_latency_start = 6.0 * microsecond,
         .low_latency_step = 0.6 * microsecond};
  return model;
}

std::vector<CollectiveSample> samples_of(const LinkModel &model, Collective kind,
                                         const std::vector<std::int64_t> &rank_counts) {
  std::vector<CollectiveSample> samples;
  for (const std::int64_t ranks : rank_counts)
    for (double log_size = 10; log_size <= 30; log_size += 0.5) {
      const Bytes data = std::exp2(log_size) * byte;
      samples.push_back({.collective = kind,
                         .data = data,
                         .ranks = ranks,
                         .ranks_per_node = ranks,
                         .time = domain_collective_time(model, kind, data, ranks, link, {})});
    }
  return samples;
}

double worst_error(const LinkModel &fitted, const LinkModel &truth, Collective kind,
                   std::int64_t ranks) {
  double worst = 0;
  for (double log_size = 10.25; log_size < 30; log_size += 0.5) {
    const Bytes data = std::exp2(log_size) * byte;
    const double ratio = domain_collective_time(fitted, kind, data, ranks, link, {}) /
                         domain_collective_time(truth, kind, data, ranks, link, {});
    worst = std::max(worst, std::abs(ratio - 1));
  }
  return worst;
}

// The pull to usual values moves a well-told parameter by a few percent, a time by less than 2 %.
constexpr double time_tolerance = 0.02;

TEST(FitScaleUp, FindsThePlantedModel) {
  const LinkModel fitted =
      fit_scale_up(samples_of(planted(), all_gather, {2, 4, 8}), {.bandwidth = link});
  const CollectiveModel &m = fitted.of(all_gather);
  EXPECT_NEAR(m.efficiency, 0.8, 0.04);
  EXPECT_NEAR(m.local_copy, 0.4, 0.04);
  EXPECT_NEAR(m.low_latency_start.in(microsecond), 6, 0.3);
  EXPECT_NEAR(m.low_latency_step.in(microsecond), 0.6, 0.06);
  for (const std::int64_t ranks : {2, 4, 6, 8}) // 6 was not measured
    EXPECT_LT(worst_error(fitted, planted(), all_gather, ranks), time_tolerance) << ranks;
  EXPECT_EQ(m.samples, 3 * 41);
  EXPECT_EQ(m.measured_from, 1024.0 * byte);
  EXPECT_EQ(m.measured_to, gibibyte);
  EXPECT_EQ(m.most_ranks, 8);
}

TEST(FitScaleUp, IsNotBentByOutliers) {
  std::vector<CollectiveSample> samples = samples_of(planted(), all_reduce, {2, 4, 8});
  for (std::size_t i = 0; i < samples.size(); i += 15)
    samples[i].time *= 3;
  const LinkModel fitted = fit_scale_up(samples, {.bandwidth = link});
  for (const std::int64_t ranks : {2, 4, 8})
    EXPECT_LT(worst_error(fitted, planted(), all_reduce, ranks), 0.05) << ranks;
}

TEST(FitScaleUp, FindsTheSwitchThatReduces) {
  LinkModel truth = planted();
  truth.of(all_reduce).in_switch_efficiency = 0.6;
  truth.of(all_reduce).in_switch_start = 20.0 * microsecond;
  truth.of(all_reduce).in_switch_fill = 30.0 * microsecond;
  const LinkModel fitted = fit_scale_up(samples_of(truth, all_reduce, {2, 4, 8}),
                                        {.bandwidth = link, .in_switch_reduction = true});
  EXPECT_NEAR(fitted.of(all_reduce).in_switch_efficiency, 0.6, 0.03);
  // 64 ranks were not measured: only the switch keeps the time.
  const auto time = [](const LinkModel &model) {
    return domain_collective_time(model, all_reduce, gibibyte, 64, link, {});
  };
  EXPECT_NEAR(time(fitted) / time(truth), 1, 0.05);
}

TEST(FitScaleUp, FindsTheShareOfLinksWithoutASwitch) {
  LinkModel truth = planted();
  truth.link_share = {0.3, 0.3, 0.6, 0.8, 1.0}; // 2 to 6 ranks; 5 is not measured: a straight line
  const LinkModel fitted = fit_scale_up(samples_of(truth, all_reduce, {2, 3, 4, 6}),
                                        {.bandwidth = link, .switched = false});
  ASSERT_EQ(fitted.link_share.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i)
    EXPECT_NEAR(fitted.link_share[i] / truth.link_share[i], 1, 0.05) << i;
}

TEST(FitScaleUp, DoesNotDependOnTheOrderOfSamples) {
  std::vector<CollectiveSample> samples = samples_of(planted(), all_gather, {2, 8});
  const LinkModel fitted = fit_scale_up(samples, {.bandwidth = link});
  std::ranges::shuffle(samples, std::mt19937(7));
  EXPECT_EQ(fit_scale_up(samples, {.bandwidth = link}), fitted);
}

TEST(FitScaleUp, LendsParametersToKindsThatWereNotMeasured) {
  const LinkModel fitted =
      fit_scale_up(samples_of(planted(), all_gather, {2, 8}), {.bandwidth = link});
  EXPECT_EQ(fitted.of(broadcast).efficiency, fitted.of(all_gather).efficiency);
  EXPECT_EQ(fitted.of(broadcast).samples, 0);
  EXPECT_EQ(fitted.of(reduce_scatter).start, fitted.of(all_gather).start);
}

TEST(FitScaleOut, FindsEfficiencyStepAndNicSharing) {
  Node node;
  node.scale_up_bandwidth = link;
  node.scale_out_bandwidth = 25.0 * gigabyte / second;
  const LinkModel up = planted();
  LinkModel truth;
  truth.tree_efficiency = 0.92;
  truth.of(all_reduce) = {.efficiency = 0.7,
                          .start = 20.0 * microsecond,
                          .step = 8.0 * microsecond,
                          .local_copy = 0.1,
                          .fill = 50.0 * microsecond,
                          .fill_exponent = 0.6,
                          .nic_sharing = 0.9};
  std::vector<CollectiveSample> samples;
  for (const std::int64_t nodes : {2, 4, 8})
    for (const std::int64_t inside : {1, 2, 4})
      for (double log_size = 14; log_size <= 30; log_size += 0.5) {
        CollectiveSample sample{.collective = all_reduce,
                                .data = std::exp2(log_size) * byte,
                                .ranks = nodes * inside,
                                .ranks_per_node = inside};
        sample.time = predicted_time(up, truth, sample, node);
        samples.push_back(sample);
      }
  const LinkModel fitted = fit_scale_out(samples, up, node);
  EXPECT_NEAR(fitted.of(all_reduce).efficiency, 0.7, 0.04);
  EXPECT_NEAR(fitted.of(all_reduce).nic_sharing, 0.9, 0.03);
  EXPECT_NEAR(fitted.of(all_reduce).step.in(microsecond), 8, 0.8);
  for (const CollectiveSample &sample : samples)
    EXPECT_NEAR(predicted_time(up, fitted, sample, node) / sample.time, 1, 0.05);
}

TEST(HeldBack, IsEveryThirdOctaveWhole) {
  const auto held = [](Bytes data) { return is_held_back_size({.data = data}); };
  EXPECT_FALSE(held(1.0 * mebibyte));
  EXPECT_TRUE(held(2.0 * mebibyte)); // 2^21
  EXPECT_TRUE(held(3.9 * mebibyte));
  EXPECT_FALSE(held(4.0 * mebibyte));
  EXPECT_FALSE(held(8.0 * mebibyte));
  EXPECT_TRUE(held(16.0 * mebibyte));
  EXPECT_TRUE(held(gibibyte)); // 2^30
}

TEST(HeldBack, GroupsAreFourRanksOddRanksOrFourNodes) {
  const CollectiveSample two{.ranks = 2, .ranks_per_node = 2};
  const CollectiveSample three{.ranks = 3, .ranks_per_node = 3};
  const CollectiveSample four{.ranks = 4, .ranks_per_node = 4};
  const CollectiveSample four_nodes{.ranks = 8, .ranks_per_node = 2};
  const std::vector<CollectiveSample> even{two, four};
  const std::vector<CollectiveSample> odd{two, three, four};
  EXPECT_TRUE(is_held_back_group(four, even));
  EXPECT_FALSE(is_held_back_group(two, even));
  EXPECT_TRUE(is_held_back_group(three, odd));
  EXPECT_FALSE(is_held_back_group(four, odd));
  EXPECT_TRUE(is_held_back_group(four_nodes, even));
}

} // namespace
} // namespace flopcast
