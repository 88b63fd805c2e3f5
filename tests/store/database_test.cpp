// SPDX-License-Identifier: Apache-2.0
#include "store/database.hpp"

#include "store/calibrations.hpp"
#include "store/measured_runs.hpp"
#include "store/measurements.hpp"
#include "store/schema.hpp"
#include "tests/store/stored_examples.hpp"
#include "tests/store/temporary_store.hpp"

#include <SQLiteCpp/Database.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace fs = std::filesystem;

namespace flopcast {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using tests::example_product;
using tests::example_session;
using tests::TemporaryStore;

/// What opening the store complains of; "" if it opens.
std::string complaint(const fs::path &path) {
  try {
    const Database opened(path);
  } catch (const StoreError &error) {
    return error.what();
  }
  return "";
}

/// A plain connection to a file that need not be a store.
SQLite::Database plain(const fs::path &path) {
  return {path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
}

std::string pragma(SQLite::Database &connection, const std::string &name) {
  return connection.execAndGet("PRAGMA " + name).getString();
}

std::string content_of(const fs::path &path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// Sets environment variables for a test and puts the former values back.
class Environment : public testing::Test {
protected:
  void set(const char *name, const char *value) {
    const char *former = std::getenv(name);
    former_.emplace_back(name,
                         former == nullptr ? std::nullopt : std::optional<std::string>(former));
    put(name, value);
  }
  void TearDown() override {
    for (const auto &[name, value] : former_ | std::views::reverse)
      put(name, value ? value->c_str() : nullptr);
  }

private:
  static void put(const char *name, const char *value) {
    value == nullptr ? unsetenv(name) : setenv(name, value, 1);
  }

  std::vector<std::pair<const char *, std::optional<std::string>>> former_;
};

class DefaultStorePath : public Environment {};

TEST_F(DefaultStorePath, FollowsTheEnvironment) {
  set("FLOPCAST_STORE", nullptr);
  set("XDG_DATA_HOME", nullptr);
  set("HOME", "/home/ada");
  EXPECT_EQ(default_store_path(), "/home/ada/.local/share/flopcast/store.db");
  set("XDG_DATA_HOME", "relative"); // the XDG specification has such a path ignored
  EXPECT_EQ(default_store_path(), "/home/ada/.local/share/flopcast/store.db");
  set("XDG_DATA_HOME", "/data");
  EXPECT_EQ(default_store_path(), "/data/flopcast/store.db");
  set("FLOPCAST_STORE", "mine.db");
  EXPECT_EQ(default_store_path(), "mine.db");
}

TEST_F(DefaultStorePath, IsAskedForWhereNobodyIsAtHome) {
  for (const char *name : {"FLOPCAST_STORE", "XDG_DATA_HOME", "HOME"})
    set(name, nullptr);
  EXPECT_THROW(static_cast<void>(default_store_path()), StoreError);
}

TEST(Database, IsCreatedWithItsFolders) {
  const TemporaryStore temporary;
  const fs::path path = temporary.path().parent_path() / "a/b/store.db";
  EXPECT_EQ(complaint(path), "");
  EXPECT_TRUE(fs::exists(path));
}

TEST(Database, AcknowledgesWhatIsOnTheDisk) {
  const TemporaryStore temporary;
  const Database store(temporary.path());
  EXPECT_EQ(pragma(store.connection(), "journal_mode"), "wal");
  EXPECT_EQ(pragma(store.connection(), "synchronous"), "2"); // FULL
  EXPECT_EQ(pragma(store.connection(), "foreign_keys"), "1");
}

TEST(Database, IsKnownByItsApplicationId) {
  const TemporaryStore temporary;
  EXPECT_EQ(complaint(temporary.path()), "");
  // The file format of SQLite: the application id lies at byte 68, most significant byte first.
  EXPECT_EQ(content_of(temporary.path()).substr(68, 4), "FLOP");
}

TEST(Database, OfANewerFlopcastIsRefused) {
  const TemporaryStore temporary;
  EXPECT_EQ(complaint(temporary.path()), "");
  plain(temporary.path()).exec("PRAGMA user_version = 1000");
  EXPECT_THAT(complaint(temporary.path()),
              AllOf(HasSubstr(temporary.path().string()), HasSubstr("newer Flopcast (schema 1000"),
                    HasSubstr("update Flopcast")));
  SQLite::Database file = plain(temporary.path());
  EXPECT_EQ(pragma(file, "user_version"), "1000");
}

TEST(Database, OfAnotherProgramIsLeftAsItIs) {
  const TemporaryStore temporary;
  plain(temporary.path()).exec("CREATE TABLE bookmark (url TEXT)");
  const std::string before = content_of(temporary.path());
  EXPECT_THAT(complaint(temporary.path()), HasSubstr("no store of Flopcast's"));
  EXPECT_EQ(content_of(temporary.path()), before);
}

TEST(Database, ThatIsATextIsRefused) {
  const TemporaryStore temporary;
  std::ofstream(temporary.path()) << std::string(10'000, 'x');
  EXPECT_THAT(complaint(temporary.path()),
              AllOf(HasSubstr("damaged or no database"), HasSubstr("move it away")));
}

/// A store with a few hundred operators, and nothing left in its log.
std::string filled(const fs::path &path) {
  const Database store(path);
  std::string session = start_session(store, example_session()).id;
  Transaction at_once(store);
  for (int rows = 0; rows < 300; ++rows)
    add_measured_operator(store, session, example_product(rows));
  at_once.commit();
  return session;
}

TEST(Database, IsRefusedWhicheverOfItsPagesIsDamaged) {
  const TemporaryStore temporary;
  filled(temporary.path());
  const std::string whole = content_of(temporary.path());
  constexpr std::size_t page = 4096;
  ASSERT_GT(whole.size(), 20 * page);
  for (std::size_t begin = 0; begin < whole.size(); begin += page) {
    std::string damaged = whole;
    damaged.replace(begin, page, page, '\xff');
    std::ofstream(temporary.path(), std::ios::binary) << damaged;
    EXPECT_THAT(complaint(temporary.path()), AllOf(HasSubstr("damaged"), HasSubstr("move it away")))
        << "page " << begin / page;
  }
}

TEST(Database, IsRefusedWhereItsEndIsMissing) {
  const TemporaryStore temporary;
  filled(temporary.path());
  fs::resize_file(temporary.path(), fs::file_size(temporary.path()) / 2);
  EXPECT_THAT(complaint(temporary.path()), HasSubstr("damaged"));
}

TEST(Database, ThatCannotBeMadeSaysWhatToDo) {
  const TemporaryStore temporary;
  std::ofstream(temporary.path()) << "";
  EXPECT_THAT(complaint(temporary.path() / "below/store.db"), HasSubstr("set FLOPCAST_STORE"));
  EXPECT_THAT(complaint(temporary.path().parent_path()), HasSubstr("check the permissions"));
}

TEST(Database, IsCopiedWithoutATouch) {
  const TemporaryStore temporary;
  const std::string session = filled(temporary.path());
  const std::string before = content_of(temporary.path());
  const Database copy = Database::copy_of(temporary.path());
  EXPECT_EQ(measured_operators(copy, session).size(), 300U);
  EXPECT_TRUE(add_measured_operator(copy, session, example_product(300)));
  EXPECT_EQ(content_of(temporary.path()), before);
  EXPECT_THROW(Database::copy_of(temporary.path().parent_path() / "none.db"), StoreError);
}

TEST(Migrations, HappenTogetherOrNotAtAll) {
  SQLite::Database connection(":memory:", SQLite::OPEN_READWRITE);
  const std::array<std::string_view, 2> broken{"CREATE TABLE one (a)",
                                               "CREATE TABLE two (a); CREATE TABLE two (a)"};
  EXPECT_THROW(migrate(connection, broken), SQLite::Exception);
  EXPECT_EQ(pragma(connection, "user_version"), "0");
  EXPECT_FALSE(connection.tableExists("one"));
}

TEST(Migrations, RunOnceEach) {
  SQLite::Database connection(":memory:", SQLite::OPEN_READWRITE);
  const std::array<std::string_view, 2> steps{"CREATE TABLE one (a)", "CREATE TABLE two (a)"};
  migrate(connection, std::span(steps).first(1));
  EXPECT_FALSE(connection.tableExists("two"));
  migrate(connection, steps); // would fail if it made table one again
  migrate(connection, steps);
  EXPECT_TRUE(connection.tableExists("two"));
  EXPECT_EQ(pragma(connection, "user_version"), "2");
}

/// A store as version 1 wrote it, with a session and an operator.
void write_version_1(const fs::path &path) {
  SQLite::Database file = plain(path);
  migrate(file, schema_migrations().first(1));
  file.exec("INSERT INTO measurement_session VALUES "
            "('1a', 'a100', '{\"driver\":\"450\"}', 'cuda', 'CUDA 11', 'quick', 1600000000, 1)");
  file.exec("INSERT INTO measured_operator VALUES (1, '1a', 'k', 'softmax', 'forward', 'fp16', 0, "
            "8192, 1, 1, 64, 32, 0, 0, 0, 0, 0, 'cold', 2e-6, 0.01, 30, 1, 3e-6, NULL, NULL, 0)");
}

TEST(Migrations, BringVersion1UpToDateWithWhatItHolds) {
  const TemporaryStore temporary;
  write_version_1(temporary.path());
  const Database store(temporary.path());
  EXPECT_EQ(pragma(store.connection(), "user_version"), "5");
  MeasurementSession session{.id = "1a",
                             .device = "a100",
                             .description = {{"driver", "450"}},
                             .back_end = "cuda",
                             .software = "CUDA 11",
                             .plan = "quick",
                             .started = std::chrono::sys_seconds(std::chrono::seconds(1600000000)),
                             .finished = true};
  EXPECT_THAT(measurement_sessions(store), ElementsAre(session));
  ASSERT_EQ(measured_operators(store, "1a").size(), 1U);
  EXPECT_EQ(measured_operators(store, "1a").front().call.shape.rows, 64);
  EXPECT_TRUE(calibrations(store).empty());
  EXPECT_TRUE(measured_runs(store, {}).empty());
}

TEST(Migrations, GiveRunsOfVersion4NoLoss) {
  const TemporaryStore temporary;
  {
    SQLite::Database file = plain(temporary.path());
    migrate(file, schema_migrations().first(4));
    file.exec("INSERT INTO measured_run VALUES (1, 'old', 'a report', NULL, 'g', 'FSDP', 'm', "
              "'H100', 8, 1.5, NULL, NULL, 0.4, '{\"tp\":\"8\"}')");
  }
  const Database store(temporary.path());
  EXPECT_EQ(pragma(store.connection(), "user_version"), "5");
  MeasuredRun run;
  run.id = "old";
  run.source = "a report";
  run.split_group = "g";
  run.framework = "FSDP";
  run.model = "m";
  run.gpu = "H100";
  run.gpus = 8;
  run.step_time = 1.5 * units::second;
  run.mfu = 0.4;
  run.settings = {{"tp", "8"}};
  EXPECT_THAT(measured_runs(store, {}), ElementsAre(run)); // no parameters, tokens or loss
  MeasuredRun with_loss = run;
  with_loss.id = "new";
  with_loss.loss = 2.1;
  EXPECT_TRUE(add_measured_run(store, with_loss));
  EXPECT_EQ(find_measured_run(store, "new"), with_loss);
}

TEST(Migrations, OfACopyLeaveTheFileAtItsVersion) {
  const TemporaryStore temporary;
  write_version_1(temporary.path());
  EXPECT_TRUE(calibrations(Database::copy_of(temporary.path())).empty());
  SQLite::Database file = plain(temporary.path());
  EXPECT_EQ(pragma(file, "user_version"), "1");
}

TEST(Transaction, LeavesNothingBehindWithoutACommit) {
  const Database store(":memory:");
  const std::string session = start_session(store, example_session()).id;
  {
    const Transaction abandoned(store);
    add_measured_operator(store, session, example_product(1));
  }
  EXPECT_TRUE(measured_operators(store, session).empty());
  Transaction kept(store);
  add_measured_operator(store, session, example_product(2));
  kept.commit();
  EXPECT_THAT(measured_operators(store, session), ElementsAre(example_product(2)));
}

TEST(TwoConnections, SeeWhatTheOtherWrote) {
  const TemporaryStore temporary;
  const Database one(temporary.path());
  const Database two(temporary.path());
  const std::string session = start_session(one, example_session()).id;
  add_measured_operator(two, session, example_product(1));
  add_measured_operator(one, session, example_product(2));
  EXPECT_THAT(measured_operators(two, session),
              ElementsAre(example_product(1), example_product(2)));
}

TEST(TwoConnections, WaitForEachOther) {
  const TemporaryStore temporary;
  const Database one(temporary.path());
  const std::string session = start_session(one, example_session()).id;
  Transaction first(one);
  add_measured_operator(one, session, example_product(1));
  // It blocks until the commit, or comes after it: either way it must succeed.
  std::thread second([&] {
    const Database two(temporary.path());
    EXPECT_TRUE(add_measured_operator(two, session, example_product(2)));
  });
  first.commit();
  second.join();
  EXPECT_EQ(measured_operators(one, session).size(), 2U);
}

TEST(TwoConnections, MayCreateTheSameStoreAtOnce) {
  constexpr int openers = 8;
  for (int round = 0; round < 10; ++round) {
    const TemporaryStore temporary;
    std::array<std::string, openers> complaints;
    std::vector<std::thread> threads;
    threads.reserve(openers);
    for (std::string &mine : complaints)
      threads.emplace_back([&] { mine = complaint(temporary.path()); });
    for (std::thread &thread : threads)
      thread.join();
    EXPECT_THAT(complaints, testing::Each(""));
  }
}

} // namespace
} // namespace flopcast
