// SPDX-License-Identifier: Apache-2.0
// Expected times are those of a ring over n ranks: all-reduce moves 2(n-1)/n of the data over each
// link, all-gather and reduce-scatter (n-1)/n, a message all of it.
#include "hardware/collectives.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace flopcast {
namespace {

using namespace units;
using enum Collective;

/// Domains of 8 GPUs at 100 GB/s and 3 us, between them 10 GB/s a GPU and 20 us; all of it usable.
Cluster cluster() {
  Cluster made;
  made.node.scale_up_domain = 8;
  made.node.scale_up_bandwidth = 100.0 * gigabyte / second;
  made.node.scale_up_latency = 3.0 * microsecond;
  made.node.scale_out_bandwidth = 10.0 * gigabyte / second;
  made.node.scale_out_latency = 20.0 * microsecond;
  made.calibration.scale_up_efficiency = 1.0;
  made.calibration.scale_out_efficiency = 1.0;
  return made;
}

double milliseconds(Collective collective, Bytes data, RankGroup group) {
  return collective_time(collective, data, group, cluster()).in(millisecond);
}

double bandwidth(RankGroup group, const Cluster &on = cluster()) {
  return ring_bandwidth(all_reduce, group, on).in(gigabyte / second);
}

// A few products and sums each: EXPECT_DOUBLE_EQ (4 ulp) holds.

TEST(AllReduce, RingMovesTwiceTheBytesLessOneShare) {
  // 2 × 7/8 × 0.8 GB / 100 GB/s = 14 ms, and one latency of 3 us.
  EXPECT_DOUBLE_EQ(milliseconds(all_reduce, 0.8 * gigabyte, {.size = 8}), 14.003);
}

TEST(AllGather, RingMovesTheBytesLessOneShare) {
  // 3/4 × 0.8 GB / 100 GB/s = 6 ms.
  EXPECT_DOUBLE_EQ(milliseconds(all_gather, 0.8 * gigabyte, {.size = 4}), 6.003);
}

TEST(ReduceScatter, TakesAsLongAsAllGather) {
  EXPECT_DOUBLE_EQ(milliseconds(reduce_scatter, 0.8 * gigabyte, {.size = 4}), 6.003);
}

TEST(PointToPoint, MovesTheMessageOnce) {
  EXPECT_DOUBLE_EQ(milliseconds(point_to_point, 0.8 * gigabyte, {.size = 2}), 8.003);
  // To the next node: 0.8 GB / 10 GB/s = 80 ms and 20 us.
  EXPECT_DOUBLE_EQ(milliseconds(point_to_point, 0.8 * gigabyte, {.size = 2, .stride = 8}), 80.020);
}

TEST(Collectives, OfOneRankTakeNoTime) {
  for (const Collective collective : {all_reduce, all_gather, reduce_scatter, point_to_point}) {
    EXPECT_EQ(milliseconds(collective, gigabyte, {.size = 1}), 0.0);
    EXPECT_EQ(milliseconds(collective, gigabyte, {.size = 1, .stride = 64}), 0.0);
    EXPECT_EQ(milliseconds(collective, gigabyte, {.size = 0}), 0.0);
  }
}

TEST(Collectives, AcrossDomainsPayBothLatencies) {
  // 16 ranks in 2 domains: the ring crosses on 8 GPUs' NICs, 80 GB/s.
  // 2 × 15/16 × 0.8 GB / 80 GB/s = 18.75 ms; 3 us inside, one level of 20 us between.
  EXPECT_DOUBLE_EQ(milliseconds(all_reduce, 0.8 * gigabyte, {.size = 16}), 18.773);
  // 15/16 × 0.8 / 80 = 9.375 ms.
  EXPECT_DOUBLE_EQ(milliseconds(all_gather, 0.8 * gigabyte, {.size = 16}), 9.398);
}

TEST(Collectives, OfOneRankADomainPayNoLatencyInside) {
  // 16 ranks in 16 domains: 2 × 15/16 × 0.8 GB / 10 GB/s = 150 ms; log2(16) = 4 levels of 20 us.
  EXPECT_DOUBLE_EQ(milliseconds(all_reduce, 0.8 * gigabyte, {.size = 16, .stride = 8}), 150.080);
}

TEST(Collectives, LatencyGrowsByOneLevelForEachDoublingOfDomains) {
  // Without data only the latency is left: ceil(log2 domains) × 20 us, and 3 us inside.
  const auto microseconds = [](RankGroup group) {
    return collective_time(all_gather, Bytes{}, group, cluster()).in(microsecond);
  };
  EXPECT_DOUBLE_EQ(microseconds({.size = 8}), 3);               // 1 domain
  EXPECT_DOUBLE_EQ(microseconds({.size = 16}), 23);             // 2
  EXPECT_DOUBLE_EQ(microseconds({.size = 24}), 43);             // 3: two levels, as 4
  EXPECT_DOUBLE_EQ(microseconds({.size = 32}), 43);             // 4
  EXPECT_DOUBLE_EQ(microseconds({.size = 40}), 63);             // 5: three levels
  EXPECT_DOUBLE_EQ(microseconds({.size = 8192}), 203);          // 1,024: ten levels
  EXPECT_DOUBLE_EQ(microseconds({.size = 9}), 23);              // a domain begun counts as one
  EXPECT_DOUBLE_EQ(microseconds({.size = 4, .stride = 8}), 40); // 4 domains, nothing inside
}

TEST(RanksPerDomain, CountsTheRanksOfTheGroupThatFitInOne) {
  const Node node = cluster().node;
  EXPECT_EQ(ranks_per_domain({.size = 16}, node), 8);
  EXPECT_EQ(ranks_per_domain({.size = 4}, node), 4); // no more than there are
  EXPECT_EQ(ranks_per_domain({.size = 16, .stride = 2}, node), 4);
  EXPECT_EQ(ranks_per_domain({.size = 16, .stride = 8}, node), 1);
  EXPECT_EQ(ranks_per_domain({.size = 16, .stride = 64}, node), 1); // never less than itself
}

TEST(RingBandwidth, IsThatOfTheFastLinksInsideADomain) {
  EXPECT_EQ(bandwidth({.size = 2}), 100.0);
  EXPECT_EQ(bandwidth({.size = 8}), 100.0);
  EXPECT_EQ(bandwidth({.size = 2, .stride = 4}), 100.0);
}

TEST(RingBandwidth, GrowsWithTheNicsThatTheGroupHasInADomain) {
  // 10 GB/s for each rank in a domain: the groups beside use the other NICs.
  EXPECT_EQ(bandwidth({.size = 64, .stride = 8}), 10.0);
  EXPECT_EQ(bandwidth({.size = 64, .stride = 4}), 20.0);
  EXPECT_EQ(bandwidth({.size = 64, .stride = 2}), 40.0);
  EXPECT_EQ(bandwidth({.size = 64, .stride = 1}), 80.0);
}

TEST(RingBandwidth, IsNeverAboveTheFastLinksOfAGroupThatUsesThem) {
  Cluster fast_network = cluster();
  fast_network.node.scale_out_bandwidth = 50.0 * gigabyte / second;
  EXPECT_EQ(bandwidth({.size = 16}, fast_network), 100.0); // not 8 × 50
  EXPECT_EQ(bandwidth({.size = 16, .stride = 8}, fast_network), 50.0);
}

TEST(RingBandwidth, IsScaledByTheCalibration) {
  Cluster calibrated = cluster();
  calibrated.calibration.scale_up_efficiency = 0.75;
  calibrated.calibration.scale_out_efficiency = 0.5;
  EXPECT_DOUBLE_EQ(bandwidth({.size = 8}, calibrated), 75.0);
  EXPECT_DOUBLE_EQ(bandwidth({.size = 16}, calibrated), 40.0); // 8 × 10 × 0.5
  EXPECT_DOUBLE_EQ(bandwidth({.size = 16, .stride = 8}, calibrated), 5.0);
}

constexpr std::array groups{RankGroup{2, 1},  RankGroup{8, 1},  RankGroup{16, 1}, RankGroup{16, 4},
                            RankGroup{64, 8}, RankGroup{12, 1}, RankGroup{512, 2}};

TEST(Collectives, TimeGrowsWithTheBytes) {
  for (const Collective collective : {all_reduce, all_gather, reduce_scatter, point_to_point})
    for (const RankGroup &group : groups)
      for (double size = 1; size < 1e12; size *= 10)
        EXPECT_LT(milliseconds(collective, size * byte, group),
                  milliseconds(collective, 10 * size * byte, group));
}

TEST(AllReduce, IsReduceScatterAndAllGatherUpToLatency) {
  for (const RankGroup &group : groups) {
    const auto transfer = [&](Collective collective) {
      return milliseconds(collective, gigabyte, group) - milliseconds(collective, Bytes{}, group);
    };
    // Differences of numbers up to 1e3 ms: 1e-9 ms is far above their rounding of 1e-13.
    EXPECT_NEAR(transfer(all_reduce), transfer(reduce_scatter) + transfer(all_gather), 1e-9);
  }
}

TEST(AllReduce, TransferOfALargeGroupNearsTwiceTheData) {
  // 2(n-1)/n → 2: at n = 1,000,000 ranks on 10 GB/s, 2 GB less two millionths.
  const double transfer = milliseconds(all_reduce, gigabyte, {.size = 1'000'000, .stride = 8}) -
                          milliseconds(all_reduce, Bytes{}, {.size = 1'000'000, .stride = 8});
  EXPECT_NEAR(transfer, 200.0, 2.1e-4); // 200 ms × 1e-6, and rounding
}

} // namespace
} // namespace flopcast
