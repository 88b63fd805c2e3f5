// SPDX-License-Identifier: Apache-2.0
#include "model/economics/run_time.hpp"
#include "tests/model/examples.hpp"

#include <gtest/gtest.h>

namespace flopcast {
namespace {

using namespace units;

/// A thousand steps of 36 s on ten GPUs: ten hours, a hundred GPU-hours.
RunTime thousand_steps(const RunConditions &conditions, Bytes checkpoint = {}) {
  return run_time(conditions, 1000, 36.0 * second, checkpoint, 10);
}

TEST(RunTime, IsStepsTimesStepTime) {
  const RunTime time = thousand_steps({});
  EXPECT_EQ(time.steps, 1000);
  EXPECT_EQ(time.training.in(hour), 10);
  EXPECT_EQ(time.wall_clock.in(hour), 10);
  EXPECT_EQ(time.productive.in(gpu_hour), 100);
  EXPECT_EQ(time.held.in(gpu_hour), 100);
  EXPECT_EQ(time.goodput, 1);
}

TEST(RunTime, GoodputLengthensTheRunAndNotTheTraining) {
  RunConditions conditions;
  conditions.goodput = 0.8;
  const RunTime time = thousand_steps(conditions);
  EXPECT_EQ(time.training.in(hour), 10);
  EXPECT_DOUBLE_EQ(time.wall_clock.in(hour), 12.5);
  EXPECT_EQ(time.productive.in(gpu_hour), 100);
  EXPECT_DOUBLE_EQ(time.held.in(gpu_hour), 125);
  EXPECT_DOUBLE_EQ(time.goodput, 0.8);
}

TEST(RunTime, CheckpointsPauseTheTraining) {
  RunConditions conditions;
  conditions.checkpoint_interval = 1.0 * hour;
  conditions.checkpoint_bandwidth = 1.0 * gigabyte / second;
  // Ten pauses of 360 s are an hour; it is held, but not productive.
  const RunTime time = thousand_steps(conditions, 360.0 * gigabyte);
  EXPECT_DOUBLE_EQ(time.checkpoints.in(hour), 1);
  EXPECT_DOUBLE_EQ(time.wall_clock.in(hour), 11);
  EXPECT_DOUBLE_EQ(time.held.in(gpu_hour), 110);
  EXPECT_DOUBLE_EQ(time.goodput, 100.0 / 110);
}

TEST(RunTime, PausesAreLostBeforeGoodputIsCounted) {
  RunConditions conditions;
  conditions.goodput = 0.5;
  conditions.checkpoint_interval = 1.0 * hour;
  conditions.checkpoint_bandwidth = 1.0 * gigabyte / second;
  const RunTime time = thousand_steps(conditions, 360.0 * gigabyte);
  EXPECT_DOUBLE_EQ(time.wall_clock.in(hour), 22);
  EXPECT_DOUBLE_EQ(time.goodput, 100.0 / 220);
}

TEST(RunTime, CheckpointsWithoutBothNumbersDoNotPause) {
  RunConditions conditions;
  conditions.checkpoint_interval = 1.0 * hour;
  EXPECT_EQ(thousand_steps(conditions, 360.0 * gigabyte).checkpoints, Seconds{});
}

TEST(RunTime, AllocationsAreHeldAndGoodputFollows) {
  RunConditions conditions;
  conditions.allocations = {{10, 15.0 * hour}, {5, 10.0 * hour}};
  const RunTime time = thousand_steps(conditions);
  EXPECT_DOUBLE_EQ(time.held.in(gpu_hour), 150 + 50);
  EXPECT_DOUBLE_EQ(time.wall_clock.in(hour), 25); // one after the other
  EXPECT_DOUBLE_EQ(time.goodput, 0.5);
}

TEST(RunTime, AllocationsWinOverAGoodput) {
  RunConditions conditions;
  conditions.goodput = 0.1;
  conditions.allocations = {{10, 20.0 * hour}};
  EXPECT_DOUBLE_EQ(thousand_steps(conditions).goodput, 0.5);
}

} // namespace
} // namespace flopcast
