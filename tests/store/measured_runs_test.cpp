// SPDX-License-Identifier: Apache-2.0
#include "store/measured_runs.hpp"

#include "hardware/input/csv.hpp"
#include "tests/store/stored_examples.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/preset_values.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flopcast {
namespace {

using namespace units;
using testing::ElementsAre;
using tests::example_run;

MeasuredRun run_named(const std::string &id) {
  MeasuredRun run = example_run();
  run.id = id;
  return run;
}

TEST(MeasuredRuns, ComeBackToTheBit) {
  const Database store(":memory:");
  MeasuredRun bare; // its source states nothing
  bare.id = "bare";
  EXPECT_TRUE(add_measured_run(store, example_run()));
  EXPECT_TRUE(add_measured_run(store, bare));
  EXPECT_EQ(find_measured_run(store, "acme-1"), example_run());
  EXPECT_EQ(find_measured_run(store, "bare"), bare);
  EXPECT_EQ(find_measured_run(store, "none"), std::nullopt);
}

TEST(MeasuredRuns, AreAddedOnce) {
  const Database store(":memory:");
  EXPECT_TRUE(add_measured_run(store, example_run()));
  EXPECT_FALSE(add_measured_run(store, example_run()));
  EXPECT_EQ(measured_runs(store, {}).size(), 1U);
}

TEST(MeasuredRuns, DoNotTakeTheIdOfAnother) {
  const Database store(":memory:");
  EXPECT_TRUE(add_measured_run(store, example_run()));
  MeasuredRun other = example_run();
  other.settings["tp"] = "4";
  EXPECT_THROW(add_measured_run(store, other), StoreError);
  EXPECT_EQ(find_measured_run(store, "acme-1"), example_run());
}

TEST(MeasuredRuns, AreListedByWhatTheQueryNames) {
  const Database store(":memory:");
  MeasuredRun other = run_named("other");
  other.source = "a blog";
  other.split_group = "blog";
  other.framework = "FSDP";
  other.model = "gpt3-175b";
  other.gpu = "B200";
  other.gpus = 8;
  EXPECT_TRUE(add_measured_run(store, other));
  EXPECT_TRUE(add_measured_run(store, example_run()));
  EXPECT_THAT(measured_runs(store, {}), ElementsAre(other, example_run()));
  for (const MeasuredRunQuery &query :
       {MeasuredRunQuery{.source = "a blog"}, MeasuredRunQuery{.split_group = "blog"},
        MeasuredRunQuery{.framework = "FSDP"}, MeasuredRunQuery{.model = "gpt3-175b"},
        MeasuredRunQuery{.gpu = "B200"}, MeasuredRunQuery{.gpus = 8}})
    EXPECT_THAT(measured_runs(store, query), ElementsAre(other));
  EXPECT_TRUE(measured_runs(store, {.model = "gpt3-175b", .gpus = 64}).empty());
}

TEST(MeasuredRuns, HoldThePublishedTable) {
  FLOPCAST_REQUIRE_SHARED("runs/measured_runs_dev.csv");
  const auto rows = tests::read_any_csv(tests::shared_data() / "runs/measured_runs_dev.csv");
  const Database store(":memory:");
  std::vector<MeasuredRun> runs;
  for (const CsvRow &row : rows) {
    MeasuredRun run;
    run.id = row.at("id");
    run.gpu = row.at("gpu");
    if (const auto time = tests::number_of(row.at("step_time_s")))
      run.step_time = *time * second;
    for (const auto &[column, field] : row.fields)
      run.settings.emplace(column, field);
    EXPECT_TRUE(add_measured_run(store, run)) << run.id;
    runs.push_back(run);
  }
  EXPECT_GT(runs.size(), 1000U);
  EXPECT_EQ(measured_runs(store, {}), runs);
}

} // namespace
} // namespace flopcast
