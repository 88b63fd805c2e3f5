// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QAbstractTableModel>
#include <QStringList>

#include <vector>

namespace flopcast {

/// Rows of texts under headings: a plot's numbers, a list of presets.
class PlotTableModel : public QAbstractTableModel {
  Q_OBJECT

public:
  using QAbstractTableModel::QAbstractTableModel;

  /// The first row holds the headings.
  void set_rows(std::vector<QStringList> rows);

  [[nodiscard]] int rowCount(const QModelIndex &parent) const override;
  [[nodiscard]] int columnCount(const QModelIndex &parent) const override;
  [[nodiscard]] QVariant data(const QModelIndex &index, int role) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation,
                                    int role) const override;

private:
  [[nodiscard]] QVariant alignment(int column) const;

  std::vector<QStringList> rows_{QStringList()};
  std::vector<bool> numbers_; ///< columns that hold nothing but numbers stand at the right
};

} // namespace flopcast
