// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reports/report.hpp"

#include <QAbstractItemModel>

namespace flopcast {

/// Any report as a tree: sections, their rows, a column for every cell.
class ReportModel : public QAbstractItemModel {
  Q_OBJECT

public:
  using QAbstractItemModel::QAbstractItemModel;

  /// Whether the rows are others than before: then what a view knew of them is gone.
  bool set_report(Report report);
  [[nodiscard]] const Report &report() const { return report_; }

  [[nodiscard]] QModelIndex index(int row, int column, const QModelIndex &parent) const override;
  [[nodiscard]] QModelIndex parent(const QModelIndex &child) const override;
  [[nodiscard]] int rowCount(const QModelIndex &parent) const override;
  [[nodiscard]] int columnCount(const QModelIndex &parent) const override;
  [[nodiscard]] QVariant data(const QModelIndex &index, int role) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation,
                                    int role) const override;

private:
  [[nodiscard]] const ReportRow *row_at(const QModelIndex &index) const;

  Report report_;
};

} // namespace flopcast
