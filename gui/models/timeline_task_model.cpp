// SPDX-License-Identifier: Apache-2.0
#include "gui/models/timeline_task_model.hpp"

#include <QIODevice>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace flopcast {
namespace {

constexpr int rows_at_once = 5000;

bool has_micro_batch(IntervalKind kind) {
  return kind != IntervalKind::gradients && kind != IntervalKind::optimizer;
}

QString milliseconds(double seconds) { return QString::number(1e3 * seconds, 'f', 6); }

} // namespace

void TimelineTaskModel::set_timeline(StepTimelinePointer timeline) {
  if (timeline == timeline_)
    return;
  beginResetModel();
  timeline_ = std::move(timeline);
  rows_ = timeline_ ? static_cast<int>(std::min<std::size_t>(timeline_->size(), rows_at_once)) : 0;
  endResetModel();
}

int TimelineTaskModel::rowCount(const QModelIndex &parent) const {
  return parent.isValid() ? 0 : rows_;
}

int TimelineTaskModel::columnCount(const QModelIndex &parent) const {
  return parent.isValid() ? 0 : column_count;
}

bool TimelineTaskModel::canFetchMore(const QModelIndex &parent) const {
  return !parent.isValid() && timeline_ && static_cast<std::size_t>(rows_) < timeline_->size();
}

void TimelineTaskModel::fetchMore(const QModelIndex &parent) {
  if (!canFetchMore(parent))
    return;
  const std::size_t left = timeline_->size() - static_cast<std::size_t>(rows_);
  const int more = static_cast<int>(std::min<std::size_t>(left, rows_at_once));
  beginInsertRows({}, rows_, rows_ + more - 1);
  rows_ += more;
  endInsertRows();
}

QVariant TimelineTaskModel::data(const QModelIndex &index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid))
    return {};
  const int column = index.column();
  if (role == Qt::TextAlignmentRole) {
    const bool text = column == lane_column || column == task_column;
    return static_cast<int>((text ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
  }
  if (role != Qt::DisplayRole)
    return {};
  const StepTimeline::Task task = timeline_->task(static_cast<std::size_t>(index.row()));
  switch (column) {
  case stage_column:
    return QString::number(task.stage);
  case lane_column:
    return lane_name(task.lane);
  case task_column:
    return kind_name(task.span.kind);
  case batch_column:
    return has_micro_batch(task.span.kind) ? QString::number(task.span.micro_batch) : QString();
  case chunk_column:
    return QString::number(task.span.chunk);
  case start_column:
    return milliseconds(task.span.start);
  case duration_column:
    return milliseconds(task.span.end - task.span.start);
  default:
    return {};
  }
}

QVariant TimelineTaskModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
    return {};
  switch (section) {
  case stage_column:
    return tr("stage");
  case lane_column:
    return tr("lane");
  case task_column:
    return tr("task");
  case batch_column:
    return tr("micro-batch");
  case chunk_column:
    return tr("chunk");
  case start_column:
    return tr("start (ms)");
  case duration_column:
    return tr("duration (ms)");
  default:
    return {};
  }
}

void write_tasks(const StepTimeline &timeline, QIODevice &target) {
  fmt::memory_buffer text;
  const auto flush = [&] {
    target.write(text.data(), static_cast<qint64>(text.size()));
    text.clear();
  };
  fmt::format_to(std::back_inserter(text),
                 "stage,lane,task,micro_batch,chunk,start_s,duration_s\n");
  // Names as the trace has them: a file is read by programs.
  for (std::size_t stage = 0; stage < timeline.stages(); ++stage)
    for (const TimelineLane lane : timeline.lanes())
      for (const TimelineSpan &span : timeline.spans(stage, lane)) {
        const std::string batch =
            has_micro_batch(span.kind) ? fmt::format("{}", span.micro_batch) : std::string();
        fmt::format_to(std::back_inserter(text), "{},{},{},{},{},{:.9f},{:.9f}\n", stage,
                       to_text(lane), to_text(span.kind), batch, span.chunk, span.start,
                       span.end - span.start);
        constexpr std::size_t buffered = 1U << 16U;
        if (text.size() > buffered)
          flush();
      }
  flush();
}

} // namespace flopcast
