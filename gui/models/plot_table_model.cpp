// SPDX-License-Identifier: Apache-2.0
#include "gui/models/plot_table_model.hpp"

#include <utility>

namespace flopcast {

void PlotTableModel::set_rows(std::vector<QStringList> rows) {
  if (rows.empty())
    rows.emplace_back();
  const bool same_shape = rows.size() == rows_.size() && rows.front() == rows_.front();
  if (!same_shape)
    beginResetModel();
  rows_ = std::move(rows);
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
  if (role == Qt::TextAlignmentRole && index.column() > 0)
    return static_cast<int>(Qt::AlignRight | Qt::AlignVCenter);
  if (role == Qt::DisplayRole)
    return rows_[static_cast<std::size_t>(index.row()) + 1].value(index.column());
  return {};
}

QVariant PlotTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
    return {};
  return rows_.front().value(section);
}

} // namespace flopcast
