// SPDX-License-Identifier: Apache-2.0
// What the page of scaling laws shows, held against the laws and against the command line.
#include "gui/charts/law_figures.hpp"
#include "gui/law_study.hpp"
#include "gui/main_window.hpp"
#include "gui/models/plot_table_model.hpp"
#include "gui/pages/law_page.hpp"
#include "gui/pages/message_area.hpp"
#include "gui/plots/plot_panel.hpp"
#include "model/planning/expected_loss.hpp"
#include "model/scaling/law_reader.hpp"
#include "tests/cli/command_line_fixture.hpp"
#include "tests/gui/gui_fixture.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <QComboBox>
#include <QLineEdit>
#include <QTabWidget>
#include <QTableView>

#include <algorithm>
#include <cmath>

namespace flopcast {
namespace {

using testing::HasSubstr;
using namespace tests;

constexpr Date some_day{2026, 11, 28};

LawStudy study_by(std::string_view law, std::string_view plan = example) {
  const EstimatedPlanPointer answer = answered({}, plan);
  auto study =
      law_study(load_law(shipped_session().catalog(), std::string(law)), nullptr, answer->run, {});
  EXPECT_TRUE(study);
  return std::move(*study);
}

const ChartSeries &series(const LawChart &chart, std::string_view name) {
  const auto found = std::ranges::find(chart.series, name, &ChartSeries::name);
  EXPECT_NE(found, chart.series.end()) << name;
  return *found;
}

TEST(LawStudy, AsksTheLawForThePlansLoss) {
  const LawStudy study = study_by(usual_law);
  ASSERT_TRUE(study.here) << study.refusal;
  // E + A/N^alpha + B/D^beta, coefficients as in presets/laws/besiroglu-2024-huber.toml.
  const double n = study.params;
  EXPECT_NEAR(n, 175e9, 1e9) << "GPT-3";
  EXPECT_EQ(study.tokens.in(units::token), 300e9);
  const double loss = 1.8172181047136613 + 477.8258901082132 * std::pow(n, -0.347310501339) +
                      2143.417493454286 * std::pow(300e9, -0.367172435668);
  EXPECT_NEAR(study.here->loss, loss, 1e-12);
  EXPECT_EQ(study.compute.in(units::flop), 6 * n * 300e9);
}

TEST(LawStudy, TellsTheLossThatTheEstimateTells) {
  for (const char *law : {"besiroglu-2024-huber", "hoffmann-2022", "kaplan-2020"})
    for (const char *plan : {"gpt3-175b-a100", "llama3-70b-h100"}) {
      const EstimatedPlanPointer answer = answered("data.law=" + std::string(law), plan);
      const LawStudy study = study_by(law, plan);
      ASSERT_TRUE(answer->estimate.loss) << law << ' ' << plan;
      ASSERT_TRUE(study.here) << study.refusal;
      EXPECT_EQ(study.here->loss, *answer->estimate.loss) << law << ' ' << plan;
    }
}

TEST(LawStudy, PutsThePlanAboveTheBestOfItsBudget) {
  const LawStudy study = study_by(usual_law);
  ASSERT_TRUE(study.best);
  EXPECT_LT(study.best->best.loss, study.here->loss) << "GPT-3 is larger than its data ask for";
  EXPECT_NEAR(6 * study.best->best.params * study.best->best.tokens.in(units::token) /
                  study.compute.in(units::flop),
              1, 1e-9);
  // The frontier passes through that best at the plan's compute, its middle.
  const auto &frontier = series(study.frontier, "best for the budget").points;
  const ChartPoint &middle = frontier[frontier.size() / 2];
  EXPECT_NEAR(middle.x / study.compute.in(units::flop), 1, 1e-9);
  EXPECT_NEAR(middle.y, study.best->best.loss, 1e-9);
  for (std::size_t i = 1; i < frontier.size(); ++i)
    EXPECT_LT(frontier[i].y, frontier[i - 1].y) << "more compute, less loss";
}

TEST(LawStudy, DrawsBudgetsWhoseLeastLossIsTheirBest) {
  const LawStudy study = study_by(usual_law);
  const auto &best = series(study.isoflop, "best of each budget").points;
  std::size_t budget = 0;
  for (const ChartSeries &curve : study.isoflop.series) {
    if (curve.mark != ChartMark::line)
      continue;
    const auto least = std::ranges::min_element(curve.points, {}, &ChartPoint::y);
    EXPECT_GE(least->y, best[budget].y - 1e-12);
    // 48 steps over a factor of 256 in size: the least one stands within a step of it.
    EXPECT_NEAR(std::log(least->x / best[budget].x), 0, std::log(256.0) / 48);
    ++budget;
  }
  EXPECT_EQ(budget, best.size());
}

TEST(LawStudy, HasIntervalsAboutEveryValue) {
  const LawStudy study = study_by(usual_law);
  ASSERT_TRUE(study.here->interval);
  EXPECT_LT(study.here->interval->low, study.here->loss);
  EXPECT_GT(study.here->interval->high, study.here->loss);
  for (const ChartPoint &point : series(study.frontier, "80 % of the law").points)
    EXPECT_LT(point.y, point.high);
}

TEST(LawStudy, AnswersForEveryLawThatIsShipped) {
  const EstimatedPlanPointer plan = answered();
  for (const ScalingLaw &law : load_laws(shipped_session().catalog())) {
    const auto study = law_study(law, nullptr, plan->run, {});
    ASSERT_TRUE(study) << law.id;
    EXPECT_TRUE(study->here || !study->refusal.empty()) << law.id;
    const PlotData plot = law_plot(study->isoflop);
    EXPECT_TRUE(!plot.empty() || !plot.empty_text.isEmpty()) << law.id;
    EXPECT_GE(law_table(*study).size(), 5U) << law.id;
  }
}

TEST(LawStudy, GivesUpWhenToldTo) {
  std::stop_source stop;
  stop.request_stop();
  const ScalingLaw law = load_law(shipped_session().catalog(), std::string(usual_law));
  EXPECT_FALSE(law_study(law, nullptr, answered()->run, stop.get_token()));
}

/// Runs whose losses follow E = 1.8, A = 400, B = 2000, alpha = .34, beta = .37, half a percent off
/// to either side by turns.
std::string planted_runs() {
  std::string text = "N,D,loss\n";
  int count = 0;
  for (const double n : {5e7, 1e8, 2e8, 5e8, 1e9, 2e9})
    for (const double ratio : {5.0, 20.0, 80.0, 160.0}) {
      const double off = 1 + 0.005 * ((count * 7 % 5) - 2) / 2;
      ++count;
      const double d = ratio * n;
      text += std::to_string(n) + ',' + std::to_string(d) + ',' +
              std::to_string(off * (1.8 + 400 * std::pow(n, -0.34) + 2000 * std::pow(d, -0.37))) +
              '\n';
    }
  return text;
}

class OwnRuns : public CommandLine {
protected:
  [[nodiscard]] std::string refusal(const std::string &name, const std::string &text,
                                    const std::string &columns = {}) const {
    try {
      (void)fitted_runs({file(name, text), columns, "chinchilla"}, some_day, {});
    } catch (const InputError &error) {
      return error.what();
    }
    return "";
  }
};

TEST_F(OwnRuns, AreFittedAsTheCommandLineFitsThem) {
  const std::string runs = file("runs.csv", planted_runs());
  const auto fitted = fitted_runs({runs, {}, "chinchilla"}, some_day, {});
  ASSERT_TRUE(fitted);
  const auto printed = json({"law", "fit", runs});
  for (const char *name : {"E", "A", "B", "alpha", "beta"}) {
    EXPECT_EQ(printed["parameters"][name], fitted->analysis.fit.parameter(name)) << name;
  }
  // 24 runs with half a percent of noise: the floor within a twentieth.
  EXPECT_NEAR(fitted->analysis.fit.parameter("E"), 1.8, 0.09);
  ASSERT_TRUE(fitted->law);
  EXPECT_EQ(fitted->law->name, "runs.csv");
}

TEST_F(OwnRuns, HaveTheChartsOfTheReports) {
  const auto fitted =
      fitted_runs({file("runs.csv", planted_runs()), {}, "chinchilla"}, some_day, {});
  ASSERT_TRUE(fitted);
  const PlotData against = fit_plot(fitted->charts, "fit");
  EXPECT_EQ(against.id, "runs-fit");
  EXPECT_EQ(against.series.back().x.size(), 24U) << "one point a run";
  const PlotData none = fit_plot(fitted->charts, "no such chart");
  EXPECT_TRUE(none.empty());
  const auto table = fit_table(fitted->analysis);
  EXPECT_EQ(table.size(), 1U + fitted->analysis.fit.form().parameters.size());
  EXPECT_EQ(table[1].size(), table[0].size());
}

TEST_F(OwnRuns, AreRefusedWithPlaceAndRemedy) {
  EXPECT_THAT(refusal("a.csv", "N,D,perplexity\n1e9,2e10,8\n"), HasSubstr("a.csv:1:1"));
  EXPECT_THAT(refusal("b.csv", "N,D,loss\n1e9,2e10,-1\n"), HasSubstr("b.csv:2:"));
  EXPECT_THAT(refusal("c.csv", "N,D,loss\n1e9,2e10,2\n"), HasSubstr("parameters"))
      << "fewer runs than parameters";
  EXPECT_THAT(refusal("d.csv", planted_runs(), "N=size"), HasSubstr("no column \"size\""));
}

TEST_F(OwnRuns, OfOtherNamesAreFoundByTheirColumns) {
  std::string text = planted_runs();
  text.replace(0, 8, "size,tok,ce");
  const auto fitted =
      fitted_runs({file("runs.csv", text), "N=size,D=tok,loss=ce", "chinchilla"}, some_day, {});
  ASSERT_TRUE(fitted);
  EXPECT_EQ(fitted->analysis.fit.runs.size(), 24U);
}

class LawWindow : public CommandLine {
protected:
  LawWindow() {
    window_.open_plan(QString::fromUtf8(example));
    window_.show_page("law");
    window_.settle();
  }
  ~LawWindow() override { window_.close(); }

  [[nodiscard]] LawPage &page() const { return *window_.findChild<LawPage *>(); }
  [[nodiscard]] std::string message() const {
    return page().findChild<MessageArea *>()->text().toStdString();
  }
  void drop(const std::string &dropped) {
    drop_file(window_, dropped);
    window_.settle();
  }

  MainWindow window_{shipped_session(), Settings("")};
};

TEST_F(LawWindow, ShowsTheUsualLawFirst) {
  const auto *laws = page().findChild<QComboBox *>("law");
  EXPECT_EQ(laws->currentData().toString().toStdString(), usual_law);
  EXPECT_GT(laws->count(), 20);
  EXPECT_EQ(page().findChild<QTabWidget *>()->isTabVisible(1), false) << "there is no fit yet";
}

TEST_F(LawWindow, AsksTheLawThatIsChosen) {
  const auto loss = [this] {
    return page().findChild<QTableView *>("law-numbers")->model()->index(0, 2).data().toString();
  };
  const QString before = loss();
  auto *laws = page().findChild<QComboBox *>("law");
  laws->setCurrentIndex(laws->findData("hoffmann-2022"));
  emit laws->activated(laws->currentIndex());
  window_.settle();
  EXPECT_NE(loss(), before);
  EXPECT_EQ(loss(), QString::number(study_by("hoffmann-2022").here->loss, 'f', 4));
}

TEST_F(LawWindow, FollowsTheLawOfThePlan) {
  const auto *laws = page().findChild<QComboBox *>("law");
  const auto edit = [this](const std::string &key, const std::string &value) {
    window_.document().edit({{key, value}}, "edit", {});
    window_.settle();
  };
  edit("data.law", "hoffmann-2022");
  EXPECT_EQ(laws->currentData(), "hoffmann-2022");
  EXPECT_EQ(page().findChild<QTableView *>("law-numbers")->model()->index(0, 2).data().toString(),
            QString::number(study_by("hoffmann-2022").here->loss, 'f', 4));
  edit("data.tokens", "400e9 token");
  EXPECT_EQ(laws->currentData(), "hoffmann-2022");
  edit("data.law", "none");
  EXPECT_EQ(laws->currentData(), "hoffmann-2022") << "there is no other to follow";
}

TEST_F(LawWindow, KeepsALawThatIsChosenForALook) {
  auto *laws = page().findChild<QComboBox *>("law");
  laws->setCurrentIndex(laws->findData("hoffmann-2022"));
  emit laws->activated(laws->currentIndex());
  window_.document().edit({{"data.tokens", "400e9 token"}}, "edit", {});
  window_.settle();
  EXPECT_EQ(laws->currentData(), "hoffmann-2022");
  EXPECT_EQ(answered()->run.plan.data.law->law.id, usual_law) << "the plan keeps its own";
}

TEST_F(LawWindow, FitsRunsThatAreDroppedOnIt) {
  window_.show_page("numbers");
  drop(file("mine.csv", planted_runs()));
  EXPECT_TRUE(page().isVisibleTo(&window_)) << "the page comes to the front";
  auto *laws = page().findChild<QComboBox *>("law");
  EXPECT_EQ(laws->currentText(), "fitted to mine.csv");
  EXPECT_EQ(page().findChild<QTabWidget *>()->currentIndex(), 1) << "what was asked for";
  EXPECT_EQ(window_.document().request().where, shipped_session().located(std::string(example)))
      << "the plan stays";
}

TEST_F(LawWindow, KeepsWhatItShowsWhenRunsAreBroken) {
  drop(file("mine.csv", planted_runs()));
  drop(file("broken.csv", "a,b\n1,2\n"));
  EXPECT_THAT(message(), HasSubstr("broken.csv:1:1"));
  EXPECT_EQ(page().findChild<QComboBox *>("law")->currentText(), "fitted to mine.csv");
  auto *columns = page().findChild<QLineEdit *>("columns");
  columns->setText("nonsense");
  emit columns->editingFinished();
  window_.settle();
  EXPECT_THAT(message(), HasSubstr("nonsense"));
}

} // namespace
} // namespace flopcast
