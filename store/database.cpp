// SPDX-License-Identifier: Apache-2.0
#include "store/database.hpp"

#include "store/schema.hpp"
#include "store/sqlite.hpp"

#include <SQLiteCpp/Backup.h>
#include <SQLiteCpp/Transaction.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <chrono>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace fs = std::filesystem;

namespace flopcast {
namespace {

constexpr std::string_view in_memory = ":memory:";

// Others hold the lock for one record, milliseconds, or for a merge, seconds. A user at a terminal
// must hear of a program that hangs with the lock in hand.
constexpr int busy_timeout_ms = 10'000;

fs::path variable(const char *name) {
  const char *value = std::getenv(name);
  return value == nullptr ? "" : value;
}

void create_folder_of(const fs::path &path) {
  if (path == in_memory || !path.has_parent_path())
    return;
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error)
    throw StoreError(fmt::format("{}: the folder cannot be made: {}; set FLOPCAST_STORE to a file "
                                 "elsewhere",
                                 path.string(), error.message()));
}

std::unique_ptr<SQLite::Database> opened(const std::string &path, int flags) {
  auto connection = std::make_unique<SQLite::Database>(path, flags, busy_timeout_ms);
  connection->exec("PRAGMA foreign_keys = ON");
  return connection;
}

/// Turns to a write-ahead log: readers need not wait for the profiler.
void keep_log(SQLite::Database &connection) {
  constexpr const char *turn = "PRAGMA journal_mode = WAL";
  // SQLite 3.40 does not wait here as it does elsewhere: while another process turns the same new
  // store, it says at once that the database is locked.
  constexpr std::chrono::milliseconds pause(5);
  for (int waited = 0; waited < busy_timeout_ms && connection.tryExec(turn) == SQLITE_BUSY;
       waited += static_cast<int>(pause.count()))
    std::this_thread::sleep_for(pause);
  connection.exec(turn); // changes nothing where it has turned, and throws what stood against it
}

} // namespace

fs::path default_store_path() {
  if (fs::path store = variable("FLOPCAST_STORE"); !store.empty())
    return store;
  if (const fs::path data = variable("XDG_DATA_HOME"); data.is_absolute())
    return data / "flopcast/store.db";
  if (const fs::path home = variable("HOME"); !home.empty())
    return home / ".local/share/flopcast/store.db";
  throw StoreError("neither FLOPCAST_STORE nor HOME says where the store lies; set FLOPCAST_STORE "
                   "to a file");
}

Database::Database(const fs::path &path) : path_(path.string()) {
  create_folder_of(path);
  connection_ = translated(path_, [&] {
    auto connection = opened(path_, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    check_store(*connection, path_, schema_migrations());
    // A commit is on the disk when it returns; NORMAL would lose the last ones with the power.
    connection->exec("PRAGMA synchronous = FULL");
    keep_log(*connection);
    migrate(*connection, schema_migrations());
    return connection;
  });
}

Database::Database(std::string path, std::unique_ptr<SQLite::Database> connection)
    : path_(std::move(path)), connection_(std::move(connection)) {}

Database Database::copy_of(const fs::path &path) {
  const std::string name = path.string();
  return translated(name, [&] {
    const auto file = opened(name, SQLite::OPEN_READONLY);
    auto copy = opened(std::string(in_memory), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    const int result = SQLite::Backup(*copy, *file).executeStep();
    if (result != SQLITE_DONE)
      throw SQLite::Exception(sqlite3_errstr(result), result);
    check_store(*copy, name, schema_migrations());
    migrate(*copy, schema_migrations());
    return Database(name, std::move(copy));
  });
}

Database::Database(Database &&) noexcept = default;
Database &Database::operator=(Database &&) noexcept = default;
Database::~Database() = default;

Transaction::Transaction(const Database &database)
    : database_(&database), transaction_(translated(database.path(), [&] {
        // IMMEDIATE: one that turned from reading to writing could fail half-way without a wait.
        return std::make_unique<SQLite::Transaction>(database.connection(),
                                                     SQLite::TransactionBehavior::IMMEDIATE);
      })) {}

Transaction::~Transaction() = default;

void Transaction::commit() {
  translated(database_->path(), [&] { transaction_->commit(); });
}

} // namespace flopcast
