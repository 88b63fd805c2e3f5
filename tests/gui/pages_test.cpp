// SPDX-License-Identifier: Apache-2.0
// Every page of the registry, and the window around them.
#include "gui/main_window.hpp"
#include "gui/models/report_model.hpp"
#include "gui/pages/message_area.hpp"
#include "gui/plots/plot_panel.hpp"
#include "gui/result_cards.hpp"
#include "model/planning/explain.hpp"
#include "tests/cli/command_line_fixture.hpp"
#include "tests/gui/gui_fixture.hpp"

#include <gmock/gmock.h>

#include <QAction>
#include <QApplication>
#include <QComboBox>
#include <QDir>
#include <QLabel>
#include <QPushButton>
#include <QTabWidget>
#include <QTableView>
#include <QTreeView>
#include <QUndoStack>

#include <csignal>

#include <sys/resource.h>

namespace flopcast {
namespace {

using testing::HasSubstr;
using namespace tests;

class Dashboard : public CommandLine {
protected:
  Dashboard()
      : window_(std::make_unique<MainWindow>(shipped_session(), Settings(settings_file()))) {
    window_->open_plan(QString::fromUtf8(example));
    window_->settle();
  }
  ~Dashboard() override {
    window_.reset();
    apply_language(Language::english);
    apply_theme(Theme::system);
  }
  [[nodiscard]] QString settings_file() const {
    return QString::fromStdString((folder() / "gui.ini").string());
  }
  void edit(const std::string &key, const std::string &value) const {
    window_->document().edit({{key, value}}, "edit", {});
    window_->settle();
  }
  [[nodiscard]] QString card(const std::string &key) const {
    for (const ResultCard *one : window_->findChild<ResultCards *>()->cards())
      if (one->key() == key)
        return one->value();
    ADD_FAILURE() << key;
    return {};
  }

  std::unique_ptr<MainWindow> window_;
};

TEST_F(Dashboard, ShowsEveryPageWithPlotsThatHoldSomething) {
  for (const PageEntry &page : window_->pages()) {
    window_->show_page(page.id);
    window_->settle();
    const auto *tabs = window_->findChild<QTabWidget *>("pages");
    for (const PlotPanel *plot : tabs->currentWidget()->findChildren<PlotPanel *>()) {
      if (!plot->isVisibleTo(tabs->currentWidget()))
        continue; // of runs that nobody has opened yet
      EXPECT_FALSE(plot->plot().empty()) << page.id.toStdString() << plot->plot().id.toStdString();
      EXPECT_FALSE(plot->plot().title.isEmpty()) << page.id.toStdString();
      EXPECT_FALSE(plot->plot().x.title.isEmpty()) << page.id.toStdString();
      EXPECT_FALSE(plot->plot().y.title.isEmpty()) << page.id.toStdString();
    }
  }
}

TEST_F(Dashboard, CardsSayWhatTheCommandLineSays) {
  const auto printed = json({"estimate", std::string(example)});
  for (const ResultCard *one : window_->findChild<ResultCards *>()->cards()) {
    const NamedQuantity *quantity = find_quantity(one->key());
    ASSERT_NE(quantity, nullptr) << one->key();
    const EstimatedPlanPointer plan = answered();
    EXPECT_EQ(one->value().toStdString(),
              quantity_text(*quantity, *quantity->value(plan->answer())));
  }
  EXPECT_TRUE(printed.is_object());
}

TEST_F(Dashboard, NumbersEqualTheCommandLinesToTheLastDigit) {
  edit("training.micro_batch", "2");
  edit("data.tokens", "1.5e12 token");
  edit("price.rate", "2.10 USD/(GPU*h)");
  const std::string file = (folder() / "out.json").string();
  window_->export_to(QString::fromStdString(file));
  EXPECT_EQ(content_of(file),
            run({"estimate", std::string(example), "--set", "training.micro_batch=2", "--set",
                 "data.tokens=1.5e12 token", "--set", "price.rate=2.10 USD/(GPU*h)", "--json"})
                .out);
}

TEST_F(Dashboard, CardsFollowEditsAndUndo) {
  const QString before = card("time.step_s");
  edit("training.micro_batch", "2");
  EXPECT_NE(card("time.step_s"), before);
  window_->document().undo_stack()->undo();
  window_->settle();
  EXPECT_EQ(card("time.step_s"), before);
}

TEST_F(Dashboard, TakesTheNearestPlanThatCanRun) {
  edit("training.micro_batch", "64");
  ASSERT_TRUE(window_->plan());
  ASSERT_FALSE(window_->plan()->estimate.feasible());
  auto *accept = window_->findChild<QPushButton *>("accept");
  ASSERT_FALSE(accept->isHidden());
  const Layout nearest = *window_->plan()->nearest;
  accept->click();
  window_->settle();
  EXPECT_TRUE(window_->plan()->estimate.feasible());
  EXPECT_EQ(window_->plan()->run.plan.parallelism, nearest.parallelism);
  EXPECT_EQ(window_->plan()->run.plan.training, nearest.training);
  EXPECT_TRUE(accept->isHidden());
}

TEST_F(Dashboard, TakesTheNearestOfASearchedPlanToo) {
  window_->document().open(
      {"own.toml", "", "[model]\npreset = \"llama3-70b\"\n[hardware]\ngpu = \"h100\"\ncount = 8\n"},
      "open");
  window_->settle();
  ASSERT_FALSE(window_->plan()->estimate.feasible()) << "as README shows";
  window_->take_nearest();
  window_->settle();
  EXPECT_TRUE(window_->plan()->estimate.feasible());
}

TEST_F(Dashboard, ComparesPinnedScenariosAsTheCommandLineDoes) {
  window_->pin();
  edit("training.micro_batch", "2");
  window_->pin();
  window_->show_page("compare");
  const auto &model =
      dynamic_cast<const ReportModel &>(*window_->findChild<QTreeView *>("comparison")->model());
  // A, its twin B beside the plan as it stands, which is B.
  EXPECT_EQ(window_->scenarios().size(), 2U);
  const std::string csv =
      run({"compare", std::string(example),
           file("b.toml", merged_plan(shipped_session().text(std::string(example)), "b.toml",
                                      "training.micro_batch=2")),
           "--format", "md"})
          .out;
  const Report &report = model.report();
  ASSERT_FALSE(report.sections.empty());
  for (const ReportSection &section : report.sections)
    for (const ReportRow &row : section.rows)
      for (std::size_t cell = 0; cell < 2; ++cell)
        EXPECT_THAT(csv, HasSubstr(escaped_markdown(row.cells[cell]))) << row.label;
  EXPECT_THAT(report.columns.front(), testing::AnyOf("A", HasSubstr("A")));

  auto *baseline = window_->findChild<QComboBox *>("baseline");
  const std::string first = report.sections.front().rows.front().cells.front();
  baseline->setCurrentIndex(1);
  EXPECT_EQ(model.report().columns.front(), "B");
}

TEST_F(Dashboard, SwitchesTheLanguageLiveAndKeepsTheWork) {
  edit("training.micro_batch", "2");
  const QString step = card("time.step_s");
  const QString tab = window_->findChild<QTabWidget *>("pages")->tabText(1);
  window_->set_language(Language::chinese);
  window_->settle();
  EXPECT_NE(window_->findChild<QTabWidget *>("pages")->tabText(1), tab);
  EXPECT_EQ(card("time.step_s"), step);
  EXPECT_TRUE(window_->document().undo_stack()->canUndo());
  window_->set_language(Language::english);
  window_->settle();
  EXPECT_EQ(window_->findChild<QTabWidget *>("pages")->tabText(1), tab);
}

TEST_F(Dashboard, ReopensAsItWas) {
  edit("training.micro_batch", "2");
  window_->pin();
  window_->show_page("cost");
  const QString cost = card("cost.total_usd");
  window_->close();
  window_ = std::make_unique<MainWindow>(shipped_session(), Settings(settings_file()));
  window_->open_start_plan();
  window_->settle();
  EXPECT_EQ(card("cost.total_usd"), cost);
  EXPECT_EQ(window_->scenarios().size(), 1U);
  const auto *tabs = window_->findChild<QTabWidget *>("pages");
  EXPECT_EQ(window_->pages()[static_cast<std::size_t>(tabs->currentIndex())].id, "cost");
  EXPECT_TRUE(window_->document().is_modified());
}

TEST_F(Dashboard, RecoversWhatACrashLeft) {
  const PlanRequest lost{std::string(example), "training.micro_batch=2\n",
                         shipped_session().text(std::string(example))};
  window_.reset();
  // A crash leaves the file and a lock of a process that is gone.
  QFile left(QString::fromStdString((folder() / "autosave-0.json").string()));
  ASSERT_TRUE(left.open(QIODevice::WriteOnly));
  left.write(request_json(lost));
  left.close();
  window_ = std::make_unique<MainWindow>(shipped_session(), Settings(settings_file()));
  window_->open_start_plan();
  window_->settle();
  EXPECT_EQ(window_->plan()->run.plan.training.micro_batch, 2);
  EXPECT_THAT(window_->findChild<MessageArea *>()->text().toStdString(), HasSubstr("Recovered"));
}

TEST_F(Dashboard, SavesAPlanThatEstimatesTheSame) {
  edit("training.micro_batch", "2");
  const QString step = card("time.step_s");
  const std::string saved = (folder() / "mine.toml").string();
  ASSERT_TRUE(window_->save_to(QString::fromStdString(saved)));
  window_->settle();
  EXPECT_FALSE(window_->document().is_modified());
  EXPECT_EQ(card("time.step_s"), step);
  EXPECT_EQ(
      run({"estimate", saved, "--format", "csv"}).out,
      run({"estimate", std::string(example), "--set", "training.micro_batch=2", "--format", "csv"})
          .out);
}

TEST_F(Dashboard, LosesNothingWhereAFileCannotBeWritten) {
  edit("training.micro_batch", "2");
  EXPECT_FALSE(window_->save_to("/proc/no-such-folder/plan.toml"));
  EXPECT_TRUE(window_->document().is_modified());
  EXPECT_THAT(window_->findChild<MessageArea *>()->text().toStdString(),
              HasSubstr("nothing is lost"));
  EXPECT_FALSE(window_->save_to(QString::fromStdString(folder().string()))) << "a folder";
  EXPECT_TRUE(window_->document().is_modified());
}

TEST_F(Dashboard, LosesNothingOnAFullDisk) {
  edit("training.micro_batch", "2");
  const QString target = QString::fromStdString((folder() / "mine.toml").string());
  // No room for a single byte more.
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit none{0, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &none);
  const bool written = window_->save_to(target);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_FALSE(written);
  EXPECT_FALSE(QFile::exists(target)) << "no half a plan";
  EXPECT_TRUE(window_->document().is_modified());
  EXPECT_TRUE(window_->save_to(target)) << "once there is room";
}

TEST_F(Dashboard, ExportsAllPlots) {
  const QString target = QString::fromStdString(folder().string()) + "/plots";
  QDir().mkpath(target);
  const int written = window_->export_plots(target, "svg");
  EXPECT_GE(written, 9);
  EXPECT_EQ(QDir(target).entryList({"*.svg"}).size(), written) << "each has a name of its own";
}

TEST_F(Dashboard, NamesWhatANumberRestsOn) {
  const auto plan = answered();
  // Days depend on the goodput that the plan gives and on kernels that were measured elsewhere.
  const NamedQuantity *tokens = find_quantity("data.tokens");
  EXPECT_EQ(weakest_origin(explain(plan->answer(), *tokens)), Origin::given);
  Explanation leaf;
  leaf.origin = Origin::defaulted;
  Explanation fact;
  fact.origin = Origin::fact;
  Explanation top;
  top.origin = Origin::computed;
  top.inputs = {fact, leaf};
  EXPECT_EQ(weakest_origin(top), Origin::defaulted);
}

} // namespace
} // namespace flopcast
