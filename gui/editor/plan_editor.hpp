// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/editor/field_row.hpp"
#include "gui/models/plan_list_model.hpp"
#include "gui/plan_text.hpp"

#include <QSortFilterProxyModel>
#include <QWidget>

#include <vector>

class QLabel;
class QLineEdit;
class QListView;
class QPlainTextEdit;
class QTabWidget;

namespace flopcast {

/// The inputs: every field of the plan, the plans that come with the program, and the changes as
/// text.
class PlanEditor : public QWidget {
  Q_OBJECT

public:
  PlanEditor(const PlanSession &session, QWidget *parent);

  /// Shows the plan's values; emits nothing.
  void show_plan(const EstimatedPlanPointer &plan, const std::string &changes);
  /// Shows the changes of a plan that has no answer.
  void show_changes(const std::string &changes);
  /// Marks the plan of that file, or none; emits nothing.
  void select(const QString &path);

  [[nodiscard]] const std::vector<FieldRow *> &rows() const { return rows_; }
  void focus_filter();
  void focus_plans();
  void focus_changes();
  void focus_field(const std::string &key);

signals:
  void plan_chosen(const QString &path);
  void edited(const std::vector<flopcast::PlanEdit> &edits, const QString &what,
              const QString &merge_key);
  void reset_wanted(const std::string &key, const QString &what);
  void changes_typed(const QString &text);

private:
  QWidget *make_fields(const PlanSession &session);
  QWidget *make_plans(const PlanSession &session);
  QWidget *make_changes();
  void filter_fields(const QString &text);
  void filter_plans(const QString &text);
  void choose(const QModelIndex &index);
  void edit(const FieldRow &row, const std::string &value, int drag);

  QTabWidget *tabs_;
  QLineEdit *field_filter_;
  std::vector<FieldRow *> rows_;
  std::vector<QLabel *> headings_;
  PlanListModel plans_;
  QSortFilterProxyModel filtered_;
  QLineEdit *plan_filter_ = nullptr;
  QListView *list_ = nullptr;
  QPlainTextEdit *changes_ = nullptr;
  EstimatedPlanPointer plan_;
  QString path_;
  bool marking_ = false; ///< the list or the text moves on its own: nobody chose
};

} // namespace flopcast
