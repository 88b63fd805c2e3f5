// SPDX-License-Identifier: Apache-2.0
#include "gui/models/kernel_model.hpp"

#include "gui/charts/kernel_charts.hpp"
#include "hardware/calibrated_range.hpp"
#include "hardware/units/text.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace flopcast {
namespace {

bool is_number(int column) {
  return column == KernelModel::measured_column || column == KernelModel::predicted_column ||
         column == KernelModel::error_column;
}

/// What of a shape decides its place: the work of a product, the traffic of others.
auto size_key(const Agreement &kernel) { return std::tuple(kernel.call.flops, kernel.call.bytes); }

} // namespace

void KernelModel::set_kernels(std::shared_ptr<const KernelStudy> study,
                              std::vector<std::uint32_t> chosen) {
  beginResetModel();
  study_ = std::move(study);
  rows_ = study_ ? std::move(chosen) : std::vector<std::uint32_t>();
  put_in_order();
  endResetModel();
}

int KernelModel::rowCount(const QModelIndex &parent) const {
  return parent.isValid() ? 0 : static_cast<int>(rows_.size());
}

int KernelModel::columnCount(const QModelIndex &parent) const {
  return parent.isValid() ? 0 : column_count;
}

QVariant KernelModel::data(const QModelIndex &index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid))
    return {};
  const int column = index.column();
  if (role == Qt::TextAlignmentRole)
    return static_cast<int>((is_number(column) ? Qt::AlignRight : Qt::AlignLeft) |
                            Qt::AlignVCenter);
  if (role != Qt::DisplayRole && role != Qt::ToolTipRole)
    return {};
  const Agreement &kernel = study_->kernels[rows_[static_cast<std::size_t>(index.row())]];
  constexpr double percent = 100;
  switch (column) {
  case class_column:
    return class_text(class_of(kernel));
  case shape_column:
    return QString::fromStdString(shape_text(kernel.call));
  case measured_column:
    return QString::fromStdString(human_text(kernel.measured));
  case predicted_column:
    return QString::fromStdString(human_text(kernel.predicted));
  case error_column:
    return QStringLiteral("%1%2 %")
        .arg(kernel.error() < 0 ? QString() : QStringLiteral("+"))
        .arg(percent * kernel.error(), 0, 'f', 1);
  case part_column:
    return kernel.held_back ? tr("held back") : tr("fitted");
  case range_column:
    return coverage_text(study_->calibration, kernel.call);
  default:
    return {};
  }
}

QVariant KernelModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal)
    return {};
  if (role == Qt::TextAlignmentRole)
    return static_cast<int>((is_number(section) ? Qt::AlignRight : Qt::AlignLeft) |
                            Qt::AlignVCenter);
  if (role == Qt::ToolTipRole && section == part_column)
    return tr("A quarter of the shapes is held back from every fit, always the same ones: on them "
              "a calibration is judged");
  if (role == Qt::ToolTipRole && section == error_column)
    return tr("predicted / measured - 1");
  if (role != Qt::DisplayRole)
    return {};
  switch (section) {
  case class_column:
    return tr("operator");
  case shape_column:
    return tr("shape");
  case measured_column:
    return tr("measured");
  case predicted_column:
    return tr("predicted");
  case error_column:
    return tr("error");
  case part_column:
    return tr("part");
  case range_column:
    return tr("measured range");
  default:
    return {};
  }
}

void KernelModel::sort(int column, Qt::SortOrder order) {
  emit layoutAboutToBeChanged({}, VerticalSortHint);
  sorted_by_ = column;
  order_ = order;
  const std::vector<std::uint32_t> before = rows_;
  put_in_order();
  // Who holds an index keeps the kernel that it stood for.
  QModelIndexList from = persistentIndexList();
  if (!from.isEmpty()) {
    std::vector<int> place(study_ ? study_->kernels.size() : 0, -1);
    for (std::size_t row = 0; row < rows_.size(); ++row)
      place[rows_[row]] = static_cast<int>(row);
    QModelIndexList to;
    for (const QModelIndex &one : from)
      to.append(index(place[before[static_cast<std::size_t>(one.row())]], one.column()));
    changePersistentIndexList(from, to);
  }
  emit layoutChanged({}, VerticalSortHint);
}

void KernelModel::put_in_order() {
  if (!study_)
    return;
  const auto by = [&](const auto &key) {
    const auto of = [&](std::uint32_t i) { return key(study_->kernels[i]); };
    if (order_ == Qt::AscendingOrder)
      std::ranges::stable_sort(rows_, std::less(), of);
    else
      std::ranges::stable_sort(rows_, std::greater(), of);
  };
  switch (sorted_by_) {
  case class_column:
    by(class_of);
    break;
  case shape_column:
    by(size_key);
    break;
  case measured_column:
    by([](const Agreement &kernel) { return kernel.measured; });
    break;
  case predicted_column:
    by([](const Agreement &kernel) { return kernel.predicted; });
    break;
  case error_column:
    by([](const Agreement &kernel) { return kernel.error(); });
    break;
  case part_column:
    by([](const Agreement &kernel) { return kernel.held_back; });
    break;
  case range_column:
    by([this](const Agreement &kernel) {
      return coverage_of(study_->calibration, kernel.call).coverage;
    });
    break;
  default:
    std::ranges::sort(rows_);
    break;
  }
}

} // namespace flopcast
