// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/plan_session.hpp"
#include "gui/settings.hpp"

#include <QMainWindow>
#include <QTimer>

class QAction;
class QActionGroup;

namespace flopcast {

class EstimatePage;
class PlanPanel;

/// Wires inputs to answers: computes nothing itself.
class MainWindow : public QMainWindow {
  Q_OBJECT

public:
  MainWindow(PlanSession session, Settings settings);

  /// A file, or the name of a shipped plan. What is wrong with it is shown in the page.
  void open_plan(const QString &where);
  /// One key=value a line.
  void set_overrides(const QString &text);
  /// Reads the plan's file again.
  void reload();

  void copy_markdown();
  /// Errors are shown in the page.
  void export_to(const QString &file);

  /// For this run; what the menu chooses is remembered.
  void set_theme(Theme theme);

  /// What the input's error says; "" for input that could be read.
  [[nodiscard]] QString error() const { return error_; }

protected:
  void closeEvent(QCloseEvent *event) override;
  void dragEnterEvent(QDragEnterEvent *event) override;
  void dropEvent(QDropEvent *event) override;

private:
  void add_file_menu(QAction *open);
  void add_view_menu();
  void restore();
  void show_plan(const EstimatedPlanPointer &plan);
  void show_error(const InputError &error);
  void ask_for_plan();
  void ask_for_export();

  PlanSession session_;
  Settings settings_;
  QTimer typing_; ///< runs while the overrides are being typed
  QString where_;
  QString shown_;             ///< the `where_` that the page has numbers of
  EstimatedPlanPointer plan_; ///< null where the input has no answer
  QString error_;
  PlanPanel *panel_;
  EstimatePage *page_;
  QActionGroup *themes_ = nullptr;
  QAction *reload_ = nullptr;
  QAction *copy_ = nullptr;
  QAction *export_ = nullptr;
};

} // namespace flopcast
