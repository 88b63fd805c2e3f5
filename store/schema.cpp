// SPDX-License-Identifier: Apache-2.0
#include "store/schema.hpp"

#include "store/sqlite.hpp"

#include <SQLiteCpp/Transaction.h>
#include <fmt/format.h>

#include <array>
#include <cstddef>

namespace flopcast {
namespace {

constexpr std::array<std::string_view, 5> migrations_in_order{
    // 1: what devices were measured to do
    R"sql(
CREATE TABLE measurement_session (
  id          TEXT PRIMARY KEY,                   -- drawn at random
  device      TEXT NOT NULL,
  description TEXT NOT NULL,                      -- JSON: texts by name
  back_end    TEXT NOT NULL,
  software    TEXT NOT NULL,
  plan        TEXT NOT NULL,
  started     INTEGER NOT NULL,                   -- seconds since 1970, UTC
  finished    INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE measured_operator (
  number         INTEGER PRIMARY KEY,             -- in the order of measurement
  session        TEXT NOT NULL REFERENCES measurement_session (id) ON DELETE CASCADE,
  key            TEXT NOT NULL,                   -- of call and cache
  kind           TEXT NOT NULL,
  pass           TEXT NOT NULL,
  format         TEXT NOT NULL,
  flops          REAL NOT NULL,
  bytes          REAL NOT NULL,
  kernels        INTEGER NOT NULL,
  batch          INTEGER NOT NULL,
  shape_rows     INTEGER NOT NULL,
  shape_columns  INTEGER NOT NULL,
  depth          INTEGER NOT NULL,
  causal         INTEGER NOT NULL,
  expert_width   INTEGER NOT NULL,
  tokens         INTEGER NOT NULL,
  uneven         INTEGER NOT NULL,
  cache          TEXT NOT NULL,
  median_s       REAL NOT NULL,
  relative_error REAL NOT NULL,
  runs           INTEGER NOT NULL,
  outliers       INTEGER NOT NULL,
  host_s         REAL NOT NULL,
  clock_hz       REAL,
  power_w        REAL,
  throttled      INTEGER NOT NULL,
  UNIQUE (session, key)
) STRICT;
)sql",
    // 2: what was fitted to it
    R"sql(
CREATE TABLE calibration (
  number  INTEGER PRIMARY KEY,                    -- in the order of arrival
  key     TEXT NOT NULL UNIQUE,                   -- SHA-256 of toml
  id      TEXT NOT NULL,
  device  TEXT NOT NULL,
  date    TEXT NOT NULL,
  session TEXT REFERENCES measurement_session (id) ON DELETE SET NULL,
  toml    TEXT NOT NULL
) STRICT;

CREATE INDEX calibration_of_device ON calibration (device, date);
)sql",
    // 3: training runs to hold predictions against
    R"sql(
CREATE TABLE measured_run (
  number               INTEGER PRIMARY KEY,       -- in the order of arrival
  id                   TEXT NOT NULL UNIQUE,
  source               TEXT NOT NULL,
  date                 TEXT,
  split_group          TEXT NOT NULL,
  framework            TEXT NOT NULL,
  model                TEXT NOT NULL,
  gpu                  TEXT NOT NULL,
  gpus                 INTEGER,
  step_time_s          REAL,
  tokens_per_s_per_gpu REAL,
  peak_memory_bytes    REAL,
  mfu                  REAL,                      -- share of the peak
  settings             TEXT NOT NULL              -- JSON: texts by name
) STRICT;
)sql",
    // 4: why clocks were held back; attention for which there was no fused kernel; which operator
    // of a class
    R"sql(
ALTER TABLE measured_operator ADD COLUMN throttle_reasons TEXT NOT NULL DEFAULT '';
ALTER TABLE measured_operator ADD COLUMN unfused INTEGER NOT NULL DEFAULT 0;
ALTER TABLE measured_operator ADD COLUMN variant TEXT NOT NULL DEFAULT '';
)sql",
    // 5: what scaling laws are fitted to
    R"sql(
ALTER TABLE measured_run ADD COLUMN parameters REAL;
ALTER TABLE measured_run ADD COLUMN tokens REAL;
ALTER TABLE measured_run ADD COLUMN training_flop REAL;
ALTER TABLE measured_run ADD COLUMN loss_nats_per_token REAL;
)sql",
};

std::size_t version_of(SQLite::Database &connection) {
  return static_cast<std::size_t>(connection.execAndGet("PRAGMA user_version").getInt());
}

} // namespace

std::span<const std::string_view> schema_migrations() { return migrations_in_order; }

void check_store(SQLite::Database &connection, const std::string &path,
                 std::span<const std::string_view> migrations) {
  // All of it from one moment: another process may be making this store just now.
  SQLite::Transaction reading(connection);
  // Before anything else is believed of it. Reads the file once: about 1 s a GB.
  const std::string found = connection.execAndGet("PRAGMA quick_check(1)").getString();
  if (found != "ok")
    throw_damaged(path, found);
  const int application = connection.execAndGet("PRAGMA application_id").getInt();
  const bool empty = connection.execAndGet("SELECT count(*) FROM sqlite_schema").getInt() == 0;
  if (application != store_application_id && !(application == 0 && empty))
    throw StoreError(fmt::format("{}: is a database, but no store of Flopcast's; set "
                                 "FLOPCAST_STORE to another file",
                                 path));
  const std::size_t version = version_of(connection);
  if (version > migrations.size())
    throw StoreError(fmt::format("{}: was written by a newer Flopcast (schema {}, this one knows "
                                 "{}); update Flopcast, or set FLOPCAST_STORE to another file",
                                 path, version, migrations.size()));
}

void migrate(SQLite::Database &connection, std::span<const std::string_view> migrations) {
  if (version_of(connection) >= migrations.size())
    return;
  SQLite::Transaction transaction(connection, SQLite::TransactionBehavior::IMMEDIATE);
  // Anew: another process may have come first, a newer Flopcast even.
  const std::size_t version = version_of(connection);
  if (version >= migrations.size())
    return;
  for (const std::string_view migration : migrations.subspan(version))
    connection.exec(std::string(migration));
  connection.exec(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                              store_application_id, migrations.size()));
  transaction.commit();
}

} // namespace flopcast
