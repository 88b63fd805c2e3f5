// SPDX-License-Identifier: Apache-2.0
#include "hardware/concurrent_collectives.hpp"

#include <gtest/gtest.h>

#include <vector>

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

/// Gradients over 16 domains: 2 × 15/16 × 0.8 GB / 10 GB/s = 150 ms on the NICs, 80 us of latency.
const GroupCollective gradients{all_reduce, 0.8 * gigabyte, {.size = 16, .stride = 8}};
/// Activations in a domain: 2 × 7/8 × 0.8 GB / 100 GB/s = 14 ms on the fast links, 3 us of latency.
const GroupCollective activations{all_reduce, 0.8 * gigabyte, {.size = 8}};

std::vector<double> milliseconds(const std::vector<GroupCollective> &all,
                                 const Cluster &on = cluster()) {
  std::vector<double> result;
  for (const Seconds time : concurrent_collective_times(all, on))
    result.push_back(time.in(millisecond));
  return result;
}

constexpr double rounding = 1e-9; // relative, of a dozen operations

TEST(ConcurrentCollectives, AloneTakeAsLongAsAlone) {
  EXPECT_NEAR(milliseconds({gradients}).at(0), 150.08, 150 * rounding);
  EXPECT_NEAR(milliseconds({activations}).at(0), 14.003, 14 * rounding);
  EXPECT_TRUE(milliseconds({}).empty());
}

TEST(ConcurrentCollectives, OnDifferentLinksDoNotNoticeEachOther) {
  const auto both = milliseconds({gradients, activations});
  EXPECT_NEAR(both.at(0), 150.08, 150 * rounding);
  EXPECT_NEAR(both.at(1), 14.003, 14 * rounding);
}

TEST(ConcurrentCollectives, EqualOnesOnTheSameNicsTakeTheTimeOfBoth) {
  // 300 ms of transfers; the latencies of one pass under the transfers of the other.
  for (const double time : milliseconds({gradients, gradients}))
    EXPECT_NEAR(time, 300, 300 * rounding);
}

TEST(ConcurrentCollectives, LeaveTheLinksToTheOthersWhenTheyAreDone) {
  GroupCollective half = gradients;
  half.data = gradients.data / 2.0;
  // Both move 75 ms' worth until 150 ms; then the rest of the larger goes on alone, half of 150.08.
  // The shares of latency differ between the two by less than 0.1 ms.
  const auto both = milliseconds({gradients, half});
  EXPECT_NEAR(both.at(1), 150, 0.1);
  EXPECT_NEAR(both.at(0), 225, 0.1);
}

TEST(ConcurrentCollectives, ShareNicsBetweenKinds) {
  // An all-gather moves half of what an all-reduce moves: 75 ms. Together 225 ms, it is done at
  // 150.
  const GroupCollective weights{all_gather, 0.8 * gigabyte, {.size = 16, .stride = 8}};
  const auto both = milliseconds({weights, gradients});
  EXPECT_NEAR(both.at(0), 150, 0.1);
  EXPECT_NEAR(both.at(1), 225, 0.1);
}

TEST(ConcurrentCollectives, OfAGroupOverBothLevelsSlowThoseInside) {
  // 16 ranks in 2 domains cross on 8 NICs: 18.773 ms, of which the fast links are busy for 15.
  const GroupCollective wide{all_reduce, 0.8 * gigabyte, {.size = 16}};
  const auto both = milliseconds({wide, activations});
  EXPECT_GT(both.at(0), 18.773);
  EXPECT_GT(both.at(1), 14.003);
  // The fast links are never idle until both have moved what they move there: 29 ms, and what the
  // wider one needs the network for alone is at most its own time.
  EXPECT_GE(std::max(both.at(0), both.at(1)), 29 * (1 - rounding));
  EXPECT_LE(std::max(both.at(0), both.at(1)), 18.773 + 14.003);
}

TEST(ConcurrentCollectives, PayTheContentionOfTheirLinks) {
  Cluster better = cluster();
  better.calibration.scale_out_links = default_link_model(1.0);
  better.calibration.scale_out_links->contention = 0.5;
  // As shared_collective_time(): 1 + 0.5 × 1 times the 150 ms of transfers.
  for (const double time : milliseconds({gradients, gradients}, better))
    EXPECT_NEAR(time, 225, 225 * rounding);
}

TEST(ConcurrentCollectives, OfOneRankAreDoneAtOnce) {
  const GroupCollective nothing{all_reduce, gigabyte, {.size = 1}};
  const auto both = milliseconds({nothing, activations});
  EXPECT_EQ(both.at(0), 0);
  EXPECT_NEAR(both.at(1), 14.003, 14 * rounding);
}

} // namespace
} // namespace flopcast
