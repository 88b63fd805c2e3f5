// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/models/result_model.hpp"
#include "gui/pages/page.hpp"

class QLabel;
class QTextEdit;
class QTreeView;

namespace flopcast {

/// The answer to a plan: its numbers, where each comes from, and what was assumed.
class EstimatePage : public Page {
  Q_OBJECT

public:
  EstimatePage(const PageContext &context, QWidget *parent);

  void show_input(const PageInput &input) override;

protected:
  void changeEvent(QEvent *event) override;

private:
  void select_number(const QString &key);
  void write_chain();
  void write_assumptions();

  ResultModel results_;
  EstimatedPlanPointer plan_;
  QString written_chain_; ///< as it stands in the pane
  std::vector<ReportRemark> written_remarks_;
  QTreeView *tree_;
  QTextEdit *chain_;
  QTextEdit *assumptions_;
  QLabel *assumptions_title_;
};

} // namespace flopcast
