// SPDX-License-Identifier: Apache-2.0
// How fast a step of two million tasks is moved and zoomed.
#include "gui/plots/timeline_view.hpp"
#include "tests/gui/gui_fixture.hpp"
#include "tests/support/sanitized.hpp"

#include <QApplication>
#include <QElapsedTimer>

#include <algorithm>
#include <ctime>
#include <iostream>
#include <vector>

namespace flopcast {
namespace {

using units::byte;
using units::second;

double processor_ms() { return 1e3 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double middle(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

TEST(TimelineFrames, OfTwoMillionTasksAreMeasured) {
  // 64 stages, 8,192 micro-batches: 2 x 64 x 8,192 passes and 2 x 63 x 8,192 messages.
  PipelineWork work;
  work.stages = 64;
  work.micro_batches = 8192;
  for (int stage = 0; stage < 64; ++stage) {
    const double uneven = 1 + 0.01 * (stage % 7); // no two columns of pixels alike
    work.work.push_back({.forward = uneven * second,
                         .input_gradient = uneven * second,
                         .weight_gradient = uneven * second,
                         .saved = 1e9 * byte,
                         .saved_for_weights = {},
                         .transient = {}});
  }
  work.messages = {{.forward = 0.05 * second, .backward = 0.05 * second}};
  QElapsedTimer timer;
  timer.start();
  const StepTimelinePointer timeline = simulated_timeline(std::move(work), {});
  const auto simulated = timer.elapsed();
  ASSERT_EQ(timeline->size(), 2U * 64 * 8192 + 2U * 63 * 8192);

  TimelineView view(nullptr);
  view.resize(1280, 800);
  view.show();
  view.set_timeline(timeline, {});
  QApplication::processEvents();
  std::vector<double> wall;
  std::vector<double> processor;
  for (int frame = 0; frame < 80; ++frame) {
    timer.start();
    const double before = processor_ms();
    // From all of it down to a few tasks and back, moving all the while.
    view.zoom(frame < 40 ? 0.75 : 1 / 0.75);
    view.pan(frame % 2 == 0 ? 0.05 : -0.03);
    view.viewport()->repaint();
    wall.push_back(static_cast<double>(timer.nsecsElapsed()) * 1e-6);
    processor.push_back(processor_ms() - before);
  }
  std::cout << timeline->size() << " tasks: simulated in " << simulated
            << " ms; a frame's wall p50 " << middle(wall) << " ms, most "
            << *std::ranges::max_element(wall) << " ms; processor p50 " << middle(processor)
            << " ms, most " << *std::ranges::max_element(processor) << " ms\n";
  const double bound = tests::sanitized() ? 330 : 33; // 30 frames a second
  EXPECT_LT(middle(processor), bound);
}

} // namespace
} // namespace flopcast
