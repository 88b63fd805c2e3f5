// SPDX-License-Identifier: Apache-2.0
#include "hardware/collectives.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>

namespace flopcast {
namespace {

using namespace units;
using enum Collective;

constexpr std::array kinds{all_reduce, all_gather, reduce_scatter,
                           all_to_all, broadcast,  point_to_point};

/// All bandwidth, no latency: what is tested is added by hand.
LinkModel ideal() {
  LinkModel model;
  for (CollectiveModel &collective : model.collectives)
    collective.efficiency = 1;
  return model;
}

/// Inside a domain of GPUs at 100 GB/s.
double inside_us(const LinkModel &model, Collective collective, Bytes data, std::int64_t ranks) {
  return domain_collective_time(model, collective, data, ranks, 100.0 * gigabyte / second, {})
      .in(microsecond);
}

/// Domains of 8 GPUs at 100 GB/s, between them 10 GB/s a GPU.
Node node() {
  Node made;
  made.scale_up_domain = 8;
  made.scale_up_bandwidth = 100.0 * gigabyte / second;
  made.scale_out_bandwidth = 10.0 * gigabyte / second;
  return made;
}

double across_ms(const LinkModel &up, const LinkModel &out, Collective collective, Bytes data,
                 RankGroup group, const Node &on = node()) {
  return link_collective_time(up, out, collective, data, group, on).in(millisecond);
}

// A few products and sums each: EXPECT_DOUBLE_EQ (4 ulp) holds unless a power is taken.
constexpr double rounding = 1e-9;

TEST(LinkModel, AddsStartStepsAndTransfer) {
  LinkModel model = ideal();
  model.of(all_gather) = {.efficiency = 0.5, .start = 5.0 * microsecond, .step = 1.0 * microsecond};
  // 3/4 × 4 MB / 50 GB/s = 60 us; 5 us and 3 steps.
  EXPECT_DOUBLE_EQ(inside_us(model, all_gather, 4.0 * megabyte, 4), 68);
  model.of(all_reduce) = model.of(all_gather);
  // Twice the way: 120 us; 5 us and 6 steps.
  EXPECT_DOUBLE_EQ(inside_us(model, all_reduce, 4.0 * megabyte, 4), 131);
}

TEST(LinkModel, MovesOfEachKindWhatItMust) {
  // 8 MB at 100 GB/s are 80 us; of 4 ranks 3/4 move, all-reduce twice.
  EXPECT_DOUBLE_EQ(inside_us(ideal(), all_reduce, 8.0 * megabyte, 4), 120);
  EXPECT_DOUBLE_EQ(inside_us(ideal(), all_gather, 8.0 * megabyte, 4), 60);
  EXPECT_DOUBLE_EQ(inside_us(ideal(), reduce_scatter, 8.0 * megabyte, 4), 60);
  EXPECT_DOUBLE_EQ(inside_us(ideal(), all_to_all, 8.0 * megabyte, 4), 60);
  EXPECT_DOUBLE_EQ(inside_us(ideal(), broadcast, 8.0 * megabyte, 4), 80);
  EXPECT_DOUBLE_EQ(inside_us(ideal(), point_to_point, 8.0 * megabyte, 2), 80);
}

TEST(LinkModel, CountsTheCopyOfTheOwnPart) {
  LinkModel model = ideal();
  model.of(all_gather).local_copy = 0.5;
  // (2 - 1 + 0.5)/2 × 8 MB / 100 GB/s = 60 us; without the copy 40.
  EXPECT_DOUBLE_EQ(inside_us(model, all_gather, 8.0 * megabyte, 2), 60);
}

TEST(LinkModel, ReachesHalfTheBandwidthWhenTheTransferIsTheFill) {
  EXPECT_DOUBLE_EQ(filled_transfer(3.0 * microsecond, 3.0 * microsecond, 0.4).in(microsecond), 6);
  // An ideal pipeline: 4 us + sqrt(1 us × 4 us) = 6 us.
  EXPECT_NEAR(filled_transfer(4.0 * microsecond, 1.0 * microsecond, 0.5).in(microsecond), 6,
              rounding);
  EXPECT_EQ(filled_transfer(4.0 * microsecond, Seconds{}, 0.5), 4.0 * microsecond);
}

TEST(LinkModel, TakesTheLowLatencyProtocolForSmallData) {
  LinkModel model = ideal();
  model.of(all_gather) = {.efficiency = 1,
                          .start = 100.0 * microsecond,
                          .low_latency_efficiency = 0.1,
                          .low_latency_start = 5.0 * microsecond};
  // 2 kB of 2 ranks: 1 kB / 10 GB/s = 0.1 us after 5 us, against 100.01: (5.1/100)^8 is nothing.
  EXPECT_NEAR(inside_us(model, all_gather, 2.0 * kilobyte, 2), 5.1, 1e-6);
  // 2 GB: 10 ms after 100 us, against 100 ms: (10.1/100)^8 / 8 is 1.4e-9 of it.
  EXPECT_NEAR(inside_us(model, all_gather, 2.0 * gigabyte, 2), 10'100, 1e-3);
}

TEST(LinkModel, IsSmoothWhereTheProtocolChanges) {
  const Seconds same = 1.0 * microsecond;
  EXPECT_NEAR(faster_protocol(same, same).in(microsecond), std::pow(2.0, -1.0 / 8), rounding);
  EXPECT_LE(faster_protocol(same, 1.1 * same), same);
}

TEST(LinkModel, ReducesInTheSwitchAtACostThatRanksDoNotChange) {
  LinkModel model = ideal();
  model.of(all_reduce).in_switch_efficiency = 0.8;
  model.of(all_reduce).in_switch_start = 10.0 * microsecond;
  // 8 MB / 80 GB/s = 100 us and 10; the ring among 8 takes 7/4 × 80 us = 140.
  EXPECT_DOUBLE_EQ(inside_us(model, all_reduce, 8.0 * megabyte, 8), 110);
  EXPECT_DOUBLE_EQ(inside_us(model, all_reduce, 8.0 * megabyte, 72), 110);
  // Between two the ring is faster: 80 us.
  EXPECT_DOUBLE_EQ(inside_us(model, all_reduce, 8.0 * megabyte, 2), 80);
}

TEST(LinkModel, UsesTheLinksThatLeadToTheGroup) {
  LinkModel model = ideal();
  model.link_share = {0.25, 0.5, 1.0};
  // Two GPUs on a quarter of the links: 1/2 × 8 MB / 25 GB/s = 160 us.
  EXPECT_DOUBLE_EQ(inside_us(model, all_gather, 8.0 * megabyte, 2), 160);
  EXPECT_EQ(usable_links(model, 3), 0.5);
  EXPECT_EQ(usable_links(model, 4), 1.0);
  EXPECT_EQ(usable_links(model, 16), 1.0); // the last counts for more
  EXPECT_EQ(usable_links(ideal(), 2), 1.0);
}

TEST(LinkModel, SlowsComputationByTheMultiprocessorsThatItTakes) {
  LinkModel model;
  model.multiprocessor_share = 0.2;
  EXPECT_DOUBLE_EQ(compute_slowdown(model), 1.25); // 1 / (1 - 0.2)
}

TEST(AcrossDomains, ARingPaysEachStepOnItsOwnLink) {
  LinkModel up = ideal();
  up.of(all_reduce).start = 4.0 * microsecond;
  up.of(all_reduce).step = 1.0 * microsecond;
  LinkModel out = ideal();
  out.of(all_reduce).start = 6.0 * microsecond;
  out.of(all_reduce).step = 5.0 * microsecond;
  // 16 ranks in 2 domains: 2 steps of 5 us between, 28 of 1 us inside, the later start of 6 us;
  // 2 × 15/16 × 0.8 GB over the 80 GB/s of 8 NICs = 18.75 ms.
  EXPECT_DOUBLE_EQ(across_ms(up, out, all_reduce, 0.8 * gigabyte, {.size = 16}), 18.794);
}

TEST(AcrossDomains, ATreeSavesStepsAmongManyDomains) {
  LinkModel out = ideal();
  out.of(all_reduce).step = 5.0 * microsecond;
  const RankGroup group{.size = 64, .stride = 8};
  // A ring: 2 × 63 steps of 5 us; a tree: 2 × log2(64) = 12.
  EXPECT_DOUBLE_EQ(across_ms(ideal(), out, all_reduce, Bytes{}, group), 0.630);
  out.tree_efficiency = 0.8;
  EXPECT_DOUBLE_EQ(across_ms(ideal(), out, all_reduce, Bytes{}, group), 0.060);
  // Of 0.8 GB the ring moves 126/64 at 10 GB/s, the tree 2 at 8 GB/s (200 ms): the ring is faster.
  EXPECT_DOUBLE_EQ(across_ms(ideal(), out, all_reduce, 0.8 * gigabyte, group), 158.13);
}

TEST(AcrossDomains, PhasesOneAfterTheOtherPayWhereTheNetworkIsNarrow) {
  Node fast = node();
  fast.scale_up_bandwidth = 1000.0 * gigabyte / second;
  LinkModel out = ideal();
  // One ring: 18.75 ms, as above.
  EXPECT_DOUBLE_EQ(across_ms(ideal(), out, all_reduce, 0.8 * gigabyte, {.size = 16}, fast), 18.75);
  out.hierarchical = true;
  // Scatter and gather inside: 2 × 7/8 × 0.8 GB / 1000 GB/s = 1.4 ms; between 2 domains each rank
  // sends 0.1 GB once over 10 GB/s: 10 ms.
  EXPECT_NEAR(across_ms(ideal(), out, all_reduce, 0.8 * gigabyte, {.size = 16}, fast), 11.4,
              rounding);
  // All-gather: 0.7 ms and half of 0.1 GB over 10 GB/s; the ring 15/16 × 0.8 GB / 80 GB/s = 9.375.
  EXPECT_NEAR(across_ms(ideal(), out, all_gather, 0.8 * gigabyte, {.size = 16}, fast), 5.7,
              rounding);
}

TEST(AcrossDomains, GpusOfANodeShareItsNics) {
  LinkModel out = ideal();
  const RankGroup four_a_node{.size = 16, .stride = 2};
  // 15/16 × 0.8 GB / (4 × 10 GB/s) = 18.75 ms.
  EXPECT_DOUBLE_EQ(across_ms(ideal(), out, all_gather, 0.8 * gigabyte, four_a_node), 18.75);
  out.of(all_gather).nic_sharing = 0.5; // four reach twice what one does
  EXPECT_DOUBLE_EQ(across_ms(ideal(), out, all_gather, 0.8 * gigabyte, four_a_node), 37.5);
}

TEST(AcrossDomains, AllToAllSendsOverEachGpusOwnShareOfTheNics) {
  // 8 of 16 parts leave the node: 0.4 GB / 10 GB/s = 40 ms; inside 7/8 × 0.8 / 100 = 7 ms, beside.
  EXPECT_DOUBLE_EQ(across_ms(ideal(), ideal(), all_to_all, 0.8 * gigabyte, {.size = 16}), 40);
}

TEST(AcrossDomains, ATreeUsesTheSwitchThatReduces) {
  LinkModel up = ideal();
  LinkModel out = ideal();
  out.tree_efficiency = 1;
  up.of(all_reduce).step = 10.0 * microsecond;
  out.of(all_reduce).step = 5.0 * microsecond;
  const RankGroup group{.size = 16};
  // A chain: 2 steps of 5 us between, 14 of 10 us inside; with the switch only its start.
  EXPECT_DOUBLE_EQ(across_ms(up, out, all_reduce, Bytes{}, group), 0.150);
  up.of(all_reduce).in_switch_efficiency = 0.5;
  up.of(all_reduce).in_switch_start = 20.0 * microsecond;
  EXPECT_DOUBLE_EQ(across_ms(up, out, all_reduce, Bytes{}, group), 0.030);
}

TEST(SharedLinks, MakeCollectivesAtOnceTakeTheirTurns) {
  const auto ms = [](const LinkModel &out, std::int64_t at_once) {
    return shared_collective_time(ideal(), out, all_gather, 0.8 * gigabyte, {.size = 16}, node(),
                                  at_once)
        .in(millisecond);
  };
  EXPECT_DOUBLE_EQ(ms(ideal(), 1), 9.375); // 15/16 × 0.8 GB / 80 GB/s
  EXPECT_DOUBLE_EQ(ms(ideal(), 3), 28.125);
  LinkModel apart = ideal();
  apart.contention = 0; // links of their own
  EXPECT_DOUBLE_EQ(ms(apart, 3), 9.375);
}

TEST(DefaultLinkModel, IsARingAtAShareOfTheBandwidthWithLatenciesOfTheDatasheet) {
  const LinkModel model = default_link_model(0.5);
  // 7/4 × 0.8 GB / 50 GB/s = 28 ms, and one latency of 3 us.
  EXPECT_DOUBLE_EQ(domain_collective_time(model, all_reduce, 0.8 * gigabyte, 8,
                                          100.0 * gigabyte / second, 3.0 * microsecond)
                       .in(millisecond),
                   28.003);
}

/// NCCL's table for a ring over an A100's NVLinks.
constexpr ProtocolChoice ampere{.start = 1.8 * microsecond,
                                .step = 2.8 * microsecond,
                                .low_latency = 87.7 * gigabyte / second,
                                .simple = 240.0 * gigabyte / second};

TEST(ProtocolChoice, IsMadeWhereBothAreToldToTakeAsLong) {
  // All-gather on 2: 1.8 + 2.8 = 4.6 us; half of the data cross. 4.6 us / (1/2 × (1/87.7 − 1/240)
  // s/GB) = 1.271 MB. On 8: 21.4 us and 7/8: 3.380 MB.
  EXPECT_NEAR(simple_protocol_from(ampere, all_gather, 2).in(megabyte), 1.271, 0.001);
  EXPECT_NEAR(simple_protocol_from(ampere, all_gather, 8).in(megabyte), 3.380, 0.001);
  // All-reduce on 2 goes round twice: 7.4 us, all of the data: 1.023 MB.
  EXPECT_NEAR(simple_protocol_from(ampere, all_reduce, 2).in(megabyte), 1.023, 0.001);
}

TEST(ProtocolChoice, StepsUpWhereTheLibraryLeavesTheFasterProtocolTooEarly) {
  LinkModel model = ideal();
  model.choice = ampere;
  CollectiveModel &m = model.of(all_gather);
  m.start = 30.0 * microsecond;
  m.low_latency_efficiency = 0.25;
  const auto us = [&](double megabytes) {
    return domain_collective_time(model, all_gather, megabytes * megabyte, 2,
                                  100.0 * gigabyte / second, {})
        .in(microsecond);
  };
  // Below 1.271 MB low latency: 1/2 × 1.2 MB / 25 GB/s = 24 us; above simple: 30 + 1.3 / 2 /
  // 100e-6.
  EXPECT_NEAR(us(1.2), 24, 1e-9);
  EXPECT_NEAR(us(1.3), 36.5, 1e-9);
}

TEST(ProtocolChoice, NeverLetsMoreDataTakeLessTime) {
  LinkModel model = ideal();
  model.choice = ampere;
  CollectiveModel &m = model.of(all_gather);
  m.low_latency_efficiency = 0.05; // far slower than the simple one where the library leaves it
  double before = 0;
  for (double bytes = 1e5; bytes < 1e8; bytes *= 1.01) {
    const double now =
        domain_collective_time(model, all_gather, bytes * byte, 4, 100.0 * gigabyte / second, {})
            .in(second);
    ASSERT_GE(now, before);
    before = now;
  }
}

TEST(ProtocolChoice, IsNotMadeForMessagesBetweenPairs) {
  LinkModel model = ideal();
  const auto exchange = [&] {
    return domain_collective_time(model, all_to_all, megabyte, 8, 100.0 * gigabyte / second, {});
  };
  model.of(all_to_all).low_latency_efficiency = 0.01;
  const Seconds faster = exchange();
  model.choice = ampere;
  EXPECT_EQ(exchange(), faster);
}

/// Any legal model: each optional part is there in half of them.
class RandomModels {
public:
  LinkModel next() {
    LinkModel model;
    for (CollectiveModel &m : model.collectives) {
      m.efficiency = between(0.01, 1);
      m.start = latency();
      m.step = latency();
      m.local_copy = between(0, 1);
      m.fill = latency();
      m.fill_exponent = between(0.05, 1);
      m.nic_sharing = between(0, 1);
      if (coin()) {
        m.low_latency_efficiency = between(0.01, 1);
        m.low_latency_start = latency();
        m.low_latency_step = latency();
      }
      if (coin()) {
        m.in_switch_efficiency = between(0.01, 1);
        m.in_switch_start = latency();
        m.in_switch_fill = latency();
      }
    }
    model.datasheet_latency = coin() ? 1 : 0;
    model.tree_efficiency = coin() ? between(0.1, 1) : 0;
    model.hierarchical = coin();
    return model;
  }
  Collective kind() { return kinds[static_cast<std::size_t>(between(0, 6)) % kinds.size()]; }
  double between(double low, double high) {
    return std::uniform_real_distribution(low, high)(engine_);
  }
  bool coin() { return between(0, 1) < 0.5; }

private:
  Seconds latency() { return std::exp(between(std::log(1e-8), std::log(1e-3))) * second; }

  std::mt19937_64 engine_{20261123};
};

// Relative: sums of a few terms, each with powers that round to 1e-15.
constexpr double noise = 1e-12;

TEST(LinkModel, TimeNeverFallsWithDataOrRanksNorGrowsFasterThanData) {
  RandomModels random;
  for (int i = 0; i < 10'000; ++i) {
    const LinkModel up = random.next();
    const LinkModel out = random.next();
    const Collective kind = random.kind();
    const double bytes = std::exp(random.between(0, std::log(1e11)));
    const double factor = random.between(1, 4);
    const RankGroup group{.size = static_cast<std::int64_t>(random.between(2, 80)),
                          .stride = static_cast<std::int64_t>(random.between(1, 10))};
    RankGroup larger = group;
    larger.size += static_cast<std::int64_t>(random.between(1, 20));
    Node on = node();
    on.scale_up_latency = 3.0 * microsecond;
    on.scale_out_latency = 20.0 * microsecond;
    const auto seconds = [&](double data, const RankGroup &of) {
      return link_collective_time(up, out, kind, data * byte, of, on).in(second);
    };
    const double time = seconds(bytes, group);
    const double more_data = seconds(factor * bytes, group);
    ASSERT_GT(time, 0);
    ASSERT_GE(more_data, time * (1 - noise)) << "case " << i;
    // No step: twice the data never take more than twice the time.
    ASSERT_LE(more_data, factor * time * (1 + noise)) << "case " << i;
    ASSERT_GE(seconds(bytes, larger), time * (1 - noise)) << "case " << i;
  }
}

} // namespace
} // namespace flopcast
