// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/autosave.hpp"
#include "gui/document.hpp"
#include "gui/job.hpp"
#include "gui/pages/page_registry.hpp"
#include "gui/plan_session.hpp"
#include "gui/settings.hpp"

#include <QMainWindow>
#include <QTimer>

#include <vector>

class QAction;
class QActionGroup;
class QLabel;
class QMenu;
class QTabWidget;

namespace flopcast {

class MessageArea;
class PlanEditor;
class FigurePanel;
class ResultCards;

/// Wires inputs to answers: computes nothing itself.
class MainWindow : public QMainWindow {
  Q_OBJECT

public:
  MainWindow(PlanSession session, Settings settings);
  ~MainWindow() override;

  /// What was open when the window was last closed, or what a crash left; the first time the plan
  /// that README estimates.
  void open_start_plan();
  /// A file, or the name of a shipped plan. What is wrong with it is shown in the window.
  void open_plan(const QString &where);
  /// A plan, or what a page has a use for: a table of runs, measured kernels.
  void open_file(const QString &file);
  /// One key=value a line.
  void set_overrides(const QString &text);
  /// Reads the plan's file again, if it has changed.
  void reload();
  void new_plan();
  /// Whether it was written; errors are shown in the window.
  bool save_to(const QString &file);

  /// Gives an infeasible plan the nearest layout that can run.
  void take_nearest();
  /// Puts the plan as it stands beside the others of the comparison.
  void pin();

  void copy_markdown();
  /// Errors are shown in the window.
  void export_to(const QString &file);
  /// All plots of all pages into a folder, as PNG, SVG, PDF or CSV; how many.
  int export_plots(const QString &folder, const QString &extension);

  /// For this run; what the menu chooses is remembered.
  void set_theme(Theme theme);
  void set_language(Language language);

  [[nodiscard]] const std::vector<PageEntry> &pages() const { return entries_; }
  void show_page(const QString &id);

  /// What the input's error says; "" for input that could be read.
  [[nodiscard]] QString error() const { return error_; }
  [[nodiscard]] const EstimatedPlanPointer &plan() const { return plan_; }
  [[nodiscard]] PlanDocument &document() { return document_; }
  [[nodiscard]] const std::vector<Scenario> &scenarios() const { return scenarios_; }

  /// Whether an answer is on its way.
  [[nodiscard]] bool busy() const;
  /// Waits for it.
  void settle() const;

protected:
  void closeEvent(QCloseEvent *event) override;
  void dragEnterEvent(QDragEnterEvent *event) override;
  void dropEvent(QDropEvent *event) override;

private:
  struct Answered {
    PlanRequest request;
    PlanOutcome outcome;
  };

  // Widgets, made anew when the language changes.
  void build();
  void build_centre();
  void build_docks();
  void build_menus();
  void add_file_menu();
  void add_edit_menu();
  void add_view_menu();
  void fill_recent_menu();
  void take_apart();
  void restore();
  void reset_layout();
  void remember();
  [[nodiscard]] QByteArray dock_state() const;

  void ask();
  void show_answer(const Answered &answered);
  void show_plan(const EstimatedPlanPointer &plan);
  void show_error(const QString &text);
  void show_notice(const QString &heading, const QString &text);
  void show_nothing();
  void write_title();
  void update_actions();
  void show_current_page();
  [[nodiscard]] PageInput page_input() const;
  /// That opens such a file; null for a plan.
  [[nodiscard]] Page *page_for(const QString &file) const;
  void restore_scenarios();
  void remove_scenario(int index);
  void work_on_scenario(int index);

  void ask_for_plan();
  void save();
  void ask_where_to_save();
  void ask_for_export();
  void ask_for_plot_export(FigurePanel *plot);
  void ask_for_plots_folder();
  void show_palette();

  PlanSession session_;
  Settings settings_;
  PlanDocument document_;
  Autosave autosave_;
  LatestJob<Answered> job_;
  QTimer typing_; ///< runs while the changes are being typed
  QTimer autosave_soon_;
  QString typed_;
  std::string shown_;         ///< the plan whose numbers are shown
  EstimatedPlanPointer plan_; ///< null where the input has no answer
  QString error_;
  std::vector<Scenario> scenarios_;
  std::vector<PlanRequest> scenario_requests_;
  bool scenarios_pending_ = false; ///< remembered ones wait for the first answer
  std::vector<PageEntry> entries_;
  std::vector<Page *> pages_;
  std::vector<int> page_generation_; ///< of the input that each page shows
  int generation_ = 0;

  QObject *shell_ = nullptr; ///< owns the actions
  PlanEditor *editor_ = nullptr;
  ResultCards *cards_ = nullptr;
  QLabel *title_ = nullptr;
  QLabel *subtitle_ = nullptr;
  MessageArea *message_ = nullptr;
  QTabWidget *tabs_ = nullptr;
  QDockWidget *editor_dock_ = nullptr;
  QDockWidget *cards_dock_ = nullptr;
  QActionGroup *themes_ = nullptr;
  QActionGroup *languages_ = nullptr;
  QMenu *recent_ = nullptr;
  QAction *reload_ = nullptr;
  QAction *save_ = nullptr;
  QAction *save_as_ = nullptr;
  QAction *copy_ = nullptr;
  QAction *export_ = nullptr;
  QAction *export_plots_ = nullptr;
  QAction *pin_ = nullptr;
  QAction *search_layout_ = nullptr;
  QByteArray first_docks_; ///< as built, for reset_layout()
};

} // namespace flopcast
