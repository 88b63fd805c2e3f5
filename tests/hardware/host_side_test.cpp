// SPDX-License-Identifier: Apache-2.0
#include "hardware/host_side.hpp"

#include <gtest/gtest.h>

namespace flopcast {
namespace {

using namespace units;

constexpr double rounding = 1e-9;

double gigabytes_a_second(Bandwidth bandwidth) { return bandwidth.in(gigabyte / second); }

/// Eight GPUs on PCIe 4, under a host of 400 GB/s.
Cluster one_node() {
  Cluster cluster;
  cluster.gpus = 8;
  cluster.device.pcie_generation = 4;
  cluster.node.gpus_per_node = 8;
  cluster.node.host_memory_bandwidth = 400.0 * gigabyte / second;
  cluster.node.host_memory = 800.0 * gigabyte;
  return cluster;
}

TEST(PcieBandwidth, DoublesFromTheThirdGenerationOn) {
  // 16 lanes of 8 GT/s, 128 of 130 bits are data: 15.75 GB/s.
  EXPECT_NEAR(gigabytes_a_second(pcie_bandwidth(3)), 16 * 8.0 * 128 / 130 / 8, rounding);
  EXPECT_NEAR(pcie_bandwidth(4) / pcie_bandwidth(3), 2, rounding);
  EXPECT_NEAR(pcie_bandwidth(5) / pcie_bandwidth(3), 4, rounding);
  // 64 GT/s, 242 of 256 bytes of a flit.
  EXPECT_NEAR(gigabytes_a_second(pcie_bandwidth(6)), 16 * 64.0 * 242 / 256 / 8, rounding);
}

TEST(PcieBandwidth, OfEarlyGenerationsLosesAFifthToTheCode) {
  EXPECT_NEAR(gigabytes_a_second(pcie_bandwidth(1)), 4, rounding);
  EXPECT_NEAR(gigabytes_a_second(pcie_bandwidth(2)), 8, rounding);
}

TEST(HostSide, GivesEachGpuItsOwnLinkAndAShareOfTheMemory) {
  const auto host = host_side(one_node());
  ASSERT_TRUE(host);
  EXPECT_NEAR(gigabytes_a_second(host->link), 0.8 * 2 * 16 * 128 / 130, 1e-6);
  EXPECT_NEAR(gigabytes_a_second(host->memory_bandwidth), 0.45 * 400 / 8, rounding);
  EXPECT_EQ(host->memory->in(gigabyte), 100);
}

TEST(HostSide, IsSharedByTheGpusThatThePlanUses) {
  Cluster cluster = one_node();
  cluster.gpus = 2;
  EXPECT_NEAR(gigabytes_a_second(host_side(cluster)->memory_bandwidth), 0.45 * 400 / 2, rounding);
}

TEST(HostSide, TakesTheDevicesOwnLinkBeforePcie) {
  Cluster cluster = one_node();
  cluster.device.host_link_bandwidth = 450.0 * gigabyte / second; // NVLink-C2C
  EXPECT_NEAR(gigabytes_a_second(host_side(cluster)->link), 0.8 * 450, rounding);
}

TEST(HostSide, OfANodeThatSaysNothingHasAnUnknownMemoryOfUsualSpeed) {
  Cluster cluster = one_node();
  cluster.node.host_memory.reset();
  cluster.node.host_memory_bandwidth.reset();
  const auto host = host_side(cluster);
  EXPECT_FALSE(host->memory);
  EXPECT_NEAR(gigabytes_a_second(host->memory_bandwidth), 0.45 * 409.6 / 8, rounding);
}

TEST(HostSide, IsUnknownWithoutALink) {
  Cluster cluster = one_node();
  cluster.device.pcie_generation.reset();
  EXPECT_FALSE(host_side(cluster));
}

TEST(HostUpdate, TakesWhatZeroOffloadPrints) {
  // Ren et al. 2021, table 4: Adam of 10 billion parameters takes 2.57 s on the host of a DGX-2,
  // 256 GB/s. It reads and writes master weight and two moments, reads an fp32 gradient and writes
  // a 16-bit weight: 2·12 + 4 + 2 bytes.
  const double seconds = 10e9 * 30 / (host_update_efficiency * 256e9);
  constexpr double printed = 0.02;
  EXPECT_NEAR(seconds / 2.57, 1, printed);
}

} // namespace
} // namespace flopcast
