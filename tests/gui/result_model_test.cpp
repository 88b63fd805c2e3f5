// SPDX-License-Identifier: Apache-2.0
#include "gui/models/plan_list_model.hpp"
#include "gui/models/result_model.hpp"
#include "tests/cli/command_line_fixture.hpp"
#include "tests/gui/gui_fixture.hpp"

#include <gmock/gmock.h>

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QTextDocument>

namespace flopcast {
namespace {

using namespace tests;

std::string text(const QModelIndex &index) {
  return index.data(Qt::DisplayRole).toString().toStdString();
}

/// The report's sections, read back from what the model shows.
std::vector<ReportSection> sections_shown(const ResultModel &model) {
  std::vector<ReportSection> sections;
  for (int s = 0; s < model.rowCount({}); ++s) {
    const QModelIndex parent = model.index(s, 0, {});
    ReportSection section{text(parent), {}};
    for (int r = 0; r < model.rowCount(parent); ++r) {
      ReportRow row{"", text(model.index(r, ResultModel::quantity_column, parent)), {}};
      for (const int column : {ResultModel::value_column, ResultModel::share_column})
        if (std::string cell = text(model.index(r, column, parent)); !cell.empty())
          row.cells.push_back(std::move(cell));
      section.rows.push_back(std::move(row));
    }
    sections.push_back(std::move(section));
  }
  return sections;
}

class ResultsOfPlan : public CommandLine, public testing::WithParamInterface<std::string> {};

TEST_P(ResultsOfPlan, AreTheTextsThatTheCommandLinePrints) {
  const EstimatedPlanPointer plan = answered({}, GetParam());
  ResultModel model;
  model.set_plan(plan);
  Report shown = plan->report;
  shown.sections = sections_shown(model);
  EXPECT_EQ(to_markdown(shown), run({"estimate", GetParam(), "--format", "md"}).out);
}

INSTANTIATE_TEST_SUITE_P(Shipped, ResultsOfPlan, testing::ValuesIn(shipped_presets().ids("plans")),
                         [](const auto &plan) {
                           std::string name = plan.param;
                           std::ranges::replace_if(
                               name, [](char c) { return c == '-' || c == '.'; }, '_');
                           return name;
                         });

class ResultTooltip : public CommandLine {};

TEST_F(ResultTooltip, IsWhatExplainPrints) {
  ResultModel model;
  model.set_plan(answered());
  const QModelIndex step = model.index_of("time.step_s");
  QTextDocument tooltip;
  tooltip.setHtml(step.data(Qt::ToolTipRole).toString());
  const std::string printed =
      run({"explain", std::string(example), "time.step_s", "--depth", "1"}).out;
  EXPECT_EQ(tooltip.toPlainText().toStdString() + "\n", printed);
}

TEST_F(ResultTooltip, IsThereForEveryNumberOfAPlan) {
  ResultModel model;
  model.set_plan(answered());
  for (const NamedQuantity &quantity : named_quantities()) {
    const QModelIndex row = model.index_of(QString::fromUtf8(quantity.key));
    if (row.isValid()) { // some plans leave numbers out, as the command line does
      EXPECT_NE(row.data(Qt::ToolTipRole).toString(), "") << quantity.key;
    }
  }
}

TEST(ResultModel, KeepsTheRulesOfItemModels) {
  ResultModel model;
  const QAbstractItemModelTester tester(&model,
                                        QAbstractItemModelTester::FailureReportingMode::Fatal);
  model.set_plan(answered());
  model.set_plan(answered("training.micro_batch=2"));
  model.set_plan(answered(std::string(too_large)));
  model.set_plan(nullptr);
  EXPECT_EQ(model.rowCount({}), 0);
}

TEST(ResultModel, KeepsItsRowsWhereOnlyNumbersChange) {
  ResultModel model;
  model.set_plan(answered());
  const QPersistentModelIndex cost = model.index_of("cost.total_usd").siblingAtColumn(1);
  const std::string before = text(cost);
  const QSignalSpy resets(&model, &QAbstractItemModel::modelReset);
  const QSignalSpy changes(&model, &QAbstractItemModel::dataChanged);
  model.set_plan(answered("price.rate=1 USD/(GPU*h)"));
  EXPECT_EQ(resets.count(), 0);
  EXPECT_GT(changes.count(), 0);
  ASSERT_TRUE(cost.isValid());
  EXPECT_NE(text(cost), before);
}

TEST(ResultModel, StartsAnewWhereRowsCameOrWent) {
  ResultModel model;
  model.set_plan(answered());
  const QSignalSpy resets(&model, &QAbstractItemModel::modelReset);
  model.set_plan(answered(std::string(too_large))); // no step, so no parts of one
  EXPECT_EQ(resets.count(), 1);
}

TEST(ResultModel, ExplainsNothingForTextsAndSections) {
  ResultModel model;
  model.set_plan(answered());
  const QModelIndex section = model.index(0, 0, {});
  EXPECT_EQ(model.explanation(section, 3), "");
  EXPECT_EQ(model.explanation(model.index(0, 0, section), 3), ""); // the model's name
  EXPECT_EQ(model.explanation({}, 3), "");
}

TEST(PlanListModel, KeepsTheRulesOfItemModels) {
  PlanListModel model;
  const QAbstractItemModelTester tester(&model,
                                        QAbstractItemModelTester::FailureReportingMode::Fatal);
  const auto plans = shipped_session().shipped_plans();
  model.set_plans(plans);
  const QModelIndex last = model.index_of(QString::fromStdString(plans.back().path));
  EXPECT_EQ(last.row(), static_cast<int>(plans.size()) - 1);
  EXPECT_FALSE(model.index_of("elsewhere.toml").isValid());
}

} // namespace
} // namespace flopcast
