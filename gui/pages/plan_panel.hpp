// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/models/plan_list_model.hpp"

#include <QSortFilterProxyModel>
#include <QWidget>

class QAction;
class QLineEdit;
class QListView;
class QPlainTextEdit;

namespace flopcast {

/// The inputs: which plan, and what to change in it.
class PlanPanel : public QWidget {
  Q_OBJECT

public:
  /// `open` gets a button below the list.
  PlanPanel(QAction *open, QWidget *parent);

  void set_plans(std::vector<ShippedPlan> plans);
  /// Marks the plan of that file, or none; emits nothing.
  void select(const QString &path);

  [[nodiscard]] QString overrides() const;
  void set_overrides(const QString &text);

  void focus_filter();
  void focus_overrides();

signals:
  void plan_chosen(const QString &path);
  void overrides_edited();

private:
  void filter(const QString &text);
  void choose(const QModelIndex &index);

  PlanListModel plans_;
  QSortFilterProxyModel filtered_;
  QLineEdit *filter_;
  QListView *list_;
  QPlainTextEdit *overrides_;
  QString path_;         ///< of the plan that is shown
  bool marking_ = false; ///< the list moves on its own: nobody chose
};

} // namespace flopcast
