// SPDX-License-Identifier: Apache-2.0
#include "gui/main_window.hpp"

#include "gui/editor/plan_editor.hpp"
#include "gui/export.hpp"
#include "gui/nearest_edits.hpp"
#include "gui/pages/message_area.hpp"
#include "gui/plots/figure_panel.hpp"
#include "gui/result_cards.hpp"
#include "reports/report.hpp"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QDir>
#include <QElapsedTimer>
#include <QEventLoop>
#include <QFileInfo>
#include <QLabel>
#include <QSaveFile>
#include <QSplitter>
#include <QStatusBar>
#include <QTabWidget>
#include <QUndoStack>

#include <algorithm>
#include <chrono>
#include <utility>

namespace flopcast {
namespace {

// Long enough not to call a half-typed key wrong, short enough to feel immediate.
constexpr auto pause_in_typing = std::chrono::milliseconds(250);
constexpr auto autosave_delay = std::chrono::milliseconds(500);
constexpr int status_shown_ms = 5000;
constexpr auto start_plan = "gpt3-175b-a100"; // that README estimates
// A plan takes a few kilobytes: what is larger is another kind of file.
constexpr qint64 largest_plan = 4 << 20;

QString text_of(const std::string &text) { return QString::fromStdString(text); }

} // namespace

MainWindow::MainWindow(PlanSession session, Settings settings)
    : session_(std::move(session)), settings_(std::move(settings)), document_(this),
      autosave_(settings_.folder()),
      job_([this](const Answered &answered) { show_answer(answered); }) {
  setAcceptDrops(true);
  typing_.setSingleShot(true);
  typing_.setInterval(pause_in_typing);
  connect(&typing_, &QTimer::timeout, this, [this] {
    document_.set_changes(typed_.toStdString(), tr("type changes"), QStringLiteral("typed"));
  });
  autosave_soon_.setSingleShot(true);
  autosave_soon_.setInterval(autosave_delay);
  connect(&autosave_soon_, &QTimer::timeout, this,
          [this] { autosave_.write(document_.request()); });
  connect(&document_, &PlanDocument::changed, this, [this] {
    autosave_soon_.start();
    ask();
  });
  apply_language(settings_.language());
  build();
  restore();
  show_nothing();
}

MainWindow::~MainWindow() {
  // Pages ask the session from other threads: they go before it, those too that a change of
  // language left to be deleted.
  delete takeCentralWidget();
  QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
}

void MainWindow::open_start_plan() {
  scenarios_pending_ = !settings_.scenarios().isEmpty();
  if (const auto recovered = autosave_.take_recovered()) {
    document_.restore(*recovered);
    settle();
    show_notice(tr("Recovered"), tr("The last session ended without saving; this is the plan as it "
                                    "was."));
    return;
  }
  if (const auto last = request_of_json(settings_.plan()))
    document_.restore(*last);
  else
    open_plan(QString::fromLatin1(start_plan));
}

void MainWindow::open_plan(const QString &where) {
  const std::string file = session_.located(where.toStdString());
  error_.clear();
  try {
    if (QFileInfo(text_of(file)).size() > largest_plan)
      throw InputError({file, 0, 0}, "is no plan: plans are TOML files of a few kilobytes");
    document_.open(session_.opened(file), tr("open %1").arg(QFileInfo(text_of(file)).fileName()));
    settings_.add_recent_file(text_of(file));
  } catch (const InputError &error) {
    // The plan that was open stays.
    error_ = QString::fromUtf8(error.what());
    show_notice(tr("This plan cannot be opened"), error_);
  }
}

Page *MainWindow::page_for(const QString &file) const {
  const auto recognising =
      std::ranges::find_if(pages_, [&](const Page *page) { return page->recognises_file(file); });
  if (recognising != pages_.end())
    return *recognising;
  // Several pages may try: the one in front is meant.
  if (const int front = tabs_->currentIndex(); front >= 0)
    if (Page *page = pages_[static_cast<std::size_t>(front)]; page->takes_file(file))
      return page;
  const auto taking =
      std::ranges::find_if(pages_, [&](const Page *page) { return page->takes_file(file); });
  return taking == pages_.end() ? nullptr : *taking;
}

void MainWindow::open_file(const QString &file) {
  if (Page *page = page_for(file)) {
    tabs_->setCurrentWidget(page);
    page->open_file(file);
  } else {
    open_plan(file);
  }
}

void MainWindow::new_plan() {
  document_.open({tr("new plan").toStdString(), {}, first_plan("llama3.1-8b")}, tr("new plan"));
}

void MainWindow::set_overrides(const QString &text) {
  typing_.stop();
  document_.set_changes(text.toStdString(), tr("type changes"), {});
}

void MainWindow::reload() {
  const PlanRequest &request = document_.request();
  if (document_.is_empty())
    return;
  try {
    PlanRequest again = request;
    again.text = session_.text(request.where);
    if (again == request)
      ask();
    else
      document_.open(std::move(again), tr("reload"));
  } catch (const InputError &error) {
    show_notice(tr("This plan cannot be read again"), QString::fromUtf8(error.what()));
  }
}

bool MainWindow::save_to(const QString &file) {
  try {
    const PlanRequest &request = document_.request();
    std::string text = merged_plan(request.text.value_or(""), request.where, request.changes);
    // A device or a folder would be replaced by the file.
    if (QFileInfo::exists(file) && !QFileInfo(file).isFile())
      throw InputError({file.toStdString(), 0, 0},
                       tr("is no file; choose another name").toStdString());
    QSaveFile target(file);
    const QByteArray bytes = QByteArray::fromStdString(text);
    if (!target.open(QIODevice::WriteOnly) || target.write(bytes) != bytes.size() ||
        // What is buffered meets a full disk only here: commit() would not tell.
        !target.flush() || !target.commit())
      throw InputError({file.toStdString(), 0, 0},
                       tr("cannot be written: %1; choose another folder")
                           .arg(target.errorString())
                           .toStdString());
    document_.saved(file.toStdString(), std::move(text));
    settings_.add_recent_file(file);
    statusBar()->showMessage(tr("Written: %1").arg(file), status_shown_ms);
    return true;
  } catch (const InputError &error) {
    show_notice(tr("The plan was not saved; nothing is lost"), QString::fromUtf8(error.what()));
    return false;
  }
}

void MainWindow::ask() {
  update_actions();
  editor_->select(text_of(document_.request().where));
  editor_->show_changes(document_.request().changes);
  if (document_.is_empty()) {
    job_.cancel();
    show_nothing();
    return;
  }
  cards_->set_stale(true);
  job_.start([this, request = document_.request()](const std::stop_token & /*stop*/) {
    // The session is not written to, and the job ends before the window does.
    return std::optional(Answered{request, session_.outcome(request)});
  });
}

void MainWindow::show_answer(const Answered &answered) {
  error_.clear();
  cards_->set_stale(job_.busy());
  if (const auto *plan = std::get_if<EstimatedPlanPointer>(&answered.outcome)) {
    shown_ = answered.request.where;
    show_plan(*plan);
  } else {
    // Numbers of another plan would be taken for those of this one.
    if (shown_ != answered.request.where) {
      shown_.clear();
      plan_ = nullptr;
      cards_->show_plan(nullptr);
      ++generation_;
      show_current_page();
    }
    show_error(QString::fromUtf8(std::get<InputError>(answered.outcome).what()));
  }
  write_title();
  update_actions();
  if (std::exchange(scenarios_pending_, false))
    restore_scenarios();
}

void MainWindow::show_plan(const EstimatedPlanPointer &plan) {
  plan_ = plan;
  ++generation_;
  if (plan->report.alerts.empty()) {
    message_->clear();
  } else {
    QStringList alerts;
    for (const ReportRemark &alert : plan->report.alerts)
      alerts.append(text_of(alert.label + ": " + alert.text));
    message_->show_message(Tone::warning, tr("This plan cannot run"), alerts.join(u'\n'));
    if (plan->nearest)
      message_->offer(tr("Take the nearest"));
  }
  cards_->show_plan(plan);
  editor_->show_plan(plan, document_.request().changes);
  tabs_->setEnabled(true);
  show_current_page();
}

void MainWindow::show_error(const QString &text) {
  error_ = text;
  tabs_->setEnabled(false);
  cards_->set_stale(true);
  message_->show_message(Tone::error,
                         plan_ ? tr("This cannot be read; the numbers are those before the change")
                               : tr("This plan cannot be read"),
                         text);
}

void MainWindow::show_notice(const QString &heading, const QString &text) {
  message_->show_message(Tone::error, heading, text);
}

void MainWindow::show_nothing() {
  plan_ = nullptr;
  shown_.clear();
  ++generation_;
  cards_->show_plan(nullptr);
  write_title();
  message_->show_message(Tone::hint, tr("Choose a plan"),
                         tr("Take one from the list, or open a plan file of your own; a file may "
                            "also be dropped on this window."));
  update_actions();
  show_current_page();
}

void MainWindow::write_title() {
  const PlanRequest &request = document_.request();
  const QString file = QFileInfo(text_of(request.where)).fileName();
  const auto changes = static_cast<int>(change_lines(request.changes).size());
  title_->setText(plan_ ? text_of(plan_->report.title) : file.isEmpty() ? tr("No plan") : file);
  subtitle_->setText(changes == 0 ? file : tr("%1, changes: %2").arg(file).arg(changes));
  subtitle_->setVisible(!document_.is_empty());
  setWindowTitle(document_.is_empty() ? tr("Flopcast")
                                      : tr("%1[*] – Flopcast").arg(title_->text()));
  setWindowModified(document_.is_modified());
}

PageInput MainWindow::page_input() const { return {document_.request(), plan_, scenarios_}; }

void MainWindow::show_current_page() {
  const int current = tabs_->currentIndex();
  if (current < 0)
    return;
  const auto page = static_cast<std::size_t>(current);
  if (page_generation_[page] == generation_)
    return;
  page_generation_[page] = generation_;
  pages_[page]->show_input(page_input());
}

void MainWindow::show_page(const QString &id) {
  for (std::size_t i = 0; i < entries_.size(); ++i)
    if (entries_[i].id == id)
      tabs_->setCurrentIndex(static_cast<int>(i));
}

void MainWindow::take_nearest() {
  if (plan_ && plan_->nearest)
    document_.edit(edits_towards(*plan_, *plan_->nearest), tr("take the nearest plan"), {});
}

void MainWindow::pin() {
  if (!plan_)
    return;
  QString name(u'A');
  while (std::ranges::find(scenarios_, name, &Scenario::name) != scenarios_.end() &&
         name < QString(u'Z'))
    name = QString(QChar(name.front().unicode() + 1));
  scenarios_.push_back({name, plan_});
  scenario_requests_.push_back(document_.request());
  ++generation_;
  show_current_page();
  statusBar()->showMessage(tr("Pinned as %1: page Compare").arg(name), status_shown_ms);
}

void MainWindow::remove_scenario(int index) {
  if (index < 0 || static_cast<std::size_t>(index) >= scenarios_.size())
    return;
  scenarios_.erase(scenarios_.begin() + index);
  scenario_requests_.erase(scenario_requests_.begin() + index);
  ++generation_;
  show_current_page();
}

void MainWindow::work_on_scenario(int index) {
  if (index >= 0 && static_cast<std::size_t>(index) < scenarios_.size())
    document_.open(scenario_requests_[static_cast<std::size_t>(index)],
                   tr("work on %1").arg(scenarios_[static_cast<std::size_t>(index)].name));
}

void MainWindow::restore_scenarios() {
  for (const QByteArray &json : settings_.scenarios()) {
    const auto request = request_of_json(json);
    if (!request)
      continue;
    // One whose presets are gone since is left out.
    const PlanOutcome outcome = session_.outcome(*request);
    if (const auto *plan = std::get_if<EstimatedPlanPointer>(&outcome)) {
      scenarios_.push_back({QString(QChar(u'A' + static_cast<int>(scenarios_.size()))), *plan});
      scenario_requests_.push_back(*request);
    }
  }
  ++generation_;
  show_current_page();
}

void MainWindow::copy_markdown() {
  if (!plan_)
    return;
  QApplication::clipboard()->setText(text_of(to_markdown(plan_->report)));
  statusBar()->showMessage(tr("Copied as Markdown"), status_shown_ms);
}

void MainWindow::export_to(const QString &file) {
  if (!plan_)
    return;
  try {
    export_plan(*plan_, file.toStdString());
    statusBar()->showMessage(tr("Written: %1").arg(file), status_shown_ms);
  } catch (const InputError &error) {
    show_notice(tr("Nothing was exported"), QString::fromUtf8(error.what()));
  }
}

int MainWindow::export_plots(const QString &folder, const QString &extension) {
  int written = 0;
  try {
    for (std::size_t i = 0; i < pages_.size(); ++i) {
      if (page_generation_[i] != generation_) {
        page_generation_[i] = generation_;
        pages_[i]->show_input(page_input());
      }
      settle();
      for (FigurePanel *plot : pages_[i]->findChildren<FigurePanel *>())
        if (plot->has_figure()) {
          plot->save(QDir(folder).filePath(plot->figure_id() + u'.' + extension));
          ++written;
        }
    }
    statusBar()->showMessage(tr("%n plots written", nullptr, written), status_shown_ms);
  } catch (const InputError &error) {
    show_notice(tr("Not all plots were exported"), QString::fromUtf8(error.what()));
  }
  return written;
}

bool MainWindow::busy() const {
  return job_.busy() || typing_.isActive() ||
         std::ranges::any_of(pages_, [](const Page *page) { return page->busy(); });
}

void MainWindow::settle() const {
  constexpr int patience_ms = 30'000; // no answer takes a second; a test must end all the same
  QElapsedTimer waited;
  waited.start();
  do
    QApplication::processEvents(busy() ? QEventLoop::WaitForMoreEvents : QEventLoop::AllEvents);
  while (busy() && waited.elapsed() < patience_ms);
}

void MainWindow::remember() {
  settings_.set_geometry(saveGeometry());
  settings_.set_docks(dock_state());
  for (const QSplitter *splitter : findChildren<QSplitter *>())
    settings_.set_splitter(splitter->objectName(), splitter->saveState());
  const int current = tabs_->currentIndex();
  if (current >= 0)
    settings_.set_page(entries_[static_cast<std::size_t>(current)].id);
  if (!document_.is_empty())
    settings_.set_plan(request_json(document_.request()));
  QList<QByteArray> scenarios;
  for (const PlanRequest &request : scenario_requests_)
    scenarios.append(request_json(request));
  settings_.set_scenarios(scenarios);
}

} // namespace flopcast
