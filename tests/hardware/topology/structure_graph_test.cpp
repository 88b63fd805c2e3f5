// SPDX-License-Identifier: Apache-2.0
#include "hardware/topology/structure_graph.hpp"
#include "tests/hardware/topology/fabrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <stdexcept>

namespace flopcast {
namespace {

using enum NetworkElement;
using testing::ElementsAre;
using tests::gigabyte_per_second;
using tests::machine;

using Counts = std::map<NetworkElement, std::int64_t>;

Counts counts(const NetworkGraph &graph) {
  Counts total;
  for (const NetworkVertex &vertex : graph.vertices)
    total[vertex.element] += vertex.count;
  return total;
}

/// Bandwidth of all links between two classes together, in GB/s.
double aggregate(const NetworkGraph &graph, NetworkElement a, NetworkElement b) {
  Bandwidth total;
  for (const NetworkLink &link : graph.links)
    if (graph.vertices[link.from].element == a && graph.vertices[link.to].element == b)
      total += link.aggregate();
  return total.in(gigabyte_per_second);
}

TEST(StructureGraph, HasAsManyVerticesForAMillionGpusAsForAThousand) {
  for (const Fabric &fabric :
       {tests::k_ary(64), tests::rails(8, {32, 64}), tests::torus({16, 16, 16}), Fabric{}}) {
    const NetworkGraph small = structure_graph(fabric, machine(8), 1'000);
    const NetworkGraph large = structure_graph(fabric, machine(8), 1'000'000);
    EXPECT_EQ(small.vertices.size(), large.vertices.size());
    EXPECT_EQ(small.links.size(), large.links.size());
    EXPECT_LE(large.vertices.size(), 6U); // GPU, NVSwitch, NIC and three levels
    EXPECT_EQ(large.vertices[0].count, 1'000'000);
  }
}

TEST(StructureGraph, CountsTheSwitchesOfAFatTree) {
  // k = 4: 16 GPUs in 4 pods of 2 leaves and 2 spines, and (k/2)^2 = 4 cores.
  const NetworkGraph graph = structure_graph(tests::k_ary(4), machine(2), 16);
  EXPECT_EQ(counts(graph),
            (Counts{{gpu, 16}, {scale_up_switch, 8}, {nic, 16}, {leaf, 8}, {spine, 8}, {core, 4}}));
  // Non-blocking: 16 links of 10 GB/s at each level.
  EXPECT_DOUBLE_EQ(aggregate(graph, nic, leaf), 160);
  EXPECT_DOUBLE_EQ(aggregate(graph, leaf, spine), 160);
  EXPECT_DOUBLE_EQ(aggregate(graph, spine, core), 160);
}

TEST(StructureGraph, OversubscriptionThinsWhatIsAbove) {
  const NetworkGraph graph = structure_graph(tests::tree({8, 4, 2}, {4, 2}), machine(8), 64);
  EXPECT_DOUBLE_EQ(aggregate(graph, nic, leaf), 640);
  EXPECT_DOUBLE_EQ(aggregate(graph, leaf, spine), 160);
  EXPECT_DOUBLE_EQ(aggregate(graph, spine, core), 80);
}

TEST(StructureGraph, TheHighestLevelTakesWhateverThereIs) {
  // Twice the GPUs that k = 4 is made for: twice the pods, and the cores of old.
  const NetworkGraph graph = structure_graph(tests::k_ary(4), machine(2), 32);
  EXPECT_EQ(counts(graph)[spine], 16);
  EXPECT_EQ(counts(graph)[core], 4);
}

TEST(StructureGraph, LinksOfATorusAreOneForEachChipAndDimension) {
  const NetworkGraph graph = structure_graph(tests::torus({4, 4, 4}), machine(64), 64);
  for (const NetworkLink &link : graph.links)
    EXPECT_EQ(link.count, 64);
  // The upper half of it: rows of 2 in the third dimension have one link for two chips.
  EXPECT_EQ(structure_graph(tests::torus({4, 4, 4}), machine(64), 32).links[2].count, 16);
}

TEST(StructureGraph, EqualsTheExplicitGraphClassByClass) {
  tests::Samples samples;
  for (int i = 0; i < 200; ++i) {
    const tests::Sample sample = samples.switched(i % 2 == 0);
    const NetworkGraph classes = structure_graph(sample.fabric, sample.node, sample.gpus);
    const NetworkGraph all = explicit_graph(sample.fabric, sample.node, sample.gpus);
    EXPECT_EQ(counts(classes), counts(all));
    const std::map<NetworkElement, NetworkElement> neighbours{
        {scale_up_switch, gpu}, {nic, gpu}, {leaf, nic}, {spine, leaf}, {core, spine}};
    for (const auto &[b, a] : neighbours)
      // Sums of at most a thousand links: 1e-9 is far above their rounding.
      EXPECT_NEAR(aggregate(classes, a, b), aggregate(all, a, b), 1e-9 * aggregate(all, a, b));
  }
}

TEST(ExplicitGraph, ConnectsATorusToEveryNeighbour) {
  const NetworkGraph graph = explicit_graph(tests::torus({3, 3, 3}), machine(27), 27);
  EXPECT_EQ(graph.vertices.size(), 27U);
  EXPECT_EQ(graph.links.size(), 81U); // 6 a chip, each seen from two
  std::vector<int> degree(27);
  for (const NetworkLink &link : graph.links) {
    ++degree[link.from];
    ++degree[link.to];
  }
  EXPECT_THAT(degree, testing::Each(6));
}

TEST(ExplicitGraph, PutsEqualGpusOfASetOfNodesOnOneLeaf) {
  const Fabric fabric = tests::rails(2, {3, 4});
  // Sets of 3 nodes: GPUs 0, 2, 4 on the first rail, 1, 3, 5 on the second; then the next set.
  std::vector<std::int64_t> leaves;
  for (std::int64_t gpu = 0; gpu < 12; ++gpu)
    leaves.push_back(leaf_of(fabric, gpu));
  EXPECT_THAT(leaves, ElementsAre(0, 1, 0, 1, 0, 1, 2, 3, 2, 3, 2, 3));
}

TEST(ExplicitGraph, RefusesALargeCluster) {
  EXPECT_THROW((void)explicit_graph(tests::k_ary(64), machine(8), 65'536), std::length_error);
}

TEST(StructureGraph, LinkIsTheSlowerOfNicAndPort) {
  Node node = machine(8);
  EXPECT_EQ(injection_bandwidth(tests::k_ary(4), node), 10.0 * gigabyte_per_second);
  node.scale_out_bandwidth = 4.0 * gigabyte_per_second;
  EXPECT_EQ(injection_bandwidth(tests::k_ary(4), node), 4.0 * gigabyte_per_second);
  node.scale_out_bandwidth.reset();
  EXPECT_EQ(injection_bandwidth(tests::k_ary(4), node), Bandwidth{});
  // Without a network there is the domain alone.
  EXPECT_EQ(structure_graph(tests::k_ary(4), node, 16).vertices.size(), 2U);
}

} // namespace
} // namespace flopcast
