// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/kernel_study.hpp"

#include <QAbstractTableModel>

#include <memory>

namespace flopcast {

/// The chosen kernels of a study one by one. Texts are made when they are seen: a file may hold
/// 100,000.
class KernelModel : public QAbstractTableModel {
  Q_OBJECT

public:
  enum Column {
    class_column,
    shape_column,
    measured_column,
    predicted_column,
    error_column,
    part_column,
    range_column,
    column_count
  };

  using QAbstractTableModel::QAbstractTableModel;

  /// Null empties the model. The order that was asked for last stays.
  void set_kernels(std::shared_ptr<const KernelStudy> study, std::vector<std::uint32_t> chosen);

  [[nodiscard]] int rowCount(const QModelIndex &parent) const override;
  [[nodiscard]] int columnCount(const QModelIndex &parent) const override;
  [[nodiscard]] QVariant data(const QModelIndex &index, int role) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation,
                                    int role) const override;
  void sort(int column, Qt::SortOrder order) override;

private:
  void put_in_order();

  std::shared_ptr<const KernelStudy> study_;
  std::vector<std::uint32_t> rows_; ///< indices into the study's kernels
  int sorted_by_ = -1;              ///< as the file has them
  Qt::SortOrder order_ = Qt::AscendingOrder;
};

} // namespace flopcast
