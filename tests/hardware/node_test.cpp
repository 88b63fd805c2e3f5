// SPDX-License-Identifier: Apache-2.0
#include "hardware/node.hpp"
#include "tests/hardware/preset_texts.hpp"
#include "tests/hardware/reading.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace flopcast {
namespace {

using namespace units;
using testing::ElementsAre;
using testing::HasSubstr;
using tests::complaints_of;
using tests::Key;
using tests::node_text;
using tests::replaced;
using tests::Slip;
using tests::without_key;

Node read(const std::string &text) {
  Diagnostics diagnostics;
  Node node = read_node(parse_toml(text, "f"), "pod", diagnostics);
  EXPECT_EQ(complaints_of(diagnostics), "");
  return node;
}

TEST(NodeReader, ReadsEveryFactOfAFullFile) {
  const Node node = read(node_text);
  EXPECT_EQ(node.id, "pod");
  EXPECT_EQ(node.name, "Acme Pod");
  EXPECT_EQ(node.provider, "Acme");
  EXPECT_EQ(node.gpu, "x1");
  EXPECT_EQ(node.instance, "pod.8x");
  EXPECT_EQ(node.provenance.source, "brochure");
  EXPECT_THAT(node.unverified, ElementsAre("scale_out.nics"));
  EXPECT_THAT(node.caveats, ElementsAre("loud"));
  EXPECT_EQ(node.gpus_per_node, 4);
  EXPECT_EQ(node.scale_up_domain, 64);
  EXPECT_EQ(node.scale_up_topology, "switch all-to-all");
  EXPECT_EQ(node.scale_up_bandwidth, 450.0 * gigabyte / second);
  EXPECT_DOUBLE_EQ(node.scale_up_latency.in(microsecond), 3.0);
  EXPECT_EQ(node.scale_out_fabric, "IB NDR");
  EXPECT_EQ(node.nics, 4);
  // 400 Gb/s over 8 bits a byte; prefix and eighth are exact, so the sum is.
  EXPECT_EQ(node.scale_out_bandwidth, 50.0 * gigabyte / second);
  EXPECT_DOUBLE_EQ(node.scale_out_latency.in(microsecond), 20.0);
  EXPECT_EQ(node.maximum_power, 10.2 * kilowatt);
  EXPECT_EQ(node.pue, 1.1);
}

TEST(NodeReader, DomainIsTheNodeWhereNothingElseIsSaid) {
  EXPECT_EQ(read(without_key(node_text, "", "scale_up_domain")).scale_up_domain, 4);
}

TEST(NodeReader, NetworkPowerAndPueMayBeUnknown) {
  std::string text = without_key(node_text, "scale_out", "bandwidth_per_gpu");
  text = without_key(text, "power", "maximum");
  text = without_key(text, "power", "pue");
  const Node node = read(text);
  EXPECT_FALSE(node.scale_out_bandwidth);
  EXPECT_FALSE(node.maximum_power);
  EXPECT_FALSE(node.pue);
}

class RequiredNodeKey : public testing::TestWithParam<Key> {};

TEST_P(RequiredNodeKey, IsNamedWhereItIsMissing) {
  const auto &[table, key] = GetParam();
  const std::string complaints = complaints_of(read_node, without_key(node_text, table, key));
  EXPECT_EQ(tests::count_of(complaints), 1U) << complaints;
  EXPECT_THAT(complaints, HasSubstr(": " + GetParam().full() + ": is missing"));
}

INSTANTIATE_TEST_SUITE_P(Node, RequiredNodeKey,
                         testing::Values(Key{"", "name"}, Key{"", "provider"}, Key{"", "gpu"},
                                         Key{"", "source"}, Key{"", "date"},
                                         Key{"scale_up", "topology"},
                                         Key{"scale_up", "bandwidth_per_direction"},
                                         Key{"scale_up", "latency"}, Key{"scale_up", "source"},
                                         Key{"scale_out", "fabric"}, Key{"scale_out", "latency"},
                                         Key{"scale_out", "date"}, Key{"power", "source"}));

class SlippedNodeUnit : public testing::TestWithParam<Slip> {};

TEST_P(SlippedNodeUnit, IsCaughtAtItsKey) {
  const Slip &slip = GetParam();
  const std::string complaints =
      complaints_of(read_node, replaced(node_text, slip.before, slip.after));
  EXPECT_EQ(tests::count_of(complaints), 1U) << complaints;
  EXPECT_THAT(complaints, HasSubstr(": " + slip.key + ": "));
}

INSTANTIATE_TEST_SUITE_P(
    Node, SlippedNodeUnit,
    testing::Values(Slip{"\"450 GB/s\"", "\"450 GB\"", "scale_up.bandwidth_per_direction"},
                    Slip{"\"450 GB/s\"", "\"450 B/s\"", "scale_up.bandwidth_per_direction"},
                    Slip{"\"3 us\"", "\"3 min\"", "scale_up.latency"},
                    Slip{"\"3 us\"", "\"-3 us\"", "scale_up.latency"},
                    Slip{"\"20 us\"", "20", "scale_out.latency"},
                    Slip{"\"10.2 kW\"", "\"10.2 mW\"", "power.maximum"},
                    Slip{"pue = 1.1", "pue = 0.9", "power.pue"},
                    Slip{"pue = 1.1", "pue = 110", "power.pue"},
                    Slip{"gpus_per_node = 4", "gpus_per_node = 0", "gpus_per_node"},
                    Slip{"gpus_per_node = 4", "gpus_per_node = 4.5", "gpus_per_node"},
                    Slip{"scale_up_domain = 64", "scale_up_domain = 1e9", "scale_up_domain"},
                    Slip{"nics = 4", "nic = 4", "scale_out.nic"}));

} // namespace
} // namespace flopcast
