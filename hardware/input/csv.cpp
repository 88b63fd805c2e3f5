// SPDX-License-Identifier: Apache-2.0
#include "hardware/input/csv.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace flopcast {
namespace {

struct Record {
  std::vector<std::string> fields;
  int line = 0;
};

/// Splits the text into records; a quoted field may hold commas, quotes ("") and line ends.
class RecordSplitter {
public:
  RecordSplitter(std::string_view text, const std::string &file) : rest_(text), file_(file) {}

  bool next(Record &record) {
    while (!rest_.empty() &&
           (rest_.front() == '#' || rest_.front() == '\n' || rest_.front() == '\r') &&
           !header_read_)
      skip_line();
    if (rest_.empty())
      return false;
    header_read_ = true;
    record = {.fields = {}, .line = line_};
    do
      record.fields.push_back(field());
    while (accept(','));
    accept('\r');
    if (!rest_.empty() && !accept('\n'))
      throw InputError({file_, line_, 1}, "text after the closing quote of a field");
    ++line_;
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
      line_ += static_cast<int>(std::ranges::count(part, '\n'));
      rest_.remove_prefix(quote + 1);
      if (!accept('"'))
        return quoted;
      quoted += '"';
    }
  }

  std::string_view rest_;
  const std::string &file_;
  int line_ = 1;
  bool header_read_ = false;
};

} // namespace

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
                      fmt::format("the row has {} fields, the header {}", record.fields.size(),
                                  header.fields.size()));
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
