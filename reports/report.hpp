// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace flopcast {

/// The version of the JSON documents' shape: it changes when a key's meaning does (docs/json.md).
inline constexpr int json_schema_version = 1;

/// A report as values: sections of rows, then remarks. Writers turn it into text of a format.
struct ReportRow {
  std::string key; ///< stable name, "" for a row that has none
  std::string label;
  std::vector<std::string> cells; ///< texts for people, one a column
};

struct ReportSection {
  std::string title;
  std::vector<ReportRow> rows;
};

struct ReportRemark {
  std::string label;
  std::string text;
};

struct Report {
  std::string title;
  std::vector<std::string> columns; ///< headings of the cells; empty where there is one column
  std::vector<ReportSection> sections;
  bool left_aligned = false; ///< cells are texts, not numbers
  std::string remarks_title;
  std::vector<ReportRemark> remarks;
  std::vector<ReportRemark> alerts; ///< why a plan cannot run: shown first
};

/// How text for a terminal looks.
struct TextStyle {
  bool colour = false;
  std::size_t width = 100;
};

[[nodiscard]] std::string to_table(const Report &report, TextStyle style);
[[nodiscard]] std::string to_markdown(const Report &report);

/// Text that Markdown shows as it is written, on one line.
[[nodiscard]] std::string escaped_markdown(std::string_view text);

/// Columns that a terminal needs for the text: one for each character, two for those that East
/// Asian fonts draw wide.
[[nodiscard]] std::size_t display_width(std::string_view text);

} // namespace flopcast
