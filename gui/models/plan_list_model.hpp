// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/plan_session.hpp"

#include <QAbstractListModel>

#include <vector>

namespace flopcast {

/// The plans that come with the program, by their names.
class PlanListModel : public QAbstractListModel {
  Q_OBJECT

public:
  enum Role {
    path_role = Qt::UserRole,
    search_role, ///< all that a filter looks in: id and name
  };

  using QAbstractListModel::QAbstractListModel;

  void set_plans(std::vector<ShippedPlan> plans);
  /// The row of a file, or an invalid index.
  [[nodiscard]] QModelIndex index_of(const QString &path) const;

  [[nodiscard]] int rowCount(const QModelIndex &parent) const override;
  [[nodiscard]] QVariant data(const QModelIndex &index, int role) const override;

private:
  std::vector<ShippedPlan> plans_;
};

} // namespace flopcast
