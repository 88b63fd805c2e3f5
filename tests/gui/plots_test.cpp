// SPDX-License-Identifier: Apache-2.0
#include "gui/charts/plan_charts.hpp"
#include "gui/plots/plot_panel.hpp"
#include "gui/plots/plot_view.hpp"
#include "tests/gui/gui_fixture.hpp"

#include <gmock/gmock.h>

#include <QFile>
#include <QImage>
#include <QTableView>
#include <QXmlStreamReader>

#include <numeric>

namespace flopcast {
namespace {

using testing::HasSubstr;
using namespace tests;

double sum(const PlotData &plot, double at) {
  double total = 0;
  for (const PlotSeries &series : plot.series)
    for (std::size_t i = 0; i < series.x.size(); ++i)
      total += series.x[i] == at ? series.y[i] : 0;
  return total;
}

TEST(StepChart, AddsUpToTheStep) {
  const EstimatedPlanPointer plan = answered();
  const PlotData chart = step_chart(*plan);
  ASSERT_EQ(chart.series.size(), 1U);
  const std::vector<double> &parts = chart.series.front().y;
  EXPECT_NEAR(std::accumulate(parts.begin(), parts.end(), 0.0),
              plan->estimate.step->time.total().in(units::second), 1e-5)
      << "parts below a millionth of the largest, 21 s, are left out";
  EXPECT_EQ(static_cast<std::size_t>(chart.x.categories.size()), parts.size());
}

TEST(MemoryChart, StacksTheFirstAndTheLastStageUnderTheCapacity) {
  const EstimatedPlanPointer plan = answered();
  const PlotData chart = memory_chart(*plan);
  const StepEstimate &step = *plan->estimate.step;
  ASSERT_EQ(chart.x.categories.size(), 2);
  EXPECT_NEAR(sum(chart, 0), step.first_stage.total().in(units::gigabyte), 1e-6);
  EXPECT_NEAR(sum(chart, 1), step.last_stage.total().in(units::gigabyte), 1e-6);
  ASSERT_EQ(chart.y_marks.size(), 1U);
  EXPECT_EQ(chart.y_marks.front().at, 80); // GB of an A100-SXM4-80GB
}

TEST(CostChart, AddsUpToTheCost) {
  const EstimatedPlanPointer plan = answered();
  const PlotData chart = cost_chart(*plan);
  const std::vector<double> &lines = chart.series.front().y;
  EXPECT_EQ(chart.y.title, "cost (thousand USD)"); // between 10,000 and 10 million
  EXPECT_NEAR(1e3 * std::accumulate(lines.begin(), lines.end(), 0.0),
              plan->estimate.run->total_cost.in(units::usd), 1e-3);
}

TEST(ScalingChart, LeavesGapsWhereThePlanCannotRun) {
  const PlanSession session = shipped_session();
  // 64 stages of 8 ranks are 512: on 128 GPUs there is no layout of this plan's, on 2,048 there is.
  const auto points = scaling(session, {std::string(example), ""}, {16, 1024}, {});
  ASSERT_TRUE(points);
  const PlotData chart = scaling_chart(*points, "time.step_s", 1024);
  EXPECT_TRUE(std::isnan(chart.series.front().y[0])) << "16 GPUs hold no 8 x 8 ranks";
  EXPECT_EQ(chart.series.front().y[1], answered()->estimate.step->time.total().in(units::second));
  const auto table = scaling_table(*points);
  ASSERT_EQ(table.size(), 3U);
  EXPECT_THAT(table[1].back().toStdString(), HasSubstr("GPUs"));
}

TEST(Scaling, GivesUpWhenToldTo) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(scaling(shipped_session(), {std::string(example), ""}, {8}, stop.get_token()));
  EXPECT_FALSE(price_variants(shipped_session(), {std::string(example), ""}, stop.get_token()));
}

TEST(Scaling, LooksAtDoublingsAndHalvings) {
  EXPECT_EQ(scaling_counts(8), (std::vector<std::int64_t>{1, 2, 4, 8, 16, 32, 64, 128, 256}));
  EXPECT_EQ(scaling_counts(24), (std::vector<std::int64_t>{3, 6, 12, 24, 48, 96, 192, 384, 768}));
}

TEST(PriceVariants, CostWhatTheCommandLineSaysOfThem) {
  const auto variants = price_variants(shipped_session(), {std::string(example), ""}, {});
  ASSERT_TRUE(variants);
  ASSERT_FALSE(variants->empty());
  for (const Variant &variant : *variants)
    EXPECT_EQ(std::get<EstimatedPlanPointer>(variant.outcome)->estimate.run->total_cost,
              answered(variant.changes)->estimate.run->total_cost)
        << variant.name;
}

TEST(CalibrationChart, ShowsHeldBackErrorsOfWhatWasMeasured) {
  const EstimatedPlanPointer plan = answered();
  const Calibration &calibration = plan->run.cluster.calibration;
  const PlotData chart = calibration_chart(calibration);
  ASSERT_EQ(chart.series.size(), 2U);
  ASSERT_FALSE(calibration.errors.empty());
  EXPECT_DOUBLE_EQ(chart.series[0].y.front(), 100 * calibration.errors.front().held_back.median);
}

TEST(PlotExtent, HoldsGapsNeitherBandsNorMarksOut) {
  PlotData plot;
  plot.series = {{"line", {1, 2, 4}, {3, plot_gap, 5}},
                 {"band", {2, 8}, {2, 4}, PlotSeries::Form::band, {7, 9}}};
  plot.y_marks = {{"limit", 12}};
  const PlotExtent all = extent(plot);
  EXPECT_EQ(all.first, 1);
  EXPECT_EQ(all.last, 8);
  EXPECT_EQ(all.low, 2);
  EXPECT_EQ(all.high, 12);
}

TEST(PlotExtent, OfStackedBarsReachesTheirSum) {
  PlotData plot;
  plot.series = {{"a", {0, 1}, {3, 4}, PlotSeries::Form::bars},
                 {"b", {0, 1}, {3, 1}, PlotSeries::Form::bars}};
  EXPECT_EQ(extent(plot).high, 4);
  plot.stacked = true;
  EXPECT_EQ(extent(plot).high, 6);
}

TEST(ValuesNear, AreThoseOfTheNearestPosition) {
  PlotData plot;
  plot.x.title = "GPUs";
  plot.y.title = "days";
  plot.series = {{"", {8, 64}, {30, 5}}, {"own", {8, 64}, {40, plot_gap}}};
  EXPECT_EQ(values_near(plot, 30), QStringList({"GPUs: 8", "days: 30", "own: 40"}));
  plot.x.logarithmic = true; // 30 is 3.75 times 8, 64 is 2.13 times 30
  EXPECT_EQ(values_near(plot, 30), QStringList({"GPUs: 64", "days: 5"}));
}

TEST(PlotTable, HoldsEveryValueWithItsUnit) {
  PlotData plot;
  plot.x.title = "GPUs";
  plot.y.title = "time (s)";
  plot.series = {{"a", {1, 2}, {10, plot_gap}, PlotSeries::Form::line},
                 {"b", {2, 3}, {20, 30.5}, PlotSeries::Form::line}};
  EXPECT_EQ(plot_csv(plot), "GPUs,\"a, time (s)\",\"b, time (s)\"\n1,10,\n2,,20\n3,,30.5\n");
}

TEST(PlotTable, HoldsBothEdgesOfABand) {
  PlotData plot;
  plot.x.title = "C";
  plot.y.title = "loss";
  plot.series = {{"law", {1, 2}, {3, 4}, PlotSeries::Form::band, {5, 6}, 0}};
  EXPECT_EQ(plot_csv(plot), "C,\"loss, low\",\"loss, high\"\n1,3,5\n2,4,6\n");
}

class SavedPlot : public testing::Test {
protected:
  SavedPlot() {
    panel_.resize(600, 400);
    panel_.set_plot(memory_chart(*answered()));
  }
  [[nodiscard]] QByteArray saved(const QString &name) {
    panel_.save(folder_.path(name));
    QFile file(folder_.path(name));
    EXPECT_TRUE(file.open(QIODevice::ReadOnly));
    return file.readAll();
  }

  Folder folder_;
  PlotPanel panel_{nullptr};
};

TEST_F(SavedPlot, IsAPictureOfTwiceTheSize) {
  const QImage image = QImage::fromData(saved("a.png"), "PNG");
  EXPECT_GE(image.width(), 960);
  EXPECT_GE(image.height(), 640);
}

TEST_F(SavedPlot, IsAWellFormedSvgWithText) {
  const QByteArray svg = saved("a.svg");
  QXmlStreamReader reader(svg);
  while (!reader.atEnd())
    reader.readNext();
  EXPECT_FALSE(reader.hasError()) << reader.errorString().toStdString();
  EXPECT_TRUE(svg.contains("activations")) << "the legend is text";
}

TEST_F(SavedPlot, IsAPdfOrATable) {
  EXPECT_TRUE(saved("a.pdf").startsWith("%PDF-"));
  EXPECT_EQ(QString::fromUtf8(saved("a.csv")), plot_csv(panel_.plot()));
}

TEST_F(SavedPlot, SaysWhyItCannotBeWritten) {
  const auto complaint = [this](const QString &file) -> std::string {
    try {
      panel_.save(file);
    } catch (const InputError &error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(complaint(folder_.path("a.gif")), HasSubstr("end it in .png, .svg, .pdf or .csv"));
  EXPECT_THAT(complaint(folder_.path("no-such-folder/a.png")), HasSubstr("cannot be written: "));
  EXPECT_FALSE(QFile::exists(folder_.path("a.gif")));
}

TEST_F(SavedPlot, HasATableTwin) {
  const auto *table = panel_.findChild<QTableView *>();
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->model()->rowCount(), 0) << "made when it is asked for";
  panel_.show_table(true);
  const auto rows = plot_table(panel_.plot());
  EXPECT_EQ(table->model()->rowCount(), static_cast<int>(rows.size()) - 1);
  EXPECT_EQ(table->model()->index(0, 1).data().toString(), rows[1][1]);
}

} // namespace
} // namespace flopcast
