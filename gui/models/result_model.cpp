// SPDX-License-Identifier: Apache-2.0
#include "gui/models/result_model.hpp"

#include "gui/core_texts.hpp"
#include "reports/explanation_report.hpp"

#include <QFont>

#include <algorithm>
#include <utility>

namespace flopcast {
namespace {

// A section's index has this id; a row's has the number of its section.
constexpr quintptr section_id = ~quintptr{0};

// More would leave the screen: the page shows the rest of the chain.
constexpr int tooltip_depth = 1;

std::size_t at(int number) { return static_cast<std::size_t>(number); }

bool same_rows(const Report &a, const Report &b) {
  return std::ranges::equal(
      a.sections, b.sections, [](const ReportSection &left, const ReportSection &right) {
        return left.title == right.title &&
               std::ranges::equal(left.rows, right.rows, {}, &ReportRow::label, &ReportRow::label);
      });
}

QVariant right_aligned() { return {static_cast<int>(Qt::AlignRight | Qt::AlignVCenter)}; }

/// Rich text, so that Qt breaks long lines; the chain keeps its indentation.
QString tooltip(const QString &text) {
  return QStringLiteral("<p style=\"white-space: pre-wrap\">%1</p>")
      .arg(text.trimmed().toHtmlEscaped());
}

} // namespace

void ResultModel::set_plan(EstimatedPlanPointer plan) {
  if (plan_ && plan && same_rows(plan_->report, plan->report)) {
    // Other numbers in the same rows: what the user closed or selected stays so.
    plan_ = std::move(plan);
    for (int section = 0; section < rowCount({}); ++section) {
      const QModelIndex parent = index(section, 0, {});
      if (const int rows = rowCount(parent); rows > 0)
        emit dataChanged(index(0, 0, parent), index(rows - 1, column_count - 1, parent));
    }
    return;
  }
  beginResetModel();
  plan_ = std::move(plan);
  endResetModel();
}

QString ResultModel::explanation(const QModelIndex &index, int depth) const {
  const ReportRow *row = row_at(index);
  if (row == nullptr || row->key.empty())
    return {};
  const NamedQuantity *quantity = find_quantity(row->key);
  if (quantity == nullptr)
    return {};
  return QString::fromStdString(
      explanation_text(explain_with_range(plan_->answer(), *quantity), depth, TextStyle{}));
}

QModelIndex ResultModel::index_of(const QString &key) const {
  const QModelIndexList found =
      match(index(0, 0, {}), key_role, key, 1, Qt::MatchExactly | Qt::MatchRecursive);
  return found.isEmpty() ? QModelIndex() : found.front();
}

QModelIndex ResultModel::first_number() const {
  for (int section = 0; section < rowCount({}); ++section) {
    const QModelIndex parent = index(section, 0, {});
    for (int row = 0; row < rowCount(parent); ++row)
      if (const QModelIndex child = index(row, 0, parent); !row_at(child)->key.empty())
        return child;
  }
  return {};
}

QModelIndex ResultModel::index(int row, int column, const QModelIndex &parent) const {
  if (!hasIndex(row, column, parent))
    return {};
  return createIndex(row, column,
                     parent.isValid() ? static_cast<quintptr>(parent.row()) : section_id);
}

QModelIndex ResultModel::parent(const QModelIndex &child) const {
  if (!child.isValid() || child.internalId() == section_id)
    return {};
  return createIndex(static_cast<int>(child.internalId()), 0, section_id);
}

int ResultModel::rowCount(const QModelIndex &parent) const {
  if (!plan_)
    return 0;
  const auto &sections = plan_->report.sections;
  if (!parent.isValid())
    return static_cast<int>(sections.size());
  if (parent.internalId() != section_id || parent.column() != 0)
    return 0;
  return static_cast<int>(sections[at(parent.row())].rows.size());
}

int ResultModel::columnCount(const QModelIndex & /*parent*/) const { return column_count; }

const ReportRow *ResultModel::row_at(const QModelIndex &index) const {
  if (!plan_ || !index.isValid() || index.internalId() == section_id)
    return nullptr;
  return &plan_->report.sections[index.internalId()].rows[at(index.row())];
}

QVariant ResultModel::data(const QModelIndex &index, int role) const {
  if (!plan_ || !index.isValid())
    return {};
  if (const ReportRow *row = row_at(index))
    return row_data(*row, index, role);
  return section_data(index, role);
}

QVariant ResultModel::section_data(const QModelIndex &index, int role) const {
  if (role == Qt::DisplayRole && index.column() == quantity_column)
    return core_text(plan_->report.sections[at(index.row())].title);
  if (role == Qt::FontRole) {
    QFont font;
    font.setBold(true);
    return font;
  }
  return {};
}

QVariant ResultModel::row_data(const ReportRow &row, const QModelIndex &index, int role) const {
  switch (role) {
  case Qt::DisplayRole: {
    if (index.column() == quantity_column)
      return core_text(row.label);
    const std::size_t cell = at(index.column() - 1);
    return cell < row.cells.size() ? QString::fromStdString(row.cells[cell]) : QString();
  }
  case Qt::TextAlignmentRole:
    return index.column() == quantity_column ? QVariant() : right_aligned();
  case Qt::ToolTipRole: {
    const QString chain = explanation(index, tooltip_depth);
    if (chain.isEmpty() && !row.cells.empty())
      return QString::fromStdString(row.cells.front()); // may be shortened in its cell
    return chain.isEmpty() ? QVariant() : tooltip(chain);
  }
  case key_role:
    return QString::fromStdString(row.key);
  default:
    return {};
  }
}

QVariant ResultModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal)
    return {};
  if (role == Qt::TextAlignmentRole && section != quantity_column)
    return right_aligned();
  if (role != Qt::DisplayRole)
    return {};
  switch (section) {
  case quantity_column:
    return tr("Quantity");
  case value_column:
    return tr("Value");
  case share_column:
    return tr("Share");
  default:
    return {};
  }
}

} // namespace flopcast
