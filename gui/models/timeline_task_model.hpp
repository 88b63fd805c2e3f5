// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/charts/step_timeline.hpp"

#include <QAbstractTableModel>

class QIODevice;

namespace flopcast {

/// The tasks of a step: by stage, then lane, then time. Texts are made when they are seen, rows
/// given out as a view reaches them: a step may have millions.
class TimelineTaskModel : public QAbstractTableModel {
  Q_OBJECT

public:
  enum Column {
    stage_column,
    lane_column,
    task_column,
    batch_column,
    chunk_column,
    start_column,
    duration_column,
    column_count
  };

  using QAbstractTableModel::QAbstractTableModel;

  /// Null empties the model.
  void set_timeline(StepTimelinePointer timeline);

  [[nodiscard]] int rowCount(const QModelIndex &parent) const override;
  [[nodiscard]] int columnCount(const QModelIndex &parent) const override;
  [[nodiscard]] QVariant data(const QModelIndex &index, int role) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation,
                                    int role) const override;
  [[nodiscard]] bool canFetchMore(const QModelIndex &parent) const override;
  void fetchMore(const QModelIndex &parent) override;

private:
  StepTimelinePointer timeline_;
  int rows_ = 0; ///< given out
};

/// All tasks as CSV, times in seconds.
void write_tasks(const StepTimeline &timeline, QIODevice &target);

} // namespace flopcast
