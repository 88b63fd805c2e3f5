// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/job.hpp"
#include "gui/law_study.hpp"
#include "gui/models/plot_table_model.hpp"
#include "gui/pages/page.hpp"

#include <memory>
#include <string>
#include <vector>

class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QTableView;
class QTabWidget;

namespace flopcast {

class MessageArea;
class PlotPanel;

/// What scaling laws say of the plan, and laws fitted to runs of one's own.
class LawPage : public Page {
  Q_OBJECT

public:
  LawPage(const PageContext &context, QWidget *parent);

  void show_input(const PageInput &input) override;
  [[nodiscard]] bool busy() const override { return study_job_.busy() || fit_job_.busy(); }

  /// Tables of runs: CSV, JSON lines, plain or gzip.
  [[nodiscard]] bool takes_file(const QString &file) const override;
  void open_file(const QString &file) override;

private:
  using Laws = std::shared_ptr<const std::vector<ScalingLaw>>;

  struct Studied {
    Laws laws;
    std::optional<LawStudy> study;
    std::string error; ///< of a law's file
  };
  struct Fitted {
    std::shared_ptr<const FittedRuns> runs;
    std::string error;
  };

  void add_controls();
  void add_plots();
  void ask_for_runs();
  void fit();
  void stop_fitting();
  void study();
  void show_study(const Studied &studied);
  void show_fit(const Fitted &fitted);
  void show_messages();
  void fill_laws();
  [[nodiscard]] const PlannedLaw *planned_law() const;

  const PlanSession *session_;
  EstimatedPlanPointer plan_;
  Laws laws_;
  std::string planned_; ///< id of the plan's law; "" without one
  std::string chosen_;  ///< id of the law that is asked
  std::optional<LawStudy> study_;
  std::shared_ptr<const FittedRuns> fitted_;
  std::string study_error_;
  std::string fit_error_;
  RunsRequest runs_;

  QComboBox *law_;
  QPushButton *open_;
  QWidget *fitting_ = nullptr; ///< how runs are read and fitted
  QComboBox *form_;
  QLineEdit *columns_;
  QPushButton *stop_;
  QLabel *state_;
  MessageArea *message_;
  PlotPanel *isoflop_;
  PlotPanel *frontier_;
  QTabWidget *details_;
  QTableView *numbers_;
  QTableView *parameters_;
  std::vector<std::pair<std::string, PlotPanel *>> fit_plots_; ///< by the chart's id
  PlotTableModel number_rows_;
  PlotTableModel parameter_rows_;
  LatestJob<Studied> study_job_;
  LatestJob<Fitted> fit_job_;
};

} // namespace flopcast
