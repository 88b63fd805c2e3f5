// SPDX-License-Identifier: Apache-2.0
// The tables of a store; not for others.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace SQLite {
class Database;
}

namespace flopcast {

/// `PRAGMA application_id` of a store: "FLOP" in ASCII.
inline constexpr int store_application_id = 0x464c4f50;

/// SQL texts; number n brings a store of version n to n + 1. One that was released never changes.
[[nodiscard]] std::span<const std::string_view> schema_migrations();

/// Throws StoreError for a damaged file, one that is no store, and one whose version is beyond the
/// migrations. Reads only. `path` names the store in messages.
void check_store(SQLite::Database &connection, const std::string &path,
                 std::span<const std::string_view> migrations);

/// Runs the migrations that the store has not seen, all of them or none.
void migrate(SQLite::Database &connection, std::span<const std::string_view> migrations);

} // namespace flopcast
