// SPDX-License-Identifier: Apache-2.0
#include "hardware/presets/load.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/preset_values.hpp"
#include "tests/support/print_quantity.hpp"

#include <gmock/gmock.h>

namespace flopcast::tests {
namespace {

using namespace units;

std::vector<Node> nodes() {
  const PresetCatalog catalog = shipped_presets();
  std::vector<Node> all;
  for (const std::string &id : catalog.ids("nodes"))
    all.push_back(load_node(catalog, id));
  return all;
}

TEST(NodePreset, HoldsADeviceThatIsAPreset) {
  const PresetCatalog catalog = shipped_presets();
  for (const Node &node : nodes())
    EXPECT_THAT(catalog.ids("devices"), testing::Contains(node.gpu)) << node.id << ": gpu";
}

TEST(NodePreset, ScaleUpDomainIsWholeNodes) {
  for (const Node &node : nodes()) {
    EXPECT_GE(node.scale_up_domain, node.gpus_per_node) << node.id << ": scale_up_domain";
    EXPECT_EQ(node.scale_up_domain % node.gpus_per_node, 0) << node.id << ": scale_up_domain";
  }
}

TEST(NodePreset, LinksRunAtTheRateOfTheDevice) {
  const PresetCatalog catalog = shipped_presets();
  for (const Node &node : nodes()) {
    const Device device = load_device(catalog, node.gpu);
    if (!device.link_bandwidth)
      continue;
    // The PCIe server reaches 31 of the slot's 32 GB/s; NVLink, xGMI and ICI are nominal in both.
    EXPECT_NEAR(node.scale_up_bandwidth / *device.link_bandwidth, 1.0, 0.05)
        << node.id << ": scale_up.bandwidth_per_direction against the link of " << node.gpu;
  }
}

TEST(NodePreset, NetworkRateIsTheNicsDividedByTheGpus) {
  const PresetCatalog catalog = shipped_presets();
  for (const Node &node : nodes()) {
    const InputValue root = catalog.load("nodes", node.id);
    const auto nics = number_at(root, "scale_out.nics");
    const auto rate = number_at(root, "scale_out.nic_bandwidth");
    const auto per_gpu = number_at(root, "scale_out.bandwidth_per_gpu");
    EXPECT_EQ(nics.has_value(), rate.has_value()) << node.id << ": nics and nic_bandwidth";
    EXPECT_EQ(nics.has_value(), per_gpu.has_value()) << node.id << ": nics and bandwidth_per_gpu";
    if (nics && rate && per_gpu) {
      EXPECT_TRUE(same_number(*per_gpu, *nics * *rate / static_cast<double>(node.gpus_per_node)))
          << node.id << ": scale_out.bandwidth_per_gpu";
    }
  }
}

TEST(NodePreset, NetworkIsSlowerThanTheLinksInside) {
  for (const Node &node : nodes())
    if (node.scale_out_bandwidth) {
      EXPECT_LT(*node.scale_out_bandwidth, node.scale_up_bandwidth)
          << node.id << ": scale_out.bandwidth_per_gpu";
    }
}

TEST(NodePreset, LatencyGrowsOutward) {
  for (const Node &node : nodes()) {
    EXPECT_GT(node.scale_up_latency, 0.1 * microsecond) << node.id << ": scale_up.latency";
    EXPECT_LT(node.scale_out_latency, 1.0 * millisecond) << node.id << ": scale_out.latency";
    EXPECT_LE(node.scale_up_latency, node.scale_out_latency) << node.id;
  }
}

TEST(NodePreset, LatencyIsSaidToBeAModellingValue) {
  const PresetCatalog catalog = shipped_presets();
  for (const std::string &id : catalog.ids("nodes"))
    for (const char *table : {"scale_up", "scale_out"})
      EXPECT_THAT(text_at(catalog.load("nodes", id), std::string(table) + ".source"),
                  testing::HasSubstr("modelling value"))
          << id << ": " << table << ".source";
}

TEST(NodePreset, MaximumPowerCoversItsDevices) {
  const PresetCatalog catalog = shipped_presets();
  for (const Node &node : nodes()) {
    const Device device = load_device(catalog, node.gpu);
    if (!node.maximum_power || !device.thermal_design_power)
      continue;
    // Processors, memory, fans and network add 30 to 110 % to what the GPUs may draw.
    const double ratio = *node.maximum_power /
                         (static_cast<double>(node.gpus_per_node) * *device.thermal_design_power);
    EXPECT_GE(ratio, 1.1) << node.id << ": power.maximum";
    EXPECT_LE(ratio, 2.5) << node.id << ": power.maximum";
  }
}

TEST(NodePreset, PueIsThatOfADataCentre) {
  for (const Node &node : nodes())
    if (node.pue) {
      EXPECT_GE(*node.pue, 1.05) << node.id << ": power.pue";
      EXPECT_LE(*node.pue, 1.6) << node.id << ": power.pue";
    }
}

} // namespace
} // namespace flopcast::tests
