// SPDX-License-Identifier: Apache-2.0
#include "gui/charts/step_timeline.hpp"

#include "hardware/units/text.hpp"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>
#include <utility>

namespace flopcast {
namespace {

using units::byte;
using units::gigabyte;
using units::second;

struct Timelines {
  Q_DECLARE_TR_FUNCTIONS(Timelines)
};

// Looked at every so often: a token costs more than a span.
constexpr std::size_t between_looks = 4096;

std::size_t number_of(TimelineLane lane) { return static_cast<std::size_t>(lane); }
std::size_t number_of(IntervalKind kind) { return static_cast<std::size_t>(kind); }

} // namespace

StepTimeline::StepTimeline(PipelineWork work, const std::stop_token &stop)
    : work_(std::move(work)), lanes_(static_cast<std::size_t>(work_.stages) * timeline_lane_count) {
  std::size_t seen = 0;
  bool stopped = false;
  const auto keep = [&](const TimelineInterval &interval) {
    if (seen++ % between_looks == 0)
      stopped = stop.stop_requested();
    if (stopped || !(interval.end > interval.start))
      return;
    lanes_[interval.stage * timeline_lane_count + number_of(interval.lane)].spans.push_back(
        {interval.start.in(second), interval.end.in(second), interval.micro_batch,
         static_cast<std::uint16_t>(interval.chunk), interval.kind});
  };
  outcome_ = visit_timeline(work_, {.interval = keep, .memory = [](const MemorySample &) {}});
  build_index();
}

void StepTimeline::build_index() {
  std::array<bool, timeline_lane_count> lanes{};
  std::array<bool, interval_kind_count> kinds{};
  first_row_.push_back(0);
  for (std::size_t at = 0; at < lanes_.size(); ++at) {
    Lane &lane = lanes_[at];
    // Exchanges of gradients are told of after those of weights.
    if (!std::ranges::is_sorted(lane.spans, {}, &TimelineSpan::start))
      std::ranges::stable_sort(lane.spans, {}, &TimelineSpan::start);
    KindTimes sum{};
    for (std::size_t i = 0; i < lane.spans.size(); ++i) {
      if (i % block == 0)
        lane.sums.push_back(sum);
      const TimelineSpan &span = lane.spans[i];
      sum[number_of(span.kind)] += span.end - span.start;
      kinds[number_of(span.kind)] = true;
      length_ = std::max(length_, span.end);
    }
    lane.sums.push_back(sum);
    if (!lane.spans.empty())
      lanes[at % timeline_lane_count] = true;
    first_row_.push_back(first_row_.back() + lane.spans.size());
  }
  for (std::size_t i = 0; i < lanes.size(); ++i)
    if (lanes[i])
      used_.push_back(static_cast<TimelineLane>(i));
  for (std::size_t i = 0; i < kinds.size(); ++i)
    if (kinds[i])
      kinds_.push_back(static_cast<IntervalKind>(i));
}

std::span<const TimelineSpan> StepTimeline::spans(std::size_t stage, TimelineLane lane) const {
  return lane_of(stage, lane).spans;
}

std::size_t StepTimeline::first_after(std::size_t stage, TimelineLane lane, double time) const {
  const std::vector<TimelineSpan> &spans = lane_of(stage, lane).spans;
  return static_cast<std::size_t>(std::ranges::upper_bound(spans, time, {}, &TimelineSpan::end) -
                                  spans.begin());
}

const TimelineSpan *StepTimeline::span_at(std::size_t stage, TimelineLane lane, double time) const {
  const std::vector<TimelineSpan> &spans = lane_of(stage, lane).spans;
  const std::size_t at = first_after(stage, lane, time);
  return at < spans.size() && spans[at].start <= time ? &spans[at] : nullptr;
}

KindTimes StepTimeline::done_until(std::size_t stage, TimelineLane lane, double time) const {
  const Lane &found = lane_of(stage, lane);
  const auto begun = static_cast<std::size_t>(
      std::ranges::lower_bound(found.spans, time, {}, &TimelineSpan::start) - found.spans.begin());
  // The last that began may still run: it is never part of a whole block.
  const std::size_t whole = begun == 0 ? 0 : (begun - 1) / block;
  KindTimes done = found.sums[whole];
  for (std::size_t i = whole * block; i < begun; ++i) {
    const TimelineSpan &span = found.spans[i];
    done[number_of(span.kind)] += std::min(span.end, time) - span.start;
  }
  return done;
}

StepTimeline::Task StepTimeline::task(std::size_t row) const {
  const auto after = std::ranges::upper_bound(first_row_, row);
  const auto at = static_cast<std::size_t>(after - first_row_.begin()) - 1;
  return {at / timeline_lane_count, static_cast<TimelineLane>(at % timeline_lane_count),
          lanes_[at].spans[row - first_row_[at]]};
}

StepTimelinePointer simulated_timeline(PipelineWork work, const std::stop_token &stop) {
  if (stop.stop_requested())
    return nullptr;
  auto timeline = std::make_shared<const StepTimeline>(std::move(work), stop);
  return stop.stop_requested() ? nullptr : timeline;
}

double timeline_size(const PipelineWork &work) {
  const auto chunks = static_cast<double>(work.virtual_stages());
  const auto batches = static_cast<double>(work.micro_batches);
  const double passes = splits_backward(work.schedule) ? 3 : 2;
  // A message each way between neighbours; weights before both passes, gradients after one.
  const double messages = work.messages.empty() ? 0 : 2;
  const double exchanges = work.exchange.empty() ? 0 : 3;
  return chunks * batches * (passes + messages + exchanges);
}

bool same_work(const PipelineWork &a, const PipelineWork &b) {
  return a.schedule == b.schedule && a.stages == b.stages && a.chunks == b.chunks &&
         a.micro_batches == b.micro_batches && a.work == b.work && a.messages == b.messages &&
         a.exposed_message == b.exposed_message && a.exchange == b.exchange &&
         a.stages_end_together == b.stages_end_together;
}

double bubble_share(const ScheduleOutcome &outcome) {
  Seconds idle;
  for (const StageOutcome &stage : outcome.stages)
    idle += stage.idle;
  return idle / (static_cast<double>(outcome.stages.size()) * outcome.step);
}

std::optional<StageMemory> memory_over_time(const PipelineWork &work, std::size_t bins,
                                            const std::stop_token &stop) {
  const auto stages = static_cast<std::size_t>(work.stages);
  // The length is known only when the step is simulated: once for it, once for the samples.
  if (stop.stop_requested())
    return std::nullopt;
  StageMemory memory;
  memory.length = simulated_schedule(work).makespan.in(second);
  memory.most.assign(stages, std::vector<double>(bins, 0));
  memory.peak.assign(stages, 0);
  struct Level {
    std::size_t bin = 0;
    double alive = 0;
  };
  std::vector<Level> levels(stages);
  std::size_t seen = 0;
  bool stopped = memory.length <= 0;
  const auto take = [&](const MemorySample &sample) {
    if (seen++ % between_looks == 0)
      stopped = stopped || stop.stop_requested();
    if (stopped)
      return;
    Level &level = levels[sample.stage];
    std::vector<double> &most = memory.most[sample.stage];
    const double share = sample.at.in(second) / memory.length;
    const auto bin = std::min(
        bins - 1, static_cast<std::size_t>(std::max(share, 0.0) * static_cast<double>(bins)));
    for (std::size_t i = level.bin; i <= bin; ++i)
      most[i] = std::max(most[i], level.alive);
    // Sums of many gains and losses end a rounding beside zero.
    level = {bin, std::max(0.0, sample.alive.in(byte))};
    most[bin] = std::max(most[bin], level.alive);
    memory.peak[sample.stage] = std::max(memory.peak[sample.stage], level.alive);
  };
  visit_timeline(work, {.interval = [](const TimelineInterval &) {}, .memory = take});
  for (std::size_t stage = 0; stage < stages; ++stage)
    for (std::size_t i = levels[stage].bin; i < bins; ++i)
      memory.most[stage][i] = std::max(memory.most[stage][i], levels[stage].alive);
  if (stop.stop_requested())
    return std::nullopt;
  return memory;
}

PlotData stage_memory_chart(const StageMemory &memory, std::size_t stage) {
  PlotData plot;
  plot.id = QStringLiteral("memory-over-time");
  plot.title = Timelines::tr("Saved activations, stage %1").arg(stage);
  plot.empty_text = Timelines::tr("This layout has no step");
  plot.y.title = Timelines::tr("saved activations (GB)");
  const bool short_step = memory.length < 1;
  const double unit = short_step ? 1e3 : 1;
  plot.x.title = short_step ? Timelines::tr("time since the step began (ms)")
                            : Timelines::tr("time since the step began (s)");
  if (stage >= memory.most.size())
    return plot;
  const std::vector<double> &most = memory.most[stage];
  PlotSeries series;
  series.form = PlotSeries::Form::steps;
  for (std::size_t i = 0; i < most.size(); ++i) {
    series.x.push_back(unit * memory.length * static_cast<double>(i) /
                       static_cast<double>(most.size()));
    series.y.push_back((most[i] * byte).in(gigabyte));
  }
  // The last part ends with the step.
  series.x.push_back(unit * memory.length);
  series.y.push_back(series.y.back());
  plot.series.push_back(std::move(series));
  const Bytes peak = memory.peak[stage] * byte;
  plot.y_marks.push_back(
      {Timelines::tr("peak %1").arg(QString::fromStdString(human_text(peak))), peak.in(gigabyte)});
  return plot;
}

QString kind_name(IntervalKind kind) {
  switch (kind) {
  case IntervalKind::forward:
    return Timelines::tr("forward");
  case IntervalKind::backward:
    return Timelines::tr("backward");
  case IntervalKind::input_gradient:
    return Timelines::tr("input gradient");
  case IntervalKind::weight_gradient:
    return Timelines::tr("weight gradient");
  case IntervalKind::forward_message:
    return Timelines::tr("forward message");
  case IntervalKind::backward_message:
    return Timelines::tr("backward message");
  case IntervalKind::gather:
    return Timelines::tr("weights gathered");
  case IntervalKind::scatter:
    return Timelines::tr("gradients scattered");
  case IntervalKind::gradients:
    return Timelines::tr("gradients exchanged");
  case IntervalKind::optimizer:
    return Timelines::tr("optimizer");
  }
  return {};
}

QString lane_name(TimelineLane lane) {
  switch (lane) {
  case TimelineLane::compute:
    return Timelines::tr("compute");
  case TimelineLane::paired_compute:
    return Timelines::tr("paired compute");
  case TimelineLane::forward_messages:
    return Timelines::tr("forward messages");
  case TimelineLane::backward_messages:
    return Timelines::tr("backward messages");
  case TimelineLane::exchange:
    return Timelines::tr("data-parallel");
  }
  return {};
}

QString kind_letter(IntervalKind kind) {
  switch (kind) {
  case IntervalKind::forward:
    return QStringLiteral("F");
  case IntervalKind::backward:
    return QStringLiteral("B");
  case IntervalKind::input_gradient:
    return QStringLiteral("I");
  case IntervalKind::weight_gradient:
    return QStringLiteral("W");
  case IntervalKind::optimizer:
    return QStringLiteral("O");
  case IntervalKind::forward_message:
  case IntervalKind::backward_message:
  case IntervalKind::gather:
  case IntervalKind::scatter:
  case IntervalKind::gradients:
    break;
  }
  return {};
}

} // namespace flopcast
