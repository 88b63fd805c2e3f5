// SPDX-License-Identifier: Apache-2.0
// What stages hold at the peak of a schedule.
#include "model/execution/schedule/closed_form.hpp"
#include "tests/model/pipelines.hpp"

#include <gtest/gtest.h>

namespace flopcast {
namespace {

using namespace tests;
using units::byte;
using units::second;

constexpr double rounding = 1e-9;

double peak(const ScheduleOutcome &outcome, std::size_t stage) {
  return outcome.stages[stage].peak.in(byte);
}

TEST(ScheduleMemory, GpipeHoldsEveryMicroBatch) {
  const auto outcome = simulated_schedule(even_pipeline(PipelineSchedule::gpipe, 4, 12));
  for (std::size_t stage = 0; stage < 4; ++stage)
    EXPECT_NEAR(peak(outcome, stage), 12, rounding);
}

// Narayanan et al. 2021, section 2.2.1: stage i has p - i micro-batches in flight.
TEST(ScheduleMemory, OneForwardOneBackwardHoldsStagesBehind) {
  const auto outcome = simulated_schedule(even_pipeline(PipelineSchedule::one_f_one_b, 4, 12));
  for (std::size_t stage = 0; stage < 4; ++stage) {
    EXPECT_NEAR(peak(outcome, stage), 4.0 - static_cast<double>(stage), rounding);
    EXPECT_NEAR(outcome.stages[stage].in_flight, 4.0 - static_cast<double>(stage), rounding);
  }
  const auto few = simulated_schedule(even_pipeline(PipelineSchedule::one_f_one_b, 4, 2));
  EXPECT_NEAR(peak(few, 0), 2, rounding);
}

// Korthikanti et al. 2022, section 4.2.3: 1 + (p-1)/(p v) times as much on the first stage.
TEST(ScheduleMemory, InterleavingAddsToTheFirstStage) {
  const auto outcome =
      simulated_schedule(even_pipeline(PipelineSchedule::interleaved, 4, 16, {}, 3));
  EXPECT_NEAR(peak(outcome, 0), 4 * (1 + 3.0 / 12), rounding);
}

// Qi et al. 2023, table 2: p for ZB-H1 and 2p - 1 for ZB-H2, on every stage.
TEST(ScheduleMemory, ZeroBubbleStagesHoldEquallyMuch) {
  const auto first = simulated_schedule(even_pipeline(PipelineSchedule::zb_h1, 6, 24));
  auto work = even_pipeline(PipelineSchedule::zb_h2, 6, 24);
  work.stages_end_together = false;
  const auto second_kind = simulated_schedule(work);
  for (std::size_t stage = 0; stage < 6; ++stage) {
    EXPECT_NEAR(peak(first, stage), 6, rounding);
    EXPECT_NEAR(peak(second_kind, stage), 11, rounding);
  }
}

// Qi et al. 2024, table 1: the memory of 1F1B's first stage, p, on every stage.
TEST(ScheduleMemory, TheVIsBalanced) {
  auto work = even_pipeline(PipelineSchedule::zb_v, 6, 24, {}, 2);
  work.stages_end_together = false;
  const auto outcome = simulated_schedule(work);
  for (std::size_t stage = 0; stage < 6; ++stage)
    EXPECT_NEAR(peak(outcome, stage), 6, rounding);
}

// DeepSeek-AI 2024, table 2: p + 1.
TEST(ScheduleMemory, DualPipeHoldsOneMoreThanItsStages) {
  const auto outcome = simulated_schedule(even_pipeline(PipelineSchedule::dual_pipe, 8, 24));
  for (std::size_t stage = 0; stage < 8; ++stage)
    EXPECT_NEAR(peak(outcome, stage), 9, rounding);
}

TEST(ScheduleMemory, OnlyPartStaysForTheWeightGradient) {
  // Stage p - 1 of ZB-H1 holds one micro-batch between its passes and p - 1 for their weights: with
  // a quarter kept for those, 1 + 3/4 for p = 4. Stage 0 holds p that wait for their gradient.
  auto work = even_pipeline(PipelineSchedule::zb_h1, 4, 12);
  for (ChunkWork &chunk : work.work)
    chunk.saved_for_weights = 0.25 * byte;
  const auto outcome = simulated_schedule(work);
  EXPECT_NEAR(peak(outcome, 0), 4, rounding);
  EXPECT_NEAR(peak(outcome, 3), 1.75, rounding);
}

TEST(ScheduleMemory, WhatIsRecomputedCountsWhileItRuns) {
  auto work = even_pipeline(PipelineSchedule::one_f_one_b, 2, 4);
  for (ChunkWork &chunk : work.work)
    chunk.transient = 10.0 * byte;
  const auto outcome = simulated_schedule(work);
  EXPECT_NEAR(peak(outcome, 0), 12, rounding);
  EXPECT_NEAR(peak(outcome, 1), 11, rounding);
  // The first backward of stage 1 follows its forward, at 1-2 s.
  EXPECT_NEAR(outcome.stages[1].peak_at.in(second), 2, rounding);
}

TEST(ScheduleMemory, CountsInClosedFormAreThoseOfTheSimulation) {
  for (const auto &[name, schedule] : pipeline_schedule_names())
    for (const std::int64_t p : {2, 4, 6})
      for (const std::int64_t rounds : {2, 3, 5}) {
        const bool folded = schedule == PipelineSchedule::zb_v;
        const std::int64_t chunks =
            schedule == PipelineSchedule::interleaved ? 3 : (folded ? 2 : 1);
        auto work = even_pipeline(schedule, p, rounds * p, {}, chunks);
        const auto outcome = simulated_schedule(work);
        for (std::int64_t stage = 0; stage < p; ++stage) {
          const InFlight held = micro_batches_in_flight(schedule, p, chunks, rounds * p, stage);
          EXPECT_NEAR(held.saved + held.awaiting_weights,
                      peak(outcome, static_cast<std::size_t>(stage)), rounding)
              << name << " p=" << p << " m=" << rounds * p << " stage " << stage;
        }
      }
}

} // namespace
} // namespace flopcast
