// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace SQLite {
class Database;
class Transaction;
} // namespace SQLite

namespace flopcast {

/// A store that cannot be opened, read or written. The message names the file and what to do.
class StoreError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Where the user's store lies: $FLOPCAST_STORE, else flopcast/store.db below $XDG_DATA_HOME, which
/// is ~/.local/share where it is unset or relative.
/// Throws StoreError where there is no home directory either.
[[nodiscard]] std::filesystem::path default_store_path();

/// A connection to a store. What a writing function has written when it returns outside of a
/// Transaction outlives a killed process and a loss of power. Several connections, of this process
/// or others, may be open at once; each belongs to one thread at a time.
class Database {
public:
  /// Opens the store, creates it with its folders where it is missing, and brings an older schema
  /// up to date. ":memory:" is a store of its own that ends with the connection.
  /// Throws StoreError for a damaged file, one of a newer Flopcast and one that is no store.
  explicit Database(const std::filesystem::path &path);

  /// A copy in memory, brought up to date; the file stays as it is.
  [[nodiscard]] static Database copy_of(const std::filesystem::path &path);

  Database(Database &&) noexcept;
  Database &operator=(Database &&) noexcept;
  ~Database();

  [[nodiscard]] const std::string &path() const { return path_; }

  /// For the files of this folder.
  [[nodiscard]] SQLite::Database &connection() const { return *connection_; }

private:
  Database(std::string path, std::unique_ptr<SQLite::Database> connection);

  std::string path_;
  std::unique_ptr<SQLite::Database> connection_;
};

/// Writes of its lifetime happen together at commit(), or not at all. Others wait meanwhile. One at
/// a time on a connection.
class Transaction {
public:
  explicit Transaction(const Database &database);
  Transaction(const Transaction &) = delete;
  Transaction &operator=(const Transaction &) = delete;
  ~Transaction();

  void commit();

private:
  const Database *database_;
  std::unique_ptr<SQLite::Transaction> transaction_;
};

} // namespace flopcast
