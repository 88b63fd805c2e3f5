// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cstdio>

namespace flopcast {

void throw_damaged(const std::string &path, std::string_view detail) {
  throw StoreError(fmt::format(
      "{}: the file is damaged or no database ({}); move it away to start anew; docs/store.md says "
      "how to rescue what can be read",
      path, detail));
}

void throw_store_error(const std::string &path, const SQLite::Exception &error) {
  const auto message = [&](std::string_view what) {
    return StoreError(fmt::format("{}: {} ({})", path, what, error.what()));
  };
  switch (error.getErrorCode()) {
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
    throw_damaged(path, error.what());
  case SQLITE_BUSY:
    throw message("another program has been writing to it for 10 s; try again when it is done");
  case SQLITE_CANTOPEN:
  case SQLITE_PERM:
  case SQLITE_READONLY:
    throw message("cannot be opened or written; check the permissions of the file and its folder, "
                  "or set FLOPCAST_STORE to a file elsewhere");
  case SQLITE_FULL:
    throw message("the disk is full; free some space and run again");
  case SQLITE_IOERR:
    throw message("the disk failed; on a network file system, set FLOPCAST_STORE to a local file");
  default:
    throw StoreError(fmt::format("{}: {}", path, error.what()));
  }
}

std::optional<double> optional_number(const SQLite::Column &column) {
  return column.isNull() ? std::nullopt : std::optional(column.getDouble());
}

std::optional<std::int64_t> optional_integer(const SQLite::Column &column) {
  return column.isNull() ? std::nullopt : std::optional<std::int64_t>(column.getInt64());
}

std::optional<std::string> optional_text(const SQLite::Column &column) {
  return column.isNull() ? std::nullopt : std::optional(column.getString());
}

Date date_of(const std::string &path, const std::string &text) {
  Date date;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2d", &date.year, &date.month, &date.day) != 3)
    throw StoreError(
        fmt::format("{}: holds the day \"{}\"; expected one such as 2026-11-23", path, text));
  return date;
}

} // namespace flopcast
