// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/models/result_model.hpp"
#include "gui/pages/message_area.hpp"

#include <QWidget>

class QLabel;
class QTextEdit;
class QTreeView;

namespace flopcast {

/// The answer to a plan: its numbers, where each comes from, and what was assumed.
class EstimatePage : public QWidget {
  Q_OBJECT

public:
  explicit EstimatePage(QWidget *parent);

  void show_plan(const EstimatedPlanPointer &plan, const QString &subtitle);
  /// Says what is wrong. Numbers that stand there are greyed: they are those before the change.
  void show_error(const QString &heading, const QString &text);
  /// Something failed that the numbers do not depend on.
  void show_notice(const QString &heading, const QString &text);
  /// A page without numbers.
  void show_nothing(const QString &title);

protected:
  void changeEvent(QEvent *event) override;

private:
  void set_numbers_enabled(bool enabled);
  void select_number(const QString &key);
  void write_chain();
  void write_assumptions();

  ResultModel results_;
  EstimatedPlanPointer plan_;
  QLabel *title_;
  QLabel *subtitle_;
  MessageArea *message_;
  QTreeView *tree_;
  QTextEdit *chain_;
  QTextEdit *assumptions_;
  QLabel *assumptions_title_;
};

} // namespace flopcast
