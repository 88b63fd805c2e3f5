// SPDX-License-Identifier: Apache-2.0
#include "hardware/topology/placement.hpp"
#include "tests/hardware/topology/fabrics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

namespace flopcast {
namespace {

using namespace units;
using tests::gigabyte_per_second;
using tests::machine;
using tests::rails;
using tests::Sample;
using tests::Samples;
using tests::torus;
using tests::tree;

// A few products each: 1e-9 of them is far above their rounding.
constexpr double rounding = 1e-9;

double gigabytes(Bandwidth bandwidth) { return bandwidth.in(gigabyte_per_second); }

std::string bottleneck(const GroupPath &path) {
  return path.bottleneck() == nullptr ? "" : std::string(path.bottleneck()->link);
}

/// 2 domains of 8 on a leaf, 4 leaves in a pod, 2 pods. A leaf has 160 / 2 = 80 GB/s up, a pod
/// 640 / 2 / 4 = 80 GB/s.
Fabric thin() { return tree({16, 4, 2}, {2, 4}); }

TEST(GroupPath, OfOneRankTakesNoLink) {
  const GroupPath path = group_path({.size = 1}, machine(8), thin(), 128);
  EXPECT_EQ(path.hops, 0);
  EXPECT_EQ(path.latency, Seconds{});
  EXPECT_EQ(bottleneck(path), "");
}

TEST(GroupPath, InsideADomainRunsOverTheFastLinks) {
  const GroupPath path = group_path({.size = 8}, machine(8), thin(), 128);
  EXPECT_EQ(gigabytes(path.bandwidth), 100);
  EXPECT_EQ(path.latency, 3.0 * microsecond);
  EXPECT_EQ(path.hops, 2);
  EXPECT_EQ(path.ranks_per_domain, 8);
  EXPECT_EQ(path.domains, 1);
  EXPECT_EQ(bottleneck(path), "scale-up link");
}

TEST(GroupPath, BelowALeafUsesNoUplink) {
  // 16 ranks in the 2 domains of a leaf: 8 NICs of 10 GB/s between them.
  const GroupPath path = group_path({.size = 16}, machine(8), thin(), 128);
  EXPECT_EQ(gigabytes(path.bandwidth), 80);
  EXPECT_EQ(path.latency, 20.0 * microsecond);
  EXPECT_EQ(path.hops, 2);
  EXPECT_EQ(path.domains, 2);
  EXPECT_EQ(path.domains_per_leaf, 2);
  EXPECT_EQ(path.leaves, 1);
  EXPECT_EQ(bottleneck(path), "NIC");
}

TEST(GroupPath, LeavesEachBlockOnceSoLocalityHidesOversubscription) {
  // Data parallel beside tensor parallel of 8: 16 ranks, 2 on a leaf. 8 such groups share the
  // 80 GB/s of a leaf and those of a pod: 10 GB/s each, as much as a NIC.
  const GroupPath path = group_path({.size = 16, .stride = 8}, machine(8), thin(), 128);
  EXPECT_EQ(path.ranks_per_domain, 1);
  EXPECT_EQ(path.domains_per_leaf, 2);
  EXPECT_EQ(path.leaves_per_pod, 4);
  EXPECT_EQ(path.domains, 16);
  EXPECT_EQ(path.leaves, 8);
  EXPECT_EQ(path.pods, 2);
  EXPECT_EQ(gigabytes(path.bandwidth), 10);
  EXPECT_EQ(path.hops, 6);
  // 20 us through one switch; a leaf and a spine more, then a spine and a core.
  EXPECT_DOUBLE_EQ(path.latency.in(microsecond), 20 + (1 + 2) + (2 + 4));
  ASSERT_EQ(path.links.size(), 3U);
  EXPECT_EQ(path.links[1].link, "leaf uplinks");
  EXPECT_EQ(path.links[1].groups, 8);
  EXPECT_EQ(path.links[2].link, "spine uplinks");
  EXPECT_EQ(gigabytes(path.links[2].capacity), 80);
}

TEST(GroupPath, RanksFarApartShareTheUplinksWithAllOthers) {
  // Pipeline neighbours in 2 pods: all 64 GPUs of a pod send over its 80 GB/s.
  const GroupPath path = group_path({.size = 2, .stride = 64}, machine(8), thin(), 128);
  EXPECT_EQ(gigabytes(path.links[1].per_rank), 80 / 16.0);
  EXPECT_EQ(gigabytes(path.bandwidth), 80 / 64.0);
  EXPECT_EQ(path.bottleneck()->groups, 64);
  EXPECT_EQ(bottleneck(path), "spine uplinks");
}

TEST(GroupPath, OfOneGroupAcrossAllHasTheUplinksToItself) {
  // 128 ranks: NICs 80 GB/s, leaf 80, pod 80.
  const GroupPath path = group_path({.size = 128}, machine(8), thin(), 128);
  EXPECT_EQ(gigabytes(path.bandwidth), 80);
  EXPECT_EQ(path.links.back().groups, 1);
}

TEST(GroupPath, ThatStraddlesBlocksMeetsTheNextOne) {
  // Groups of 24 on leaves of 16: the leaf of GPUs 16 to 31 holds the end of one and the beginning
  // of the next, each of which gets half of 80 GB/s.
  const GroupPath path = group_path({.size = 24}, machine(8), thin(), 128);
  EXPECT_EQ(path.links[2].groups, 2);
  EXPECT_EQ(gigabytes(path.bandwidth), 40);
  // The only group there is has no next.
  EXPECT_EQ(gigabytes(group_path({.size = 24}, machine(8), thin(), 24).bandwidth), 80);
}

TEST(GroupPath, OfAPodHoldsAHalfGroupBesideWholeOnes) {
  // Pods of 3,072 thinned 7:1, pipeline neighbours 1,024 apart: each pod holds 1,024 pairs whole
  // and one end of 1,024 others, which share 3,072 × 10 / 7 GB/s.
  const Fabric fabric = tree({16, 192, 8}, {1, 7});
  const GroupPath path = group_path({.size = 2, .stride = 1'024}, machine(8), fabric, 24'576);
  EXPECT_EQ(path.bottleneck()->groups, 1'024);
  EXPECT_DOUBLE_EQ(gigabytes(path.bandwidth), 3 * 10 / 7.0);
}

TEST(GroupPath, OfADomainOnSeveralLeavesLeavesByAllOfThem) {
  // Leaves of 4 with 4 × 10 / 2 = 20 GB/s up, two for each domain of 8: 40 GB/s for its ring.
  const Fabric fabric = tree({4, 8}, {2});
  EXPECT_EQ(gigabytes(group_path({.size = 16}, machine(8), fabric, 32).bandwidth), 40);
  // One rank a domain: 4 of them share a leaf's 20 GB/s.
  EXPECT_EQ(gigabytes(group_path({.size = 4, .stride = 8}, machine(8), fabric, 32).bandwidth), 5);
}

TEST(GroupPath, OnRailsStaysBelowItsLeafThroughAWholeSetOfNodes) {
  const Fabric on_rails = rails(8, {4, 16}, {2});
  const Fabric by_rack = tree({4, 16}, {2});
  const RankGroup group{.size = 4, .stride = 8}; // one GPU of each of 4 nodes
  EXPECT_EQ(gigabytes(group_path(group, machine(8), on_rails, 64).bandwidth), 10);
  EXPECT_EQ(group_path(group, machine(8), on_rails, 64).hops, 2);
  EXPECT_EQ(gigabytes(group_path(group, machine(8), by_rack, 64).bandwidth), 5);
  EXPECT_EQ(group_path(group, machine(8), by_rack, 64).hops, 4);
}

TEST(GroupPath, ThatMustChangeRailsGoesThroughASpine) {
  // Without fast links each step from rail to rail uses the leaf's uplinks: 10 / 2 GB/s a GPU.
  const Fabric fabric = rails(8, {4, 16}, {2});
  const GroupPath across = group_path({.size = 4}, machine(1), fabric, 64);
  EXPECT_EQ(gigabytes(across.bandwidth), 5);
  EXPECT_EQ(across.hops, 4);
  const GroupPath along = group_path({.size = 4, .stride = 8}, machine(1), fabric, 64);
  EXPECT_EQ(gigabytes(along.bandwidth), 10);
  EXPECT_EQ(along.hops, 2);
}

TEST(GroupPath, WithoutANetworkHasNoBandwidth) {
  EXPECT_EQ(group_path({.size = 16}, machine(8), Fabric{}, 16).bandwidth, Bandwidth{});
  Node node = machine(8);
  node.scale_out_bandwidth.reset();
  EXPECT_EQ(group_path({.size = 16}, node, thin(), 16).bandwidth, Bandwidth{});
  EXPECT_EQ(gigabytes(group_path({.size = 8}, node, thin(), 16).bandwidth), 100);
}

TEST(GroupPath, OnOneNonBlockingLevelIsTheRingOfCollectives) {
  const std::int64_t gpus = 1 << 20;
  const Fabric flat = tree({gpus});
  Samples samples;
  for (int i = 0; i < 1'000; ++i) {
    Cluster cluster;
    cluster.node = machine(samples.any(1, 72));
    cluster.calibration.scale_up_efficiency = 1;
    cluster.calibration.scale_out_efficiency = 1;
    const RankGroup group{samples.any(1, 1'000), samples.any(1, 1'000)};
    const GroupPath path = group_path(group, cluster.node, flat, gpus);
    EXPECT_EQ(path.bandwidth, ring_bandwidth(Collective::all_reduce, group, cluster));
    EXPECT_EQ(path.ranks_per_domain, ranks_per_domain(group, cluster.node));
  }
}

/// Follows every ring of the cluster from rank to rank and counts, for each block of a level, how
/// many leave it: what is left of its uplink for each.
Bandwidth share_by_counting(const RankGroup &group, const Sample &sample, std::size_t level) {
  const std::int64_t span = group.size * group.stride;
  const std::int64_t size = block_gpus(sample.fabric, level);
  std::map<std::int64_t, int> leaving;
  for (std::int64_t base = 0; base < sample.gpus; base += span)
    for (std::int64_t first = base; first < base + group.stride; ++first)
      for (std::int64_t i = 0; i < group.size; ++i) {
        const std::int64_t from = first + i * group.stride;
        const std::int64_t to = first + (i + 1) % group.size * group.stride;
        if (from / size != to / size)
          ++leaving[from / size];
      }
  int most = 0;
  for (const auto &[block, count] : leaving)
    most = std::max(most, count);
  return most == 0 ? Bandwidth::from_base(1e30) : block_uplink(sample.fabric, level) / most;
}

TEST(GroupPath, SharesTheUplinksAsCountingTheRingsDoes) {
  Samples samples;
  int exact = 0;
  for (int i = 0; i < 4'000; ++i) {
    Sample sample = samples.switched(i % 2 == 0);
    const RankGroup group{samples.any(2, 12), samples.any(1, 12)};
    const std::int64_t span = group.size * group.stride;
    sample.gpus = span * samples.any(1, 6);
    const std::int64_t leaf = block_gpus(sample.fabric, 0);
    if (leaf % sample.node.scale_up_domain != 0 ||
        ranks_per_domain(group, sample.node) >= group.size)
      continue; // the test above is about those
    const GroupPath path = group_path(group, sample.node, sample.fabric, sample.gpus);
    const auto inside = static_cast<double>(path.ranks_per_domain);
    Bandwidth counted = inside * injection_bandwidth(sample.fabric, sample.node);
    if (path.ranks_per_domain > 1)
      counted = std::min(counted, sample.node.scale_up_bandwidth);
    bool lined_up = true;
    for (std::size_t level = 0; level + 1 < sample.fabric.levels.size(); ++level) {
      const std::int64_t block = block_gpus(sample.fabric, level);
      counted = std::min(counted, share_by_counting(group, sample, level));
      lined_up = lined_up && (block % span == 0 || span % block == 0 || span >= sample.gpus);
    }
    SCOPED_TRACE(testing::Message() << "sample " << i << ": " << group.size << " ranks, stride "
                                    << group.stride << ", " << sample.gpus << " GPUs");
    if (lined_up) {
      EXPECT_NEAR(gigabytes(path.bandwidth), gigabytes(counted), rounding * gigabytes(counted));
      ++exact;
    } else {
      // The worst placed group that there could be; those that are need not be so bad.
      EXPECT_LE(gigabytes(path.bandwidth), gigabytes(counted) * (1 + rounding));
    }
  }
  EXPECT_GT(exact, 100); // else the samples do not test what they should
}

TEST(GroupPath, IsNeverWiderThanAnyOfItsLinks) {
  Samples samples;
  for (int i = 0; i < 1'000; ++i) {
    const Sample sample = samples.switched(i % 2 == 0);
    const RankGroup group{samples.any(2, 40), samples.any(1, 40)};
    const GroupPath path = group_path(group, sample.node, sample.fabric, sample.gpus);
    for (const LinkUse &use : path.links)
      EXPECT_LE(path.bandwidth, use.per_rank) << use.link;
    ASSERT_NE(path.bottleneck(), nullptr);
    EXPECT_EQ(path.bandwidth, path.bottleneck()->per_rank);
    EXPECT_GT(path.bandwidth, Bandwidth{});
  }
}

TEST(GroupPath, MoreOversubscriptionNeverGivesMoreBandwidth) {
  Samples samples;
  for (int i = 0; i < 1'000; ++i) {
    const Sample sample = samples.switched(i % 2 == 0);
    const Fabric thinner = tests::thinner(sample.fabric, samples);
    const RankGroup group{samples.any(2, 40), samples.any(1, 40)};
    EXPECT_LE(gigabytes(group_path(group, sample.node, thinner, sample.gpus).bandwidth),
              gigabytes(group_path(group, sample.node, sample.fabric, sample.gpus).bandwidth) *
                  (1 + rounding));
  }
}

/// A chip with 6 links of 10 GB/s.
Node chip() {
  Node node = machine(64);
  node.scale_up_bandwidth = 60.0 * gigabyte_per_second;
  return node;
}

GroupPath on_torus(RankGroup group, std::int64_t gpus = 64) {
  return group_path(group, chip(), torus({4, 4, 4}), gpus);
}

TEST(GroupPath, OnATorusUsesBothDirectionsOfEachDimensionItFills) {
  EXPECT_EQ(gigabytes(on_torus({.size = 4}).bandwidth), 20);
  EXPECT_EQ(gigabytes(on_torus({.size = 16}).bandwidth), 40);
  EXPECT_EQ(gigabytes(on_torus({.size = 64}).bandwidth), 60); // all six links
  EXPECT_EQ(gigabytes(on_torus({.size = 4, .stride = 4}).bandwidth), 20);
  EXPECT_EQ(gigabytes(on_torus({.size = 4, .stride = 16}).bandwidth), 20);
  EXPECT_EQ(on_torus({.size = 64}).hops, 1);
  EXPECT_EQ(on_torus({.size = 64}).latency, 3.0 * microsecond);
}

TEST(GroupPath, OnPartOfARowUsesItToAndFro) {
  EXPECT_EQ(gigabytes(on_torus({.size = 2}).bandwidth), 10);
  EXPECT_EQ(on_torus({.size = 2}).hops, 1);
  EXPECT_EQ(gigabytes(on_torus({.size = 3}).bandwidth), 10);
  EXPECT_EQ(on_torus({.size = 3}).hops, 2);
  // A slice of 4 x 4 x 2 has open ends in the third dimension.
  EXPECT_EQ(gigabytes(on_torus({.size = 32}, 32).bandwidth), 20 + 20 + 10);
}

TEST(GroupPath, InterleavedInARowShareItsLinks) {
  // Ranks 0 and 2 of a row of 4, beside 1 and 3: 20 GB/s for two groups, two links a step.
  const GroupPath path = on_torus({.size = 2, .stride = 2});
  EXPECT_EQ(gigabytes(path.bandwidth), 10);
  EXPECT_EQ(path.hops, 2);
  EXPECT_DOUBLE_EQ(path.latency.in(microsecond), 3 + 1);
  EXPECT_EQ(path.bottleneck()->groups, 2);
}

TEST(GroupPath, AcrossToriUsesTheHostsNetwork) {
  const GroupPath far = on_torus({.size = 2, .stride = 64}, 128);
  EXPECT_EQ(gigabytes(far.bandwidth), 10);
  EXPECT_EQ(far.domains, 2);
  EXPECT_EQ(bottleneck(far), "NIC");
  EXPECT_EQ(far.latency, 20.0 * microsecond);
  // 64 NICs of 10 GB/s are wider than the torus.
  EXPECT_EQ(gigabytes(on_torus({.size = 128}, 128).bandwidth), 60);
}

TEST(GroupPath, NamesAsManyLinksForAMillionGpusAsForAThousand) {
  const Fabric fabric = tests::k_ary(64);
  for (const std::int64_t gpus : {std::int64_t{1'024}, std::int64_t{1'000'000}}) {
    const GroupPath path = group_path({gpus / 8, 8}, machine(8), fabric, gpus);
    EXPECT_LE(path.links.size(), 4U); // fast links, NIC and two uplinks
    EXPECT_EQ(path.domains, gpus / 8);
  }
}

} // namespace
} // namespace flopcast
