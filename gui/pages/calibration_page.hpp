// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/job.hpp"
#include "gui/kernel_study.hpp"
#include "gui/models/kernel_model.hpp"
#include "gui/models/plot_table_model.hpp"
#include "gui/models/report_model.hpp"
#include "gui/pages/page.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>

class QComboBox;
class QLabel;
class QPushButton;
class QTableView;
class QTabWidget;
class QTreeView;

namespace flopcast {

class MessageArea;
class PlotPanel;

/// How fast the plan's device really is, where that was measured, how far it is off, and measured
/// kernels of one's own beside predicted ones.
class CalibrationPage : public Page {
  Q_OBJECT

public:
  CalibrationPage(const PageContext &context, QWidget *parent);

  void show_input(const PageInput &input) override;
  [[nodiscard]] bool busy() const override { return job_.busy(); }

  /// Tables of kernels and collectives, and stores; tables of training runs are for another page.
  [[nodiscard]] bool takes_file(const QString &file) const override;
  [[nodiscard]] bool recognises_file(const QString &file) const override;
  void open_file(const QString &file) override;
  [[nodiscard]] QString opened_file() const override { return QString::fromStdString(file_); }

private:
  /// Device and variant.
  using SetName = std::pair<std::string, std::string>;

  struct Studied {
    std::string file;
    std::shared_ptr<const MeasuredKernels> measured;
    std::size_t set = 0;
    std::shared_ptr<const KernelStudy> study;
    EstimatedPlanPointer plan; ///< that the study was made for
    KernelView view;
    std::string error;
  };

  void add_controls();
  void add_tabs();
  QWidget *errors_tab();
  QWidget *ranges_tab();
  QWidget *kernels_tab();
  void ask_for_kernels();
  void study();
  void stop_studying();
  /// To what is shown, so that choices are made of that.
  void go_back();
  void show_study(const Studied &studied);
  void show_choices();
  void show_plan();
  void show_messages();

  const PlanSession *session_;
  EstimatedPlanPointer plan_;
  EstimatedPlanPointer ranged_; ///< whose calibration's range is shown
  std::string file_;            ///< that is wanted
  bool stopped_ = false;        ///< what is on its way is not wanted
  std::optional<SetName> set_;  ///< that was chosen; absent: what suits the plan
  bool opened_ = false;         ///< a file whose answer is on its way
  Studied shown_;               ///< what is seen
  std::string error_;

  QPushButton *open_;
  QLabel *state_;
  QPushButton *stop_;
  QWidget *choices_ = nullptr;
  QComboBox *sets_;
  QComboBox *classes_;
  QComboBox *parts_;
  MessageArea *notice_;
  QTabWidget *tabs_;
  PlotPanel *errors_;
  QTreeView *tree_;
  QLabel *range_heading_ = nullptr;
  QTableView *ranges_;
  QLabel *plan_heading_ = nullptr;
  QTableView *operators_;
  PlotPanel *agreement_;
  PlotPanel *residuals_;
  QTreeView *judged_;
  QTableView *kernels_;
  ReportModel facts_;
  ReportModel judged_rows_;
  PlotTableModel range_rows_;
  PlotTableModel operator_rows_;
  KernelModel kernel_rows_;
  LatestJob<Studied> job_;
};

} // namespace flopcast
