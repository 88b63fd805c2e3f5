// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/charts/plan_charts.hpp"
#include "gui/plan_session.hpp"

#include <QWidget>

#include <vector>

namespace flopcast {

/// What all pages share. `session` outlives them.
struct PageContext {
  const PlanSession &session;
};

/// What a page shows: the plan that is being worked on, and the scenarios that are pinned.
struct PageInput {
  PlanRequest request;
  EstimatedPlanPointer plan; ///< null where there is none
  std::vector<Scenario> scenarios;
};

/// A tab in the middle of the window. A page wires widgets and computes nothing.
class Page : public QWidget {
  Q_OBJECT

public:
  using QWidget::QWidget;

  /// Only called while the page is on the screen, or for a picture of it.
  virtual void show_input(const PageInput &input) = 0;
  /// Whether work for this page still runs.
  [[nodiscard]] virtual bool busy() const { return false; }
  /// Whether the page has a use for such a file, dropped on the window or opened.
  [[nodiscard]] virtual bool takes_file(const QString & /*file*/) const { return false; }
  /// Whether the file's content says that it is for this page and no other.
  [[nodiscard]] virtual bool recognises_file(const QString & /*file*/) const { return false; }
  virtual void open_file(const QString & /*file*/) {}
  /// What is to be opened again where the page is made anew, as in another language; "" if nothing.
  [[nodiscard]] virtual QString opened_file() const { return {}; }

signals:
  /// A page's own wishes: keys to change, scenarios to remove or take up.
  void plan_wanted(const QString &path);
  void scenario_removed(int index);
  void scenario_wanted(int index);
};

} // namespace flopcast
