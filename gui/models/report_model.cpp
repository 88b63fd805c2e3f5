// SPDX-License-Identifier: Apache-2.0
#include "gui/models/report_model.hpp"

#include "gui/core_texts.hpp"

#include <QFont>

#include <algorithm>
#include <utility>

namespace flopcast {
namespace {

// A section's index has this id; a row's has the number of its section.
constexpr quintptr section_id = ~quintptr{0};

std::size_t at(int number) { return static_cast<std::size_t>(number); }

/// Whether the same numbers are told, of whatever value.
bool same_rows(const Report &a, const Report &b) {
  const auto same_row = [](const ReportRow &left, const ReportRow &right) {
    return left.label == right.label && left.cells.size() == right.cells.size();
  };
  return a.columns == b.columns &&
         std::ranges::equal(a.sections, b.sections,
                            [&](const ReportSection &left, const ReportSection &right) {
                              return left.title == right.title &&
                                     std::ranges::equal(left.rows, right.rows, same_row);
                            });
}

} // namespace

bool ReportModel::set_report(Report report) {
  if (same_rows(report_, report)) {
    report_ = std::move(report);
    for (int section = 0; section < rowCount({}); ++section) {
      const QModelIndex parent = index(section, 0, {});
      if (const int rows = rowCount(parent); rows > 0)
        emit dataChanged(index(0, 0, parent), index(rows - 1, columnCount({}) - 1, parent));
    }
    return false;
  }
  beginResetModel();
  report_ = std::move(report);
  endResetModel();
  return true;
}

QModelIndex ReportModel::index(int row, int column, const QModelIndex &parent) const {
  if (!hasIndex(row, column, parent))
    return {};
  return createIndex(row, column,
                     parent.isValid() ? static_cast<quintptr>(parent.row()) : section_id);
}

QModelIndex ReportModel::parent(const QModelIndex &child) const {
  if (!child.isValid() || child.internalId() == section_id)
    return {};
  return createIndex(static_cast<int>(child.internalId()), 0, section_id);
}

int ReportModel::rowCount(const QModelIndex &parent) const {
  if (!parent.isValid())
    return static_cast<int>(report_.sections.size());
  if (parent.internalId() != section_id || parent.column() != 0)
    return 0;
  return static_cast<int>(report_.sections[at(parent.row())].rows.size());
}

int ReportModel::columnCount(const QModelIndex & /*parent*/) const {
  std::size_t cells = std::max<std::size_t>(report_.columns.size(), 1);
  for (const ReportSection &section : report_.sections)
    for (const ReportRow &row : section.rows)
      cells = std::max(cells, row.cells.size());
  return static_cast<int>(cells) + 1;
}

const ReportRow *ReportModel::row_at(const QModelIndex &index) const {
  if (!index.isValid() || index.internalId() == section_id)
    return nullptr;
  return &report_.sections[index.internalId()].rows[at(index.row())];
}

QVariant ReportModel::data(const QModelIndex &index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid))
    return {};
  const ReportRow *row = row_at(index);
  if (row == nullptr) {
    if (role == Qt::DisplayRole && index.column() == 0)
      return core_text(report_.sections[at(index.row())].title);
    if (role == Qt::FontRole) {
      QFont font;
      font.setBold(true);
      return font;
    }
    return {};
  }
  if (role == Qt::TextAlignmentRole && index.column() > 0 && !report_.left_aligned)
    return static_cast<int>(Qt::AlignRight | Qt::AlignVCenter);
  if (role != Qt::DisplayRole && role != Qt::ToolTipRole)
    return {};
  if (index.column() == 0)
    return core_text(row->label);
  const std::size_t cell = at(index.column()) - 1;
  return cell < row->cells.size() ? QString::fromStdString(row->cells[cell]) : QString();
}

QVariant ReportModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal)
    return {};
  if (role == Qt::TextAlignmentRole && section > 0 && !report_.left_aligned)
    return static_cast<int>(Qt::AlignRight | Qt::AlignVCenter);
  if (role != Qt::DisplayRole || section < 1)
    return {};
  const std::size_t column = at(section) - 1;
  return column < report_.columns.size() ? core_text(report_.columns[column]) : QString();
}

} // namespace flopcast
