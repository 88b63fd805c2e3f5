// SPDX-License-Identifier: Apache-2.0
#pragma once

class QTableView;
class QTreeView;

namespace flopcast {

/// A table to read: rows close together, the last column takes what is left.
void make_readable(QTableView &table);
/// Sections over the whole width, everything open, the first column as wide as its texts; no
/// heading where the columns have no names.
void unfold(QTreeView &tree);

} // namespace flopcast
