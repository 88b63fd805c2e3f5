// SPDX-License-Identifier: Apache-2.0
// The widgets of the main window: made at the start, and anew when the language changes.
#include "gui/editor/plan_editor.hpp"
#include "gui/main_window.hpp"
#include "gui/pages/message_area.hpp"
#include "gui/plots/figure_panel.hpp"
#include "gui/result_cards.hpp"

#include <QActionGroup>
#include <QCloseEvent>
#include <QDockWidget>
#include <QDragEnterEvent>
#include <QDropEvent>
#include <QLabel>
#include <QMenuBar>
#include <QMimeData>
#include <QScopedValueRollback>
#include <QSplitter>
#include <QStatusBar>
#include <QTabWidget>
#include <QUndoStack>
#include <QVBoxLayout>

namespace flopcast {
namespace {

constexpr QSize first_size(1280, 800);
constexpr int editor_width = 300;
constexpr int cards_width = 196;

/// The file of a drag that carries one, or "".
QString dragged_file(const QMimeData &data) {
  const QList<QUrl> urls = data.urls();
  return urls.size() == 1 && urls.front().isLocalFile() ? urls.front().toLocalFile() : QString();
}

} // namespace

void MainWindow::build() {
  shell_ = new QObject(this);
  entries_ = page_registry();
  build_centre();
  build_docks();
  build_menus();
  statusBar();
}

void MainWindow::build_centre() {
  auto *centre = new QWidget(this);
  title_ = new QLabel(centre);
  QFont large = title_->font();
  large.setPointSizeF(1.4 * large.pointSizeF());
  large.setBold(true);
  title_->setFont(large);
  title_->setWordWrap(true);
  title_->setTextFormat(Qt::PlainText);
  title_->setObjectName(QStringLiteral("title"));
  subtitle_ = new QLabel(centre);
  subtitle_->setTextFormat(Qt::PlainText);
  subtitle_->setForegroundRole(QPalette::PlaceholderText);
  message_ = new MessageArea(centre);
  connect(message_, &MessageArea::accepted, this, &MainWindow::take_nearest);
  tabs_ = new QTabWidget(centre);
  tabs_->setObjectName(QStringLiteral("pages"));
  tabs_->setDocumentMode(true);
  pages_.clear();
  page_generation_.clear();
  for (const PageEntry &entry : entries_) {
    Page *page = entry.create({session_}, tabs_);
    tabs_->addTab(page, entry.title);
    pages_.push_back(page);
    page_generation_.push_back(-1);
    connect(page, &Page::plan_wanted, this, &MainWindow::open_plan);
    connect(page, &Page::scenario_removed, this, &MainWindow::remove_scenario);
    connect(page, &Page::scenario_wanted, this, &MainWindow::work_on_scenario);
    for (FigurePanel *plot : page->findChildren<FigurePanel *>())
      connect(plot, &FigurePanel::export_wanted, this, [this, plot] { ask_for_plot_export(plot); });
  }
  connect(tabs_, &QTabWidget::currentChanged, this, &MainWindow::show_current_page);
  auto *layout = new QVBoxLayout(centre);
  layout->setContentsMargins(10, 8, 10, 0);
  layout->setSpacing(4);
  layout->addWidget(title_);
  layout->addWidget(subtitle_);
  layout->addWidget(message_);
  layout->addWidget(tabs_, 1);
  setCentralWidget(centre);
}

void MainWindow::build_docks() {
  editor_ = new PlanEditor(session_, this);
  editor_dock_ = new QDockWidget(tr("Plan"), this);
  editor_dock_->setObjectName(QStringLiteral("editor"));
  editor_dock_->setWidget(editor_);
  addDockWidget(Qt::LeftDockWidgetArea, editor_dock_);
  cards_ = new ResultCards(this);
  cards_dock_ = new QDockWidget(tr("Results"), this);
  cards_dock_->setObjectName(QStringLiteral("results-dock"));
  cards_dock_->setWidget(cards_);
  addDockWidget(Qt::RightDockWidgetArea, cards_dock_);
  resizeDocks({editor_dock_, cards_dock_}, {editor_width, cards_width}, Qt::Horizontal);

  connect(editor_, &PlanEditor::plan_chosen, this, &MainWindow::open_plan);
  connect(editor_, &PlanEditor::edited, &document_, &PlanDocument::edit);
  connect(editor_, &PlanEditor::reset_wanted, &document_, &PlanDocument::reset);
  connect(editor_, &PlanEditor::changes_typed, this, [this](const QString &text) {
    typed_ = text;
    typing_.start();
  });
}

void MainWindow::take_apart() {
  // Deleted later: this may be called from one of their signals. Without a parent nobody finds them
  // until then.
  for (QDockWidget *dock : {editor_dock_, cards_dock_}) {
    removeDockWidget(dock);
    dock->setParent(nullptr);
    dock->deleteLater();
  }
  QWidget *centre = takeCentralWidget();
  centre->setParent(nullptr);
  centre->deleteLater();
  QMenuBar *menus = menuBar();
  setMenuBar(new QMenuBar(this)); // deletes the old one later
  menus->clear();
  shell_->deleteLater();
}

QByteArray MainWindow::dock_state() const { return saveState(); }

void MainWindow::restore() {
  if (!restoreGeometry(settings_.geometry()))
    resize(first_size);
  first_docks_ = dock_state();
  if (const QByteArray docks = settings_.docks(); !docks.isEmpty())
    restoreState(docks);
  for (QSplitter *splitter : findChildren<QSplitter *>())
    splitter->restoreState(settings_.splitter(splitter->objectName()));
  show_page(settings_.page());
  set_theme(settings_.theme());
}

void MainWindow::reset_layout() {
  restoreState(first_docks_);
  resizeDocks({editor_dock_, cards_dock_}, {editor_width, cards_width}, Qt::Horizontal);
  editor_dock_->show();
  cards_dock_->show();
}

void MainWindow::set_language(Language language) {
  if (language == current_language())
    return;
  const QByteArray docks = dock_state();
  const int page = tabs_->currentIndex();
  // What it looks like for this run may be another than what is kept.
  const Theme theme = theme_of(themes_->checkedAction()->objectName()).value_or(settings_.theme());
  QStringList opened;
  for (const Page *one : pages_)
    opened.append(one->opened_file());
  // The answer to what is asked comes to the new widgets.
  take_apart();
  apply_language(language);
  build();
  for (std::size_t i = 0; i < pages_.size(); ++i)
    if (const QString &file = opened.at(static_cast<qsizetype>(i)); !file.isEmpty())
      pages_[i]->open_file(file);
  restoreState(docks);
  tabs_->setCurrentIndex(page);
  set_theme(theme);
  if (document_.is_empty())
    show_nothing();
  else
    ask();
  if (plan_)
    show_plan(plan_);
  write_title();
}

void MainWindow::closeEvent(QCloseEvent *event) {
  remember();
  autosave_soon_.stop();
  autosave_.clear();
  event->accept();
}

void MainWindow::dragEnterEvent(QDragEnterEvent *event) {
  if (!dragged_file(*event->mimeData()).isEmpty())
    event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent *event) {
  open_file(dragged_file(*event->mimeData()));
  event->acceptProposedAction();
}

} // namespace flopcast
