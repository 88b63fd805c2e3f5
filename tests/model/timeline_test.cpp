// SPDX-License-Identifier: Apache-2.0
#include "model/execution/schedule/timeline.hpp"
#include "tests/model/pipelines.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <utility>

namespace flopcast {
namespace {

using namespace tests;
using units::byte;
using units::second;

constexpr double rounding = 1e-9;

std::vector<PipelineWork> examples() {
  std::vector<PipelineWork> all;
  for (const auto &[name, schedule] : pipeline_schedule_names()) {
    const bool folded =
        schedule == PipelineSchedule::zb_v || schedule == PipelineSchedule::interleaved;
    PipelineWork work = even_pipeline(schedule, 4, 8, {1, 1.3, 0.6}, folded ? 2 : 1);
    work.messages = {{.forward = 0.2 * second, .backward = 0.1 * second}};
    work.exchange.assign(work.work.size(), ExchangeWork{.gather = 0.1 * second,
                                                        .scatter = 0.1 * second,
                                                        .gradients = 1.0 * second,
                                                        .optimizer = 0.5 * second,
                                                        .buckets = 2});
    all.push_back(work);
  }
  return all;
}

TEST(Timeline, NothingOverlapsOnALane) {
  for (const PipelineWork &work : examples()) {
    std::map<std::pair<std::uint32_t, TimelineLane>, Seconds> lane_end;
    for (const TimelineInterval &interval : timeline_of(work).intervals) {
      Seconds &end = lane_end[{interval.stage, interval.lane}];
      EXPECT_GE((interval.start - end).in(second), -rounding)
          << to_text(work.schedule) << " " << to_text(interval.lane);
      EXPECT_GE(interval.end, interval.start);
      end = interval.end;
    }
  }
}

TEST(Timeline, EveryMicroBatchPassesEveryChunkOnce) {
  for (const PipelineWork &work : examples()) {
    std::map<std::pair<std::uint32_t, std::uint32_t>, int> forwards;
    double backward = 0;
    for (const TimelineInterval &interval : timeline_of(work).intervals) {
      if (interval.kind == IntervalKind::forward)
        ++forwards[{interval.chunk, interval.micro_batch}];
      if (interval.kind == IntervalKind::backward || interval.kind == IntervalKind::input_gradient)
        ++backward;
    }
    const auto passes = static_cast<std::size_t>(work.virtual_stages() * work.micro_batches);
    EXPECT_EQ(forwards.size(), passes) << to_text(work.schedule);
    EXPECT_EQ(backward, static_cast<double>(passes)) << to_text(work.schedule);
    for (const auto &[key, times] : forwards)
      EXPECT_EQ(times, 1);
  }
}

TEST(Timeline, TasksFollowTheMessageThatTheyNeed) {
  for (const PipelineWork &work : examples()) {
    std::map<std::uint64_t, TimelineInterval> sent;
    const Timeline timeline = timeline_of(work);
    const auto is_message = [](const TimelineInterval &interval) {
      return interval.lane == TimelineLane::forward_messages ||
             interval.lane == TimelineLane::backward_messages;
    };
    for (const TimelineInterval &interval : timeline.intervals)
      if (is_message(interval)) {
        EXPECT_TRUE(sent.emplace(interval.message, interval).second) << "two of one number";
      }
    std::size_t received = 0;
    for (const TimelineInterval &interval : timeline.intervals) {
      if (is_message(interval) || interval.message == 0)
        continue;
      ++received;
      const auto message = sent.find(interval.message);
      ASSERT_NE(message, sent.end()) << to_text(work.schedule);
      EXPECT_NE(message->second.stage, interval.stage);
      EXPECT_EQ(message->second.micro_batch, interval.micro_batch);
      EXPECT_LE(message->second.end.in(second), interval.start.in(second) + rounding);
    }
    EXPECT_EQ(received, sent.size()) << to_text(work.schedule);
  }
}

TEST(Timeline, MemorySamplesReachThePeakAndReturnToNothing) {
  for (const PipelineWork &work : examples()) {
    const Timeline timeline = timeline_of(work);
    std::map<std::uint32_t, std::vector<MemorySample>> by_stage;
    for (const MemorySample &sample : timeline.memory)
      by_stage[sample.stage].push_back(sample);
    for (const auto &[stage, samples] : by_stage) {
      double most = 0;
      for (const MemorySample &sample : samples)
        most = std::max(most, sample.alive.in(byte));
      EXPECT_NEAR(most, timeline.outcome.stages[stage].peak.in(byte), rounding);
      EXPECT_NEAR(samples.back().alive.in(byte), 0, rounding) << to_text(work.schedule);
      EXPECT_TRUE(
          std::is_sorted(samples.begin(), samples.end(),
                         [](const MemorySample &a, const MemorySample &b) { return a.at < b.at; }));
    }
  }
}

TEST(Timeline, LooksOnWithoutChangingTheOutcome) {
  for (const PipelineWork &work : examples())
    EXPECT_EQ(timeline_of(work).outcome.makespan, simulated_schedule(work).makespan);
}

} // namespace
} // namespace flopcast
