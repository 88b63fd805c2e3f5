// SPDX-License-Identifier: Apache-2.0
#include "gui/editor/plan_editor.hpp"

#include "gui/pages/heading.hpp"

#include <QFontDatabase>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QPlainTextEdit>
#include <QScopedValueRollback>
#include <QScrollArea>
#include <QTabWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace flopcast {
namespace {

constexpr int margin = 8;

bool holds(const PlanField &field, const QString &words) {
  const QString all = field.label + u' ' + QString::fromStdString(field.key) + u' ' + field.group +
                      u' ' + field.help;
  return std::ranges::all_of(words.split(u' ', Qt::SkipEmptyParts), [&](const QString &word) {
    return all.contains(word, Qt::CaseInsensitive);
  });
}

} // namespace

PlanEditor::PlanEditor(const PlanSession &session, QWidget *parent)
    : QWidget(parent), tabs_(new QTabWidget(this)) {
  tabs_->setDocumentMode(true);
  tabs_->addTab(make_fields(session), tr("Fields"));
  tabs_->addTab(make_plans(session), tr("Plans"));
  tabs_->addTab(make_changes(), tr("Changes"));
  auto *layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(tabs_);
}

QWidget *PlanEditor::make_fields(const PlanSession &session) {
  auto *tab = new QWidget(this);
  field_filter_ = new QLineEdit(tab);
  field_filter_->setPlaceholderText(tr("Find a field"));
  field_filter_->setClearButtonEnabled(true);
  field_filter_->setAccessibleName(tr("Find a field"));
  field_filter_->setObjectName(QStringLiteral("field-filter"));
  field_filter_->setAcceptDrops(false); // a dropped file is a plan to open, not text
  auto *area = new QScrollArea(tab);
  area->setWidgetResizable(true);
  area->setFrameShape(QFrame::NoFrame);
  area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  auto *inside = new QWidget(area);
  auto *column = new QVBoxLayout(inside);
  column->setContentsMargins(margin, 0, margin, margin);
  column->setSpacing(1);
  QString group;
  for (const PlanField &field : plan_fields()) {
    auto *row = new FieldRow(field, session.catalog(), inside);
    if (field.group != group) {
      group = field.group;
      headings_.push_back(heading(group, nullptr, inside));
      headings_.back()->setContentsMargins(0, margin, 0, 2);
      column->addWidget(headings_.back());
    }
    column->addWidget(row);
    rows_.push_back(row);
    connect(row, &FieldRow::edited, this,
            [this, row](const std::string &value, int drag) { edit(*row, value, drag); });
    connect(row, &FieldRow::reset_wanted, this, [this, row] {
      emit reset_wanted(row->field().key, tr("reset %1").arg(row->field().label));
    });
  }
  column->addStretch(1);
  area->setWidget(inside);
  auto *layout = new QVBoxLayout(tab);
  layout->setContentsMargins(0, margin, 0, 0);
  auto *head = new QVBoxLayout;
  head->setContentsMargins(margin, 0, margin, 0);
  head->addWidget(field_filter_);
  layout->addLayout(head);
  layout->addWidget(area, 1);
  connect(field_filter_, &QLineEdit::textChanged, this, &PlanEditor::filter_fields);
  connect(field_filter_, &QLineEdit::returnPressed, this, [this] {
    const auto first = std::ranges::find_if(rows_, [](FieldRow *row) { return !row->isHidden(); });
    if (first != rows_.end())
      (*first)->take_focus();
  });
  return tab;
}

QWidget *PlanEditor::make_plans(const PlanSession &session) {
  auto *tab = new QWidget(this);
  plan_filter_ = new QLineEdit(tab);
  plan_filter_->setPlaceholderText(tr("Filter"));
  plan_filter_->setClearButtonEnabled(true);
  plan_filter_->setAccessibleName(tr("Filter of the shipped plans"));
  plan_filter_->setAcceptDrops(false);
  plan_filter_->setObjectName(QStringLiteral("filter"));
  plans_.set_plans(session.shipped_plans());
  filtered_.setSourceModel(&plans_);
  filtered_.setFilterRole(PlanListModel::search_role);
  filtered_.setFilterCaseSensitivity(Qt::CaseInsensitive);
  list_ = new QListView(tab);
  list_->setModel(&filtered_);
  list_->setWordWrap(true);
  list_->setResizeMode(QListView::Adjust);
  list_->setSpacing(2);
  list_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  list_->setEditTriggers(QAbstractItemView::NoEditTriggers);
  list_->setAccessibleName(tr("Shipped plans"));
  list_->setObjectName(QStringLiteral("plans"));
  auto *hint = new QLabel(tr("A plan file of your own may be dropped on the window."), tab);
  hint->setWordWrap(true);
  hint->setForegroundRole(QPalette::PlaceholderText);
  auto *layout = new QVBoxLayout(tab);
  layout->setContentsMargins(margin, margin, margin, margin);
  layout->addWidget(plan_filter_);
  layout->addWidget(list_, 1);
  layout->addWidget(hint);
  connect(plan_filter_, &QLineEdit::textChanged, this, &PlanEditor::filter_plans);
  connect(plan_filter_, &QLineEdit::returnPressed, this,
          [this] { list_->setCurrentIndex(filtered_.index(0, 0)); });
  connect(list_->selectionModel(), &QItemSelectionModel::currentChanged, this, &PlanEditor::choose);
  return tab;
}

QWidget *PlanEditor::make_changes() {
  auto *tab = new QWidget(this);
  changes_ = new QPlainTextEdit(tab);
  changes_->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
  changes_->setLineWrapMode(QPlainTextEdit::NoWrap);
  changes_->setTabChangesFocus(true);
  changes_->setPlaceholderText(QStringLiteral("training.micro_batch=2\nhardware.count=64"));
  changes_->setAccessibleName(tr("Changes of the plan"));
  changes_->setAcceptDrops(false);
  changes_->setUndoRedoEnabled(false); // the document's steps hold these too
  changes_->setObjectName(QStringLiteral("overrides"));
  auto *hint = new QLabel(tr("Everything that differs from the plan's file: key=value, one a line, "
                             "as after --set; -key takes a key away."),
                          tab);
  hint->setWordWrap(true);
  hint->setForegroundRole(QPalette::PlaceholderText);
  auto *layout = new QVBoxLayout(tab);
  layout->setContentsMargins(margin, margin, margin, margin);
  layout->addWidget(changes_, 1);
  layout->addWidget(hint);
  connect(changes_, &QPlainTextEdit::textChanged, this, [this] {
    if (!marking_)
      emit changes_typed(changes_->toPlainText());
  });
  return tab;
}

void PlanEditor::show_plan(const EstimatedPlanPointer &plan, const std::string &changes) {
  plan_ = plan;
  show_changes(changes);
  if (plan)
    for (FieldRow *row : rows_)
      row->show_value(*plan, changes);
}

void PlanEditor::show_changes(const std::string &changes) {
  const QString text = QString::fromStdString(changes);
  if (changes_->toPlainText() == text)
    return;
  const QScopedValueRollback guard(marking_, true);
  changes_->setPlainText(text);
}

void PlanEditor::edit(const FieldRow &row, const std::string &value, int drag) {
  const PlanField &field = row.field();
  const std::vector<PlanEdit> edits = edits_of(field, value, plan_ ? plan_->written : InputValue());
  emit edited(edits, tr("change %1").arg(field.label),
              QStringLiteral("%1#%2").arg(QString::fromStdString(field.key)).arg(drag));
}

void PlanEditor::filter_fields(const QString &text) {
  for (FieldRow *row : rows_)
    row->setVisible(holds(row->field(), text));
  for (QLabel *heading : headings_)
    heading->setVisible(std::ranges::any_of(rows_, [&](FieldRow *row) {
      return !row->isHidden() && row->field().group == heading->text();
    }));
}

void PlanEditor::select(const QString &path) {
  const QScopedValueRollback guard(marking_, true);
  path_ = path;
  const QModelIndex index = filtered_.mapFromSource(plans_.index_of(path));
  list_->setCurrentIndex(index);
  if (!index.isValid())
    list_->clearSelection();
}

void PlanEditor::filter_plans(const QString &text) {
  {
    // A view whose current row goes away moves on to the next one.
    const QScopedValueRollback guard(marking_, true);
    filtered_.setFilterFixedString(text);
  }
  select(path_);
}

void PlanEditor::choose(const QModelIndex &index) {
  if (marking_ || !index.isValid())
    return;
  path_ = index.data(PlanListModel::path_role).toString();
  emit plan_chosen(path_);
}

void PlanEditor::focus_filter() {
  tabs_->setCurrentIndex(0);
  field_filter_->setFocus(Qt::ShortcutFocusReason);
  field_filter_->selectAll();
}

void PlanEditor::focus_plans() {
  tabs_->setCurrentIndex(1);
  plan_filter_->setFocus(Qt::ShortcutFocusReason);
  plan_filter_->selectAll();
}

void PlanEditor::focus_changes() {
  tabs_->setCurrentIndex(2);
  changes_->setFocus(Qt::ShortcutFocusReason);
}

void PlanEditor::focus_field(const std::string &key) {
  tabs_->setCurrentIndex(0);
  field_filter_->clear();
  for (FieldRow *row : rows_)
    if (row->field().key == key)
      row->take_focus();
}

} // namespace flopcast
