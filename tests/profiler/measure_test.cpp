// SPDX-License-Identifier: Apache-2.0
#include "profiler/measuring/measure.hpp"
#include "tests/profiler/fake_kernels.hpp"
#include "tests/support/print_quantity.hpp"

#include <gtest/gtest.h>

namespace flopcast {
namespace {

using namespace tests;
using namespace units;

const StopRule rule{
    .relative_error = 0.02, .fewest_runs = 7, .most_runs = 20, .most_time = 10.0 * second};

OperatorCall softmax_of(std::int64_t rows) {
  OperatorCall call{.kind = OperatorClass::softmax,
                    .format = NumberFormat::fp32,
                    .flops = {},
                    .bytes = 8.0 * 64.0 * static_cast<double>(rows) * byte};
  call.shape = {.batch = 1, .rows = rows, .columns = 64, .depth = 1};
  return call;
}

// Three runs of warm-up take a second each and do not count.
TEST(Measure, LeavesTheWarmUpOut) {
  FakeKernels kernels;
  kernels.seconds = [](std::size_t run) { return run < 3 ? 1.0 : 2e-3; };
  const MeasuredOperator measured = measure(kernels, softmax_of(8), CacheState::warm, rule);
  EXPECT_EQ(measured.median, 2e-3 * second);
  EXPECT_EQ(measured.runs, 7);
  EXPECT_EQ(measured.relative_error, 0);
  EXPECT_EQ(measured.outliers, 0);
  EXPECT_EQ(measured.host, 1e-6 * second);
  EXPECT_EQ(measured.cache, CacheState::warm);
  EXPECT_FALSE(measured.clock_hertz);
  EXPECT_FALSE(measured.throttled);
}

TEST(Measure, CountsOutliersAndGoesOnWhileRunsDiffer) {
  FakeKernels kernels;
  kernels.seconds = [](std::size_t run) {
    return run == 10 ? 1.0 : 1e-3 * (run % 2 == 0 ? 1 : 1.5);
  };
  const MeasuredOperator measured = measure(kernels, softmax_of(8), CacheState::cold, rule);
  EXPECT_EQ(measured.runs, 20);
  EXPECT_EQ(measured.outliers, 1);
}

TEST(Measure, SeesClocksFall) {
  FakeKernels kernels;
  kernels.description.clock_hertz = 2e9;
  kernels.description.power_watts = 300;
  kernels.seconds = [&](std::size_t run) {
    if (run == 5) {
      kernels.description.clock_hertz = 1.5e9;
      kernels.description.power_watts = 400;
    }
    return 1e-3;
  };
  const MeasuredOperator measured = measure(kernels, softmax_of(8), CacheState::cold, rule);
  EXPECT_TRUE(measured.throttled);
  EXPECT_EQ(measured.clock_hertz, 1.5e9);
  EXPECT_EQ(measured.power_watts, 350);
}

TEST(Measure, NotesWhyTheDeviceHeldItsClocksBack) {
  FakeKernels kernels;
  EXPECT_EQ(measure(kernels, softmax_of(8), CacheState::cold, rule).throttle_reasons, "");
  kernels.seconds = [&](std::size_t) {
    kernels.description.throttle_reasons = "power, thermal";
    return 1e-3;
  };
  EXPECT_EQ(measure(kernels, softmax_of(8), CacheState::cold, rule).throttle_reasons,
            "power, thermal");
}

TEST(Measure, SaysThatAttentionRanUnfused) {
  OperatorCall attention{
      .kind = OperatorClass::fused_attention, .flops = {}, .bytes = 4.0 * 16 * 64 * 64 * 4 * byte};
  attention.format = NumberFormat::fp32;
  attention.shape = {.batch = 16, .rows = 64, .columns = 64, .depth = 64};
  FakeKernels kernels;
  EXPECT_FALSE(measure(kernels, attention, CacheState::cold, rule).unfused);
  kernels.fuses = false;
  EXPECT_TRUE(measure(kernels, attention, CacheState::cold, rule).unfused);
}

class MeasureAll : public testing::Test {
protected:
  void SetUp() override {
    for (const std::int64_t rows : {8, 16, 24, 32})
      operators_.push_back(
          {.call = softmax_of(rows), .cache = CacheState::cold, .expected = 1.0 * second});
  }

  MeasuringOutcome run(const MeasuringCallbacks &callbacks, const std::stop_token &stop = {}) {
    return measure_all(kernels_, operators_, rule, callbacks, stop);
  }

  FakeKernels kernels_;
  std::vector<PlannedOperator> operators_;
  std::vector<std::int64_t> sunk_;
  std::function<void(const MeasuredOperator &)> sink_ = [this](const MeasuredOperator &measured) {
    sunk_.push_back(measured.call.shape.rows);
  };
};

TEST_F(MeasureAll, HandsOnEachOperatorBeforeTheNextBegins) {
  std::vector<std::size_t> runs_at_sink;
  const MeasuringOutcome outcome = run({.already_measured = {},
                                        .sink =
                                            [&](const MeasuredOperator &measured) {
                                              sink_(measured);
                                              runs_at_sink.push_back(kernels_.runs);
                                            },
                                        .progress = {}});
  EXPECT_EQ(outcome.measured, 4U);
  EXPECT_EQ(sunk_, (std::vector<std::int64_t>{8, 16, 24, 32}));
  // Three runs of warm-up and seven that count.
  EXPECT_EQ(runs_at_sink, (std::vector<std::size_t>{10, 20, 30, 40}));
}

TEST_F(MeasureAll, SkipsWhatIsThereAndGoesOnAfterAFailure) {
  operators_[2].call.kind = OperatorClass::grouped_gemm; // the device has none
  const MeasuringOutcome outcome =
      run({.already_measured =
               [](const PlannedOperator &planned) { return planned.call.shape.rows == 8; },
           .sink = sink_,
           .progress = {}});
  EXPECT_EQ(outcome.measured, 2U);
  EXPECT_EQ(outcome.already_measured, 1U);
  ASSERT_EQ(outcome.failed.size(), 1U);
  EXPECT_EQ(outcome.failed[0].planned.call.shape.rows, 24);
  EXPECT_FALSE(outcome.stopped);
  EXPECT_EQ(sunk_, (std::vector<std::int64_t>{16, 32}));
}

TEST_F(MeasureAll, StopsAfterTheOperatorAtWork) {
  std::stop_source stop;
  const MeasuringOutcome outcome = run({.already_measured = {},
                                        .sink =
                                            [&](const MeasuredOperator &measured) {
                                              sink_(measured);
                                              if (sunk_.size() == 2)
                                                stop.request_stop();
                                            },
                                        .progress = {}},
                                       stop.get_token());
  EXPECT_TRUE(outcome.stopped);
  EXPECT_EQ(outcome.measured, 2U);
}

TEST_F(MeasureAll, LetsTheSinksFailureThrough) {
  EXPECT_THROW(run({.already_measured = {},
                    .sink = [](const MeasuredOperator &) { throw std::runtime_error("disk full"); },
                    .progress = {}}),
               std::runtime_error);
}

TEST_F(MeasureAll, TellsHowFarItIsAndHowLongTheRestWillTake) {
  std::vector<MeasuringProgress> seen;
  run({.already_measured =
           [](const PlannedOperator &planned) { return planned.call.shape.rows == 8; },
       .sink = sink_,
       .progress = [&](const MeasuringProgress &progress) { seen.push_back(progress); }});
  ASSERT_EQ(seen.size(), 4U);
  // Nothing was run yet: the three that are left take the three seconds they were expected to.
  EXPECT_EQ(seen[0].left, 3.0 * second);
  EXPECT_EQ(seen[1].done, 2U);
  EXPECT_EQ(seen[1].all, 4U);
  // One of three took far less than its second: so will the other two.
  EXPECT_LT(seen[1].left, 1.0 * second);
  EXPECT_EQ(seen[3].left, Seconds{});
}

} // namespace
} // namespace flopcast
