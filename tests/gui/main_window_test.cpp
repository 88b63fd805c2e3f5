// SPDX-License-Identifier: Apache-2.0
#include "gui/main_window.hpp"
#include "gui/models/result_model.hpp"
#include "gui/pages/message_area.hpp"
#include "tests/cli/command_line_fixture.hpp"
#include "tests/gui/gui_fixture.hpp"

#include <gmock/gmock.h>

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMenuBar>
#include <QPlainTextEdit>
#include <QTest>
#include <QTextEdit>
#include <QTreeView>
#include <QUndoStack>

namespace flopcast {
namespace {

using testing::HasSubstr;
using namespace tests;

class Window : public CommandLine {
protected:
  Window() : window_(std::make_unique<MainWindow>(shipped_session(), Settings(settings_file()))) {}
  ~Window() override { apply_theme(Theme::system); }

  [[nodiscard]] QString settings_file() const {
    return QString::fromStdString((folder() / "gui.ini").string());
  }

  template <class Widget> [[nodiscard]] Widget &child(const char *name = "") const {
    auto *found = window_->findChild<Widget *>(name);
    EXPECT_NE(found, nullptr) << name;
    return *found;
  }

  void open_example() { open(QString::fromUtf8(example)); }
  void open(const QString &where) const {
    window_->open_plan(where);
    window_->settle();
  }
  void change(const QString &text) const {
    window_->set_overrides(text);
    window_->settle();
  }

  [[nodiscard]] const ResultModel &results() const {
    return dynamic_cast<const ResultModel &>(*child<QTreeView>("results").model());
  }
  [[nodiscard]] std::string number(const QString &key) const {
    return results().index_of(key).siblingAtColumn(1).data().toString().toStdString();
  }
  [[nodiscard]] std::string message() const {
    auto *area = window_->findChild<MessageArea *>();
    return area->isHidden() ? "" : area->text().toStdString();
  }
  [[nodiscard]] std::string title() const { return child<QLabel>("title").text().toStdString(); }

  std::unique_ptr<MainWindow> window_;
};

TEST_F(Window, SaysWhatToDoBeforeThereIsAPlan) {
  EXPECT_THAT(message(), HasSubstr("Choose a plan"));
  EXPECT_EQ(results().rowCount({}), 0);
}

TEST_F(Window, ShowsAPlanWithItsNumbersAndAssumptions) {
  open_example();
  EXPECT_EQ(title(), "GPT-3 175B on 1,024 A100");
  EXPECT_EQ(message(), "");
  const EstimatedPlanPointer plan = answered();
  std::string expected;
  for (const ReportRemark &remark : plan->report.remarks)
    expected += remark.label + "\n" + remark.text + "\n";
  EXPECT_EQ(child<QTextEdit>("assumptions").toPlainText().toStdString() + "\n", expected);
}

TEST_F(Window, ExplainsTheSelectedNumberAsExplainDoes) {
  open_example();
  child<QTreeView>("results").setCurrentIndex(results().index_of("cost.total_usd"));
  std::string printed;
  for (const std::string &line :
       lines_of(run({"explain", std::string(example), "cost.total_usd"}).out))
    printed += line.substr(std::min(line.find_first_not_of(' '), line.size())) + "\n";
  EXPECT_EQ(child<QTextEdit>("chain").toPlainText().toStdString() + "\n", printed);
}

TEST_F(Window, FollowsOverridesAndKeepsTheSelectedNumber) {
  open_example();
  auto &tree = child<QTreeView>("results");
  tree.setCurrentIndex(results().index_of("time.step_s"));
  const std::string before = number("time.step_s");
  change("training.micro_batch=2");
  EXPECT_NE(number("time.step_s"), before);
  EXPECT_EQ(tree.currentIndex().data(ResultModel::key_role).toString(), "time.step_s");
  EXPECT_THAT(child<QTextEdit>("chain").toPlainText().toStdString(),
              HasSubstr("step = " + number("time.step_s")));
}

TEST_F(Window, FollowsWhatIsTyped) {
  open_example();
  const std::string before = number("time.step_s");
  QTest::keyClicks(&child<QPlainTextEdit>("overrides"), "training.micro_batch=2");
  constexpr int patience_ms = 20'000; // the pause after typing is a quarter of a second
  EXPECT_TRUE(QTest::qWaitFor([&] { return number("time.step_s") != before; }, patience_ms));
}

TEST_F(Window, ShowsWhyAPlanCannotRunAndTheNearestThatCan) {
  open_example();
  change(QString::fromUtf8(too_large));
  const EstimatedPlanPointer plan = answered(std::string(too_large));
  EXPECT_THAT(message(), HasSubstr("cannot run: " + plan->report.alerts.front().text));
  EXPECT_THAT(message(), HasSubstr("nearest plan: " + plan->report.alerts.back().text));
  change("");
  EXPECT_EQ(message(), "");
}

TEST_F(Window, ShowsThePlaceOfABadOverrideAndGreysTheOldNumbers) {
  open_example();
  const std::string before = number("time.step_s");
  change("training.micro_bath=2");
  EXPECT_THAT(message(), HasSubstr("--set training.micro_bath=2: training.micro_bath: "
                                   "no such key; did you mean \"micro_batch\"?"));
  EXPECT_FALSE(child<QTreeView>("results").isEnabled());
  EXPECT_EQ(number("time.step_s"), before);
  change("training.micro_batch=2");
  EXPECT_EQ(message(), "");
  EXPECT_TRUE(child<QTreeView>("results").isEnabled());
}

TEST_F(Window, KeepsThePlanWhereAnotherCannotBeOpened) {
  open_example();
  open("no-such-plan");
  EXPECT_THAT(message(), HasSubstr("no-such-plan: no such file"));
  EXPECT_EQ(title(), "GPT-3 175B on 1,024 A100");
  EXPECT_NE(results().rowCount({}), 0);
}

TEST_F(Window, ShowsNoNumbersOfAnotherPlanBesideAnError) {
  open_example();
  const std::string broken = file("broken.toml", "[model]\npreset = 5\n");
  open(QString::fromStdString(broken));
  EXPECT_THAT(message(), HasSubstr(broken + ":2:10: model.preset"));
  EXPECT_EQ(results().rowCount({}), 0);
  EXPECT_EQ(child<QTextEdit>("assumptions").toPlainText(), "");
  window_->document().undo_stack()->undo();
  window_->settle();
  EXPECT_EQ(title(), "GPT-3 175B on 1,024 A100") << "nothing is lost";
}

TEST_F(Window, RefusesAFileThatIsNoPlan) {
  open_example();
  open(QString::fromStdString(file("picture.png", std::string("\x89PNG\r\n\x1a\n\0\0", 10))));
  EXPECT_THAT(message(), HasSubstr("picture.png:1:1"));
  open(QString::fromStdString(file("huge.bin", std::string(5 << 20, 'x'))));
  EXPECT_THAT(message(), HasSubstr("huge.bin: is no plan"));
}

TEST_F(Window, BeginsAPlanAroundAConfigOfHuggingFace) {
  open_example();
  const std::string config = file("tiny.json", R"({"model_type": "llama", "hidden_size": 1024,
  "intermediate_size": 4096, "max_position_embeddings": 2048, "num_attention_heads": 8,
  "num_hidden_layers": 4, "vocab_size": 32000})");
  window_->open_file(QString::fromStdString(config));
  window_->settle();
  EXPECT_EQ(message(), "");
  EXPECT_THAT(title(), HasSubstr("tiny"));
  // V h twice, 4 h^2 + 3 h f + 2 h for each of 4 layers, and a last norm: 132,654,080.
  EXPECT_THAT(number("parameters.total"), HasSubstr("132"));
  window_->document().undo_stack()->undo();
  window_->settle();
  EXPECT_EQ(title(), "GPT-3 175B on 1,024 A100") << "nothing is lost";
}

TEST_F(Window, KeepsThePlanWhereAConfigIsNotUnderstood) {
  open_example();
  open(QString::fromStdString(file("odd.json", R"({"model_type": "mamba"})")));
  EXPECT_THAT(message(), HasSubstr("\"mamba\" is not known"));
  EXPECT_EQ(title(), "GPT-3 175B on 1,024 A100");
}

TEST_F(Window, ReadsAFileAgain) {
  const std::string own = file("own.toml", small_plan);
  open(QString::fromStdString(own));
  EXPECT_EQ(title(), "small");
  (void)file("own.toml", "name = \"another\"" + std::string(small_plan.substr(14)));
  window_->reload();
  window_->settle();
  EXPECT_EQ(title(), "another");
}

TEST_F(Window, OpensAFileThatIsDroppedOnAnyOfItsParts) {
  const std::string own = file("own.toml", small_plan);
  for (QWidget *part :
       {static_cast<QWidget *>(window_.get()), child<QPlainTextEdit>("overrides").viewport(),
        static_cast<QWidget *>(&child<QLineEdit>("filter")), child<QTextEdit>("chain").viewport(),
        child<QTreeView>("results").viewport()}) {
    open_example();
    drop_file(*part, own);
    window_->settle();
    EXPECT_EQ(title(), "small") << part->metaObject()->className();
  }
  EXPECT_EQ(child<QPlainTextEdit>("overrides").toPlainText(), "");
}

TEST_F(Window, OpensThePlanThatIsChosenInTheList) {
  auto &list = child<QListView>("plans");
  list.setCurrentIndex(list.model()->index(0, 0));
  window_->settle();
  EXPECT_EQ(title(), list.model()->index(0, 0).data().toString().toStdString());
}

TEST_F(Window, FiltersTheListWithoutLeavingThePlan) {
  open_example();
  auto &list = child<QListView>("plans");
  child<QLineEdit>("filter").setText("palm"); // the id; its name says PaLM
  EXPECT_EQ(list.model()->rowCount(), 1);
  EXPECT_EQ(title(), "GPT-3 175B on 1,024 A100");
  EXPECT_FALSE(list.selectionModel()->hasSelection());
  child<QLineEdit>("filter").clear();
  EXPECT_EQ(list.currentIndex().data().toString().toStdString(), title());
}

TEST_F(Window, CopiesTheMarkdownThatTheCommandLinePrints) {
  open_example();
  window_->copy_markdown();
  EXPECT_EQ(QApplication::clipboard()->text().toStdString(),
            run({"estimate", std::string(example), "--format", "md"}).out);
}

TEST_F(Window, ExportsAFileAndSaysWhyItCannot) {
  open_example();
  const std::string path = (folder() / "a.csv").string();
  window_->export_to(QString::fromStdString(path));
  EXPECT_EQ(content_of(path), run({"estimate", std::string(example), "--format", "csv"}).out);
  window_->export_to(QString::fromStdString((folder() / "a.pdf").string()));
  EXPECT_THAT(message(), HasSubstr("end it in .csv, .json or .md"));
  EXPECT_TRUE(child<QTreeView>("results").isEnabled()) << "the numbers are still right";
}

TEST_F(Window, RemembersTheThemeOfTheMenu) {
  child<QAction>("dark").trigger();
  EXPECT_LT(QApplication::palette().color(QPalette::Base).lightness(), 100);
  window_.reset();
  apply_theme(Theme::light);
  const MainWindow next(shipped_session(), Settings(settings_file()));
  EXPECT_LT(QApplication::palette().color(QPalette::Base).lightness(), 100);
  EXPECT_TRUE(next.findChild<QAction *>("dark")->isChecked());
}

TEST_F(Window, TakesTheThemeOfOneRunWithoutRememberingIt) {
  window_->set_theme(Theme::dark);
  EXPECT_EQ(Settings(settings_file()).theme(), Theme::system);
}

TEST_F(Window, KeepsTheThemeOfOneRunInAnotherLanguage) {
  window_->set_theme(Theme::dark);
  window_->set_language(Language::chinese);
  EXPECT_LT(QApplication::palette().color(QPalette::Base).lightness(), 100);
  EXPECT_TRUE(window_->findChild<QAction *>("dark")->isChecked());
  window_->set_language(Language::english);
  apply_theme(Theme::light);
}

TEST_F(Window, RemembersItsSize) {
  window_->resize(1000, 700);
  window_->close();
  window_.reset();
  const MainWindow next(shipped_session(), Settings(settings_file()));
  EXPECT_EQ(next.size(), QSize(1000, 700));
}

TEST_F(Window, NamesEveryInputForScreenReaders) {
  for (const QWidget *widget : window_->findChildren<QWidget *>())
    // The list of a box that opens is read under the name of its box, a heading with its table.
    if (!widget->inherits("QComboBoxListView") && !widget->inherits("QHeaderView") &&
        (qobject_cast<const QAbstractItemView *>(widget) != nullptr ||
         qobject_cast<const QTextEdit *>(widget) != nullptr ||
         qobject_cast<const QPlainTextEdit *>(widget) != nullptr ||
         qobject_cast<const QLineEdit *>(widget) != nullptr)) {
      EXPECT_NE(widget->accessibleName(), "") << widget->metaObject()->className();
    }
}

TEST_F(Window, GivesCommandsDifferentKeys) {
  QList<QKeySequence> taken;
  for (const QMenu *menu : window_->menuBar()->findChildren<QMenu *>())
    for (const QAction *action : menu->actions()) {
      if (action->shortcut().isEmpty())
        continue;
      EXPECT_FALSE(taken.contains(action->shortcut())) << action->text().toStdString();
      taken.append(action->shortcut());
    }
  EXPECT_GE(taken.size(), 20);
}

} // namespace
} // namespace flopcast
