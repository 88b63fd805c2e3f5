// SPDX-License-Identifier: Apache-2.0
#include "gui/models/plot_table_model.hpp"

#include <utility>

namespace flopcast {
namespace {

/// Whether a cell looks like a number with its unit, or like one that is missing.
bool is_number(const QString &cell) {
  return cell.isEmpty() || cell.front().isDigit() || cell.front() == u'–' || cell.front() == u'-' ||
         cell.front() == u'+';
}

std::vector<bool> number_columns(const std::vector<QStringList> &rows) {
  std::vector<bool> numbers(static_cast<std::size_t>(rows.front().size()), rows.size() > 1);
  for (std::size_t row = 1; row < rows.size(); ++row)
    for (qsizetype column = 0; column < rows.front().size(); ++column)
      if (!is_number(rows[row].value(column)))
        numbers[static_cast<std::size_t>(column)] = false;
  return numbers;
}

} // namespace

void PlotTableModel::set_rows(std::vector<QStringList> rows) {
  if (rows.empty())
    rows.emplace_back();
  const bool same_shape = rows.size() == rows_.size() && rows.front() == rows_.front();
  if (!same_shape)
    beginResetModel();
  rows_ = std::move(rows);
  numbers_ = number_columns(rows_);
  if (!same_shape)
    endResetModel();
  else if (rows_.size() > 1 && !rows_.front().isEmpty())
    emit dataChanged(index(0, 0), index(rowCount({}) - 1, columnCount({}) - 1));
}

int PlotTableModel::rowCount(const QModelIndex &parent) const {
  return parent.isValid() ? 0 : static_cast<int>(rows_.size()) - 1;
}

int PlotTableModel::columnCount(const QModelIndex &parent) const {
  return parent.isValid() ? 0 : static_cast<int>(rows_.front().size());
}

QVariant PlotTableModel::data(const QModelIndex &index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid))
    return {};
  if (role == Qt::TextAlignmentRole)
    return alignment(index.column());
  if (role == Qt::DisplayRole || role == Qt::ToolTipRole)
    return rows_[static_cast<std::size_t>(index.row()) + 1].value(index.column());
  return {};
}

QVariant PlotTableModel::alignment(int column) const {
  const bool number = numbers_[static_cast<std::size_t>(column)];
  return static_cast<int>((number ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
}

QVariant PlotTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section >= columnCount({}))
    return {};
  if (role == Qt::TextAlignmentRole)
    return alignment(section);
  if (role != Qt::DisplayRole)
    return {};
  return rows_.front().value(section);
}

} // namespace flopcast
