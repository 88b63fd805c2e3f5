// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/activity_log.hpp"

#include <gmock/gmock.h>

#include <cupti.h>

#include <cstring>
#include <thread>
#include <vector>

namespace flopcast::cuda {
namespace {

using testing::DoubleEq;

constexpr double nanosecond = 1e-9;

CUpti_ActivityKernel10 kernel(std::uint64_t start, std::uint64_t end, std::uint32_t correlation) {
  CUpti_ActivityKernel10 record{};
  record.kind = CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL;
  record.start = start;
  record.end = end;
  record.correlationId = correlation;
  record.name = "kernel";
  return record;
}

CUpti_ActivityMemcpy6 copy(std::uint64_t start, std::uint64_t end, std::uint64_t bytes) {
  CUpti_ActivityMemcpy6 record{};
  record.kind = CUPTI_ACTIVITY_KIND_MEMCPY;
  record.start = start;
  record.end = end;
  record.bytes = bytes;
  return record;
}

CUpti_ActivityMemset4 fill(std::uint64_t start, std::uint64_t end) {
  CUpti_ActivityMemset4 record{};
  record.kind = CUPTI_ACTIVITY_KIND_MEMSET;
  record.start = start;
  record.end = end;
  return record;
}

CUpti_ActivityAPI call(CUpti_ActivityKind kind, std::uint64_t start, std::uint64_t end,
                       std::uint32_t correlation) {
  CUpti_ActivityAPI record{};
  record.kind = kind;
  record.start = start;
  record.end = end;
  record.correlationId = correlation;
  return record;
}

/// Fills buffers as CUPTI does: records one after the other, each of its kind's size.
class Writer {
public:
  explicit Writer(ActivityBuffers &buffers) : buffers_(buffers), buffer_(buffers.request()) {}

  /// False, and counted as dropped, where there is no room.
  template <class Record> bool put(const Record &record) {
    if (!buffer_ || used_ + sizeof(Record) > buffers_.bytes()) {
      buffers_.count_dropped(1);
      return false;
    }
    std::memcpy(buffer_ + used_, &record, sizeof(Record));
    used_ += sizeof(Record);
    return true;
  }

  void give_back() {
    if (buffer_)
      buffers_.complete(buffer_, used_);
    buffer_ = nullptr;
  }

private:
  ActivityBuffers &buffers_;
  std::uint8_t *buffer_;
  std::size_t used_ = 0;
};

TEST(ActivityBuffers, YieldWhatWasRecordedInEveryKind) {
  ActivityBuffers buffers(4096, 2);
  Writer writer(buffers);
  writer.put(kernel(10, 30, 7));
  writer.put(call(CUPTI_ACTIVITY_KIND_RUNTIME, 1, 5, 7));
  writer.put(copy(40, 50, 1024));
  writer.put(fill(60, 61));
  writer.put(call(CUPTI_ACTIVITY_KIND_DRIVER, 2, 4, 7));
  writer.give_back();

  const ActivityRecords records = buffers.take();
  ASSERT_EQ(records.device.size(), 3U);
  EXPECT_EQ(records.device[0].name, "kernel");
  EXPECT_EQ(records.device[0].correlation, 7U);
  EXPECT_EQ(records.device[1].kind, ActivityKind::copy);
  EXPECT_EQ(records.device[1].bytes, 1024U);
  EXPECT_EQ(records.device[2].kind, ActivityKind::fill);
  ASSERT_EQ(records.calls.size(), 2U);
  EXPECT_FALSE(records.calls[0].driver);
  EXPECT_TRUE(records.calls[1].driver);
  EXPECT_TRUE(records.complete());
}

TEST(ActivityBuffers, LeaveOutAndCountRecordsWithoutTimes) {
  ActivityBuffers buffers(4096, 2);
  Writer writer(buffers);
  writer.put(kernel(0, 0, 1));
  writer.put(kernel(5, 0, 2));
  writer.put(kernel(10, 30, 3));
  writer.give_back();
  const ActivityRecords records = buffers.take();
  EXPECT_EQ(records.untimed, 2U);
  ASSERT_EQ(records.device.size(), 1U);
  EXPECT_EQ(records.device[0].correlation, 3U);
  EXPECT_FALSE(records.complete());
}

TEST(ActivityBuffers, RefuseMoreThanTheirLimitAndCountWhatIsDropped) {
  ActivityBuffers buffers(4096, 1);
  Writer first(buffers);
  Writer second(buffers); // gets no buffer
  EXPECT_TRUE(first.put(kernel(1, 2, 1)));
  EXPECT_FALSE(second.put(kernel(3, 4, 2)));
  first.give_back();
  EXPECT_EQ(buffers.take().dropped, 1U);
  EXPECT_EQ(buffers.take().dropped, 0U); // counted once
}

TEST(ActivityBuffers, UseABufferAgainOnceItWasRead) {
  ActivityBuffers buffers(4096, 1);
  for (std::uint64_t round = 1; round <= 3; ++round) {
    Writer writer(buffers);
    EXPECT_TRUE(writer.put(kernel(round, round + 1, 1)));
    writer.give_back();
    const ActivityRecords records = buffers.take();
    ASSERT_EQ(records.device.size(), 1U);
    EXPECT_EQ(records.device[0].start, round);
  }
}

TEST(ActivityBuffers, TakeBackAnEmptyBufferAtOnce) {
  ActivityBuffers buffers(4096, 1);
  Writer(buffers).give_back();
  EXPECT_NE(buffers.request(), nullptr);
}

TEST(ActivityBuffers, IgnoreABufferThatIsNotTheirs) {
  ActivityBuffers buffers(4096, 1);
  alignas(8) std::uint8_t other[64] = {};
  buffers.complete(other, 64);
  EXPECT_TRUE(buffers.take().device.empty());
}

TEST(ActivityBuffers, CountABufferOfUnreadableRecords) {
  ActivityBuffers buffers(4096, 1);
  Writer writer(buffers);
  writer.put(kernel(1, 2, 1));
  CUpti_ActivityAPI strange{};
  strange.kind = static_cast<CUpti_ActivityKind>(9999);
  writer.put(strange);
  writer.give_back();
  const ActivityRecords records = buffers.take();
  EXPECT_EQ(records.device.size(), 1U); // what came before it
  EXPECT_EQ(records.broken, 1U);
}

TEST(ActivityBuffers, LoseNothingWhenManyThreadsDeliverWhileAnotherReads) {
  constexpr int threads = 6, rounds = 200, each = 5;
  ActivityBuffers buffers(8192, 16);
  std::vector<std::thread> writers;
  for (int thread = 0; thread < threads; ++thread)
    writers.emplace_back([&buffers, thread] {
      for (int round = 0; round < rounds; ++round) {
        Writer writer(buffers);
        for (int record = 0; record < each; ++record)
          writer.put(kernel(1, 2, static_cast<std::uint32_t>(thread)));
        writer.give_back();
      }
    });
  std::uint64_t seen = 0, dropped = 0;
  const auto count = [&] {
    const ActivityRecords records = buffers.take();
    seen += records.device.size();
    dropped += records.dropped;
    EXPECT_EQ(records.broken, 0U);
  };
  for (int round = 0; round < rounds; ++round)
    count();
  for (std::thread &writer : writers)
    writer.join();
  count();
  // Each record was either read or counted as dropped.
  EXPECT_EQ(seen + dropped, std::uint64_t{threads} * rounds * each);
}

/// Delivers from threads of its own, as CUPTI's worker does.
class FakeSource : public ActivitySource {
public:
  void start(ActivityBuffers &buffers, bool calls) override {
    buffers_ = &buffers;
    calls_ = calls;
  }
  void flush() override {
    std::vector<std::thread> workers;
    for (const auto &pending : pending_)
      workers.emplace_back([this, &pending] {
        Writer writer(*buffers_);
        for (const auto &record : pending) {
          if (calls_)
            writer.put(call(CUPTI_ACTIVITY_KIND_RUNTIME, record.start - 4, record.start - 2,
                            record.correlationId));
          writer.put(record);
        }
        writer.give_back();
      });
    for (std::thread &worker : workers)
      worker.join();
    pending_.clear();
  }
  void stop() noexcept override { buffers_ = nullptr; }

  /// Kernels that a worker of its own will deliver at the next flush.
  void run(std::vector<CUpti_ActivityKernel10> kernels) { pending_.push_back(std::move(kernels)); }
  [[nodiscard]] bool recording() const { return buffers_ != nullptr; }

private:
  ActivityBuffers *buffers_ = nullptr;
  bool calls_ = false;
  std::vector<std::vector<CUpti_ActivityKernel10>> pending_;
};

TEST(ActivityLog, KeepsOnlyWhatRanBetweenItsPoints) {
  FakeSource source;
  ActivityBuffers buffers(4096, 8);
  ActivityLog log(source, buffers, false);
  source.run({kernel(1, 2, 1)});
  log.begin();
  source.run({kernel(10, 20, 2)});
  source.run({kernel(15, 40, 3)});
  const ActivityRecords records = log.end();
  EXPECT_EQ(records.device.size(), 2U);
  EXPECT_TRUE(records.calls.empty());
}

TEST(ActivityLog, StopsItsSource) {
  FakeSource source;
  ActivityBuffers buffers(4096, 8);
  {
    const ActivityLog log(source, buffers, false);
    EXPECT_TRUE(source.recording());
  }
  EXPECT_FALSE(source.recording());
}

TEST(ActivityLog, CorrelatesKernelsToTheirLaunches) {
  FakeSource source;
  ActivityBuffers buffers(4096, 8);
  ActivityLog log(source, buffers, true);
  log.begin();
  source.run({kernel(104, 110, 1), kernel(204, 210, 2)});
  source.run({kernel(304, 310, 3)});
  const ActivityTimes times = activity_times(log.end());
  EXPECT_EQ(times.correlated, 3);
  // Each call lasts 2 ns and begins 4 ns before its kernel.
  EXPECT_THAT(times.call_seconds, DoubleEq(6 * nanosecond));
  EXPECT_THAT(times.launch_delay_seconds, DoubleEq(4 * nanosecond));
}

TEST(IntervalUnion, CountsOverlapsOnce) {
  // 0–10 and 5–15 make 15, 20–30 holds 22–25, 30–31 touches it: 15 + 11.
  EXPECT_EQ(union_length({{20, 30}, {0, 10}, {22, 25}, {5, 15}, {30, 31}}), 26U);
  EXPECT_EQ(union_length({}), 0U);
}

TEST(IntervalUnion, IsNotMisledByAnIntervalThatEndsBeforeItStarts) {
  EXPECT_EQ(union_length({{10, 5}, {0, 3}}), 3U);
}

TEST(ActivityTimes, TellBusyTimeGapsAndSpanApart) {
  ActivityRecords records;
  records.device = {
      {.start = 100, .end = 200}, {.start = 150, .end = 250}, {.start = 300, .end = 400}};
  const ActivityTimes times = activity_times(records);
  EXPECT_THAT(times.device_seconds, DoubleEq(250 * nanosecond)); // 100–250 and 300–400
  EXPECT_THAT(times.span_seconds, DoubleEq(300 * nanosecond));
  EXPECT_THAT(times.gap_seconds, DoubleEq(50 * nanosecond));
  EXPECT_EQ(times.kernels, 3);
  EXPECT_EQ(times.correlated, 0);
}

TEST(ActivityTimes, CountTheCallOfAGraphOnceForAllItsNodes) {
  ActivityRecords records;
  records.device = {{.start = 20, .end = 30, .correlation = 9},
                    {.start = 40, .end = 50, .correlation = 9}};
  records.calls = {{.start = 12, .end = 16, .correlation = 9, .driver = true},
                   {.start = 10, .end = 17, .correlation = 9}};
  const ActivityTimes times = activity_times(records);
  EXPECT_EQ(times.correlated, 2);
  EXPECT_THAT(times.call_seconds,
              DoubleEq(7 * nanosecond)); // the runtime's call holds the driver's
  EXPECT_THAT(times.launch_delay_seconds, DoubleEq(10 * nanosecond)); // to the first node
}

TEST(ActivityTimes, TakeAKernelThatSeemsToStartBeforeItsCallAsNoDelay) {
  ActivityRecords records;
  records.device = {{.start = 9, .end = 30, .correlation = 1}};
  records.calls = {{.start = 10, .end = 12, .correlation = 1}};
  EXPECT_EQ(activity_times(records).launch_delay_seconds, 0);
}

TEST(ActivityTimes, OfNothingAreZero) {
  const ActivityTimes times = activity_times({});
  EXPECT_EQ(times.kernels, 0);
  EXPECT_EQ(times.span_seconds, 0);
}

} // namespace
} // namespace flopcast::cuda
