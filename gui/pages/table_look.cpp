// SPDX-License-Identifier: Apache-2.0
#include "gui/pages/table_look.hpp"

#include <QHeaderView>
#include <QTableView>
#include <QTreeView>

#include <algorithm>

namespace flopcast {

void make_readable(QTableView &table) {
  constexpr int air = 8;
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
