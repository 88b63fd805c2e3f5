// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/diagnostic.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// One record of a CSV table: column → field.
struct CsvRow {
  std::map<std::string, std::string, std::less<>> fields;
  int line = 0;

  /// The field, or "" where the row has no such column.
  [[nodiscard]] const std::string &at(std::string_view column) const;
};

/// A table of any columns: fields as they stand in the file, each with its place.
struct CsvTable {
  struct Record {
    std::vector<std::string> fields; ///< as many as columns
    std::vector<Place> places;
  };
  std::vector<std::string> columns;
  std::vector<Record> records;
};

/// Reads RFC 4180 text with a header line, whatever its columns; a byte order mark, and lines that
/// hold nothing, are passed over. Throws InputError with the place of each record that does not
/// have the header's number of fields, and for a column that is there twice.
[[nodiscard]] CsvTable parse_csv_table(std::string_view text, const std::string &file);

/// Reads RFC 4180 text with a header line; lines that begin with '#' before the header are comment.
/// Every row must have all `columns` and no other: a table that a user extends by hand is checked.
/// Throws InputError with the place of each wrong row.
[[nodiscard]] std::vector<CsvRow> parse_csv(std::string_view text, const std::string &file,
                                            const std::vector<std::string> &columns);

} // namespace flopcast
