// SPDX-License-Identifier: Apache-2.0
#include "reports/trace_json.hpp"

#include "model/execution/schedule/timeline.hpp"
#include "reports/report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <ostream>
#include <utility>

namespace flopcast {
namespace {

constexpr std::array lanes{TimelineLane::compute, TimelineLane::paired_compute,
                           TimelineLane::forward_messages, TimelineLane::backward_messages,
                           TimelineLane::exchange};

/// Whole nanoseconds: starts and ends that touch stay together when they are rounded.
std::int64_t nanoseconds(Seconds time) { return std::llround(time.in(units::second)*1e9); }

/// As microseconds, the unit of the format.
std::string microseconds(std::int64_t nanoseconds) {
  return fmt::format("{}.{:03}", nanoseconds / 1000, nanoseconds % 1000);
}

/// Writes in blocks, as a stream is slow for small pieces.
class TraceWriter {
public:
  explicit TraceWriter(std::ostream &out) : out_(out) {}

  template <class... Args> void event(fmt::format_string<Args...> form, Args &&...args) {
    fmt::format_to(std::back_inserter(buffer_), "{}", first_ ? "\n" : ",\n");
    fmt::format_to(std::back_inserter(buffer_), form, std::forward<Args>(args)...);
    first_ = false;
    constexpr std::size_t block = 1U << 16U;
    if (buffer_.size() > block)
      flush();
  }

  void text(std::string_view text) { buffer_.append(text.begin(), text.end()); }

  void flush() {
    out_.write(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    buffer_.clear();
  }

private:
  std::ostream &out_;
  fmt::memory_buffer buffer_;
  bool first_ = true;
};

void write_names(const PipelineWork &work, TraceWriter &writer) {
  for (std::int64_t stage = 0; stage < work.stages; ++stage) {
    writer.event(R"({{"ph":"M","pid":{0},"name":"process_name","args":{{"name":"stage {0}"}}}})",
                 stage);
    writer.event(R"({{"ph":"M","pid":{0},"name":"process_sort_index",)"
                 R"("args":{{"sort_index":{0}}}}})",
                 stage);
    for (const TimelineLane lane : lanes) {
      if (lane == TimelineLane::paired_compute && work.schedule != PipelineSchedule::dual_pipe)
        continue;
      if (lane == TimelineLane::exchange && work.exchange.empty())
        continue;
      writer.event(R"({{"ph":"M","pid":{},"tid":{},"name":"thread_name","args":{{"name":"{}"}}}})",
                   stage, static_cast<int>(lane), to_text(lane));
    }
  }
}

bool is_message(IntervalKind kind) {
  return kind == IntervalKind::forward_message || kind == IntervalKind::backward_message;
}

bool has_micro_batch(IntervalKind kind) {
  return kind != IntervalKind::gradients && kind != IntervalKind::optimizer;
}

void write_interval(const TimelineInterval &interval, TraceWriter &writer) {
  const std::int64_t start = nanoseconds(interval.start);
  const std::int64_t end = nanoseconds(interval.end);
  const auto lane = static_cast<int>(interval.lane);
  if (has_micro_batch(interval.kind))
    writer.event(R"({{"ph":"X","pid":{},"tid":{},"ts":{},"dur":{},"name":"{} {}","cat":"{}",)"
                 R"("args":{{"micro_batch":{},"chunk":{}}}}})",
                 interval.stage, lane, microseconds(start), microseconds(end - start),
                 to_text(interval.kind), interval.micro_batch, to_text(interval.lane),
                 interval.micro_batch, interval.chunk);
  else
    writer.event(R"({{"ph":"X","pid":{},"tid":{},"ts":{},"dur":{},"name":"{}","cat":"{}",)"
                 R"("args":{{"chunk":{}}}}})",
                 interval.stage, lane, microseconds(start), microseconds(end - start),
                 to_text(interval.kind), to_text(interval.lane), interval.chunk);
  if (interval.message == 0)
    return;
  const bool starts = is_message(interval.kind);
  writer.event(
      R"({{"ph":"{}","pid":{},"tid":{},"ts":{},"id":{},"name":"message","cat":"message"{}}})",
      starts ? 's' : 'f', interval.stage, lane, microseconds(start), interval.message,
      starts ? "" : R"(,"bp":"e")");
}

} // namespace

ScheduleOutcome write_trace_json(const PipelineWork &work, const std::string &name,
                                 std::ostream &out) {
  TraceWriter writer(out);
  writer.text(R"({"displayTimeUnit":"ms","traceEvents":[)");
  write_names(work, writer);
  ScheduleOutcome outcome = visit_timeline(
      work,
      {.interval = [&](const TimelineInterval &interval) { write_interval(interval, writer); },
       .memory =
           [&](const MemorySample &sample) {
             writer.event(R"({{"ph":"C","pid":{},"ts":{},"name":"saved activations",)"
                          R"("args":{{"bytes":{:.0f}}}}})",
                          sample.stage, microseconds(nanoseconds(sample.at)),
                          std::max(0.0, sample.alive.in(units::byte)));
           }});
  const nlohmann::ordered_json about = {
      {"schema_version", json_schema_version},
      {"plan", name},
      {"schedule", to_text(work.schedule)},
      {"stages", work.stages},
      {"chunks", work.chunks},
      {"micro_batches", work.micro_batches},
      {"step_s", outcome.step.in(units::second)},
      {"makespan_s", outcome.makespan.in(units::second)},
  };
  writer.text("\n],\"otherData\":" + about.dump() + "}\n");
  writer.flush();
  return outcome;
}

} // namespace flopcast
