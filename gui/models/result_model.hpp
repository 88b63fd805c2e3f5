// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/plan_session.hpp"

#include <QAbstractItemModel>

namespace flopcast {

/// The sections and rows of a plan's report, in the texts that the command line prints.
class ResultModel : public QAbstractItemModel {
  Q_OBJECT

public:
  enum Column { quantity_column, value_column, share_column, column_count };
  enum Role { key_role = Qt::UserRole }; ///< the quantity's stable key; "" for a row without one

  using QAbstractItemModel::QAbstractItemModel;

  /// Null empties the model.
  void set_plan(EstimatedPlanPointer plan);

  /// How the row's number came about, `depth` levels of inputs deep; "" for a row without a key.
  [[nodiscard]] QString explanation(const QModelIndex &index, int depth) const;

  /// The row with that key, or an invalid index.
  [[nodiscard]] QModelIndex index_of(const QString &key) const;
  /// The first row with a key.
  [[nodiscard]] QModelIndex first_number() const;

  [[nodiscard]] QModelIndex index(int row, int column, const QModelIndex &parent) const override;
  [[nodiscard]] QModelIndex parent(const QModelIndex &child) const override;
  [[nodiscard]] int rowCount(const QModelIndex &parent) const override;
  [[nodiscard]] int columnCount(const QModelIndex &parent) const override;
  [[nodiscard]] QVariant data(const QModelIndex &index, int role) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation,
                                    int role) const override;

private:
  [[nodiscard]] const ReportRow *row_at(const QModelIndex &index) const;
  [[nodiscard]] QVariant section_data(const QModelIndex &index, int role) const;
  [[nodiscard]] QVariant row_data(const ReportRow &row, const QModelIndex &index, int role) const;

  EstimatedPlanPointer plan_;
};

} // namespace flopcast
