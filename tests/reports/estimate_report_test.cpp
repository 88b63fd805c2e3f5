// SPDX-License-Identifier: Apache-2.0
#include "hardware/input/csv.hpp"
#include "reports/compare_report.hpp"
#include "reports/estimate_csv.hpp"
#include "reports/estimate_json.hpp"
#include "reports/estimate_report.hpp"
#include "tests/reports/planned.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <limits>

namespace flopcast::tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

const ReportRow *row_of(const Report &report, std::string_view key) {
  for (const ReportSection &section : report.sections)
    for (const ReportRow &row : section.rows)
      if (row.key == key)
        return &row;
  return nullptr;
}

TEST(EstimateReport, LeavesOutPartsOfTheStepThatThereAreNot) {
  const Planned run = planned();
  const Report report = estimate_report(run.answer(), std::nullopt);
  EXPECT_NE(row_of(report, "time.breakdown.compute_s"), nullptr);
  EXPECT_EQ(row_of(report, "time.breakdown.pipeline_s"), nullptr) << "one stage";
  EXPECT_EQ(row_of(report, "time.breakdown.stated_s"), nullptr);
  EXPECT_EQ(row_of(report, "parameters.active"), nullptr) << "all are: a dense model";
  EXPECT_NE(row_of(report, "time.step_s"), nullptr);
}

TEST(EstimateReport, NamesTheFabricWhereThereIsOne) {
  const auto shown = [](const Planned &run) {
    const Report report = estimate_report(run.answer(), std::nullopt);
    for (const ReportRow &row : report.sections.front().rows)
      if (row.label == "fabric")
        return row.cells.front();
    return std::string("none");
  };
  EXPECT_EQ(shown(planned()), "none");
  EXPECT_EQ(shown(planned({"hardware.fabric.kind=single_domain"})), "own fabric");
}

TEST(EstimateReport, ShowsTheMemoryOfStagesThatDiffer) {
  const std::vector<std::string> two_stages{"parallelism.data_parallel=4",
                                            "parallelism.pipeline_parallel=2"};
  const json even = json::parse(estimate_json(planned(two_stages).answer(), std::nullopt));
  EXPECT_TRUE(even["memory"]["stages"].empty());
  std::vector<std::string> listed = two_stages;
  listed.emplace_back("parallelism.stage_layers=[5, 7]");
  const Planned run = planned(listed);
  const json stages = json::parse(estimate_json(run.answer(), std::nullopt))["memory"]["stages"];
  ASSERT_EQ(stages.size(), 2U);
  for (const json &stage : stages) {
    double sum = 0;
    for (const auto &[key, value] : stage.items())
      if (key != "total_bytes" && key != "host_bytes")
        sum += value.get<double>();
    EXPECT_NEAR(sum, stage["total_bytes"].get<double>(), 1e-9 * sum);
  }
  std::vector<std::string> labels;
  for (const ReportSection &section : estimate_report(run.answer(), std::nullopt).sections)
    for (const ReportRow &row : section.rows)
      labels.push_back(row.label);
  EXPECT_THAT(labels, testing::IsSupersetOf({"stage 0", "stage 1"}));
}

TEST(EstimateReport, ShowsTheHostsMemoryWhereSomethingIsOffloaded) {
  EXPECT_EQ(row_of(estimate_report(planned().answer(), std::nullopt), "memory.host_bytes"),
            nullptr);
  const Report report =
      estimate_report(planned({"training.offload_optimizer=1"}).answer(), std::nullopt);
  EXPECT_NE(row_of(report, "memory.host_bytes"), nullptr);
  EXPECT_NE(row_of(report, "time.breakdown.offload_s"), nullptr);
}

TEST(EstimateReport, ARowThatIsAbsentIsADash) {
  const Planned run = planned({"parallelism.tensor_parallel=5"});
  ASSERT_FALSE(run.estimate.step);
  const Report report = estimate_report(run.answer(), std::nullopt);
  const ReportRow *step = row_of(report, "time.step_s");
  ASSERT_NE(step, nullptr);
  EXPECT_EQ(step->cells, std::vector<std::string>{"–"});
  EXPECT_FALSE(report.alerts.empty());
  EXPECT_EQ(report.alerts.back().label, "nearest plan");
  EXPECT_THAT(report.alerts.back().text, HasSubstr("none found"));
}

TEST(EstimateReport, TheNearestLayoutSaysHowManyGpusIfTheyDiffer) {
  const Planned run = planned({"parallelism.tensor_parallel=5"});
  const Layout same{run.run.plan.parallelism, run.run.plan.training, 8};
  Layout more = same;
  more.gpus = 16;
  EXPECT_THAT(estimate_report(run.answer(), same).alerts.back().text, Not(HasSubstr("GPUs")));
  EXPECT_THAT(estimate_report(run.answer(), more).alerts.back().text, HasSubstr("on 16 GPUs"));
}

TEST(EstimateReport, APlanThatCostsNothingHasNoShares) {
  const Planned run = planned({"price.rate=0 USD/(GPU*h)"});
  const Report report = estimate_report(run.answer(), std::nullopt);
  const ReportRow *total = row_of(report, "cost.total_usd");
  ASSERT_NE(total, nullptr);
  EXPECT_EQ(total->cells.front(), "0 USD");
  EXPECT_THAT(to_table(report, {}), Not(HasSubstr("nan")));
  EXPECT_EQ(json::parse(estimate_json(run.answer(), std::nullopt))["cost"]["total_usd"], 0);
}

TEST(EstimateReport, LinesOfTheCostHaveTheirShares) {
  // The extra line is a tenth of accelerator time, so 1/11 of the whole: 9.1 %.
  const Planned run = planned({"cost.staff.share=0.1"});
  const Report report = estimate_report(run.answer(), std::nullopt);
  const auto cost = std::ranges::find(report.sections, "Cost", &ReportSection::title);
  ASSERT_NE(cost, report.sections.end());
  const auto staff = std::ranges::find(cost->rows, "staff", &ReportRow::label);
  ASSERT_NE(staff, cost->rows.end());
  EXPECT_EQ(staff->cells.back(), "9.1 %");
}

TEST(EstimateReport, APriceOfThePlansOwnIsARemark) {
  const Planned run = planned({"price.source=our contract"});
  const Report report = estimate_report(run.answer(), std::nullopt);
  EXPECT_EQ(report.remarks.front().label, "price");
  EXPECT_EQ(report.remarks.front().text, "our contract");
}

// nlohmann-json throws on text that is no UTF-8 unless it is told not to.
TEST(EstimateJson, ANameThatIsNoUtf8DoesNotThrow) {
  Planned run = planned();
  run.run.plan.name = "bad \xff\xfe name";
  run.run.plan.price.description = "\xc3";
  run.run.plan.assumptions.push_back({"\x80", "\xff", "\xf0\x9f", Origin::assumed});
  std::string text;
  ASSERT_NO_THROW(text = estimate_json(run.answer(), std::nullopt));
  EXPECT_EQ(json::parse(text)["plan"]["name"], "bad \uFFFD\uFFFD name");
  const std::array answers{run.answer(), run.answer()};
  EXPECT_NO_THROW((void)compare_json(answers));
  EXPECT_NO_THROW((void)to_table(estimate_report(run.answer(), std::nullopt), {}));
  EXPECT_NO_THROW((void)to_markdown(estimate_report(run.answer(), std::nullopt)));
}

TEST(EstimateJson, CarriesTheFabric) {
  const auto fabric = [](const std::vector<std::string> &assignments) {
    return json::parse(
        estimate_json(planned(assignments).answer(), std::nullopt))["plan"]["fabric"];
  };
  EXPECT_EQ(fabric({}), "");
  EXPECT_EQ(fabric({"hardware.fabric=rail-2-ndr400"}), "rail-2-ndr400");
  EXPECT_EQ(fabric({"hardware.fabric.kind=single_domain", "hardware.fabric.name=mine"}), "mine");
}

TEST(EstimateJson, ANumberThatIsNotFiniteIsNull) {
  Planned run = planned();
  run.estimate.step->utilisation.mfu = std::numeric_limits<double>::quiet_NaN();
  run.estimate.step->utilisation.hfu = std::numeric_limits<double>::infinity();
  const json answer = json::parse(estimate_json(run.answer(), std::nullopt));
  EXPECT_TRUE(answer["throughput"]["mfu"].is_null());
  EXPECT_TRUE(answer["throughput"]["hfu"].is_null());
}

TEST(EstimateJson, NumbersSurviveTheText) {
  const Planned run = planned();
  const json answer = json::parse(estimate_json(run.answer(), std::nullopt));
  // Shortest text that reads back to the same double: equality, not nearness.
  EXPECT_EQ(answer["time"]["step_s"].get<double>(),
            run.estimate.step->time.total().in(units::second));
  EXPECT_EQ(answer["parameters"]["total"].get<double>(), run.estimate.parameters.total);
}

TEST(EstimateCsv, HostileNamesOfCostLinesAreQuoted) {
  Planned run = planned();
  const std::string name = "staff, \"three\"\nand a half";
  run.estimate.run->costs.push_back({name, 1.0 * units::usd});
  const auto rows = parse_csv(estimate_csv(run.answer()), "out.csv",
                              {"key", "value", "unit", "text", "low", "high"});
  const auto found = std::ranges::find_if(
      rows, [&](const CsvRow &row) { return row.at("key") == "cost.lines." + name; });
  ASSERT_NE(found, rows.end());
  EXPECT_EQ(found->at("value"), "1");
  EXPECT_EQ(found->at("unit"), "USD");
}

TEST(CompareReport, ShowsChangesAndEquals) {
  Planned first = planned();
  Planned second = planned();
  first.estimate.run->total_cost = 200.0 * units::usd;
  second.estimate.run->total_cost = 150.0 * units::usd;
  const std::array answers{first.answer(), second.answer()};
  const Report report = compare_report(answers);
  EXPECT_EQ(report.columns, (std::vector<std::string>{"small", "small", "change"}));
  EXPECT_EQ(row_of(report, "cost.total_usd")->cells,
            (std::vector<std::string>{"200 USD", "150 USD", "-25.0 %"}));
  EXPECT_EQ(row_of(report, "parameters.total")->cells.back(), "=");
}

TEST(CompareReport, ThereIsNoChangeFromZeroOrFromNothing) {
  const Planned cannot_run = planned({"parallelism.tensor_parallel=5"});
  Planned free_of_cost = planned({"price.rate=0 USD/(GPU*h)"});
  const Planned priced = planned();
  const std::array answers{cannot_run.answer(), free_of_cost.answer(), priced.answer()};
  const Report report = compare_report(answers);
  const auto cells = row_of(report, "cost.total_usd")->cells;
  EXPECT_EQ(cells[0], "–");
  EXPECT_EQ(cells[2], "");
  EXPECT_EQ(cells[4], "");
  const std::array others{free_of_cost.answer(), priced.answer()};
  EXPECT_EQ(row_of(compare_report(others), "cost.total_usd")->cells.back(), "");
}

} // namespace
} // namespace flopcast::tests
