// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// Whether there is a line that is neither empty nor comment.
[[nodiscard]] bool begins_with_header(std::string_view text);

/// Walks over comma-separated text without copying it: measured tables have 10^5 rows. Lines that
/// begin with '#' before the header are comment. No quotes: no table here needs them.
class TableRows {
public:
  /// Reads the header line. `text` must outlive this. Throws InputError if there is none.
  TableRows(std::string_view text, std::string file);

  /// Moves to the next row; false at the end. Empty lines are passed over.
  /// Throws InputError if a row has not as many fields as the header or holds a quote.
  [[nodiscard]] bool next();

  [[nodiscard]] const std::vector<std::string_view> &comments() const { return comments_; }
  [[nodiscard]] const std::vector<std::string_view> &header() const { return header_; }
  [[nodiscard]] std::optional<std::size_t> find(std::string_view column) const;
  /// Throws InputError if the header has no such column.
  [[nodiscard]] std::size_t column(std::string_view name) const;

  /// Fields of the current row.
  [[nodiscard]] std::string_view text(std::size_t column) const { return fields_[column]; }
  /// Throws InputError unless the field is a finite number of at least `least`.
  [[nodiscard]] double number(std::size_t column, double least) const;
  /// The same for a whole number; "16.0" is one.
  [[nodiscard]] std::int64_t whole(std::size_t column, std::int64_t least) const;
  /// The same, and of at most `most`: sizes whose product must be whole, too.
  [[nodiscard]] std::int64_t whole(std::size_t column, std::int64_t least, std::int64_t most) const;
  /// A time in `unit_seconds`; throws InputError unless it is above zero.
  [[nodiscard]] double seconds(std::size_t column, double unit_seconds) const;

  /// Throws InputError at the current line.
  [[noreturn]] void fail(const std::string &message) const;

private:
  bool take_line(std::string_view &line);

  std::string_view rest_;
  std::string file_;
  int line_ = 0;
  std::vector<std::string_view> comments_;
  std::vector<std::string_view> header_;
  std::vector<std::string_view> fields_;
};

} // namespace flopcast
