// SPDX-License-Identifier: Apache-2.0
#include "gui/models/plan_list_model.hpp"

#include <utility>

namespace flopcast {

void PlanListModel::set_plans(std::vector<ShippedPlan> plans) {
  beginResetModel();
  plans_ = std::move(plans);
  endResetModel();
}

QModelIndex PlanListModel::index_of(const QString &path) const {
  const QModelIndexList found = match(index(0), path_role, path, 1, Qt::MatchExactly);
  return found.isEmpty() ? QModelIndex() : found.front();
}

int PlanListModel::rowCount(const QModelIndex &parent) const {
  return parent.isValid() ? 0 : static_cast<int>(plans_.size());
}

QVariant PlanListModel::data(const QModelIndex &index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid))
    return {};
  const ShippedPlan &plan = plans_[static_cast<std::size_t>(index.row())];
  const QString id = QString::fromStdString(plan.id);
  const QString name = QString::fromStdString(plan.name);
  switch (role) {
  case Qt::DisplayRole:
    return name;
  case Qt::ToolTipRole:
    return tr("%1\n%2").arg(id, QString::fromStdString(plan.path));
  case path_role:
    return QString::fromStdString(plan.path);
  case search_role:
    return id + u' ' + name;
  default:
    return {};
  }
}

} // namespace flopcast
