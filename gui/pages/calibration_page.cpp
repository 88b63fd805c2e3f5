// SPDX-License-Identifier: Apache-2.0
#include "gui/pages/calibration_page.hpp"

#include "gui/charts/kernel_charts.hpp"
#include "gui/core_texts.hpp"
#include "gui/pages/message_area.hpp"
#include "gui/pages/table_look.hpp"
#include "gui/plots/plot_panel.hpp"
#include "profiler/importers/table_text.hpp"
#include "reports/calibration_report.hpp"
#include "store/database.hpp"

#include <QComboBox>
#include <QFileDialog>
#include <QFileInfo>
#include <QHeaderView>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QTabWidget>
#include <QTableView>
#include <QTreeView>
#include <QVBoxLayout>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <utility>

namespace flopcast {
namespace {

QString text_of(const std::string &text) { return QString::fromStdString(text); }

QString count_text(std::size_t count) {
  return QLocale(QLocale::English).toString(static_cast<qulonglong>(count));
}

bool has_suffix(const QString &file) {
  constexpr std::array suffixes{".csv", ".csv.gz"};
  const QString name = file.toLower();
  return std::ranges::any_of(
      suffixes, [&](const char *suffix) { return name.endsWith(QLatin1String(suffix)); });
}

/// Whether a column of the header is called loss, as in tables of training runs.
bool tells_loss(const QString &file) {
  constexpr std::size_t header = 4096;
  const QString text = QString::fromStdString(table_beginning(file.toStdString(), header));
  const QStringList columns = text.section(u'\n', 0, 0).simplified().split(u',');
  return std::ranges::any_of(columns, [](const QString &column) {
    return column.trimmed().compare(QLatin1String("loss"), Qt::CaseInsensitive) == 0;
  });
}

/// Rows of the file that are no samples, and why: the most first.
QStringList left_out(const MeasuredKernels &measured) {
  std::vector<SkippedRows> skipped = measured.skipped;
  std::ranges::stable_sort(skipped, std::greater(), &SkippedRows::rows);
  QStringList lines;
  for (const SkippedRows &one : skipped)
    lines.append(QStringLiteral("%1: %2").arg(count_text(static_cast<std::size_t>(one.rows)),
                                              text_of(one.reason)));
  return lines;
}

std::int64_t rows_left_out(const MeasuredKernels &measured) {
  std::int64_t rows = 0;
  for (const SkippedRows &one : measured.skipped)
    rows += one.rows;
  return rows;
}

/// What plans of one device and calibration have in common.
bool same_machine(const EstimatedPlanPointer &a, const EstimatedPlanPointer &b) {
  if (!a || !b)
    return a == b;
  const Cluster &one = a->run.cluster;
  const Cluster &other = b->run.cluster;
  return one.device.id == other.device.id && one.calibration.id == other.calibration.id &&
         one.calibration.transferred_to == other.calibration.transferred_to;
}

} // namespace

CalibrationPage::CalibrationPage(const PageContext &context, QWidget *parent)
    : Page(parent), session_(&context.session),
      open_(new QPushButton(tr("&Open measured kernels…"), this)), state_(new QLabel(this)),
      stop_(new QPushButton(tr("Stop"), this)), sets_(new QComboBox(this)),
      classes_(new QComboBox(this)), parts_(new QComboBox(this)), notice_(new MessageArea(this)),
      tabs_(new QTabWidget(this)), errors_(new PlotPanel(tabs_)), tree_(new QTreeView(tabs_)),
      ranges_(new QTableView(tabs_)), operators_(new QTableView(tabs_)),
      agreement_(new PlotPanel(tabs_)), residuals_(new PlotPanel(tabs_)),
      judged_(new QTreeView(tabs_)), kernels_(new QTableView(tabs_)),
      job_([this](const Studied &studied) { show_study(studied); }) {
  auto *layout = new QVBoxLayout(this);
  add_controls();
  layout->addWidget(notice_);
  add_tabs();
  layout->addWidget(tabs_, 1);
  show_study({});
}

bool CalibrationPage::takes_file(const QString &file) const {
  return recognises_file(file) ||
         (has_suffix(file) && QFileInfo(file).isFile() && !tells_loss(file));
}

bool CalibrationPage::recognises_file(const QString &file) const {
  return QFileInfo(file).isFile() && is_measured_kernels(file.toStdString());
}

void CalibrationPage::ask_for_kernels() {
  const QString file = QFileDialog::getOpenFileName(
      this, tr("Open measured kernels"), QFileInfo(text_of(file_)).absolutePath(),
      tr("Tables of kernels (*.csv *.csv.gz *.json);;Stores (*.db);;All files (*)"));
  if (!file.isEmpty())
    open_file(file);
}

void CalibrationPage::open_file(const QString &file) {
  file_ = file.toStdString();
  opened_ = true;
  // What was chosen of another file.
  set_.reset();
  classes_->setCurrentIndex(0);
  parts_->setCurrentIndex(0);
  sets_->clear();
  shown_.file.clear(); // read again, even if it is the same
  study();
}

void CalibrationPage::study() {
  if (file_.empty() || !plan_)
    return;
  KernelChoice choice;
  if (const int set = sets_->currentIndex(); set >= 0 && shown_.measured)
    if (const KernelSet &chosen = shown_.measured->sets[static_cast<std::size_t>(set)];
        static_cast<std::size_t>(set) != shown_.set)
      set_ = SetName{chosen.device, chosen.variant};
  if (const int at = classes_->currentIndex(); at > 0)
    choice.only = classes_->currentData().value<KernelClass>();
  choice.held_back = parts_->currentData().toBool();
  stopped_ = false;
  state_->setText(tr("reading %1 …").arg(QFileInfo(text_of(file_)).fileName()));
  stop_->show();
  job_.start([session = session_, plan = plan_, file = file_, set = set_, before = shown_,
              choice](const std::stop_token &stop) -> std::optional<Studied> {
    Studied now;
    now.file = file;
    now.plan = plan;
    try {
      now.measured = before.file == file ? before.measured : nullptr;
      if (!now.measured) {
        auto read = read_measured_kernels(file, session->catalog(), stop);
        if (!read)
          return std::nullopt;
        now.measured = std::make_shared<const MeasuredKernels>(std::move(*read));
      }
      const auto &sets = now.measured->sets;
      const auto wanted = std::ranges::find_if(sets, [&](const KernelSet &one) {
        return set && one.device == set->first && one.variant == set->second;
      });
      now.set = wanted != sets.end() ? static_cast<std::size_t>(wanted - sets.begin())
                                     : set_for(*now.measured, plan->run.cluster.device.id);
      const bool known = now.measured == before.measured && now.set == before.set &&
                         same_machine(plan, before.plan);
      now.study = known ? before.study
                        : std::make_shared<const KernelStudy>(
                              kernel_study(*now.measured, now.set, plan->run.cluster.device,
                                           plan->run.cluster.calibration, session->catalog()));
      if (stop.stop_requested())
        return std::nullopt;
      now.view = kernel_view(*now.study, choice, most_drawn);
    } catch (const InputError &error) {
      now.error = error.what();
    } catch (const StoreError &error) {
      now.error = error.what();
    }
    return now;
  });
}

void CalibrationPage::stop_studying() {
  job_.cancel();
  stopped_ = true;
  opened_ = false;
  go_back();
  stop_->hide();
  show_choices();
  state_->setText(tr("stopped"));
}

void CalibrationPage::go_back() {
  file_ = shown_.measured ? shown_.measured->file : std::string();
  shown_.file = file_;
  set_.reset();
  if (shown_.measured)
    if (const KernelSet &set = shown_.measured->sets[shown_.set]; set.known)
      set_ = SetName{set.device, set.variant};
}

void CalibrationPage::show_study(const Studied &studied) {
  // An answer may have been on its way already when it was no longer wanted.
  if (stopped_ || (!studied.file.empty() && studied.file != file_))
    return;
  stop_->setVisible(job_.busy());
  error_ = studied.error;
  if (studied.study)
    shown_ = studied;
  else
    go_back();
  const KernelStudy *study = shown_.study.get();
  agreement_->set_plot(study ? agreement_chart(*study, shown_.view) : PlotData());
  residuals_->set_plot(study ? residual_chart(*study, shown_.view) : PlotData());
  judged_rows_.set_report(study ? error_report(*study) : Report());
  unfold(*judged_);
  kernel_rows_.set_kernels(shown_.study, shown_.view.chosen);
  // What all rows would say alike leaves its room to the others.
  kernels_->setColumnHidden(KernelModel::class_column, shown_.view.choice.only.has_value());
  kernels_->setColumnHidden(KernelModel::part_column, shown_.view.choice.held_back);
  for (int tab = tabs_->indexOf(kernels_) - 1; tab < tabs_->count(); ++tab)
    tabs_->setTabVisible(tab, study != nullptr);
  choices_->setVisible(study != nullptr);
  show_choices();
  if (std::exchange(opened_, false) && studied.study)
    tabs_->setCurrentIndex(tabs_->indexOf(kernels_) - 1);
  show_messages();
}

void CalibrationPage::show_choices() {
  if (!shown_.study) {
    state_->setText(tr("Measured times of kernels, to be held against predicted ones"));
    return;
  }
  const auto &kernels = shown_.study->kernels;
  const QString file = QFileInfo(text_of(shown_.file)).fileName();
  constexpr int name_width = 240;
  const QString name = fontMetrics().elidedText(file, Qt::ElideMiddle, name_width);
  const std::size_t collectives = shown_.measured->sets[shown_.set].collectives.size();
  state_->setText(
      collectives > 0
          ? tr("%1: %2 kernels, %3 collectives")
                .arg(name, count_text(kernels.size()), count_text(collectives))
          : tr("%1: %2 kernels, %3 held back")
                .arg(name, count_text(kernels.size()), count_text(shown_.study->held_back)));
  QStringList about = left_out(*shown_.measured);
  about.prepend(about.isEmpty() ? text_of(shown_.file)
                                : tr("%1, rows left out:").arg(text_of(shown_.file)));
  state_->setToolTip(about.join(u'\n'));
  state_->setAccessibleDescription(state_->toolTip());
  sets_->clear();
  for (const KernelSet &set : shown_.measured->sets) {
    const QString device = set.device.empty() ? tr("device not told") : text_of(set.device);
    const QString count = count_text(set.kernels.size() + set.collectives.size());
    sets_->addItem(set.variant.empty()
                       ? tr("%1 (%2)").arg(device, count)
                       : tr("%1, %2 (%3)").arg(device, text_of(set.variant), count));
  }
  sets_->setCurrentIndex(static_cast<int>(shown_.set));
  sets_->setEnabled(sets_->count() > 1);
  classes_->clear();
  classes_->addItem(tr("all operators (%1)").arg(count_text(kernels.size())));
  for (const auto &[kernel_class, count] : shown_.study->classes) {
    classes_->addItem(tr("%1 (%2)").arg(class_text(kernel_class), count_text(count)),
                      QVariant::fromValue(kernel_class));
    if (shown_.view.choice.only == kernel_class)
      classes_->setCurrentIndex(classes_->count() - 1);
  }
  parts_->setCurrentIndex(shown_.view.choice.held_back ? 0 : 1);
}

void CalibrationPage::show_input(const PageInput &input) {
  plan_ = input.plan;
  show_plan();
  show_messages();
  if (plan_ && !file_.empty() && !same_machine(plan_, shown_.plan))
    study();
}

void CalibrationPage::show_plan() {
  if (!plan_) {
    errors_->set_plot({});
    facts_.set_report({});
    range_rows_.set_rows({});
    ranged_ = nullptr;
    operator_rows_.set_rows({});
    return;
  }
  const Calibration &calibration = plan_->run.cluster.calibration;
  errors_->set_plot(calibration_chart(calibration));
  if (Report report = calibration_report(calibration); report.title != facts_.report().title) {
    facts_.set_report(std::move(report));
    unfold(*tree_);
  }
  if (!same_machine(plan_, ranged_)) {
    ranged_ = plan_;
    range_rows_.set_rows(range_table(calibration));
    range_heading_->setText(range_rows_.rowCount({}) == 0
                                ? tr("Nothing was measured: stated efficiencies")
                                : tr("What was measured on %1").arg(text_of(calibration.device)));
    ranges_->resizeColumnsToContents();
    if (range_rows_.columnCount({}) > 1)
      ranges_->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
  }
  PlanOperators operators = plan_operators(*plan_);
  plan_heading_->setText(
      operators.inside ? tr("Operators of this plan: %1 % of their time lies in what was measured")
                             .arg(100 * *operators.inside, 0, 'f', 1)
                       : tr("Operators of this plan: its layout cannot run"));
  plan_heading_->setToolTip(tr("Forward and backward, of one micro-batch through all layers"));
  operator_rows_.set_rows(std::move(operators.rows));
  operators_->resizeColumnsToContents();
}

void CalibrationPage::show_messages() {
  if (!error_.empty()) {
    notice_->show_message(Tone::error,
                          shown_.study ? tr("These kernels cannot be shown; those before stay")
                                       : tr("These kernels cannot be shown"),
                          text_of(error_));
    return;
  }
  if (!plan_) {
    notice_->clear();
    return;
  }
  const Calibration &calibration = plan_->run.cluster.calibration;
  const bool borrowed = !calibration.transferred_to.empty();
  QStringList lines{
      borrowed ? tr("Borrowed from a relative: this device itself was not measured.")
      : calibration.device.empty()
          ? tr("No measurements: one stated efficiency for each class of operators.")
          : tr("Measured on %1; errors below are of samples that the fit did not see.")
                .arg(text_of(calibration.device))};
  if (shown_.study) {
    if (shown_.study->device.id != plan_->run.cluster.device.id)
      lines.append(
          tr("The opened kernels are of %1; they are predicted by its calibration, %2.")
              .arg(text_of(shown_.study->device.id), text_of(shown_.study->calibration.id)));
    if (const std::int64_t rows = rows_left_out(*shown_.measured); rows > 0)
      lines.append(tr("%1 rows left out; the tooltip of the file's name says why")
                       .arg(count_text(static_cast<std::size_t>(rows))));
    if (!shown_.study->remark.empty())
      lines.append(text_of(shown_.study->remark));
  }
  notice_->show_message(
      borrowed || calibration.device.empty() ? Tone::warning : Tone::hint,
      tr("%1 (%2)").arg(text_of(calibration.name), core_text(to_text(calibration.origin))),
      lines.join(u'\n'));
}

} // namespace flopcast
