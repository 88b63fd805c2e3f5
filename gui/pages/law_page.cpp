// SPDX-License-Identifier: Apache-2.0
#include "gui/pages/law_page.hpp"

#include "gui/charts/law_figures.hpp"
#include "gui/pages/message_area.hpp"
#include "gui/pages/table_look.hpp"
#include "gui/plots/plot_panel.hpp"
#include "model/planning/expected_loss.hpp"
#include "model/scaling/law_reader.hpp"

#include <QComboBox>
#include <QDate>
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSplitter>
#include <QTabBar>
#include <QTabWidget>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

namespace flopcast {
namespace {

// Not the id of any law: presets are named in letters, digits and hyphens.
constexpr auto fitted_id = "(fitted)";

Date today() {
  const QDate date = QDate::currentDate();
  return {date.year(), date.month(), date.day()};
}

QString text_of(const std::string &text) { return QString::fromStdString(text); }

} // namespace

LawPage::LawPage(const PageContext &context, QWidget *parent)
    : Page(parent), session_(&context.session), chosen_(usual_law), law_(new QComboBox(this)),
      open_(new QPushButton(tr("Fit my runs…"), this)), form_(new QComboBox(this)),
      columns_(new QLineEdit(this)), stop_(new QPushButton(tr("Stop"), this)),
      state_(new QLabel(this)), message_(new MessageArea(this)), isoflop_(new PlotPanel(this)),
      frontier_(new PlotPanel(this)), details_(new QTabWidget(this)),
      numbers_(new QTableView(this)), parameters_(new QTableView(this)),
      study_job_([this](const Studied &studied) { show_study(studied); }),
      fit_job_([this](const Fitted &fitted) { show_fit(fitted); }) {
  auto *layout = new QVBoxLayout(this);
  add_controls();
  layout->addWidget(message_);
  add_plots();
  show_fit({});
}

void LawPage::add_controls() {
  law_->setObjectName(QStringLiteral("law"));
  law_->setAccessibleName(tr("Scaling law"));
  law_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  law_->setMinimumContentsLength(28);
  law_->setMaxVisibleItems(24);
  open_->setToolTip(tr("A table of training runs with size, data and loss: CSV or JSON lines; it "
                       "may also be dropped on the window"));
  form_->setObjectName(QStringLiteral("form"));
  form_->setAccessibleName(tr("Form of the law that is fitted"));
  form_->setToolTip(tr("Form of the law that is fitted"));
  for (const std::string &id : loss_form_ids())
    form_->addItem(text_of(id));
  columns_->setObjectName(QStringLiteral("columns"));
  columns_->setAccessibleName(tr("Columns of the table"));
  columns_->setPlaceholderText(QStringLiteral("N=Model Size,D=Tokens,loss=loss"));
  columns_->setToolTip(tr("Which columns of the table mean what, where they are not called N, D or "
                          "C, and loss"));
  columns_->setAcceptDrops(false); // a dropped file is opened, it is no text
  auto *label = new QLabel(tr("&Law"), this);
  label->setBuddy(law_);
  auto *form_label = new QLabel(tr("&Form"), this);
  form_label->setBuddy(form_);
  auto *columns_label = new QLabel(tr("&Columns"), this);
  columns_label->setBuddy(columns_);
  state_->setForegroundRole(QPalette::PlaceholderText);
  auto *first = new QHBoxLayout;
  first->addWidget(label);
  first->addWidget(law_, 1);
  first->addSpacing(12);
  first->addWidget(open_);
  // Of no use before there are runs.
  fitting_ = new QWidget(this);
  auto *second = new QHBoxLayout(fitting_);
  second->setContentsMargins(0, 0, 0, 0);
  second->addWidget(form_label);
  second->addWidget(form_);
  second->addSpacing(8);
  second->addWidget(columns_label);
  second->addWidget(columns_, 1);
  second->addWidget(state_);
  second->addWidget(stop_);
  auto *rows = dynamic_cast<QVBoxLayout *>(layout());
  rows->addLayout(first);
  rows->addWidget(fitting_);
  fitting_->hide();
  stop_->hide();
  connect(law_, &QComboBox::activated, this, [this] {
    chosen_ = law_->currentData().toString().toStdString();
    study();
  });
  connect(open_, &QPushButton::clicked, this, &LawPage::ask_for_runs);
  connect(form_, &QComboBox::activated, this, &LawPage::fit);
  connect(columns_, &QLineEdit::editingFinished, this, &LawPage::fit);
  connect(stop_, &QPushButton::clicked, this, &LawPage::stop_fitting);
}

void LawPage::add_plots() {
  numbers_->setModel(&number_rows_);
  numbers_->setObjectName(QStringLiteral("law-numbers"));
  numbers_->setAccessibleName(tr("What the law says of this plan"));
  parameters_->setModel(&parameter_rows_);
  parameters_->setAccessibleName(tr("Parameters of the fit"));
  for (QTableView *table : {numbers_, parameters_})
    make_readable(*table);
  // Numbers stand together at the right, not one of them at the far end.
  numbers_->horizontalHeader()->setStretchLastSection(false);
  const auto splitter = [this](Qt::Orientation orientation, const char *name,
                               std::initializer_list<QWidget *> parts, const QList<int> &sizes) {
    auto *split = new QSplitter(orientation, details_);
    split->setObjectName(QLatin1String(name));
    split->setChildrenCollapsible(false);
    for (QWidget *part : parts)
      split->addWidget(part);
    split->setSizes(sizes);
    return split;
  };
  for (const char *id : {"isoflop", "frontier", "fit", "residuals"})
    fit_plots_.emplace_back(id, new PlotPanel(details_));
  const QList<int> halves{370, 370};
  details_->setDocumentMode(true);
  details_->addTab(
      splitter(Qt::Vertical, "law-page",
               {splitter(Qt::Horizontal, "law-plots", {isoflop_, frontier_}, halves), numbers_},
               {390, 190}),
      tr("This plan"));
  details_->addTab(splitter(Qt::Vertical, "fit-page",
                            {splitter(Qt::Horizontal, "fit-plots",
                                      {fit_plots_[0].second, fit_plots_[1].second}, halves),
                             parameters_},
                            {390, 190}),
                   tr("Fit to runs"));
  details_->addTab(
      splitter(Qt::Horizontal, "fit-errors", {fit_plots_[2].second, fit_plots_[3].second}, halves),
      tr("Errors of the fit"));
  dynamic_cast<QVBoxLayout *>(layout())->addWidget(details_, 1);
}

bool LawPage::takes_file(const QString &file) const {
  constexpr std::array suffixes{".csv", ".csv.gz", ".jsonl", ".jsonl.gz"};
  const QString name = file.toLower();
  return std::ranges::any_of(
      suffixes, [&](const char *suffix) { return name.endsWith(QLatin1String(suffix)); });
}

void LawPage::ask_for_runs() {
  const QString file = QFileDialog::getOpenFileName(
      this, tr("Open a table of runs"), QFileInfo(text_of(runs_.file)).absolutePath(),
      tr("Tables of runs (*.csv *.jsonl *.json *.gz)"));
  if (!file.isEmpty())
    open_file(file);
}

void LawPage::open_file(const QString &file) {
  runs_.file = file.toStdString();
  columns_->clear(); // those of another table
  runs_.columns.clear();
  fit();
}

void LawPage::fit() {
  RunsRequest wanted{runs_.file, columns_->text().toStdString(),
                     form_->currentText().toStdString()};
  if (wanted.file.empty() || (wanted == runs_ && fitted_ && fitted_->request == wanted))
    return;
  runs_ = wanted;
  fitting_->show();
  state_->setText(tr("fitting %1 …").arg(QFileInfo(text_of(wanted.file)).fileName()));
  stop_->show();
  fit_job_.start([wanted, date = today()](const std::stop_token &stop) -> std::optional<Fitted> {
    try {
      auto runs = fitted_runs(wanted, date, stop);
      if (!runs)
        return std::nullopt;
      return Fitted{std::make_shared<const FittedRuns>(std::move(*runs)), {}};
    } catch (const InputError &error) {
      return Fitted{nullptr, error.what()};
    }
  });
}

void LawPage::stop_fitting() {
  fit_job_.cancel();
  stop_->hide();
  state_->setText(tr("stopped"));
}

void LawPage::show_fit(const Fitted &fitted) {
  stop_->setVisible(fit_job_.busy());
  state_->clear();
  fit_error_ = fitted.error;
  if (fitted.runs || fitted.error.empty())
    fitted_ = fitted.runs;
  parameter_rows_.set_rows(fitted_ ? fit_table(fitted_->analysis) : std::vector<QStringList>());
  for (const auto &[id, plot] : fit_plots_) {
    plot->set_plot(fitted_ ? fit_plot(fitted_->charts, id) : PlotData());
    plot->setHidden(plot->plot().empty()); // its neighbour takes the room
  }
  for (int tab = 1; tab < details_->count(); ++tab)
    details_->setTabVisible(tab, fitted_ != nullptr);
  details_->tabBar()->setVisible(fitted_ != nullptr);
  if (fitted_) {
    const LawFit &fit = fitted_->analysis.fit;
    parameters_->resizeColumnsToContents();
    state_->setText(tr("%1: %2 runs, %3 of %4 starts agree")
                        .arg(QFileInfo(text_of(fitted_->request.file)).fileName())
                        .arg(fit.runs.size())
                        .arg(fit.certificate.starts_agreeing)
                        .arg(fit.certificate.starts));
    state_->setToolTip(text_of(fitted_->request.file));
  }
  const std::string before = chosen_;
  if (fitted.runs && fitted.runs->law)
    chosen_ = fitted_id;
  else if (chosen_ == fitted_id && !(fitted_ && fitted_->law))
    chosen_ = planned_.empty() ? usual_law : planned_; // a form that no law has
  fill_laws();
  if (fitted.runs)
    details_->setCurrentIndex(1);
  if (fitted.runs || chosen_ != before)
    study();
  show_messages();
}

void LawPage::show_input(const PageInput &input) {
  if (input.plan == plan_ && plan_)
    return;
  plan_ = input.plan;
  const PlannedLaw *planned = planned_law();
  const std::string id = planned != nullptr ? planned->law.id : std::string();
  // Another law in the plan is followed; what is chosen here for a look changes no plan.
  if (id != planned_) {
    planned_ = id;
    if (!id.empty())
      chosen_ = id;
    fill_laws();
  }
  study();
}

const PlannedLaw *LawPage::planned_law() const {
  return plan_ ? plan_->run.plan.data.law.get() : nullptr;
}

void LawPage::study() {
  if (!plan_) {
    study_job_.cancel();
    study_.reset();
    show_study({laws_, std::nullopt, {}});
    return;
  }
  study_job_.start([id = chosen_, session = session_, plan = plan_, laws = laws_,
                    own = chosen_ == fitted_id ? fitted_ : nullptr](
                       const std::stop_token &stop) -> std::optional<Studied> {
    try {
      const Laws known =
          laws ? laws
               : std::make_shared<const std::vector<ScalingLaw>>(load_laws(session->catalog()));
      const auto named = [&](const std::string &name) {
        const auto found = std::ranges::find(*known, name, &ScalingLaw::id);
        return found == known->end() ? nullptr : &*found;
      };
      const PlannedLaw *planned = plan->run.plan.data.law.get();
      const ScalingLaw *law = named(id);
      if (own && own->law)
        law = &*own->law;
      else if (planned != nullptr && planned->law.id == id)
        law = &planned->law; // of a file, perhaps, which is in no catalog
      if (law == nullptr)
        return Studied{known, std::nullopt, "no law \"" + id + "\""};
      auto study = law_study(*law, named(law->unrounded), plan->run, stop);
      if (!study)
        return std::nullopt;
      return Studied{known, std::move(study), {}};
    } catch (const InputError &error) {
      return Studied{laws, std::nullopt, error.what()};
    }
  });
}

void LawPage::fill_laws() {
  if (!laws_)
    return;
  const QSignalBlocker quiet(law_);
  law_->clear();
  if (fitted_ && fitted_->law)
    law_->addItem(tr("fitted to %1").arg(text_of(fitted_->law->name)),
                  QString::fromLatin1(fitted_id));
  // Laws of relations alone tell no loss: the page Presets shows them.
  for (const ScalingLaw &law : *laws_)
    if (law.form)
      law_->addItem(text_of(law.name), text_of(law.id));
  if (const PlannedLaw *planned = planned_law();
      planned != nullptr && law_->findData(text_of(planned->law.id)) < 0)
    law_->addItem(text_of(planned->law.name), text_of(planned->law.id));
  law_->setCurrentIndex(law_->findData(text_of(chosen_)));
}

void LawPage::show_study(const Studied &studied) {
  if (studied.laws && studied.laws != laws_) {
    laws_ = studied.laws;
    fill_laws();
  }
  study_ = studied.study;
  study_error_ = studied.error;
  isoflop_->set_plot(study_ ? law_plot(study_->isoflop) : PlotData());
  frontier_->set_plot(study_ ? law_plot(study_->frontier) : PlotData());
  number_rows_.set_rows(study_ ? law_table(*study_) : std::vector<QStringList>());
  numbers_->resizeColumnsToContents();
  if (number_rows_.columnCount({}) > 1)
    numbers_->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
  show_messages();
}

void LawPage::show_messages() {
  if (!fit_error_.empty()) {
    message_->show_message(Tone::error, tr("These runs cannot be fitted; the law before stays"),
                           text_of(fit_error_) + u'\n' +
                               tr("The field Columns says which columns mean what."));
    return;
  }
  if (!study_error_.empty() || (study_ && !study_->refusal.empty())) {
    message_->show_message(Tone::warning, tr("This law tells nothing of this plan"),
                           text_of(study_error_.empty() ? study_->refusal : study_error_));
    return;
  }
  QStringList warnings;
  if (study_)
    for (const std::string &warning : study_->warnings)
      warnings.append(text_of(warning));
  if (fitted_)
    for (const std::string &warning : fitted_->analysis.warnings)
      warnings.append(text_of(warning));
  if (warnings.isEmpty())
    message_->clear();
  else
    message_->show_message(Tone::warning, tr("To be taken with care"), warnings.join(u'\n'));
}

} // namespace flopcast
