// SPDX-License-Identifier: Apache-2.0
#include "gui/pages/table_look.hpp"

#include <QHeaderView>
#include <QPainter>
#include <QStyledItemDelegate>
#include <QTableView>
#include <QTreeView>

#include <algorithm>

namespace flopcast {
namespace {

/// Air at both sides of a text, so that a number at the right of its cell and a text at the left of
/// the next do not touch.
class AiryCells : public QStyledItemDelegate {
public:
  using QStyledItemDelegate::QStyledItemDelegate;

  void paint(QPainter *painter, const QStyleOptionViewItem &option,
             const QModelIndex &index) const override {
    QStyleOptionViewItem ground = option;
    initStyleOption(&ground, index);
    ground.text.clear();
    option.widget->style()->drawControl(QStyle::CE_ItemViewItem, &ground, painter, option.widget);
    QStyleOptionViewItem inside = option;
    inside.rect.adjust(air, 0, -air, 0);
    QStyledItemDelegate::paint(painter, inside, index);
  }
  [[nodiscard]] QSize sizeHint(const QStyleOptionViewItem &option,
                               const QModelIndex &index) const override {
    return QStyledItemDelegate::sizeHint(option, index) + QSize(2 * air, 0);
  }

private:
  static constexpr int air = 6;
};

} // namespace

void make_readable(QTableView &table) {
  constexpr int air = 8;
  table.setItemDelegate(new AiryCells(&table));
  table.setAlternatingRowColors(true);
  table.verticalHeader()->hide();
  table.verticalHeader()->setDefaultSectionSize(table.fontMetrics().height() + air);
  table.horizontalHeader()->setStretchLastSection(true);
  table.horizontalHeader()->setHighlightSections(false);
  table.setEditTriggers(QAbstractItemView::NoEditTriggers);
  table.setTabKeyNavigation(false);
  table.setWordWrap(false);
  table.setShowGrid(false);
}

void unfold(QTreeView &tree) {
  const QAbstractItemModel &model = *tree.model();
  for (int section = 0; section < model.rowCount(); ++section)
    tree.setFirstColumnSpanned(section, {}, true);
  tree.expandAll();
  tree.resizeColumnToContents(0);
  bool named = false;
  for (int column = 1; column < model.columnCount(); ++column)
    named = named || !model.headerData(column, Qt::Horizontal).toString().isEmpty();
  tree.setHeaderHidden(!named);
}

} // namespace flopcast
