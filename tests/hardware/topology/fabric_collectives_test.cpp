// SPDX-License-Identifier: Apache-2.0
// Collectives over a fabric. Domains of 8 GPUs at 100 GB/s and 3 us, NICs of 10 GB/s and 20 us, all
// of it usable; a leaf adds 1 us, a spine 2 us, a core 4 us.
#include "hardware/collectives.hpp"
#include "tests/hardware/topology/fabrics.hpp"

#include <gtest/gtest.h>

#include <array>

namespace flopcast {
namespace {

using namespace units;
using enum Collective;
using tests::gigabyte_per_second;
using tests::machine;
using tests::rails;
using tests::Samples;
using tests::torus;
using tests::tree;

Cluster cluster(std::optional<Fabric> fabric, std::int64_t gpus = 128, std::int64_t domain = 8) {
  Cluster made;
  made.node = machine(domain);
  made.gpus = gpus;
  made.calibration.scale_up_efficiency = 1;
  made.calibration.scale_out_efficiency = 1;
  made.fabric = std::move(fabric);
  return made;
}

double milliseconds(Collective collective, const RankGroup &group, const Cluster &on) {
  return collective_time(collective, 0.8 * gigabyte, group, on).in(millisecond);
}

constexpr std::array kinds{all_reduce, all_gather, reduce_scatter, all_to_all, point_to_point};
/// Data parallel beside tensor parallel of 8: one GPU of each of the 16 domains.
constexpr RankGroup across{16, 8};

TEST(FabricCollectives, ATreeThatIsWideEnoughChangesNothingButItsSwitchesLatency) {
  const Cluster free = cluster(std::nullopt);
  // One switch over all: that is what the node's latency counts already.
  for (const Collective kind : kinds)
    for (const RankGroup &group : {RankGroup{8, 1}, RankGroup{16, 1}, across, RankGroup{2, 64}})
      EXPECT_EQ(milliseconds(kind, group, cluster(tree({128}))), milliseconds(kind, group, free));
  // Four levels over 16 domains, each 1 + 2 us more through leaf and spine.
  EXPECT_NEAR(milliseconds(all_gather, across, cluster(tree({16, 8}))),
              milliseconds(all_gather, across, free) + 4 * 0.003, 1e-9);
}

TEST(FabricCollectives, AnOversubscribedLeafSlowsWhatCrossesIt) {
  // A leaf of 16 GPUs has 160 / 4 = 40 GB/s up; 8 rings leave it: 5 GB/s each, half a NIC.
  const Cluster thin = cluster(tree({16, 8}, {4}));
  // 15/16 of 0.8 GB at 5 GB/s, and 4 levels of 20 + 1 + 2 us.
  EXPECT_NEAR(milliseconds(all_gather, across, thin), 150 + 0.092, 1e-9);
  // Pairs 64 apart: 16 of them leave each leaf, 40 / 16 GB/s each.
  EXPECT_NEAR(milliseconds(point_to_point, {2, 64}, thin), 320 + 0.023, 1e-9);
}

TEST(FabricCollectives, AnOversubscribedLeafLeavesGroupsBelowItAlone) {
  const Cluster thin = cluster(tree({16, 8}, {16}));
  const Cluster free = cluster(std::nullopt);
  for (const Collective kind : kinds)
    for (const RankGroup &group : {RankGroup{8, 1}, RankGroup{16, 1}, RankGroup{2, 8}})
      EXPECT_EQ(milliseconds(kind, group, thin), milliseconds(kind, group, free));
}

TEST(FabricCollectives, SpreadDataLeaveABlockMoreOftenThanARing) {
  // All-to-all over 16 ranks, 2 below each leaf: 15/16 of the data leave the GPU, 14/16 the leaf,
  // whose GPUs have 10 / 4 GB/s each: 0.7 GB / 2.5 GB/s = 280 ms and 4 × 23 us.
  EXPECT_NEAR(milliseconds(all_to_all, across, cluster(tree({16, 8}, {4}))), 280 + 0.092, 1e-9);
}

TEST(FabricCollectives, OnRailsTheSameGpusOfASetMeetBelowOneLeaf) {
  // 4 nodes a set: a group over the same GPU of these uses one leaf, on a tree of the same size
  // with the same 4:1 it needs the spine.
  const RankGroup same_rail{4, 8};
  const Cluster on_rails = cluster(rails(8, {4, 32}, {4}));
  const Cluster by_rack = cluster(tree({8, 16}, {4}));
  // 3/4 of 0.8 GB at 10 GB/s and 2 × 20 us.
  EXPECT_NEAR(milliseconds(all_gather, same_rail, on_rails), 60 + 0.04, 1e-9);
  // 8 rings leave a leaf of 80 / 4 GB/s: 2.5 each.
  EXPECT_NEAR(milliseconds(all_gather, same_rail, by_rack), 240 + 0.046, 1e-9);
}

TEST(FabricCollectives, ADomainOfSeventyTwoLeavesItsRackByAllItsNics) {
  // 2 racks, one leaf each, 2:1: 72 ranks leave by 72 × 10 / 2 GB/s; the fast links are slower.
  const Cluster racks = cluster(tree({72, 2}, {2}), 144, 72);
  EXPECT_EQ(ring_bandwidth(all_gather, {144, 1}, racks), 100.0 * gigabyte_per_second);
  // At 12:1 they leave 60 GB/s together.
  EXPECT_DOUBLE_EQ(ring_bandwidth(all_gather, {144, 1}, cluster(tree({72, 2}, {12}), 144, 72))
                       .in(gigabyte_per_second),
                   60);
}

TEST(FabricCollectives, StagesMeetTheUplinkOfTheWorstPlacedPair) {
  // 4 stages of 16 GPUs, 2 on a leaf of 32: between the second and the third all 16 GPUs send out
  // of the leaf, which has 320 / 8 GB/s: 2.5 each.
  const Cluster thin = cluster(tree({32, 4}, {8}), 64);
  EXPECT_NEAR(milliseconds(point_to_point, {2, 16, 4}, thin), 320 + 0.023, 1e-9);
  // Two stages alone stay below it.
  EXPECT_NEAR(milliseconds(point_to_point, {2, 16, 2}, thin), 80 + 0.020, 1e-9);
}

TEST(FabricCollectives, TheNicStillLimits) {
  Cluster slow = cluster(tree({16, 8}));
  slow.node.scale_out_bandwidth = 4.0 * gigabyte_per_second;
  EXPECT_DOUBLE_EQ(ring_bandwidth(all_gather, across, slow).in(gigabyte_per_second), 4);
  // A NIC that is faster than the leaf's port of 10 GB/s does not help.
  slow.node.scale_out_bandwidth = 40.0 * gigabyte_per_second;
  EXPECT_DOUBLE_EQ(ring_bandwidth(all_gather, across, slow).in(gigabyte_per_second), 10);
}

TEST(FabricCollectives, EfficienciesMultiplyWhatTheFabricLeaves) {
  Cluster thin = cluster(tree({16, 8}, {4}));
  thin.calibration.scale_out_efficiency = 0.5;
  EXPECT_DOUBLE_EQ(ring_bandwidth(all_gather, across, thin).in(gigabyte_per_second), 2.5);
  LinkModel fitted = default_link_model(0.8);
  fitted.of(all_gather).efficiency = 0.9;
  thin.calibration.scale_out_links = fitted; // stands in for the share above
  EXPECT_DOUBLE_EQ(ring_bandwidth(all_gather, across, thin).in(gigabyte_per_second), 4.5);
  EXPECT_DOUBLE_EQ(ring_bandwidth(all_reduce, across, thin).in(gigabyte_per_second), 4);
}

TEST(FabricCollectives, ATorusGroupRingsAlongItsAxis) {
  // 64 chips in 4 x 4 x 4, six links of 10 GB/s each: a row has 20 GB/s, a plane 40, all 60.
  Cluster pod = cluster(torus({4, 4, 4}), 64, 64);
  pod.node.scale_up_bandwidth = 60.0 * gigabyte_per_second;
  // 3/4 of 0.8 GB at 20 GB/s; the latency of the domain's one link, 3 us.
  for (const std::int64_t stride : {1, 4, 16})
    EXPECT_NEAR(milliseconds(all_gather, {4, stride}, pod), 30 + 0.003, 1e-9);
  EXPECT_DOUBLE_EQ(ring_bandwidth(all_gather, {16, 1}, pod).in(gigabyte_per_second), 40);
  EXPECT_DOUBLE_EQ(ring_bandwidth(all_gather, {64, 1}, pod).in(gigabyte_per_second), 60);
  pod.calibration.scale_up_efficiency = 0.5;
  EXPECT_DOUBLE_EQ(ring_bandwidth(all_gather, {4, 1}, pod).in(gigabyte_per_second), 10);
}

TEST(FabricCollectives, AreNeverFasterOverNarrowerLinks) {
  Samples samples;
  int slower = 0;
  for (int i = 0; i < 2'000; ++i) {
    const tests::Sample sample =
        i % 4 == 0 ? samples.torus_of_chips() : samples.switched(i % 2 == 0);
    Cluster wide = cluster(sample.fabric, sample.gpus);
    wide.node = sample.node;
    if (i % 3 == 0) { // with a protocol, a tree and a pipeline to fill
      LinkModel fitted = default_link_model(0.9);
      fitted.tree_efficiency = 0.8;
      fitted.hierarchical = i % 2 == 0;
      for (CollectiveModel &model : fitted.collectives) {
        model.low_latency_efficiency = 0.3;
        model.fill = 10.0 * microsecond;
        model.fill_exponent = 0.5;
      }
      wide.calibration.scale_out_links = fitted;
    }
    Cluster narrow = wide;
    narrow.fabric = tests::thinner(sample.fabric, samples);
    narrow.fabric->link_bandwidth *= samples.real(0.2, 1);
    const RankGroup group{samples.any(2, 40), samples.any(1, 40)};
    for (const Collective kind : kinds)
      for (const Bytes data : {1.0 * kilobyte, 0.8 * gigabyte}) {
        const Seconds before = collective_time(kind, data, group, wide);
        const Seconds after = collective_time(kind, data, group, narrow);
        EXPECT_GE(after, before * (1 - 1e-12)) << i; // rounding
        slower += after > 1.01 * before ? 1 : 0;
      }
  }
  EXPECT_GT(slower, 1'000); // else narrower links were not narrow
}

} // namespace
} // namespace flopcast
