// SPDX-License-Identifier: Apache-2.0
// What the files of this folder share of SQLite; not for others.
#pragma once

#include "hardware/input/value.hpp"
#include "store/database.hpp"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flopcast {

/// Throws a StoreError: what went wrong with the store at `path`, and what to do.
[[noreturn]] void throw_store_error(const std::string &path, const SQLite::Exception &error);

/// Throws a StoreError for a file that fails SQLite's own checks, as `detail` says.
[[noreturn]] void throw_damaged(const std::string &path, std::string_view detail);

/// Result of work(); an exception of SQLite's becomes a StoreError.
template <class Work> auto translated(const std::string &path, Work work) {
  try {
    return work();
  } catch (const SQLite::Exception &error) {
    throw_store_error(path, error);
  }
}

/// Empty for NULL.
[[nodiscard]] std::optional<double> optional_number(const SQLite::Column &column);
[[nodiscard]] std::optional<std::int64_t> optional_integer(const SQLite::Column &column);
[[nodiscard]] std::optional<std::string> optional_text(const SQLite::Column &column);

/// The day that to_text(Date) wrote in the store at `path`. Throws StoreError for anything else.
[[nodiscard]] Date date_of(const std::string &path, const std::string &text);

template <class Value>
void bind_value(SQLite::Statement &statement, int index, const Value &value) {
  if constexpr (std::same_as<Value, bool>)
    statement.bind(index, int{value});
  else if constexpr (std::same_as<Value, Date>)
    statement.bind(index, to_text(value));
  else if constexpr (std::convertible_to<Value, std::string_view>)
    statement.bind(index, std::string(std::string_view(value)));
  else
    statement.bind(index, value);
}

/// An absent value is NULL.
template <class Value>
void bind_value(SQLite::Statement &statement, int index, const std::optional<Value> &value) {
  if (value)
    bind_value(statement, index, *value);
  else
    statement.bind(index);
}

/// The statement with its parameters, in order.
template <class... Values>
SQLite::Statement prepared(const Database &database, const char *sql, const Values &...values) {
  SQLite::Statement statement(database.connection(), sql);
  int index = 0;
  (bind_value(statement, ++index, values), ...);
  return statement;
}

/// Runs a statement that yields no rows. How many rows it changed.
template <class... Values>
int execute(const Database &database, const char *sql, const Values &...values) {
  return prepared(database, sql, values...).exec();
}

} // namespace flopcast
