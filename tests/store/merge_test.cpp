// SPDX-License-Identifier: Apache-2.0
#include "store/merge.hpp"

#include "store/calibrations.hpp"
#include "tests/store/stored_examples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flopcast {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace tests;

Database in_memory() { return Database(":memory:"); }

MeasurementSession session_named(const std::string &id) {
  MeasurementSession session = example_session();
  session.id = id;
  return session;
}

CalibrationRecord fitted_to(const std::string &session) {
  return {.id = "mine",
          .device = "h200",
          .date = {2026, 1, 2},
          .session = session,
          .toml = "name = \"" + session + "\"\n"};
}

/// One session with operators of 1 and 2 rows, the calibration fitted to it, and a run.
Database small_store(const std::string &session) {
  Database store = in_memory();
  add_session(store, session_named(session));
  add_measured_operator(store, session, example_product(1));
  add_measured_operator(store, session, example_product(2));
  add_calibration(store, fitted_to(session));
  MeasuredRun run = example_run();
  run.id = session + "-run";
  add_measured_run(store, run);
  return store;
}

TEST(Merge, UnitesWhatIsOfDifferentOrigin) {
  const Database ours = small_store("a");
  EXPECT_EQ(merge(ours, small_store("b")),
            (MergeSummary{.sessions = 1, .operators = 2, .calibrations = 1, .runs = 1}));
  EXPECT_THAT(measurement_sessions(ours), ElementsAre(session_named("a"), session_named("b")));
  EXPECT_EQ(measured_operators(ours, "b"), measured_operators(ours, "a"));
  EXPECT_THAT(calibrations(ours), ElementsAre(fitted_to("a"), fitted_to("b")));
  EXPECT_TRUE(find_measured_run(ours, "a-run"));
  EXPECT_TRUE(find_measured_run(ours, "b-run"));
}

TEST(Merge, AddsNothingTwice) {
  const Database ours = small_store("a");
  EXPECT_EQ(merge(ours, small_store("a")), MergeSummary{});
  EXPECT_EQ(measured_operators(ours, "a").size(), 2U);
}

TEST(Merge, CompletesASessionThatWentOnElsewhere) {
  const Database ours = small_store("a");
  const Database theirs = small_store("a");
  add_measured_operator(theirs, "a", example_product(3));
  finish_session(theirs, "a");
  EXPECT_EQ(merge(ours, theirs), MergeSummary{.operators = 1});
  EXPECT_EQ(measured_operators(ours, "a").size(), 3U);
  EXPECT_TRUE(measurement_sessions(ours).front().finished);
  // The other way round, what is finished stays so.
  EXPECT_EQ(merge(theirs, small_store("a")), MergeSummary{});
  EXPECT_TRUE(measurement_sessions(theirs).front().finished);
}

TEST(Merge, KeepsOursAndReportsWhatDiffers) {
  const Database ours = small_store("a");
  const Database theirs = in_memory();
  add_session(theirs, session_named("a"));
  MeasuredOperator slower = example_product(1);
  slower.median *= 2;
  add_measured_operator(theirs, "a", slower);
  MeasuredRun run = example_run();
  run.id = "a-run";
  run.mfu = 0.5;
  add_measured_run(theirs, run);

  const MergeSummary summary = merge(ours, theirs);
  EXPECT_EQ(summary.operators + summary.runs, 0);
  EXPECT_THAT(summary.conflicts,
              ElementsAre(AllOf(HasSubstr("session a"), HasSubstr("gemm"),
                                HasSubstr(operator_key(slower.call, slower.cache))),
                          HasSubstr("run a-run")));
  EXPECT_EQ(measured_operators(ours, "a").front(), example_product(1));
  EXPECT_EQ(find_measured_run(ours, "a-run")->mfu, example_run().mfu);
}

TEST(Merge, LeavesOutASessionThatIsDescribedDifferently) {
  const Database ours = small_store("a");
  const Database theirs = in_memory();
  MeasurementSession other = session_named("a");
  other.device = "b200";
  add_session(theirs, other);
  add_measured_operator(theirs, "a", example_product(3));
  EXPECT_THAT(merge(ours, theirs).conflicts, ElementsAre(HasSubstr("session a")));
  EXPECT_EQ(measured_operators(ours, "a").size(), 2U);
}

} // namespace
} // namespace flopcast
