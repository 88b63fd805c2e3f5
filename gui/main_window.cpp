// SPDX-License-Identifier: Apache-2.0
#include "gui/main_window.hpp"

#include "gui/export.hpp"
#include "gui/pages/estimate_page.hpp"
#include "gui/pages/plan_panel.hpp"

#include <QAction>
#include <QActionGroup>
#include <QApplication>
#include <QClipboard>
#include <QCloseEvent>
#include <QDragEnterEvent>
#include <QDropEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QMenuBar>
#include <QMimeData>
#include <QSplitter>
#include <QStatusBar>

#include <chrono>
#include <utility>

namespace flopcast {
namespace {

// Long enough not to call a half-typed key wrong, short enough to feel immediate.
constexpr auto pause_in_typing = std::chrono::milliseconds(250);

constexpr int status_shown_ms = 5000;

/// The file of a drag that carries one, or "".
QString dragged_file(const QMimeData &data) {
  const QList<QUrl> urls = data.urls();
  return urls.size() == 1 && urls.front().isLocalFile() ? urls.front().toLocalFile() : QString();
}

} // namespace

MainWindow::MainWindow(PlanSession session, Settings settings)
    : session_(std::move(session)), settings_(std::move(settings)) {
  auto *open = new QAction(tr("&Open plan…"), this);
  open->setShortcut(QKeySequence::Open);
  connect(open, &QAction::triggered, this, &MainWindow::ask_for_plan);

  auto *columns = new QSplitter(Qt::Horizontal, this);
  columns->setObjectName(QStringLiteral("window"));
  columns->setChildrenCollapsible(false);
  panel_ = new PlanPanel(open, columns);
  page_ = new EstimatePage(columns);
  columns->addWidget(panel_);
  columns->addWidget(page_);
  columns->setStretchFactor(1, 1);
  columns->setSizes({260, 1020});
  setCentralWidget(columns);

  add_file_menu(open);
  add_view_menu();
  statusBar();
  setAcceptDrops(true);
  setWindowTitle(tr("Flopcast"));

  panel_->set_plans(session_.shipped_plans());
  page_->show_nothing(tr("No plan"));
  reload();

  typing_.setSingleShot(true);
  typing_.setInterval(pause_in_typing);
  connect(panel_, &PlanPanel::plan_chosen, this, &MainWindow::open_plan);
  connect(panel_, &PlanPanel::overrides_edited, &typing_, qOverload<>(&QTimer::start));
  connect(&typing_, &QTimer::timeout, this, &MainWindow::reload);
  restore();
}

void MainWindow::add_file_menu(QAction *open) {
  QMenu *menu = menuBar()->addMenu(tr("&File"));
  menu->addAction(open);
  reload_ = menu->addAction(tr("&Reload"), QKeySequence::Refresh, this, &MainWindow::reload);
  menu->addSeparator();
  copy_ = menu->addAction(tr("&Copy as Markdown"), QKeySequence(tr("Ctrl+Shift+C")), this,
                          &MainWindow::copy_markdown);
  export_ = menu->addAction(tr("&Export…"), QKeySequence(tr("Ctrl+E")), this,
                            &MainWindow::ask_for_export);
  menu->addSeparator();
  // Not QKeySequence::Quit, which is empty outside GNOME and KDE.
  menu->addAction(tr("&Quit"), QKeySequence(tr("Ctrl+Q")), this, &MainWindow::close);
}

void MainWindow::add_view_menu() {
  QMenu *menu = menuBar()->addMenu(tr("&View"));
  menu->addAction(tr("&Find a plan"), QKeySequence::Find, panel_, &PlanPanel::focus_filter);
  menu->addAction(tr("&Overrides"), QKeySequence(tr("Ctrl+L")), panel_,
                  &PlanPanel::focus_overrides);
  menu->addSeparator();
  QMenu *themes = menu->addMenu(tr("&Theme"));
  themes_ = new QActionGroup(this);
  for (const auto &[theme, name] :
       {std::pair{Theme::system, tr("&System")}, std::pair{Theme::light, tr("&Light")},
        std::pair{Theme::dark, tr("&Dark")}}) {
    QAction *action = themes->addAction(name);
    action->setCheckable(true);
    action->setObjectName(to_text(theme));
    themes_->addAction(action);
    connect(action, &QAction::triggered, this, [this, chosen = theme] {
      settings_.set_theme(chosen);
      set_theme(chosen);
    });
  }
}

void MainWindow::restore() {
  if (!restoreGeometry(settings_.geometry()))
    resize(1280, 800);
  for (QSplitter *splitter : findChildren<QSplitter *>())
    splitter->restoreState(settings_.splitter(splitter->objectName()));
  set_theme(settings_.theme());
}

void MainWindow::open_plan(const QString &where) {
  where_ = QString::fromStdString(session_.located(where.toStdString()));
  panel_->select(where_);
  reload();
}

void MainWindow::set_overrides(const QString &text) {
  panel_->set_overrides(text);
  reload();
}

void MainWindow::reload() {
  typing_.stop();
  reload_->setEnabled(!where_.isEmpty());
  plan_ = nullptr;
  error_.clear();
  if (!where_.isEmpty()) {
    const PlanOutcome outcome =
        session_.outcome({where_.toStdString(), panel_->overrides().toStdString()});
    if (const auto *plan = std::get_if<EstimatedPlanPointer>(&outcome))
      show_plan(*plan);
    else
      show_error(std::get<InputError>(outcome));
  }
  copy_->setEnabled(plan_ != nullptr);
  export_->setEnabled(plan_ != nullptr);
}

void MainWindow::show_plan(const EstimatedPlanPointer &plan) {
  plan_ = plan;
  shown_ = where_;
  const auto overrides = static_cast<int>(override_count(panel_->overrides().toStdString()));
  const QString file = QFileInfo(where_).fileName();
  page_->show_plan(plan, overrides == 0 ? file : tr("%1, overrides: %2").arg(file).arg(overrides));
  setWindowTitle(tr("%1 – Flopcast").arg(QString::fromStdString(plan->report.title)));
}

void MainWindow::show_error(const InputError &error) {
  // Numbers of another plan would be taken for those of this one.
  if (shown_ != where_) {
    page_->show_nothing(QFileInfo(where_).fileName());
    setWindowTitle(tr("%1 – Flopcast").arg(QFileInfo(where_).fileName()));
    shown_.clear();
  }
  error_ = QString::fromStdString(error.what());
  page_->show_error(shown_.isEmpty()
                        ? tr("This plan cannot be read")
                        : tr("This cannot be read; the numbers are those before the change"),
                    error_);
}

void MainWindow::copy_markdown() {
  if (!plan_)
    return;
  QApplication::clipboard()->setText(QString::fromStdString(to_markdown(plan_->report)));
  statusBar()->showMessage(tr("Copied as Markdown"), status_shown_ms);
}

void MainWindow::export_to(const QString &file) {
  if (!plan_)
    return;
  try {
    export_plan(*plan_, file.toStdString());
    statusBar()->showMessage(tr("Written: %1").arg(file), status_shown_ms);
  } catch (const InputError &error) {
    page_->show_notice(tr("Nothing was exported"), QString::fromStdString(error.what()));
  }
}

void MainWindow::ask_for_plan() {
  const QString file = QFileDialog::getOpenFileName(
      this, tr("Open a plan"), QFileInfo(where_).absolutePath(), tr("Plans (*.toml)"));
  if (!file.isEmpty())
    open_plan(file);
}

void MainWindow::ask_for_export() {
  // The dialog adds the extension itself, so that it asks before it writes over a file.
  QFileDialog dialog(this, tr("Export"));
  dialog.setAcceptMode(QFileDialog::AcceptSave);
  dialog.setNameFilters({tr("Markdown (*.md)"), tr("CSV (*.csv)"), tr("JSON (*.json)")});
  dialog.setDefaultSuffix(QStringLiteral("md"));
  dialog.selectFile(QFileInfo(where_).completeBaseName());
  connect(&dialog, &QFileDialog::filterSelected, &dialog, [&dialog](const QString &filter) {
    for (const QString &suffix :
         {QStringLiteral("md"), QStringLiteral("csv"), QStringLiteral("json")})
      if (filter.contains(u'.' + suffix + u')'))
        dialog.setDefaultSuffix(suffix);
  });
  if (dialog.exec() == QDialog::Accepted)
    export_to(dialog.selectedFiles().constFirst());
}

void MainWindow::set_theme(Theme theme) {
  for (QAction *action : themes_->actions())
    if (action->objectName() == to_text(theme))
      action->setChecked(true);
  apply_theme(theme);
}

void MainWindow::closeEvent(QCloseEvent *event) {
  settings_.set_geometry(saveGeometry());
  for (const QSplitter *splitter : findChildren<QSplitter *>())
    settings_.set_splitter(splitter->objectName(), splitter->saveState());
  event->accept();
}

void MainWindow::dragEnterEvent(QDragEnterEvent *event) {
  if (!dragged_file(*event->mimeData()).isEmpty())
    event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent *event) {
  open_plan(dragged_file(*event->mimeData()));
  event->acceptProposedAction();
}

} // namespace flopcast
