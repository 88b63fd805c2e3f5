// SPDX-License-Identifier: Apache-2.0
#include "reports/report.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace flopcast {
namespace {

constexpr std::string_view bold = "\x1b[1m";
constexpr std::string_view faint = "\x1b[2m";
constexpr std::string_view red = "\x1b[31m";
constexpr std::string_view reset = "\x1b[0m";

std::string styled(std::string_view text, std::string_view code, TextStyle style) {
  return style.colour ? fmt::format("{}{}{}", code, text, reset) : std::string(text);
}

std::string padded(std::string_view text, std::size_t width, bool right) {
  const std::size_t used = display_width(text);
  const std::string space(used < width ? width - used : 0, ' ');
  return right ? space + std::string(text) : std::string(text) + space;
}

/// Breaks text at spaces so that each line fits; lines after the first are indented.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  const std::size_t room = width > indent + 20 ? width - indent : 20;
  std::string result;
  std::size_t used = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    const std::size_t word_width = display_width(word);
    if (used > 0 && used + 1 + word_width > room) {
      result += '\n';
      result.append(indent, ' ');
      used = 0;
    }
    if (used > 0) {
      result += ' ';
      ++used;
    }
    result += word;
    used += word_width;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

void append_remarks(std::string &text, const std::vector<ReportRemark> &remarks,
                    std::string_view label_style, TextStyle style) {
  std::size_t label_width = 0;
  constexpr std::size_t widest_label = 38;
  for (const ReportRemark &remark : remarks)
    label_width = std::max(label_width, display_width(remark.label));
  label_width = std::min(label_width, widest_label);
  for (const ReportRemark &remark : remarks) {
    const std::size_t indent = 4 + label_width;
    text +=
        fmt::format("  {}", styled(padded(remark.label, label_width, false), label_style, style));
    text += display_width(remark.label) > label_width
                ? fmt::format("\n{}", std::string(indent, ' '))
                : "  ";
    text += wrapped(remark.text, indent, style.width);
    text += '\n';
  }
}

/// Columns that all sections share: those with a name, and the first. What stands behind it, such
/// as shares, is a section's own.
std::size_t named_columns(const Report &report) {
  return std::max<std::size_t>(report.columns.size(), 1);
}

/// Makes room for the row's first cells.
void widen(std::vector<std::size_t> &widths, const ReportRow &row, std::size_t cells) {
  const std::size_t count = std::min(cells, row.cells.size());
  widths.resize(std::max(widths.size(), count));
  for (std::size_t i = 0; i < count; ++i)
    widths[i] = std::max(widths[i], display_width(row.cells[i]));
}

} // namespace

std::string escaped_markdown(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '|' || c == '<' || c == '*' || c == '_' || c == '`' || c == '\\')
      result += '\\';
    result += c == '\n' || c == '\r' ? ' ' : c;
  }
  return result;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    const unsigned second = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    // CJK and Hangul begin at U+3000 but for radicals; U+FF00 to U+FF7F are full-width forms but
    // for some punctuation of Hangul and Katakana; emoji are four bytes.
    const bool wide = length == 4 || (length == 3 && lead >= 0xE3 && lead <= 0xED) ||
                      (lead == 0xEF && (second == 0xBC || second == 0xBD));
    width += wide ? 2 : 1;
    i += length;
  }
  return width;
}

std::string to_table(const Report &report, TextStyle style) {
  std::size_t label_width = 0;
  std::vector<std::size_t> widths(report.columns.size());
  for (std::size_t i = 0; i < report.columns.size(); ++i)
    widths[i] = display_width(report.columns[i]);
  for (const ReportSection &section : report.sections)
    for (const ReportRow &row : section.rows) {
      label_width = std::max(label_width, display_width(row.label));
      widen(widths, row, named_columns(report));
    }

  std::string text = styled(report.title, bold, style) + "\n";
  if (!report.alerts.empty()) {
    text += '\n';
    append_remarks(text, report.alerts, red, style);
  }
  if (!report.columns.empty()) {
    text += fmt::format("\n{:{}}", "", label_width + 2);
    for (std::size_t i = 0; i < report.columns.size(); ++i)
      text += "  " + styled(padded(report.columns[i], widths[i], true), bold, style);
    text += '\n';
  }
  for (const ReportSection &section : report.sections) {
    text += fmt::format("\n{}\n", styled(section.title, bold, style));
    std::vector<std::size_t> own = widths;
    for (const ReportRow &row : section.rows)
      widen(own, row, row.cells.size());
    for (const ReportRow &row : section.rows) {
      std::string line = "  " + padded(row.label, label_width, false);
      for (std::size_t i = 0; i < row.cells.size(); ++i)
        line += "  " + padded(row.cells[i], own[i], !report.left_aligned);
      line.erase(line.find_last_not_of(' ') + 1);
      text += line;
      text += '\n';
    }
  }
  if (!report.remarks.empty()) {
    text += fmt::format("\n{}\n", styled(report.remarks_title, bold, style));
    append_remarks(text, report.remarks, faint, style);
  }
  return text;
}

std::string to_markdown(const Report &report) {
  std::string text = fmt::format("## {}\n", escaped_markdown(report.title));
  for (const ReportRemark &alert : report.alerts)
    text += fmt::format("\n> **{}**: {}\n", escaped_markdown(alert.label),
                        escaped_markdown(alert.text));
  for (const ReportSection &section : report.sections) {
    std::size_t cells = std::max<std::size_t>(report.columns.size(), 1);
    for (const ReportRow &row : section.rows)
      cells = std::max(cells, row.cells.size());
    text += fmt::format("\n| {} |", escaped_markdown(section.title));
    for (std::size_t i = 0; i < cells; ++i)
      text += i < report.columns.size() ? fmt::format(" {} |", escaped_markdown(report.columns[i]))
                                        : " |";
    text += "\n|---|";
    for (std::size_t i = 0; i < cells; ++i)
      text += report.left_aligned ? "---|" : "--:|";
    text += '\n';
    for (const ReportRow &row : section.rows) {
      text += fmt::format("| {} |", escaped_markdown(row.label));
      for (std::size_t i = 0; i < cells; ++i)
        text += fmt::format(" {} |", i < row.cells.size() ? escaped_markdown(row.cells[i]) : "");
      text += '\n';
    }
  }
  if (!report.remarks.empty()) {
    text +=
        fmt::format("\n<details><summary>{}</summary>\n\n", escaped_markdown(report.remarks_title));
    for (const ReportRemark &remark : report.remarks)
      text += fmt::format("- `{}`: {}\n", remark.label, escaped_markdown(remark.text));
    text += "\n</details>\n";
  }
  return text;
}

} // namespace flopcast
