// SPDX-License-Identifier: Apache-2.0
#include "hardware/presets/catalog.hpp"
#include "hardware/topology/fabric.hpp"
#include "tests/hardware/reading.hpp"
#include "tests/hardware/topology/fabrics.hpp"
#include "tests/support/paths.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace flopcast {
namespace {

using namespace units;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using tests::complaints_of;
using tests::gigabyte_per_second;
using tests::Key;
using tests::replaced;
using tests::Slip;
using tests::without_key;

const std::string provenance = "source = \"brochure\"\ndate = 2026-11-23\n";
const std::string head = "name = \"Acme Net\"\n" + provenance + R"(note = "a note"
unverified = ["leaf.ports"]
caveats = ["slow"]
)";
const std::string levels = R"(
[link]
bandwidth = "400 Gb/s"
)" + provenance + R"(
[leaf]
gpus = 56
oversubscription = 8
ports = 64
latency = "1 us"
)" + provenance + R"(
[spine]
leaves = 32
oversubscription = 2
ports = 48
latency = "2 us"
)" + provenance + R"(
[core]
pods = 16
ports = 16
latency = "4 us"
)" + provenance;
const std::string tree_text = head + "kind = \"fat_tree\"\n" + levels;
const std::string rail_text = head + "kind = \"rail_optimised\"\nrails = 8\n" + levels;
const std::string torus_text = head + R"(kind = "torus"

[link]
bandwidth = "50 GB/s"
latency = "1 us"
)" + provenance + R"(
[torus]
dimensions = "16x8x4"
)" + provenance;

Fabric read(const std::string &text) {
  Diagnostics diagnostics;
  Fabric fabric = read_fabric(parse_toml(text, "f"), "net", diagnostics);
  EXPECT_EQ(complaints_of(diagnostics), "");
  return fabric;
}

TEST(FabricReader, ReadsEveryFactOfATree) {
  const Fabric fabric = read(tree_text);
  EXPECT_EQ(fabric.id, "net");
  EXPECT_EQ(fabric.name, "Acme Net");
  EXPECT_EQ(fabric.provenance.source, "brochure");
  EXPECT_THAT(fabric.unverified, ElementsAre("leaf.ports"));
  EXPECT_THAT(fabric.caveats, ElementsAre("slow"));
  EXPECT_EQ(fabric.kind, FabricKind::fat_tree);
  EXPECT_EQ(fabric.link_bandwidth, 50.0 * gigabyte_per_second);
  ASSERT_EQ(fabric.levels.size(), 3U);
  EXPECT_EQ(fabric.levels[0].down, 56);
  EXPECT_EQ(fabric.levels[0].oversubscription, 8);
  EXPECT_EQ(fabric.levels[0].latency, 1.0 * microsecond);
  EXPECT_EQ(fabric.levels[1].down, 32);
  EXPECT_EQ(fabric.levels[1].oversubscription, 2);
  EXPECT_EQ(fabric.levels[2].down, 16);
  EXPECT_EQ(fabric.levels[2].oversubscription, 1);
  EXPECT_EQ(fabric.rails, 1);
  EXPECT_THAT(fabric.torus, IsEmpty());
}

TEST(FabricReader, ReadsRailsAndTori) {
  EXPECT_EQ(read(rail_text).kind, FabricKind::rail_optimised);
  EXPECT_EQ(read(rail_text).rails, 8);
  const Fabric torus = read(torus_text);
  EXPECT_EQ(torus.kind, FabricKind::torus);
  EXPECT_THAT(torus.torus, ElementsAre(16, 8, 4));
  EXPECT_EQ(torus.link_latency, 1.0 * microsecond);
  EXPECT_THAT(torus.levels, IsEmpty());
}

TEST(FabricReader, ASingleDomainHasNoNetwork) {
  const Fabric fabric = read(head + "kind = \"single_domain\"\n");
  EXPECT_THAT(fabric.levels, IsEmpty());
  EXPECT_FALSE(most_gpus(fabric));
}

TEST(FabricReader, PortsMayBeUnknown) {
  const std::string text = without_key(without_key(tree_text, "leaf", "ports"), "core", "ports");
  EXPECT_EQ(read(text).levels.size(), 3U);
}

class RequiredFabricKey : public testing::TestWithParam<Key> {};

TEST_P(RequiredFabricKey, IsNamedWhereItIsMissing) {
  const auto &[table, key] = GetParam();
  const bool of_torus = table == "torus" || (table == "link" && key == "latency");
  const std::string complaints =
      complaints_of(read_fabric, without_key(of_torus ? torus_text : rail_text, table, key));
  EXPECT_EQ(tests::count_of(complaints), 1U) << complaints;
  EXPECT_THAT(complaints, HasSubstr(": " + GetParam().full() + ": is missing"));
}

INSTANTIATE_TEST_SUITE_P(Fabric, RequiredFabricKey,
                         testing::Values(Key{"", "name"}, Key{"", "source"}, Key{"", "date"},
                                         Key{"", "kind"}, Key{"", "rails"},
                                         Key{"link", "bandwidth"}, Key{"link", "source"},
                                         Key{"leaf", "gpus"}, Key{"leaf", "latency"},
                                         Key{"leaf", "oversubscription"}, Key{"spine", "leaves"},
                                         Key{"spine", "date"}, Key{"core", "pods"},
                                         Key{"core", "source"}, Key{"link", "latency"},
                                         Key{"torus", "dimensions"}, Key{"torus", "date"}));

class SlippedFabric : public testing::TestWithParam<Slip> {};

TEST_P(SlippedFabric, IsCaughtAtItsKey) {
  const Slip &slip = GetParam();
  const std::string &good =
      torus_text.find(slip.before) != std::string::npos ? torus_text : rail_text;
  const std::string complaints =
      complaints_of(read_fabric, replaced(good, slip.before, slip.after));
  EXPECT_EQ(tests::count_of(complaints), 1U) << complaints;
  EXPECT_THAT(complaints, HasSubstr(": " + slip.key + ": "));
}

INSTANTIATE_TEST_SUITE_P(
    Fabric, SlippedFabric,
    testing::Values(Slip{"\"400 Gb/s\"", "\"400 Gb\"", "link.bandwidth"},
                    Slip{"\"400 Gb/s\"", "\"400 b/s\"", "link.bandwidth"},
                    Slip{"gpus = 56", "gpus = 0", "leaf.gpus"},
                    Slip{"gpus = 56", "gpus = 1e9", "leaf.gpus"},
                    Slip{"oversubscription = 8", "oversubscription = 0.5", "leaf.oversubscription"},
                    Slip{"ports = 64", "port = 64", "leaf.port"},
                    // Less than one link up.
                    Slip{"oversubscription = 8", "oversubscription = 57", "leaf.oversubscription"},
                    // 56 down and 56 / 8 = 7 up are 63.
                    Slip{"ports = 64", "ports = 62", "leaf.ports"},
                    Slip{"leaves = 32", "leaves = 31", "spine.leaves"}, // no multiple of 8 rails
                    Slip{"pods = 16", "pods = 17", "core.ports"},
                    Slip{"pods = 16", "pods = 16\noversubscription = 2", "core.oversubscription"},
                    Slip{"\"4 us\"", "\"4 min\"", "core.latency"},
                    Slip{"rails = 8", "rails = 8\ntorus = 3", "torus"},
                    Slip{"\"16x8x4\"", "\"16*8*4\"", "torus.dimensions"},
                    Slip{"\"16x8x4\"", "\"16x0\"", "torus.dimensions"},
                    Slip{"\"16x8x4\"", "\"16x\"", "torus.dimensions"},
                    Slip{"\"16x8x4\"", "\"-1x-1\"", "torus.dimensions"},
                    Slip{"\"16x8x4\"", "\"99999x99999\"", "torus.dimensions"},
                    Slip{"\"16x8x4\"", "\"2x2x2x2x2x2x2\"", "torus.dimensions"}));

TEST(FabricReader, UnknownKindsAndKeysOfOtherKindsAreRejected) {
  EXPECT_THAT(complaints_of(read_fabric, replaced(torus_text, "\"torus\"", "\"tours\"")),
              HasSubstr("kind: "));
  EXPECT_THAT(complaints_of(read_fabric, replaced(tree_text, "\"fat_tree\"", "\"torus\"")),
              HasSubstr("leaf: "));
}

TEST(FabricReader, RailsNeedSpines) {
  const std::string text = rail_text.substr(0, rail_text.find("\n[spine]"));
  EXPECT_THAT(complaints_of(read_fabric, text), HasSubstr("spine: is missing"));
}

TEST(Fabric, OfKPortSwitchesHoldsAQuarterOfKCubed) {
  for (const std::int64_t k : {4, 8, 16, 64})
    EXPECT_EQ(most_gpus(tests::k_ary(k)), k * k * k / 4);
}

TEST(Fabric, BlocksCountTheGpusBelow) {
  const Fabric tree = tests::tree({4, 3, 2});
  EXPECT_EQ(block_gpus(tree, 0), 4);
  EXPECT_EQ(block_gpus(tree, 1), 12);
  EXPECT_EQ(block_gpus(tree, 2), 24);
  // A set of 2 rails: two leaves of 4; a spine has 6 leaves below, that is 3 such sets.
  const Fabric rails = tests::rails(2, {4, 6});
  EXPECT_EQ(block_gpus(rails, 0), 8);
  EXPECT_EQ(block_gpus(rails, 1), 24);
}

TEST(Fabric, UplinksAreThinnedLevelByLevel) {
  // 4 × 10 / 2 = 20 GB/s out of a leaf; 12 × 10 / 2 / 3 = 20 GB/s out of a pod.
  const Fabric fabric = tests::tree({4, 3, 2}, {2, 3});
  EXPECT_EQ(block_uplink(fabric, 0), 20.0 * gigabyte_per_second);
  EXPECT_EQ(block_uplink(fabric, 1), 20.0 * gigabyte_per_second);
  // 4 / 2 = 2 links up from a leaf to 2 spines; 3 / 3 = 1 link up from each: 10 GB/s each.
  EXPECT_EQ(uplinks(fabric, 0), 2);
  EXPECT_EQ(uplinks(fabric, 1), 1);
  EXPECT_EQ(uplinks(fabric, 2), 0);
  EXPECT_EQ(uplink_bandwidth(fabric, 0), 10.0 * gigabyte_per_second);
  EXPECT_EQ(uplink_bandwidth(fabric, 1), 10.0 * gigabyte_per_second);
  // Of 4 × 10 / 3 = 13.3 GB/s one whole link is left.
  EXPECT_EQ(uplinks(tests::tree({4, 3}, {3}), 0), 1);
}

TEST(Fabric, ATorusIsFilledFromItsFirstDimension) {
  const Fabric fabric = tests::torus({4, 4, 4});
  EXPECT_THAT(torus_box(fabric, 64), ElementsAre(4, 4, 4));
  EXPECT_THAT(torus_box(fabric, 32), ElementsAre(4, 4, 2));
  EXPECT_THAT(torus_box(fabric, 8), ElementsAre(4, 2, 1));
  EXPECT_THAT(torus_box(fabric, 3), ElementsAre(3, 1, 1));
  EXPECT_TRUE(wraps_around(fabric, 0, 4));
  EXPECT_FALSE(wraps_around(fabric, 0, 3));
}

Fabric shipped(const std::string &id) {
  Diagnostics diagnostics;
  Fabric fabric = read_fabric(tests::shipped_presets().load("fabrics", id), id, diagnostics);
  EXPECT_EQ(complaints_of(diagnostics), "");
  return fabric;
}

TEST(ShippedFabrics, HoldWhatTheirNotesSay) {
  EXPECT_EQ(most_gpus(shipped("fat-tree-2-ndr400")), 2'048);
  EXPECT_EQ(most_gpus(shipped("fat-tree-3-ndr400")), 65'536);
  EXPECT_EQ(most_gpus(shipped("rail-2-ndr400")), 2'048);
  EXPECT_EQ(block_gpus(shipped("rail-2-ndr400"), 0), 256);
  EXPECT_EQ(most_gpus(shipped("llama3-24k-roce")), 24'576);
  EXPECT_EQ(block_gpus(shipped("llama3-24k-roce"), 1), 3'072);
  EXPECT_EQ(most_gpus(shipped("ethernet-2-8to1")), 3'584);
  EXPECT_EQ(most_gpus(shipped("tpu-v4-4096")), 4'096);
  EXPECT_EQ(most_gpus(shipped("nvl72-2-xdr800")), 10'368);
}

TEST(ShippedFabrics, AreAllRead) {
  for (const std::string &id : tests::shipped_presets().ids("fabrics"))
    EXPECT_FALSE(shipped(id).name.empty()) << id;
}

} // namespace
} // namespace flopcast
