// SPDX-License-Identifier: Apache-2.0
#include "gui/pages/plan_panel.hpp"

#include "gui/pages/heading.hpp"

#include <QAction>
#include <QFontDatabase>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScopedValueRollback>
#include <QVBoxLayout>

#include <utility>

namespace flopcast {
PlanPanel::PlanPanel(QAction *open, QWidget *parent)
    : QWidget(parent), filter_(new QLineEdit(this)), list_(new QListView(this)),
      overrides_(new QPlainTextEdit(this)) {
  filter_->setPlaceholderText(tr("Filter"));
  filter_->setClearButtonEnabled(true);
  filter_->setAccessibleName(tr("Filter of the shipped plans"));
  filter_->setAcceptDrops(false); // a dropped file is a plan to open, not text
  filter_->setObjectName(QStringLiteral("filter"));

  filtered_.setSourceModel(&plans_);
  filtered_.setFilterRole(PlanListModel::search_role);
  filtered_.setFilterCaseSensitivity(Qt::CaseInsensitive);
  list_->setModel(&filtered_);
  list_->setWordWrap(true);
  list_->setResizeMode(QListView::Adjust);
  list_->setSpacing(2);
  list_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  list_->setEditTriggers(QAbstractItemView::NoEditTriggers);
  list_->setAccessibleName(tr("Shipped plans"));
  list_->setObjectName(QStringLiteral("plans"));

  auto *open_button = new QPushButton(open->text(), this);
  open_button->setToolTip(tr("A plan of your own; it may be dropped on the window too"));

  overrides_->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
  overrides_->setLineWrapMode(QPlainTextEdit::NoWrap);
  overrides_->setTabChangesFocus(true);
  overrides_->setPlaceholderText(QStringLiteral("training.micro_batch=2\nhardware.nodes=64"));
  overrides_->setAccessibleName(tr("Overrides of the plan"));
  overrides_->setAcceptDrops(false);
  overrides_->setObjectName(QStringLiteral("overrides"));
  overrides_->setFixedHeight(7 * overrides_->fontMetrics().lineSpacing());

  auto *hint = new QLabel(tr("key=value, one a line, as after --set"), this);
  hint->setForegroundRole(QPalette::PlaceholderText);

  auto *layout = new QVBoxLayout(this);
  layout->addWidget(heading(tr("&Plans"), list_, this));
  layout->addWidget(filter_);
  layout->addWidget(list_, 1);
  layout->addWidget(open_button);
  layout->addSpacing(8);
  layout->addWidget(heading(tr("O&verrides"), overrides_, this));
  layout->addWidget(overrides_);
  layout->addWidget(hint);

  connect(filter_, &QLineEdit::textChanged, this, &PlanPanel::filter);
  connect(filter_, &QLineEdit::returnPressed, this,
          [this] { list_->setCurrentIndex(filtered_.index(0, 0)); });
  connect(list_->selectionModel(), &QItemSelectionModel::currentChanged, this, &PlanPanel::choose);
  connect(open_button, &QPushButton::clicked, open, &QAction::trigger);
  connect(overrides_, &QPlainTextEdit::textChanged, this, &PlanPanel::overrides_edited);
}

void PlanPanel::set_plans(std::vector<ShippedPlan> plans) {
  plans_.set_plans(std::move(plans));
  select(path_);
}

void PlanPanel::select(const QString &path) {
  const QScopedValueRollback guard(marking_, true);
  path_ = path;
  const QModelIndex index = filtered_.mapFromSource(plans_.index_of(path));
  list_->setCurrentIndex(index);
  if (!index.isValid())
    list_->clearSelection();
}

QString PlanPanel::overrides() const { return overrides_->toPlainText(); }

void PlanPanel::set_overrides(const QString &text) {
  const QSignalBlocker guard(this);
  overrides_->setPlainText(text);
}

void PlanPanel::focus_filter() {
  filter_->setFocus(Qt::ShortcutFocusReason);
  filter_->selectAll();
}

void PlanPanel::focus_overrides() { overrides_->setFocus(Qt::ShortcutFocusReason); }

void PlanPanel::filter(const QString &text) {
  {
    // A view whose current row goes away moves on to the next one.
    const QScopedValueRollback guard(marking_, true);
    filtered_.setFilterFixedString(text);
  }
  select(path_);
}

void PlanPanel::choose(const QModelIndex &index) {
  if (marking_ || !index.isValid())
    return;
  path_ = index.data(PlanListModel::path_role).toString();
  emit plan_chosen(path_);
}

} // namespace flopcast
