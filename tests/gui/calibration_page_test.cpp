// SPDX-License-Identifier: Apache-2.0
// The page of calibrations in the window, with files of measured kernels.
#include "gui/charts/kernel_charts.hpp"
#include "gui/main_window.hpp"
#include "gui/pages/calibration_page.hpp"
#include "gui/pages/law_page.hpp"
#include "gui/pages/message_area.hpp"
#include "gui/plots/plot_panel.hpp"
#include "tests/cli/command_line_fixture.hpp"
#include "tests/gui/gui_fixture.hpp"
#include "tests/gui/kernel_files.hpp"

#include <gmock/gmock.h>

#include <QComboBox>
#include <QLabel>
#include <QPushButton>
#include <QTabWidget>
#include <QTableView>
#include <QTreeView>

namespace flopcast {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace tests;

constexpr int measured_tab = 2;
constexpr int one_by_one_tab = 3;

class CalibrationWindow : public CommandLine {
protected:
  CalibrationWindow() {
    window_.resize(1280, 800);
    window_.open_plan(QString::fromUtf8(example));
    window_.show_page("calibration");
    window_.settle();
  }
  ~CalibrationWindow() override {
    window_.close();
    apply_language(Language::english);
  }

  [[nodiscard]] CalibrationPage &page() const { return *window_.findChild<CalibrationPage *>(); }
  [[nodiscard]] QTabWidget &tabs() const {
    return *page().findChild<QTabWidget *>("calibration-tabs");
  }
  [[nodiscard]] std::string message() const {
    return page().findChild<MessageArea *>()->text().toStdString();
  }
  [[nodiscard]] std::string state() const {
    return page().findChild<QLabel *>("kernels-state")->text().toStdString();
  }
  [[nodiscard]] const PlotData &plot(const QString &id) const {
    for (const PlotPanel *panel : page().findChildren<PlotPanel *>())
      if (panel->plot().id == id)
        return panel->plot();
    static const PlotData none;
    return none;
  }
  [[nodiscard]] int rows(const char *table) const {
    return page().findChild<QTableView *>(table)->model()->rowCount({});
  }
  void choose(const char *box, int index) {
    auto *combo = page().findChild<QComboBox *>(box);
    combo->setCurrentIndex(index);
    emit combo->activated(index);
    window_.settle();
  }
  void drop(const std::string &dropped) {
    drop_file(window_, dropped);
    window_.settle();
  }
  [[nodiscard]] bool in_front() const { return page().isVisibleTo(&window_); }

  MainWindow window_{shipped_session(), Settings("")};
};

TEST_F(CalibrationWindow, ShowsTheRangeOfThePlansCalibrationWithoutAFile) {
  EXPECT_FALSE(tabs().isTabVisible(measured_tab));
  EXPECT_FALSE(tabs().isTabVisible(one_by_one_tab));
  EXPECT_GT(rows("calibrated-range"), 10);
  EXPECT_GT(rows("plan-operators"), 10);
  EXPECT_TRUE(page().findChild<QComboBox *>("kernel-sets")->isHidden() ||
              !page().findChild<QComboBox *>("kernel-sets")->isVisibleTo(&page()));
}

TEST_F(CalibrationWindow, ShowsKernelsThatAreDroppedOnIt) {
  drop(file("mine.csv", kernel_file("a100")));
  EXPECT_EQ(tabs().currentIndex(), measured_tab) << "what was asked for";
  EXPECT_THAT(state(), HasSubstr("mine.csv: 154 kernels"));
  // 4 x 4 x 7 products and 7 x 6 sums.
  EXPECT_EQ(page().findChild<QComboBox *>("kernel-classes")->itemText(0), "all operators (154)");
  choose("kernel-parts", 1);
  EXPECT_EQ(rows("kernels"), 154);
  EXPECT_EQ(plot("kernels").title, "Predicted: 154 kernels");
  EXPECT_EQ(plot("kernels").series.size(), 3U) << "two classes and the line";
  EXPECT_FALSE(plot("kernel-errors").empty());
  choose("kernel-classes", 1);
  EXPECT_EQ(rows("kernels"), 112) << "the products";
  EXPECT_EQ(plot("kernels").series.size(), 2U);
  EXPECT_GT(page().findChild<QTreeView *>("kernel-errors")->model()->rowCount({}), 0);
  EXPECT_EQ(window_.document().request().where, shipped_session().located(std::string(example)))
      << "the plan stays";
}

TEST_F(CalibrationWindow, PredictsKernelsOfAnotherDeviceByItsOwnCalibration) {
  drop(file("h100.csv", kernel_file("h100")));
  EXPECT_THAT(message(), HasSubstr("The opened kernels are of h100-sxm5-80gb"));
  const double before = plot("kernels").series.front().y.front();
  window_.document().edit({{"hardware.gpu", "h100"}, {"hardware.node", "dgx-h100"}}, "edit", {});
  window_.settle();
  EXPECT_THAT(message(), Not(HasSubstr("The opened kernels")));
  EXPECT_EQ(plot("kernels").series.front().y.front(), before) << "the same calibration";
}

TEST_F(CalibrationWindow, FollowsThePlanWhereTheFileNamesNoDevice) {
  std::string text = kernel_file("a100");
  text.erase(0, text.find('\n') + 1);
  drop(file("nameless.csv", text));
  const double before = plot("kernels").series.front().y.front();
  window_.document().edit({{"hardware.gpu", "h100"}, {"hardware.node", "dgx-h100"}}, "edit", {});
  window_.settle();
  EXPECT_NE(plot("kernels").series.front().y.front(), before);
}

TEST_F(CalibrationWindow, KeepsWhatItShowsWhenAFileIsBroken) {
  drop(file("mine.csv", kernel_file("a100")));
  const QString before = plot("kernels").title;
  std::string broken = kernel_file("a100");
  broken.replace(broken.rfind("forward"), 7, "forwart");
  drop(file("broken.csv", broken));
  EXPECT_THAT(message(), HasSubstr("broken.csv:157:"));
  EXPECT_THAT(message(), HasSubstr("those before stay"));
  EXPECT_EQ(plot("kernels").title, before);
  EXPECT_THAT(state(), HasSubstr("mine.csv"));
  choose("kernel-parts", 1);
  EXPECT_THAT(message(), Not(HasSubstr("broken.csv"))) << "the file before answers";
  EXPECT_EQ(rows("kernels"), 154);
}

TEST_F(CalibrationWindow, SaysWhyADeviceIsNotPredicted) {
  drop(file("y.csv", kernel_file("Y9000")));
  EXPECT_THAT(message(), HasSubstr("write a preset"));
  EXPECT_FALSE(tabs().isTabVisible(measured_tab));
}

TEST_F(CalibrationWindow, GoesBackFromADeviceThatNobodyKnows) {
  std::string text = "framework,version,device,gemm_dtype,m,n,k,latency\n";
  for (int i = 1; i <= 40; ++i) {
    const std::string m = std::to_string(64 * i);
    text += "TRTLLM,1,a100,bfloat16," + m + ",1024,1024,0.1\n";
    text += "TRTLLM,1,a100,float16," + m + ",1024,1024,0.1\n";
    text += "TRTLLM,1,h100,bfloat16," + m + ",1024,1024,0.1\n";
    text += "TRTLLM,1,Y9000,bfloat16," + m + ",1024,1024,0.1\n";
  }
  drop(file("three.csv", text));
  const auto *sets = page().findChild<QComboBox *>("kernel-sets");
  ASSERT_EQ(sets->count(), 3);
  EXPECT_THAT(sets->currentText().toStdString(), HasSubstr("a100"));
  choose("kernel-sets", sets->findText("Y9000 (40)"));
  EXPECT_THAT(message(), HasSubstr("write a preset"));
  EXPECT_THAT(sets->currentText().toStdString(), HasSubstr("a100")) << "what is shown";
  choose("kernel-parts", 1);
  EXPECT_THAT(message(), Not(HasSubstr("write a preset")));
  EXPECT_EQ(rows("kernels"), 80);
  // A class that the next device lacks is not asked of it.
  const auto *classes = page().findChild<QComboBox *>("kernel-classes");
  choose("kernel-classes", classes->findText("gemm, forward, fp16 (40)"));
  EXPECT_EQ(rows("kernels"), 40);
  choose("kernel-sets", sets->findText("h100-sxm5-80gb (40)"));
  EXPECT_EQ(classes->currentIndex(), 0);
  EXPECT_EQ(rows("kernels"), 40);
}

TEST_F(CalibrationWindow, KeepsTheFileInAnotherLanguage) {
  drop(file("mine.csv", kernel_file("a100")));
  window_.show_page("cost");
  window_.set_language(Language::chinese);
  window_.settle();
  EXPECT_FALSE(in_front()) << "the page in front stays";
  window_.show_page("calibration");
  window_.settle();
  EXPECT_THAT(state(), HasSubstr("mine.csv"));
  EXPECT_TRUE(tabs().isTabVisible(measured_tab));
  window_.set_language(Language::english);
  window_.settle();
  EXPECT_THAT(state(), HasSubstr("mine.csv: 154 kernels"));
}

TEST_F(CalibrationWindow, StopsOnRequest) {
  page().open_file(QString::fromStdString(file("mine.csv", kernel_file("a100", 20))));
  EXPECT_TRUE(page().busy());
  page().findChild<QPushButton *>("stop-kernels")->click();
  window_.settle();
  EXPECT_EQ(state(), "stopped");
  EXPECT_FALSE(tabs().isTabVisible(measured_tab));
}

TEST_F(CalibrationWindow, LeavesTablesOfRunsToThePageOfLaws) {
  drop(file("runs.csv", "N,D,loss\n1e9,2e10,2.5\n"));
  EXPECT_FALSE(in_front());
  EXPECT_TRUE(window_.findChild<LawPage *>()->isVisibleTo(&window_));
}

TEST_F(CalibrationWindow, TakesKernelsWhateverPageIsInFront) {
  window_.show_page("law");
  drop(file("mine.csv", kernel_file("a100")));
  EXPECT_TRUE(in_front());
  EXPECT_TRUE(tabs().isTabVisible(measured_tab));
}

TEST_F(CalibrationWindow, InFrontTakesTablesThatNobodyKnows) {
  drop(file("what.csv", "a,b\n1,2\n"));
  EXPECT_TRUE(in_front());
  EXPECT_THAT(message(), HasSubstr("what.csv:1:"));
  window_.show_page("cost");
  drop(file("what.csv", "a,b\n1,2\n"));
  EXPECT_TRUE(window_.findChild<LawPage *>()->isVisibleTo(&window_)) << "as before";
}

} // namespace
} // namespace flopcast
