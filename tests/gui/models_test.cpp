// SPDX-License-Identifier: Apache-2.0
#include "gui/models/plan_list_model.hpp"
#include "gui/models/plot_table_model.hpp"
#include "gui/models/report_model.hpp"
#include "reports/compare_report.hpp"
#include "tests/gui/gui_fixture.hpp"

#include <QAbstractItemModelTester>

#include <array>

namespace flopcast {
namespace {

using namespace tests;

constexpr auto fatal = QAbstractItemModelTester::FailureReportingMode::Fatal;

TEST(PlotTable, IsAProperModelWhateverItHolds) {
  PlotTableModel model;
  const QAbstractItemModelTester tester(&model, fatal);
  model.set_rows({{"x", "y"}, {"1", "2"}, {"3", "4"}});
  model.set_rows({{"x", "y"}, {"1", "2"}, {"3", "5"}});
  EXPECT_EQ(model.index(1, 1).data().toString(), "5");
  EXPECT_EQ(model.headerData(1, Qt::Horizontal, Qt::DisplayRole).toString(), "y");
  model.set_rows({{"x"}});
  EXPECT_EQ(model.rowCount({}), 0);
  model.set_rows({});
  EXPECT_EQ(model.columnCount({}), 0);
}

TEST(PlotTable, KeepsTheSelectionWhereOnlyNumbersChange) {
  PlotTableModel model;
  model.set_rows({{"x"}, {"1"}});
  int resets = 0;
  QObject::connect(&model, &QAbstractItemModel::modelReset, [&resets] { ++resets; });
  model.set_rows({{"x"}, {"2"}});
  EXPECT_EQ(resets, 0);
  model.set_rows({{"x"}, {"2"}, {"3"}});
  EXPECT_EQ(resets, 1);
}

TEST(ReportTree, ShowsEveryCellOfAComparison) {
  const EstimatedPlanPointer a = answered();
  const EstimatedPlanPointer b = answered("training.micro_batch=2");
  const std::array answers{a->answer(), b->answer()};
  const Report report = compare_report(answers);
  ReportModel model;
  const QAbstractItemModelTester tester(&model, fatal);
  model.set_report(report);
  ASSERT_EQ(model.rowCount({}), static_cast<int>(report.sections.size()));
  for (int section = 0; section < model.rowCount({}); ++section) {
    const QModelIndex parent = model.index(section, 0, {});
    const auto &rows = report.sections[static_cast<std::size_t>(section)].rows;
    ASSERT_EQ(model.rowCount(parent), static_cast<int>(rows.size()));
    for (std::size_t row = 0; row < rows.size(); ++row)
      for (std::size_t cell = 0; cell < rows[row].cells.size(); ++cell)
        EXPECT_EQ(model.index(static_cast<int>(row), static_cast<int>(cell) + 1, parent)
                      .data()
                      .toString()
                      .toStdString(),
                  rows[row].cells[cell]);
  }
  EXPECT_FALSE(model.set_report(compare_report(std::array{b->answer(), a->answer()})))
      << "other numbers in the same rows";
  EXPECT_EQ(
      model.report().sections.front().rows.front().cells,
      compare_report(std::array{b->answer(), a->answer()}).sections.front().rows.front().cells);
  EXPECT_TRUE(model.set_report({}));
  EXPECT_EQ(model.rowCount({}), 0);
}

TEST(PlanList, IsAProperModel) {
  PlanListModel model;
  const QAbstractItemModelTester tester(&model, fatal);
  model.set_plans(shipped_session().shipped_plans());
  EXPECT_GT(model.rowCount({}), 0);
  model.set_plans({});
  EXPECT_EQ(model.rowCount({}), 0);
}

} // namespace
} // namespace flopcast
