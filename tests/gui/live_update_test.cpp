// SPDX-License-Identifier: Apache-2.0
// How long a move of a slider takes until every visible number and plot is drawn anew.
#include "gui/editor/plan_editor.hpp"
#include "gui/main_window.hpp"
#include "tests/gui/gui_fixture.hpp"

#include <QApplication>
#include <QElapsedTimer>
#include <QSlider>
#include <QUndoStack>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <vector>

namespace flopcast {
namespace {

using namespace tests;

double percentile(std::vector<double> values, double share) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

/// Milliseconds of the processor, all threads together: what the clock on the wall shows on a
/// machine with nothing else to do.
double processor_ms() { return 1e3 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

class LiveUpdate : public testing::TestWithParam<const char *> {};

TEST_P(LiveUpdate, OfSliderMovesIsMeasured) {
  MainWindow window(shipped_session(), Settings(""));
  window.resize(1280, 800);
  window.open_plan(QString::fromUtf8(example));
  window.show_page(GetParam());
  window.show();
  window.settle();
  QSlider *slider = nullptr;
  for (const FieldRow *row : window.findChild<PlanEditor *>()->rows())
    if (row->field().key == "data.tokens")
      slider = row->findChild<QSlider *>();
  ASSERT_NE(slider, nullptr);
  emit slider->sliderPressed();
  const char *wanted = std::getenv("FLOPCAST_SLIDER_MOVES"); // 1000 for figures
  const int moves = wanted == nullptr ? 60 : std::atoi(wanted);
  std::vector<double> wall;
  std::vector<double> processor;
  for (int i = 0; i < moves; ++i) {
    QElapsedTimer timer;
    timer.start();
    const double before = processor_ms();
    slider->setValue(100 + i % 250);
    window.settle();
    QApplication::processEvents(); // paints
    wall.push_back(static_cast<double>(timer.nsecsElapsed()) * 1e-6);
    processor.push_back(processor_ms() - before);
  }
  RecordProperty("wall_p50_ms", std::to_string(percentile(wall, 0.5)));
  RecordProperty("wall_p99_ms", std::to_string(percentile(wall, 0.99)));
  std::cout << GetParam() << ": wall p50 " << percentile(wall, 0.5) << " ms, p99 "
            << percentile(wall, 0.99) << " ms; processor p50 " << percentile(processor, 0.5)
            << " ms, p99 " << percentile(processor, 0.99) << " ms\n";
  // Ten frames: enough for a sanitizer, and for a machine that does other things besides.
  EXPECT_LT(percentile(processor, 0.5), 160);
  EXPECT_EQ(window.document().undo_stack()->count(), 1) << "one drag is one step";
}

INSTANTIATE_TEST_SUITE_P(Pages, LiveUpdate,
                         testing::Values("numbers", "step", "timeline", "compare"),
                         [](const auto &page) { return std::string(page.param); });

} // namespace
} // namespace flopcast
