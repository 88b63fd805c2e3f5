// SPDX-License-Identifier: Apache-2.0
#include "hardware/topology/paths.hpp"
#include "tests/hardware/topology/fabrics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

namespace flopcast {
namespace {

using namespace units;
using tests::gigabyte_per_second;
using tests::k_ary;
using tests::machine;
using tests::rails;
using tests::Sample;
using tests::Samples;
using tests::torus;
using tests::tree;

// Sums and products of at most some hundred numbers: 1e-9 of them is far above their rounding, and
// above the part in 10^9 to which flows are whole numbers.
constexpr double rounding = 1e-9;

double bisection(const Fabric &fabric, const Node &node, std::int64_t gpus) {
  return bisection_bandwidth(fabric, node, gpus).in(gigabyte_per_second);
}

/// Flow from the GPUs for which `sends` holds to all others, on the explicit graph.
template <class Sends> double flow(const Sample &sample, std::int64_t gpus, Sends sends) {
  std::vector<std::size_t> sources;
  std::vector<std::size_t> sinks;
  for (std::int64_t gpu = 0; gpu < gpus; ++gpu)
    (sends(gpu) ? sources : sinks).push_back(static_cast<std::size_t>(gpu));
  return most_flow(explicit_graph(sample.fabric, sample.node, sample.gpus), sources, sinks)
      .in(gigabyte_per_second);
}

NetworkLink link(std::size_t from, std::size_t to, double bandwidth, double latency) {
  return {from, to, bandwidth * gigabyte_per_second, latency * microsecond};
}

NetworkGraph graph_of(std::size_t vertices, std::vector<NetworkLink> links) {
  return {std::vector<NetworkVertex>(vertices), std::move(links)};
}

TEST(WidestPath, PrefersWidthToHaste) {
  // 0-1-3 is wide and slow, 0-2-3 quick with one narrow link.
  const auto path = widest_path(
      graph_of(4, {link(0, 1, 9, 5), link(1, 3, 8, 5), link(0, 2, 20, 1), link(2, 3, 7, 1)}), 0, 3);
  ASSERT_TRUE(path);
  EXPECT_DOUBLE_EQ(path->bandwidth.in(gigabyte_per_second), 8);
  EXPECT_DOUBLE_EQ(path->latency.in(microsecond), 10);
  EXPECT_EQ(path->hops, 2);
}

TEST(WidestPath, IsTheQuickestOfTheWidest) {
  // All go through the narrow 3-4; on the way there, the wider detour by 1 gains nothing.
  const auto path = widest_path(graph_of(5, {link(0, 1, 9, 5), link(1, 3, 9, 5), link(0, 2, 3, 1),
                                             link(2, 3, 3, 1), link(3, 4, 2, 1)}),
                                0, 4);
  ASSERT_TRUE(path);
  EXPECT_DOUBLE_EQ(path->bandwidth.in(gigabyte_per_second), 2);
  EXPECT_DOUBLE_EQ(path->latency.in(microsecond), 3);
}

TEST(WidestPath, DoesNotRunThroughWhatDoesNotRelay) {
  NetworkGraph graph = graph_of(3, {link(0, 1, 9, 1), link(1, 2, 9, 1), link(0, 2, 1, 1)});
  EXPECT_DOUBLE_EQ(widest_path(graph, 0, 2)->bandwidth.in(gigabyte_per_second), 9);
  graph.vertices[1].relays = false;
  EXPECT_DOUBLE_EQ(widest_path(graph, 0, 2)->bandwidth.in(gigabyte_per_second), 1);
  graph.links.pop_back();
  EXPECT_FALSE(widest_path(graph, 0, 2));
}

TEST(MostFlow, UsesEveryWayAtOnce) {
  const std::vector<std::size_t> source{0};
  const std::vector<std::size_t> sink{3};
  // min(9, 8) by 1 and min(20, 7) by 2.
  const NetworkGraph graph =
      graph_of(4, {link(0, 1, 9, 0), link(1, 3, 8, 0), link(0, 2, 20, 0), link(2, 3, 7, 0)});
  EXPECT_NEAR(most_flow(graph, source, sink).in(gigabyte_per_second), 15, 15 * rounding);
  EXPECT_EQ(most_flow(graph_of(4, {}), source, sink), Bandwidth{});
}

TEST(PathBetween, RisesToTheLevelThatJoins) {
  // Leaves of 4, pods of 8; switches of 1, 2 and 4 us. Node: 3 us inside, 20 us through a leaf.
  const Fabric fabric = tree({4, 2, 2}, {2, 2});
  const auto check = [&](std::int64_t to, double bandwidth, double latency, std::int64_t hops) {
    const auto path = path_between(fabric, machine(2), 0, to);
    ASSERT_TRUE(path);
    EXPECT_DOUBLE_EQ(path->bandwidth.in(gigabyte_per_second), bandwidth) << to;
    EXPECT_DOUBLE_EQ(path->latency.in(microsecond), latency) << to;
    EXPECT_EQ(path->hops, hops) << to;
  };
  check(1, 100, 3, 2);         // the same domain
  check(2, 10, 20, 2);         // the same leaf
  check(4, 10, 20 + 1 + 2, 4); // the same pod: a second leaf and a spine more
  check(8, 10, 23 + 2 + 4, 6); // a second spine and a core more
}

TEST(PathBetween, OnARailNeedsOneLeaf) {
  const Fabric fabric = rails(2, {3, 4});
  EXPECT_EQ(path_between(fabric, machine(2), 0, 4)->hops, 2); // the same rail of the same set
  EXPECT_EQ(path_between(fabric, machine(2), 0, 5)->hops, 4); // another rail
  EXPECT_EQ(path_between(fabric, machine(2), 0, 6)->hops, 4); // another set
  EXPECT_EQ(path_between(fabric, machine(2), 0, 1)->hops, 2); // inside the domain
}

TEST(PathBetween, IsAbsentWithoutANetwork) {
  EXPECT_TRUE(path_between(Fabric{}, machine(8), 0, 7));
  EXPECT_FALSE(path_between(Fabric{}, machine(8), 0, 8));
  EXPECT_FALSE(path_between(rails(2, {8}), machine(1), 0, 1)); // rails that nothing joins
  EXPECT_FALSE(path_between(torus({4, 4}), machine(16), 0, 16));
}

TEST(PathBetween, GoesRoundATorusTheShorterWay) {
  // 5 x 4 from (0, 0): (4, 0) is 1 away round the end, (2, 2) is 4 away.
  const Fabric fabric = torus({5, 4});
  EXPECT_EQ(path_between(fabric, machine(20), 0, 4)->hops, 1);
  const auto path = path_between(fabric, machine(20), 0, 12);
  EXPECT_EQ(path->hops, 4);
  EXPECT_DOUBLE_EQ(path->latency.in(microsecond), 3 + 3 * 1); // 3 us hold the first link
  EXPECT_DOUBLE_EQ(path->bandwidth.in(gigabyte_per_second), 10);
}

void expect_path_of_graph(const Sample &sample, std::int64_t first, std::int64_t second) {
  const auto closed = path_between(sample.fabric, sample.node, first, second);
  const auto found = widest_path(explicit_graph(sample.fabric, sample.node, sample.gpus),
                                 static_cast<std::size_t>(first), static_cast<std::size_t>(second));
  ASSERT_EQ(closed.has_value(), found.has_value());
  if (!closed)
    return;
  const double width = found->bandwidth.in(gigabyte_per_second);
  EXPECT_NEAR(closed->bandwidth.in(gigabyte_per_second), width, rounding * width);
  EXPECT_NEAR(closed->latency.in(microsecond), found->latency.in(microsecond), 1e-6);
  EXPECT_EQ(closed->hops, found->hops);
}

TEST(PathBetween, EqualsTheWidestPathOfTheExplicitGraph) {
  Samples samples;
  for (int i = 0; i < 300; ++i) {
    const Sample sample = i % 3 == 2 ? samples.torus_of_chips() : samples.switched(i % 3 == 0);
    if (sample.gpus < 2)
      continue;
    const std::int64_t first = samples.any(0, sample.gpus - 1);
    const std::int64_t second = samples.any(0, sample.gpus - 1);
    SCOPED_TRACE(testing::Message() << "sample " << i << ": " << first << " to " << second);
    if (first != second)
      expect_path_of_graph(sample, first, second);
  }
}

TEST(PathBetween, EqualsTheWayUpTheStructureGraph) {
  // Two GPUs that only the top joins: up and down again, which is twice the way up.
  const Fabric fabric = tree({4, 3, 2}, {4, 2});
  const NetworkGraph classes = structure_graph(fabric, machine(4), 1'000'000);
  const auto up = widest_path(classes, 0, classes.vertices.size() - 1);
  const auto whole = path_between(fabric, machine(4), 0, 999'999);
  ASSERT_TRUE(up && whole);
  EXPECT_EQ(up->bandwidth, whole->bandwidth);
  EXPECT_DOUBLE_EQ(2 * up->latency.in(microsecond), whole->latency.in(microsecond));
  EXPECT_EQ(2 * up->hops, whole->hops);
}

TEST(Bisection, OfANonBlockingTreeIsHalfTheGpusLinks) {
  EXPECT_DOUBLE_EQ(bisection(k_ary(4), machine(2), 16), 16 / 2 * 10);
  EXPECT_DOUBLE_EQ(bisection(k_ary(64), machine(8), 65'536), 65'536 / 2 * 10);
  EXPECT_DOUBLE_EQ(bisection(rails(8, {32, 64}), machine(8), 2'048), 2'048 / 2 * 10);
}

TEST(Bisection, FallsWithTheOversubscription) {
  // 4:1 leaves a quarter, 4:1 and 2:1 above it an eighth.
  EXPECT_DOUBLE_EQ(bisection(tree({8, 4}, {4}), machine(8), 32), 32 / 2 * 10 / 4.0);
  EXPECT_DOUBLE_EQ(bisection(tree({8, 4, 2}, {4, 2}), machine(8), 64), 64 / 2 * 10 / 8.0);
  EXPECT_DOUBLE_EQ(bisection(rails(8, {4, 16}, {4}), machine(8), 64), 64 / 2 * 10 / 4.0);
}

TEST(Bisection, IsFullBelowTheOversubscribedLevel) {
  // Two domains on one leaf do not use its uplinks.
  EXPECT_DOUBLE_EQ(bisection(tree({16, 4}, {8}), machine(8), 16), 80);
}

TEST(Bisection, MeetsInTheMiddlePod) {
  // 3 pods of 8 at 8 × 10 / 4 = 20 GB/s up. Half of the middle pod's domains lie on either side:
  // 4 × 10 = 40 meet inside it; 20 of the first pod go to the last.
  EXPECT_DOUBLE_EQ(bisection(tree({4, 2, 3}, {1, 4}), machine(4), 24), 40 + 20);
}

TEST(Bisection, OfATorusIsTheLinksAcrossItsLongestDimension) {
  // 2 N^(2/3) links for a cube: 2 × 16.
  EXPECT_DOUBLE_EQ(bisection(torus({4, 4, 4}), machine(64), 64), 2 * 16 * 10);
  EXPECT_DOUBLE_EQ(bisection(torus({8, 4}), machine(32), 32), 2 * 4 * 10);
  EXPECT_DOUBLE_EQ(bisection(torus({16}), machine(16), 16), 2 * 10);
  // Two chips are neighbours by one link.
  EXPECT_DOUBLE_EQ(bisection(torus({2, 2}), machine(4), 4), 2 * 10);
  // Half of the cube is 4 x 4 x 2, the 2 with open ends: 2 × 8 across either 4, 16 across the 2.
  EXPECT_DOUBLE_EQ(bisection(torus({4, 4, 4}), machine(64), 32), 2 * 8 * 10);
  EXPECT_DOUBLE_EQ(bisection(torus({4, 4, 4}), machine(64), 1), 0);
}

TEST(Bisection, OfOneDomainIsThatOfItsFastLinks) {
  EXPECT_DOUBLE_EQ(bisection(k_ary(4), machine(8), 8), 4 * 100);
  EXPECT_DOUBLE_EQ(bisection(Fabric{}, machine(8), 8), 4 * 100);
  EXPECT_DOUBLE_EQ(bisection(Fabric{}, machine(8), 16), 0); // nothing joins two of them
  const Sample one{Fabric{}, machine(8), 8};
  EXPECT_NEAR(flow(one, 8, [](std::int64_t gpu) { return gpu < 4; }), 400, 400 * rounding);
}

TEST(Bisection, EqualsTheMaximumFlowThroughTheExplicitTree) {
  Samples samples;
  for (int i = 0; i < 200; ++i) {
    const Sample sample = samples.switched(i % 2 == 0);
    const std::int64_t domain = sample.node.scale_up_domain;
    const std::int64_t domains = sample.gpus / domain;
    if (domains < 2)
      continue;
    SCOPED_TRACE(testing::Message() << "sample " << i << ": " << sample.gpus << " GPUs");
    const std::int64_t half = (domains + 1) / 2 * domain;
    const double found = flow(sample, sample.gpus, [&](std::int64_t gpu) { return gpu < half; });
    EXPECT_NEAR(bisection(sample.fabric, sample.node, sample.gpus), found, found * rounding);
  }
}

TEST(Bisection, EqualsTheLeastFlowAcrossADimensionOfTheExplicitTorus) {
  Samples samples;
  for (int i = 0; i < 60; ++i) {
    const Sample sample = samples.torus_of_chips();
    double least = std::numeric_limits<double>::infinity();
    std::int64_t below = 1;
    for (const std::int64_t extent : sample.fabric.torus) {
      if (extent > 1)
        least = std::min(least, flow(sample, sample.gpus, [&](std::int64_t chip) {
                           return chip / below % extent < extent / 2;
                         }));
      below *= extent;
    }
    if (sample.gpus > 1) {
      EXPECT_NEAR(bisection(sample.fabric, sample.node, sample.gpus), least, least * rounding) << i;
    }
  }
}

TEST(Network, MoreOversubscriptionNeverGivesMoreBandwidth) {
  Samples samples;
  for (int i = 0; i < 200; ++i) {
    const Sample before = samples.switched(i % 2 == 0);
    Sample after = before;
    after.fabric = tests::thinner(before.fabric, samples);
    const double more = 1 + rounding;
    EXPECT_LE(bisection(after.fabric, after.node, after.gpus),
              bisection(before.fabric, before.node, before.gpus) * more);
    const auto narrow = path_between(after.fabric, after.node, 0, after.gpus - 1);
    const auto wide = path_between(before.fabric, before.node, 0, before.gpus - 1);
    ASSERT_TRUE(narrow && wide);
    EXPECT_LE(narrow->bandwidth, wide->bandwidth * more);
  }
}

TEST(Network, NoPathIsWiderThanItsLinks) {
  Samples samples;
  for (int i = 0; i < 200; ++i) {
    const Sample sample = samples.switched(i % 2 == 0);
    const std::int64_t last = sample.gpus - 1;
    const auto path = path_between(sample.fabric, sample.node, 0, last);
    ASSERT_TRUE(path);
    if (last < sample.node.scale_up_domain)
      continue;
    EXPECT_LE(path->bandwidth, injection_bandwidth(sample.fabric, sample.node));
    for (std::int64_t level = 0; 2 * (level + 1) < path->hops; ++level)
      EXPECT_LE(path->bandwidth, uplink_bandwidth(sample.fabric, static_cast<std::size_t>(level)));
    // Nor do all GPUs of a half send more than their NICs take.
    const Bandwidth nics =
        static_cast<double>(sample.gpus) * injection_bandwidth(sample.fabric, sample.node);
    EXPECT_LE(bisection_bandwidth(sample.fabric, sample.node, sample.gpus), 0.5 * nics);
  }
}

} // namespace
} // namespace flopcast
