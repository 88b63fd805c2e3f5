// SPDX-License-Identifier: Apache-2.0
// Bubbles and orders of schedules as their papers print them.
#include "model/execution/schedule/pipeline.hpp"
#include "tests/model/pipelines.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace flopcast {
namespace {

using namespace tests;
using units::second;

constexpr double rounding = 1e-9;

/// The part of a step beyond the work of a stage.
double bubble(PipelineWork work, bool together = true) {
  work.stages_end_together = together;
  const ScheduleOutcome outcome = simulated_schedule(work);
  const StageOutcome &stage = outcome.stages[0];
  return (outcome.step - stage.forward - stage.input_gradient - stage.weight_gradient).in(second);
}

// Huang et al. 2019, section 2.3; Narayanan et al. 2021, section 2.2.1: (p-1)/m of the work.
TEST(PublishedSchedules, PlainPipelinesIdleForStagesLessOne) {
  for (const auto schedule : {PipelineSchedule::gpipe, PipelineSchedule::one_f_one_b})
    EXPECT_NEAR(bubble(even_pipeline(schedule, 8, 32)) / (32 * 3), 7.0 / 32, rounding);
}

// Narayanan et al. 2021, section 2.2.2: 1/v of that.
TEST(PublishedSchedules, ChunksDivideTheBubble) {
  for (const std::int64_t v : {2, 3, 4})
    EXPECT_NEAR(bubble(even_pipeline(PipelineSchedule::interleaved, 8, 32, {}, v)) / (32 * 3),
                7.0 / 32 / static_cast<double>(v), rounding);
}

// Qi et al. 2023, table 2: (p-1)(F + B - W) and (p-1)(F + B - 2W), F = B = W in figures 2 and 3.
TEST(PublishedSchedules, WeightGradientsFillTheBubble) {
  EXPECT_NEAR(bubble(even_pipeline(PipelineSchedule::zb_h1, 8, 32)), 7, rounding);
  EXPECT_NEAR(bubble(even_pipeline(PipelineSchedule::zb_h2, 8, 32), false), 0, rounding);
  EXPECT_NEAR(bubble(even_pipeline(PipelineSchedule::zb_v, 8, 32, {}, 2), false), 0, rounding);
}

// DeepSeek-AI 2024, table 2: (p/2 - 1)(F&B + B - 3W), B = 2 and F&B = 3 for F = W = 1.
TEST(PublishedSchedules, BothEndsHalveTheBubble) {
  EXPECT_NEAR(bubble(even_pipeline(PipelineSchedule::dual_pipe, 8, 32)), 3 * (3 + 2 - 3), rounding);
}

/// Samples a second and GPU on A100 that Qi et al. 2023, table 4, prints. ZB-2p and ZB-1p are
/// orders found by search with the memory of our zb_h2 and zb_h1, which stand for them.
struct PrintedRow {
  std::int64_t stages;
  std::int64_t micro_batches;
  std::int64_t chunks; ///< of 1F1B-I, one layer each: 22 layers over 8 stages, 62 over 32
  StageSeconds time;
  double kept; ///< share of what is saved that the weight gradients need
  double zb_2p, zb_1p, interleaved, plain;
};

// Forward and input gradient take about as long. The attention core has no weights, so that weight
// gradients take less; least where layers are narrow (hidden 2,304 against 6,144). A layer saves
// s·b·h·(34 + 5·a·s/h) without flash attention, its weight gradients need s·b·h·32 (section 3 of
// the paper): 32/87 with a = 24 and 32/74 with a = 48, s = 1,024.
constexpr StageSeconds narrow{1, 1, 0.5};
constexpr StageSeconds wide{1, 1, 0.75};
constexpr double kept_narrow = 32.0 / 87;
constexpr double kept_wide = 32.0 / 74;
constexpr PrintedRow printed[] = {
    {8, 24, 3, narrow, kept_narrow, 14.5, 12.9, 13.1, 11.8},
    {8, 32, 3, narrow, kept_narrow, 14.8, 13.4, 13.4, 12.5},
    {8, 64, 3, narrow, kept_narrow, 14.9, 14.2, 13.9, 13.6},
    {32, 96, 2, wide, kept_wide, 0.99, 0.87, 0.82, 0.76},
    {32, 128, 2, wide, kept_wide, 1.00, 0.90, 0.85, 0.80},
    {32, 256, 2, wide, kept_wide, 1.00, 0.96, 0.90, 0.88},
};

double steps_per_second(PipelineSchedule schedule, const PrintedRow &row) {
  const bool interleaved = schedule == PipelineSchedule::interleaved;
  PipelineWork work = even_pipeline(schedule, row.stages, row.micro_batches, row.time,
                                    interleaved ? row.chunks : 1);
  for (ChunkWork &chunk : work.work)
    chunk.saved_for_weights = row.kept * chunk.saved;
  work.messages = {{.forward = 0.03 * second, .backward = 0.03 * second}};
  work.stages_end_together = !splits_backward(schedule);
  return 1 / simulated_schedule(work).step.in(second);
}

TEST(PublishedSchedules, ZeroBubbleTable4ComesInItsOrder) {
  for (const PrintedRow &row : printed) {
    const std::pair<double, double> measured_and_predicted[] = {
        {row.zb_2p, steps_per_second(PipelineSchedule::zb_h2, row)},
        {row.zb_1p, steps_per_second(PipelineSchedule::zb_h1, row)},
        {row.interleaved, steps_per_second(PipelineSchedule::interleaved, row)},
        {row.plain, steps_per_second(PipelineSchedule::one_f_one_b, row)}};
    for (const auto &[faster, predicted_faster] : measured_and_predicted)
      for (const auto &[slower, predicted_slower] : measured_and_predicted) {
        // Three digits and made-up times cannot tell pairs that are closer than this (ZB-1p and
        // 1F1B-I of the small model).
        constexpr double close = 1.025;
        if (faster > close * slower) {
          EXPECT_GT(predicted_faster, predicted_slower)
              << row.stages << " stages, " << row.micro_batches << " micro-batches: " << faster
              << " against " << slower;
        }
      }
  }
}

} // namespace
} // namespace flopcast
