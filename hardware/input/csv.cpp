// SPDX-License-Identifier: Apache-2.0
#include "hardware/input/csv.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace flopcast {
namespace {

struct Record {
  /// Where a field begins. No Place: most are never asked for, and the file's name is long.
  struct Position {
    int line = 0;
    int column = 0;
  };
  std::vector<std::string> fields;
  std::vector<Position> positions;
  int line = 0;

  [[nodiscard]] std::vector<Place> places(const std::string &file) const {
    std::vector<Place> found;
    found.reserve(positions.size());
    for (const Position &position : positions)
      found.push_back({file, position.line, position.column});
    return found;
  }
};

/// Splits the text into records; a quoted field may hold commas, quotes ("") and line ends.
class RecordSplitter {
public:
  RecordSplitter(std::string_view text, const std::string &file)
      : rest_(text), line_start_(text.data()), file_(file) {}

  bool next(Record &record) {
    while (!rest_.empty() &&
           (rest_.front() == '#' || rest_.front() == '\n' || rest_.front() == '\r') &&
           !header_read_)
      skip_line();
    if (rest_.empty())
      return false;
    header_read_ = true;
    record = {.fields = {}, .positions = {}, .line = line_};
    do {
      record.positions.push_back({line_, static_cast<int>(rest_.data() - line_start_) + 1});
      record.fields.push_back(field());
    } while (accept(','));
    accept('\r');
    if (!rest_.empty() && !accept('\n'))
      throw InputError({file_, line_, 1}, "text after the closing quote of a field");
    ++line_;
    line_start_ = rest_.data();
    return true;
  }

private:
  bool accept(char c) {
    if (rest_.empty() || rest_.front() != c)
      return false;
    rest_.remove_prefix(1);
    return true;
  }

  void skip_line() {
    const auto end = rest_.find('\n');
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    ++line_;
    line_start_ = rest_.data();
  }

  std::string field() {
    if (!accept('"')) {
      const auto end = std::min(rest_.find_first_of(",\r\n"), rest_.size());
      std::string plain(rest_.substr(0, end));
      rest_.remove_prefix(end);
      return plain;
    }
    std::string quoted;
    const int begin = line_;
    for (;;) {
      const auto quote = rest_.find('"');
      if (quote == std::string_view::npos)
        throw InputError({file_, begin, 1}, "a quoted field is not closed");
      const std::string_view part = rest_.substr(0, quote);
      quoted += part;
      if (const auto last = part.rfind('\n'); last != std::string_view::npos) {
        line_ += static_cast<int>(std::ranges::count(part, '\n'));
        line_start_ = part.data() + last + 1;
      }
      rest_.remove_prefix(quote + 1);
      if (!accept('"'))
        return quoted;
      quoted += '"';
    }
  }

  std::string_view rest_;
  const char *line_start_;
  const std::string &file_;
  int line_ = 1;
  bool header_read_ = false;
};

std::string wrong_number_of_fields(std::size_t fields, std::size_t columns) {
  return fmt::format("the row has {} fields, the header {}", fields, columns);
}

} // namespace

CsvTable parse_csv_table(std::string_view text, const std::string &file) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark))
    text.remove_prefix(byte_order_mark.size());
  RecordSplitter splitter(text, file);
  Record record;
  if (!splitter.next(record))
    throw InputError({file, 1, 1}, "expected a header line with the names of the columns");
  Diagnostics diagnostics;
  CsvTable table;
  table.columns = std::move(record.fields);
  for (auto at = table.columns.begin(); at != table.columns.end(); ++at)
    if (std::find(table.columns.begin(), at, *at) != at)
      diagnostics.add(record.places(file)[static_cast<std::size_t>(at - table.columns.begin())],
                      fmt::format("the column \"{}\" is there twice", *at));
  while (splitter.next(record)) {
    const bool nothing = record.fields.size() == 1 && record.fields.front().empty();
    if (nothing && table.columns.size() > 1)
      continue;
    if (record.fields.size() != table.columns.size())
      diagnostics.add({file, record.line, 1},
                      wrong_number_of_fields(record.fields.size(), table.columns.size()));
    else
      table.records.push_back({std::move(record.fields), record.places(file)});
  }
  diagnostics.throw_if_any();
  return table;
}

const std::string &CsvRow::at(std::string_view column) const {
  static const std::string nothing;
  const auto found = fields.find(column);
  return found == fields.end() ? nothing : found->second;
}

std::vector<CsvRow> parse_csv(std::string_view text, const std::string &file,
                              const std::vector<std::string> &columns) {
  RecordSplitter splitter(text, file);
  Record header;
  if (!splitter.next(header))
    throw InputError({file, 1, 1},
                     fmt::format("expected a header line: {}", fmt::join(columns, ",")));
  if (!std::ranges::is_permutation(header.fields, columns))
    throw InputError({file, header.line, 1},
                     fmt::format("the header is {}; expected the columns {}",
                                 fmt::join(header.fields, ","), fmt::join(columns, ",")));
  Diagnostics diagnostics;
  std::vector<CsvRow> rows;
  for (Record record; splitter.next(record);) {
    if (record.fields.size() != header.fields.size()) {
      diagnostics.add({file, record.line, 1},
                      wrong_number_of_fields(record.fields.size(), header.fields.size()));
      continue;
    }
    CsvRow &row = rows.emplace_back();
    row.line = record.line;
    for (std::size_t i = 0; i < record.fields.size(); ++i)
      row.fields.emplace(header.fields[i], std::move(record.fields[i]));
  }
  diagnostics.throw_if_any();
  return rows;
}

} // namespace flopcast
