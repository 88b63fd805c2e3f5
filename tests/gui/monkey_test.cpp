// SPDX-License-Identifier: Apache-2.0
// Random actions: whatever comes after whatever, the window lives and stays consistent.
// FLOPCAST_MONKEY_ACTIONS sets their number, FLOPCAST_MONKEY_SEED where they begin.
#include "gui/editor/plan_editor.hpp"
#include "gui/main_window.hpp"
#include "gui/plots/plot_panel.hpp"
#include "gui/plots/plot_view.hpp"
#include "gui/plots/timeline_view.hpp"
#include "gui/result_cards.hpp"
#include "tests/gui/gui_fixture.hpp"

#include <QApplication>
#include <QCheckBox>
#include <QComboBox>
#include <QLineEdit>
#include <QMenu>
#include <QPushButton>
#include <QSlider>
#include <QTest>
#include <QUndoStack>

#include <cstdlib>
#include <random>

namespace flopcast {
namespace {

using namespace tests;

int number_from(const char *variable, int otherwise) {
  const char *text = std::getenv(variable);
  return text == nullptr ? otherwise : std::atoi(text);
}

class Monkey {
public:
  explicit Monkey(unsigned seed) : random_(seed) {
    window_.resize(1100, 700);
    window_.open_plan(QString::fromUtf8(example));
    window_.show();
    window_.settle();
  }
  ~Monkey() {
    apply_language(Language::english);
    apply_theme(Theme::system);
  }
  Monkey(const Monkey &) = delete;
  Monkey &operator=(const Monkey &) = delete;

  void act() {
    switch (below(17)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return change_field();
    case 4:
      return window_.document().undo_stack()->undo();
    case 5:
      return window_.document().undo_stack()->redo();
    case 6:
      return window_.show_page(window_.pages()[below(window_.pages().size())].id);
    case 7:
      return below(4) == 0 ? window_.pin() : unpin();
    case 8:
      return window_.take_nearest();
    case 9:
      return window_.set_theme(below(2) == 0 ? Theme::light : Theme::dark);
    case 10:
      if (below(10) == 0)
        window_.set_language(below(2) == 0 ? Language::english : Language::chinese);
      return;
    case 11: {
      const auto plans = session_.shipped_plans();
      if (below(3) == 0)
        window_.open_plan(QString::fromStdString(plans[below(plans.size())].path));
      return;
    }
    case 12:
      return window_.set_overrides(
          below(3) == 0 ? QStringLiteral("training.micro_batch=2\nnonsense\n-hardware")
                        : QStringLiteral("training.micro_batch=%1").arg(below(9)));
    case 13:
      return type_into_a_filter();
    case 14:
      return zoom_a_plot();
    case 15:
      return choose_a_law();
    default:
      // Without waiting: answers meet a window that has moved on.
      QApplication::processEvents();
    }
  }

  void settle() {
    window_.settle();
    // As the loop of an application does between two actions; here none runs.
    QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
  }

  /// What is shown belongs to what is asked.
  void expect_consistency() {
    window_.settle();
    EXPECT_FALSE(window_.busy());
    const PlanOutcome outcome = session_.outcome(window_.document().request());
    if (const auto *plan = std::get_if<EstimatedPlanPointer>(&outcome)) {
      ASSERT_TRUE(window_.plan());
      EXPECT_EQ(to_markdown(window_.plan()->report), to_markdown((*plan)->report));
    } else {
      EXPECT_NE(window_.error(), "");
    }
  }

private:
  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
  }

  template <class Widget> Widget *any() {
    const auto all = window_.findChildren<Widget *>();
    return all.isEmpty()
               ? nullptr
               : all.at(static_cast<qsizetype>(below(static_cast<std::size_t>(all.size()))));
  }

  void change_field() {
    const auto &rows = window_.findChild<PlanEditor *>()->rows();
    FieldRow *row = rows[below(rows.size())];
    if (auto *slider = row->findChild<QSlider *>())
      slider->setValue(int(below(static_cast<std::size_t>(slider->maximum()) + 1)));
    else if (auto *check = row->findChild<QCheckBox *>())
      check->toggle();
    else if (auto *menu = row->findChild<QMenu *>())
      menu->actions()
          .at(static_cast<qsizetype>(below(static_cast<std::size_t>(menu->actions().size()))))
          ->trigger();
    else if (auto *combo = row->findChild<QComboBox *>())
      emit combo->textActivated(
          combo->itemText(int(below(static_cast<std::size_t>(combo->count())))));
  }

  void unpin() {
    for (QPushButton *button : window_.findChildren<QPushButton *>())
      // Those that end in an ellipsis ask for a file and wait for the answer.
      if (button->isVisible() && button->isEnabled() && !button->text().endsWith(u'…') &&
          below(4) == 0) {
        button->click();
        return;
      }
  }

  void type_into_a_filter() {
    if (auto *line = any<QLineEdit>(); line != nullptr && line->objectName().contains("filter"))
      QTest::keyClicks(line, below(2) == 0 ? "ba" : "\b\b\b");
  }

  void choose_a_law() {
    auto *laws = window_.findChild<QComboBox *>("law");
    if (laws == nullptr || laws->count() == 0)
      return;
    laws->setCurrentIndex(int(below(static_cast<std::size_t>(laws->count()))));
    emit laws->activated(laws->currentIndex());
  }

  void zoom_a_plot() {
    if (auto *plot = any<PlotView>())
      plot->zoom(below(2) == 0 ? 0.5 : 2);
    if (auto *panel = any<FigurePanel>())
      panel->show_table(below(2) == 0);
    if (auto *timeline = any<TimelineView>()) {
      timeline->zoom(below(2) == 0 ? 0.3 : 3);
      timeline->pan(below(2) == 0 ? -0.4 : 0.7);
      (void)timeline->told_at({static_cast<int>(below(800)), static_cast<int>(below(500))});
    }
  }

  PlanSession session_ = shipped_session();
  MainWindow window_{shipped_session(), Settings("")};
  std::mt19937 random_;
};

TEST(RandomActions, LeaveAConsistentWindow) {
  const int actions = number_from("FLOPCAST_MONKEY_ACTIONS", 120);
  const int seed = number_from("FLOPCAST_MONKEY_SEED", 1);
  Monkey monkey(static_cast<unsigned>(seed));
  for (int i = 0; i < actions; ++i) {
    monkey.act();
    if (i % 3 == 0)
      monkey.settle();
    if (i % 50 == 0)
      monkey.expect_consistency();
  }
  monkey.expect_consistency();
}

} // namespace
} // namespace flopcast
