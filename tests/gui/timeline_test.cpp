// SPDX-License-Identifier: Apache-2.0
// The timeline of a step: what it knows, how it is drawn, its twin as a table.
#include "gui/models/timeline_task_model.hpp"
#include "gui/plots/timeline_panel.hpp"
#include "gui/plots/timeline_view.hpp"
#include "gui/theme.hpp"
#include "model/planning/pipeline_work.hpp"
#include "tests/gui/gui_fixture.hpp"

#include <gmock/gmock.h>

#include <QAbstractItemModelTester>
#include <QApplication>
#include <QBuffer>
#include <QFile>
#include <QImage>
#include <QTest>
#include <QXmlStreamReader>

#include <algorithm>
#include <numeric>
#include <random>

namespace flopcast {
namespace {

using testing::HasSubstr;
using namespace tests;
using units::byte;
using units::second;

/// Stages of one second forward and two backward, which send nothing and save 1 GB a micro-batch.
PipelineWork plain(std::int64_t stages, std::int64_t micro_batches) {
  PipelineWork work;
  work.stages = stages;
  work.micro_batches = micro_batches;
  work.work.assign(static_cast<std::size_t>(stages), {.forward = 1.0 * second,
                                                      .input_gradient = 1.0 * second,
                                                      .weight_gradient = 1.0 * second,
                                                      .saved = 1e9 * byte,
                                                      .saved_for_weights = {},
                                                      .transient = {}});
  return work;
}

/// 1F1B of two stages and two micro-batches by hand:
///   stage 0: F0 0-1, F1 1-2, B0 4-6, B1 7-9;  stage 1: F0 1-2, B0 2-4, F1 4-5, B1 5-7.
StepTimelinePointer by_hand() { return simulated_timeline(plain(2, 2), {}); }

double forward_of(const KindTimes &times) {
  return times[static_cast<std::size_t>(IntervalKind::forward)];
}
double backward_of(const KindTimes &times) {
  return times[static_cast<std::size_t>(IntervalKind::backward)];
}

TEST(StepTimeline, KnowsWhenEveryStageDoesWhat) {
  const StepTimelinePointer timeline = by_hand();
  EXPECT_EQ(timeline->size(), 8U);
  EXPECT_EQ(timeline->length(), 9);
  const auto first = timeline->spans(0, TimelineLane::compute);
  ASSERT_EQ(first.size(), 4U);
  EXPECT_EQ(first[2].kind, IntervalKind::backward);
  EXPECT_EQ(first[2].start, 4);
  EXPECT_EQ(first[2].end, 6);
  EXPECT_EQ(timeline->span_at(0, TimelineLane::compute, 3), nullptr) << "it waits from 2 to 4";
  ASSERT_NE(timeline->span_at(1, TimelineLane::compute, 3), nullptr);
  EXPECT_EQ(timeline->span_at(1, TimelineLane::compute, 3)->micro_batch, 0U);
  EXPECT_EQ(timeline->lanes(), std::vector{TimelineLane::compute});
  // 9 - 6 seconds of each of two stages, of 2 x 9.
  EXPECT_DOUBLE_EQ(bubble_share(timeline->outcome()), 1.0 / 3);
}

TEST(StepTimeline, NumbersItsTasksByStageAndTime) {
  const StepTimelinePointer timeline = by_hand();
  EXPECT_EQ(timeline->task(0).span.start, 0);
  EXPECT_EQ(timeline->task(4).stage, 1U);
  EXPECT_EQ(timeline->task(7).span.end, 7);
}

TEST(StepTimeline, SumsAnyPartOfAStep) {
  const StepTimelinePointer timeline = by_hand();
  const KindTimes done = timeline->done_until(0, TimelineLane::compute, 5);
  EXPECT_DOUBLE_EQ(forward_of(done), 2);
  EXPECT_DOUBLE_EQ(backward_of(done), 1) << "half of B0";
}

TEST(StepTimeline, SumsAsOneWouldSpanBySpan) {
  const StepTimelinePointer timeline = simulated_timeline(plain(3, 200), {});
  std::mt19937 random(7);
  std::uniform_real_distribution<double> any(-1, timeline->length() + 1);
  for (int i = 0; i < 200; ++i) {
    const double time = any(random);
    const auto stage = static_cast<std::size_t>(i % 3);
    KindTimes expected{};
    for (const TimelineSpan &span : timeline->spans(stage, TimelineLane::compute))
      if (span.start < time)
        expected[static_cast<std::size_t>(span.kind)] += std::min(time, span.end) - span.start;
    const KindTimes done = timeline->done_until(stage, TimelineLane::compute, time);
    EXPECT_NEAR(forward_of(done), forward_of(expected), 1e-9);
    EXPECT_NEAR(backward_of(done), backward_of(expected), 1e-9);
  }
}

TEST(StepTimeline, IsWhatTheTraceSays) {
  const EstimatedPlanPointer plan = answered();
  const PipelineWork work = pipeline_work(plan->run.plan, plan->run.cluster);
  const Timeline trace = timeline_of(work);
  const StepTimelinePointer timeline = simulated_timeline(work, {});
  EXPECT_EQ(timeline->outcome().step, trace.outcome.step);
  EXPECT_EQ(timeline->size(),
            static_cast<std::size_t>(std::ranges::count_if(
                trace.intervals, [](const TimelineInterval &one) { return one.end > one.start; })));
  EXPECT_LE(static_cast<double>(timeline->size()), timeline_size(work) + 1000.0)
      << "the end of a step beside its tasks";
}

TEST(StepTimeline, GivesUpWhenToldTo) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(simulated_timeline(plain(2, 2), stop.get_token()), nullptr);
  EXPECT_FALSE(memory_over_time(plain(2, 2), 9, stop.get_token()));
}

TEST(MemoryOverTime, IsTheMostOfEachPartOfTheStep) {
  const auto memory = memory_over_time(plain(2, 2), 9, {});
  ASSERT_TRUE(memory);
  // Stage 0 holds both micro-batches from 1 to 6, the second one to 9.
  EXPECT_EQ(memory->peak[0], 2e9);
  EXPECT_EQ(memory->most[0][0], 1e9);
  EXPECT_EQ(memory->most[0][3], 2e9);
  EXPECT_EQ(memory->most[0][8], 1e9);
  EXPECT_EQ(memory->peak[1], 1e9) << "the last stage holds one at a time";
  const PlotData chart = stage_memory_chart(*memory, 0);
  EXPECT_EQ(chart.series.front().x.back(), 9) << "seconds";
  EXPECT_EQ(chart.y_marks.front().at, 2) << "GB";
  EXPECT_TRUE(stage_memory_chart({}, 0).empty());
}

TEST(MemoryOverTime, PeaksWhereTheScheduleSays) {
  const EstimatedPlanPointer plan = answered();
  const PipelineWork work = pipeline_work(plan->run.plan, plan->run.cluster);
  const ScheduleOutcome outcome = simulated_schedule(work);
  const auto memory = memory_over_time(work, 100, {});
  ASSERT_TRUE(memory);
  for (std::size_t stage = 0; stage < outcome.stages.size(); ++stage)
    EXPECT_DOUBLE_EQ(memory->peak[stage], outcome.stages[stage].peak.in(byte)) << stage;
}

TEST(TaskTable, IsAProperModel) {
  TimelineTaskModel model;
  const QAbstractItemModelTester tester(&model,
                                        QAbstractItemModelTester::FailureReportingMode::Fatal);
  model.set_timeline(by_hand());
  ASSERT_EQ(model.rowCount({}), 8);
  EXPECT_EQ(model.index(2, TimelineTaskModel::task_column).data().toString(), "backward");
  EXPECT_EQ(model.index(2, TimelineTaskModel::start_column).data().toString(), "4000.000000");
  EXPECT_EQ(model.index(2, TimelineTaskModel::batch_column).data().toString(), "0");
  model.set_timeline(nullptr);
  EXPECT_EQ(model.rowCount({}), 0);
}

TEST(TaskTable, GrowsAsItIsRead) {
  TimelineTaskModel model;
  model.set_timeline(simulated_timeline(plain(2, 3000), {}));
  EXPECT_LT(model.rowCount({}), 12'000);
  while (model.canFetchMore({}))
    model.fetchMore({});
  EXPECT_EQ(model.rowCount({}), 12'000) << "2 stages, 3,000 micro-batches, both passes";
}

TEST(TaskTable, IsCsvForPrograms) {
  QBuffer buffer;
  buffer.open(QIODevice::WriteOnly);
  write_tasks(*by_hand(), buffer);
  const QList<QByteArray> lines = buffer.data().trimmed().split('\n');
  ASSERT_EQ(lines.size(), 9);
  EXPECT_EQ(lines[0], "stage,lane,task,micro_batch,chunk,start_s,duration_s");
  EXPECT_EQ(lines[3], "0,compute,backward,0,0,4.000000000,2.000000000");
}

TEST(LanesImage, ShowsWhatRunsAtEachPixel) {
  const StepTimelinePointer timeline = by_hand();
  // Ten pixels a second, rows of twenty.
  const TimelineWindow window{0, 1, 20, 0};
  const QImage image = lanes_image(*timeline, window, {90, 40}, 1, QApplication::palette());
  const QRgb forward = series_color(0, QApplication::palette()).rgb();
  EXPECT_EQ(image.pixel(5, 8), forward) << "F0 of stage 0";
  EXPECT_EQ(image.pixel(45, 28), forward) << "F1 of stage 1";
  EXPECT_NE(image.pixel(30, 8), forward) << "stage 0 waits";
  EXPECT_NE(image.pixel(25, 28), forward) << "B0 of stage 1";
}

TEST(LanesImage, ShowsSharesWhereTasksAreNarrowerThanPixels) {
  // 60,000 seconds of stage 1 on 100 pixels: 600 a pixel, a third of each forward.
  const StepTimelinePointer timeline = simulated_timeline(plain(2, 20'000), {});
  const TimelineWindow window{0, 1, 100, 0};
  const QImage image = lanes_image(*timeline, window, {100, 200}, 1, QApplication::palette());
  const QRgb forward = series_color(0, QApplication::palette()).rgb();
  for (const int x : {10, 50, 90}) {
    int seen = 0;
    for (int y = 100; y < 200; ++y)
      seen += image.pixel(x, y) == forward ? 1 : 0;
    EXPECT_NEAR(seen, 92 / 3.0, 2) << "of the row's 92 pixels";
  }
}

TEST(LanesImage, TellsGradientsApartWithoutTheirColour) {
  // Both gradients of a pass in grey: rows of weights are level lines, of inputs slanting ones.
  PipelineWork work = plain(2, 4);
  work.schedule = PipelineSchedule::zb_h1;
  const StepTimelinePointer timeline = simulated_timeline(work, {});
  const auto kinds = timeline->kinds();
  EXPECT_NE(std::ranges::find(kinds, IntervalKind::weight_gradient), kinds.end());
  const TimelineWindow window{0, 1, 40, 0};
  const double a_second = 20;
  const QSize size(static_cast<int>(a_second * timeline->length()), 80);
  const QImage image = lanes_image(*timeline, window, size, 1, QApplication::palette());
  for (const TimelineSpan &span : timeline->spans(0, TimelineLane::compute)) {
    const int left = static_cast<int>(a_second * span.start) + 6;
    bool level = true; // every row of one colour
    bool plain_fill = true;
    for (int y = 10; y < 26; ++y)
      for (int x = left; x < left + 8; ++x) {
        level = level && image.pixel(x, y) == image.pixel(left, y);
        plain_fill = plain_fill && image.pixel(x, y) == image.pixel(left, 10);
      }
    EXPECT_EQ(plain_fill, span.kind == IntervalKind::forward) << to_text(span.kind);
    EXPECT_EQ(level && !plain_fill, span.kind == IntervalKind::weight_gradient)
        << to_text(span.kind);
  }
}

class TimelineWidget : public testing::Test {
protected:
  TimelineWidget() {
    panel_.resize(800, 400);
    panel_.set_timeline(by_hand(), "Timeline", {});
    panel_.grab(); // lays it out
  }
  TimelineView &view() { return panel_.view(); }

  Folder folder_;
  TimelinePanel panel_{nullptr};
};

TEST_F(TimelineWidget, TellsTheTaskUnderThePointer) {
  const QString told =
      view().told_at(view().place_of({0, TimelineLane::compute, {4, 6, 0, 0, {}}}));
  EXPECT_THAT(told.toStdString(), HasSubstr("backward, micro-batch 0: 2.000 s"));
  EXPECT_THAT(told.toStdString(), HasSubstr("stage 0, compute"));
  const QString waiting =
      view().told_at(view().place_of({0, TimelineLane::compute, {2, 4, 0, 0, {}}}));
  EXPECT_THAT(waiting.toStdString(), HasSubstr("bubble: 2.000 s"));
  EXPECT_EQ(view().told_at({0, 0}), "");
}

TEST_F(TimelineWidget, ZoomsAndMovesByKeys) {
  QTest::keyClick(&view(), Qt::Key_Plus);
  const TimelineWindow zoomed = view().window_shown();
  EXPECT_LT(zoomed.to - zoomed.from, 0.9);
  QTest::keyClick(&view(), Qt::Key_Right);
  EXPECT_GT(view().window_shown().from, zoomed.from);
  QTest::keyClick(&view(), Qt::Key_End);
  EXPECT_DOUBLE_EQ(view().window_shown().to, 1);
  QTest::keyClick(&view(), Qt::Key_Home);
  EXPECT_DOUBLE_EQ(view().window_shown().from, 0);
  QTest::keyClick(&view(), Qt::Key_0);
  EXPECT_DOUBLE_EQ(view().window_shown().to - view().window_shown().from, 1);
  for (int i = 0; i < 300; ++i)
    view().zoom(0.5);
  EXPECT_GT(view().window_shown().to, view().window_shown().from) << "there is a narrowest";
}

TEST_F(TimelineWidget, KeepsThePartThatIsSeenWhenThePlanChanges) {
  view().show_part(0.25, 0.5);
  panel_.set_timeline(simulated_timeline(plain(2, 4), {}), "Timeline", {});
  EXPECT_DOUBLE_EQ(view().window_shown().from, 0.25);
  EXPECT_DOUBLE_EQ(view().window_shown().to, 0.5);
}

TEST_F(TimelineWidget, IsExportedInEveryFormat) {
  const auto saved = [this](const QString &name) {
    panel_.save(folder_.path(name));
    QFile file(folder_.path(name));
    EXPECT_TRUE(file.open(QIODevice::ReadOnly));
    return file.readAll();
  };
  EXPECT_GE(QImage::fromData(saved("a.png"), "PNG").width(), 1280);
  EXPECT_TRUE(saved("a.pdf").startsWith("%PDF-"));
  EXPECT_TRUE(saved("a.csv").startsWith("stage,lane,"));
  const QByteArray svg = saved("a.svg");
  QXmlStreamReader reader(svg);
  while (!reader.atEnd())
    reader.readNext();
  EXPECT_FALSE(reader.hasError()) << reader.errorString().toStdString();
  EXPECT_TRUE(svg.contains("stage 1")) << "names are text";
  EXPECT_THROW(panel_.save(folder_.path("a.gif")), InputError);
}

TEST_F(TimelineWidget, SaysWhyThereIsNoTimeline) {
  panel_.set_timeline(nullptr, "Timeline", "no step");
  EXPECT_FALSE(panel_.has_figure());
  panel_.grab();
  QTest::keyClick(&view(), Qt::Key_Plus); // nothing to zoom
  EXPECT_EQ(view().told_at({100, 100}), "");
}

} // namespace
} // namespace flopcast
