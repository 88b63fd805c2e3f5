// SPDX-License-Identifier: Apache-2.0
// The commands of the main window: its menus, its dialogs and the palette.
#include "gui/command_palette.hpp"
#include "gui/editor/plan_editor.hpp"
#include "gui/main_window.hpp"
#include "gui/plots/figure_panel.hpp"

#include <QAction>
#include <QActionGroup>
#include <QDesktopServices>
#include <QDockWidget>
#include <QFileDialog>
#include <QFileInfo>
#include <QMenuBar>
#include <QMessageBox>
#include <QStandardPaths>
#include <QTabWidget>
#include <QUndoStack>

#include <algorithm>

namespace flopcast {
namespace {

QString without_mnemonic(QString text) { return text.remove(u'&').remove(u'…'); }

} // namespace

void MainWindow::build_menus() {
  add_file_menu();
  add_edit_menu();
  add_view_menu();
}

void MainWindow::add_file_menu() {
  QMenu *menu = menuBar()->addMenu(tr("&File"));
  menu->addAction(tr("&New plan"), QKeySequence::New, this, &MainWindow::new_plan);
  menu->addAction(tr("&Open plan…"), QKeySequence::Open, this, &MainWindow::ask_for_plan);
  recent_ = menu->addMenu(tr("Open &recent"));
  connect(recent_, &QMenu::aboutToShow, this, &MainWindow::fill_recent_menu);
  reload_ = menu->addAction(tr("Re&load"), QKeySequence::Refresh, this, &MainWindow::reload);
  menu->addSeparator();
  save_ = menu->addAction(tr("&Save"), QKeySequence::Save, this, &MainWindow::save);
  save_as_ = menu->addAction(tr("Save &as…"), QKeySequence(tr("Ctrl+Shift+S")), this,
                             &MainWindow::ask_where_to_save);
  menu->addSeparator();
  copy_ = menu->addAction(tr("&Copy as Markdown"), QKeySequence(tr("Ctrl+Shift+C")), this,
                          &MainWindow::copy_markdown);
  export_ = menu->addAction(tr("&Export numbers…"), QKeySequence(tr("Ctrl+E")), this,
                            &MainWindow::ask_for_export);
  export_plots_ = menu->addAction(tr("Export all &plots…"), QKeySequence(tr("Ctrl+Shift+E")), this,
                                  &MainWindow::ask_for_plots_folder);
  menu->addSeparator();
  // Not QKeySequence::Quit, which is empty outside GNOME and KDE.
  menu->addAction(tr("&Quit"), QKeySequence(tr("Ctrl+Q")), this, &MainWindow::close);
}

void MainWindow::add_edit_menu() {
  QMenu *menu = menuBar()->addMenu(tr("&Edit"));
  QAction *undo = document_.undo_stack()->createUndoAction(shell_, tr("&Undo"));
  undo->setShortcut(QKeySequence::Undo);
  QAction *redo = document_.undo_stack()->createRedoAction(shell_, tr("&Redo"));
  redo->setShortcut(QKeySequence(tr("Ctrl+Shift+Z")));
  menu->addActions({undo, redo});
  menu->addSeparator();
  pin_ =
      menu->addAction(tr("&Pin as a scenario"), QKeySequence(tr("Ctrl+P")), this, &MainWindow::pin);
  search_layout_ =
      menu->addAction(tr("&Find the fastest layout"), QKeySequence(tr("Ctrl+L")), this, [this] {
        document_.edit({{"parallelism", std::nullopt}}, tr("find the fastest layout"), {});
      });
  menu->addSeparator();
  menu->addAction(tr("Find a &field"), QKeySequence::Find, this, [this] {
    editor_dock_->show();
    editor_->focus_filter();
  });
  menu->addAction(tr("Find a p&lan"), QKeySequence(tr("Ctrl+Shift+F")), this, [this] {
    editor_dock_->show();
    editor_->focus_plans();
  });
  menu->addAction(tr("&Changes as text"), QKeySequence(tr("Ctrl+T")), this, [this] {
    editor_dock_->show();
    editor_->focus_changes();
  });
  menu->addAction(tr("&All commands…"), QKeySequence(tr("Ctrl+K")), this,
                  &MainWindow::show_palette);
}

void MainWindow::add_view_menu() {
  QMenu *menu = menuBar()->addMenu(tr("&View"));
  for (std::size_t i = 0; i < entries_.size(); ++i)
    menu->addAction(entries_[i].title, QKeySequence(QStringLiteral("Ctrl+%1").arg(i + 1)), this,
                    [this, i] { tabs_->setCurrentIndex(static_cast<int>(i)); });
  menu->addSeparator();
  menu->addAction(editor_dock_->toggleViewAction());
  menu->addAction(cards_dock_->toggleViewAction());
  menu->addAction(tr("&Reset layout"), this, &MainWindow::reset_layout);
  menu->addSeparator();
  QMenu *themes = menu->addMenu(tr("&Theme"));
  themes_ = new QActionGroup(shell_);
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
  // Each by its own name: who cannot read the others still finds it.
  QMenu *languages = menu->addMenu(QStringLiteral("&Language · 语言"));
  languages_ = new QActionGroup(shell_);
  for (const auto &[language, name] : {std::pair{Language::english, QStringLiteral("English")},
                                       std::pair{Language::chinese, QStringLiteral("简体中文")}}) {
    QAction *action = languages->addAction(name);
    action->setCheckable(true);
    action->setChecked(language == current_language());
    action->setObjectName(to_text(language));
    languages_->addAction(action);
    connect(action, &QAction::triggered, this, [this, chosen = language] {
      settings_.set_language(chosen);
      set_language(chosen);
    });
  }
}

void MainWindow::set_theme(Theme theme) {
  for (QAction *action : themes_->actions())
    if (action->objectName() == to_text(theme))
      action->setChecked(true);
  apply_theme(theme);
}

void MainWindow::fill_recent_menu() {
  recent_->clear();
  for (const QString &file : settings_.recent_files())
    recent_->addAction(QFileInfo(file).fileName() + QStringLiteral("    ") +
                           QFileInfo(file).absolutePath(),
                       this, [this, file] { open_plan(file); });
  recent_->addSeparator();
  recent_->addAction(tr("&Clear the list"), this, [this] { settings_.clear_recent_files(); });
}

void MainWindow::update_actions() {
  const bool open = !document_.is_empty();
  reload_->setEnabled(open);
  save_->setEnabled(open);
  save_as_->setEnabled(open);
  for (QAction *action : {copy_, export_, export_plots_, pin_})
    action->setEnabled(plan_ != nullptr);
  search_layout_->setEnabled(plan_ && value_at(plan_->written, "parallelism") != nullptr);
}

void MainWindow::ask_for_plan() {
  const QString file = QFileDialog::getOpenFileName(
      this, tr("Open a plan"),
      QFileInfo(QString::fromStdString(document_.request().where)).absolutePath(),
      tr("Plans and models (*.toml *.json)"));
  if (!file.isEmpty())
    open_plan(file);
}

void MainWindow::save() {
  const std::string &where = document_.request().where;
  // A plan that comes with the program is not written over.
  const auto shipped = session_.shipped_plans();
  const bool own = std::ranges::find(shipped, where, &ShippedPlan::path) == shipped.end() &&
                   QFileInfo::exists(QString::fromStdString(where));
  if (own)
    save_to(QString::fromStdString(where));
  else
    ask_where_to_save();
}

void MainWindow::ask_where_to_save() {
  QFileDialog dialog(this, tr("Save the plan"));
  dialog.setAcceptMode(QFileDialog::AcceptSave);
  dialog.setNameFilter(tr("Plans (*.toml)"));
  dialog.setDefaultSuffix(QStringLiteral("toml"));
  dialog.setDirectory(QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation));
  dialog.selectFile(
      QFileInfo(QString::fromStdString(document_.request().where)).completeBaseName());
  if (dialog.exec() == QDialog::Accepted)
    save_to(dialog.selectedFiles().constFirst());
}

namespace {

/// A dialog that adds the extension itself, so that it asks before it writes over a file; "" if the
/// user goes back.
QString asked_file(QWidget *parent, const QString &title, const QString &name,
                   const QStringList &filters, const QStringList &suffixes) {
  QFileDialog dialog(parent, title);
  dialog.setAcceptMode(QFileDialog::AcceptSave);
  dialog.setNameFilters(filters);
  dialog.setDefaultSuffix(suffixes.front());
  dialog.selectFile(name);
  QObject::connect(&dialog, &QFileDialog::filterSelected, &dialog,
                   [&dialog, suffixes](const QString &filter) {
                     for (const QString &suffix : suffixes)
                       if (filter.contains(u'.' + suffix + u')'))
                         dialog.setDefaultSuffix(suffix);
                   });
  return dialog.exec() == QDialog::Accepted ? dialog.selectedFiles().constFirst() : QString();
}

} // namespace

void MainWindow::ask_for_export() {
  const QString file =
      asked_file(this, tr("Export numbers"),
                 QFileInfo(QString::fromStdString(document_.request().where)).completeBaseName(),
                 {tr("Markdown (*.md)"), tr("CSV (*.csv)"), tr("JSON (*.json)")},
                 {QStringLiteral("md"), QStringLiteral("csv"), QStringLiteral("json")});
  if (!file.isEmpty())
    export_to(file);
}

void MainWindow::ask_for_plot_export(FigurePanel *plot) {
  const QString file = asked_file(
      this, tr("Export the plot"), plot->figure_id(),
      {tr("PNG picture (*.png)"), tr("SVG picture (*.svg)"), tr("PDF (*.pdf)"), tr("CSV (*.csv)")},
      {QStringLiteral("png"), QStringLiteral("svg"), QStringLiteral("pdf"), QStringLiteral("csv")});
  if (file.isEmpty())
    return;
  try {
    plot->save(file);
  } catch (const InputError &error) {
    show_notice(tr("Nothing was exported"), QString::fromUtf8(error.what()));
  }
}

void MainWindow::ask_for_plots_folder() {
  const QString file = asked_file(
      this, tr("Export all plots: names and folder follow this one"), QStringLiteral("plots"),
      {tr("SVG pictures (*.svg)"), tr("PNG pictures (*.png)"), tr("PDF (*.pdf)"),
       tr("CSV (*.csv)")},
      {QStringLiteral("svg"), QStringLiteral("png"), QStringLiteral("pdf"), QStringLiteral("csv")});
  if (!file.isEmpty())
    export_plots(QFileInfo(file).absolutePath(), QFileInfo(file).suffix());
}

void MainWindow::show_palette() {
  std::vector<PaletteCommand> commands;
  const auto add_menu = [&](const QMenu *menu, const QString &path, const auto &self) -> void {
    for (QAction *action : menu->actions()) {
      const QString text = path + without_mnemonic(action->text());
      if (action->menu() != nullptr)
        self(action->menu(), text + QStringLiteral(" › "), self);
      else if (!action->isSeparator() && action->isEnabled())
        commands.push_back({text, action->shortcut().toString(QKeySequence::NativeText),
                            action->objectName(), [action] { action->trigger(); }});
    }
  };
  for (QAction *action : menuBar()->actions())
    add_menu(action->menu(), without_mnemonic(action->text()) + QStringLiteral(" › "), add_menu);
  for (const FieldRow *row : editor_->rows())
    commands.push_back({tr("Field › %1 › %2").arg(row->field().group, row->field().label),
                        {},
                        QString::fromStdString(row->field().key),
                        [this, key = row->field().key] {
                          editor_dock_->show();
                          editor_->focus_field(key);
                        }});
  for (const ShippedPlan &plan : session_.shipped_plans())
    commands.push_back({tr("Open › %1").arg(QString::fromStdString(plan.name)),
                        {},
                        QString::fromStdString(plan.id),
                        [this, path = plan.path] { open_plan(QString::fromStdString(path)); }});
  auto *palette = new CommandPalette(std::move(commands), this);
  palette->show();
}

} // namespace flopcast
