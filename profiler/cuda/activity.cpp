// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/activity.hpp"

#include <algorithm>
#include <unordered_map>

namespace flopcast::cuda {
namespace {

constexpr double nanosecond = 1e-9;

double seconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) * nanosecond; }

double median(std::vector<double> values) {
  if (values.empty())
    return 0;
  const std::size_t middle = values.size() / 2;
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(middle));
  const double upper = values[middle];
  if (values.size() % 2 == 1)
    return upper;
  const double lower =
      *std::max_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(middle));
  return (lower + upper) / 2;
}

/// The outermost call of each correlation: a runtime call and the driver call inside it share one.
std::unordered_map<std::uint32_t, const HostCall *>
calls_by_correlation(const std::vector<HostCall> &calls) {
  std::unordered_map<std::uint32_t, const HostCall *> found;
  for (const HostCall &call : calls) {
    const HostCall *&known = found[call.correlation];
    if (!known || (known->driver && !call.driver))
      known = &call;
  }
  return found;
}

} // namespace

std::uint64_t union_length(std::vector<Interval> intervals) {
  std::ranges::sort(intervals);
  std::uint64_t length = 0;
  std::uint64_t reached = 0;
  for (const auto &[start, end] : intervals) {
    const std::uint64_t from = std::max(start, reached);
    if (end > from) {
      length += end - from;
      reached = end;
    }
  }
  return length;
}

ActivityTimes activity_times(const ActivityRecords &records) {
  ActivityTimes times;
  if (records.device.empty())
    return times;

  std::vector<Interval> intervals;
  std::unordered_map<std::uint32_t, std::uint64_t> first_start;
  std::uint64_t first = records.device.front().start;
  std::uint64_t last = 0;
  for (const DeviceActivity &activity : records.device) {
    intervals.emplace_back(activity.start, activity.end);
    first = std::min(first, activity.start);
    last = std::max(last, activity.end);
    const auto [at, added] = first_start.try_emplace(activity.correlation, activity.start);
    if (!added)
      at->second = std::min(at->second, activity.start);
  }
  const std::uint64_t busy = union_length(std::move(intervals));
  times.device_seconds = seconds(busy);
  times.span_seconds = seconds(last - first);
  times.gap_seconds = seconds(last - first - busy);
  times.kernels = static_cast<std::int64_t>(records.device.size());

  const auto calls = calls_by_correlation(records.calls);
  for (const DeviceActivity &activity : records.device)
    times.correlated += calls.contains(activity.correlation) ? 1 : 0;
  std::uint64_t in_calls = 0;
  std::vector<double> delays;
  for (const auto &[correlation, start] : first_start) {
    const auto at = calls.find(correlation);
    if (at == calls.end())
      continue;
    const HostCall &call = *at->second;
    in_calls += call.end > call.start ? call.end - call.start : 0;
    // Host and device clocks are matched to about a microsecond: a start can seem early.
    delays.push_back(start > call.start ? seconds(start - call.start) : 0);
  }
  times.call_seconds = seconds(in_calls);
  times.launch_delay_seconds = median(std::move(delays));
  return times;
}

} // namespace flopcast::cuda
