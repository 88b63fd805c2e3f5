// SPDX-License-Identifier: Apache-2.0
#include "profiler/measuring/measure.hpp"

#include "profiler/measuring/prepared_operator.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace flopcast {
namespace {

constexpr int warm_up_runs = 3;
constexpr double warm_up_share = 0.1; // of the time for all runs

class Stopwatch {
public:
  [[nodiscard]] Seconds elapsed() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count() *
           units::second;
  }

private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// The first run loads code and chooses kernels; the next find clocks risen.
void warm_up(Kernels &kernels, PreparedOperator &prepared, const StopRule &rule) {
  const Stopwatch watch;
  for (int run = 0; run < warm_up_runs; ++run) {
    (void)kernels.time([&] { prepared.run(); });
    if (watch.elapsed() > warm_up_share * rule.most_time)
      break;
  }
}

template <class Of>
std::optional<double> both(const DeviceDescription &before, const DeviceDescription &after, Of of,
                           double (*combine)(double, double)) {
  if (of(before) && of(after))
    return combine(*of(before), *of(after));
  return std::nullopt;
}

} // namespace

MeasuredOperator measure(Kernels &kernels, OperandPool &pool, const OperatorCall &call,
                         CacheState cache, const StopRule &rule) {
  PreparedOperator prepared(kernels, pool, call, cache);
  warm_up(kernels, prepared, rule);
  const DeviceDescription before = kernels.describe();
  std::vector<double> device;
  std::vector<double> host;
  const Stopwatch watch;
  while (!enough(rule, device, watch.elapsed())) {
    const RunTimes times = kernels.time([&] { prepared.run(); });
    device.push_back(times.device_seconds);
    host.push_back(times.host_seconds);
  }
  const DeviceDescription after = kernels.describe();
  MeasuredOperator measured;
  measured.call = call;
  measured.cache = cache;
  measured.median = median(device) * units::second;
  measured.relative_error = relative_error(device);
  measured.runs = static_cast<std::int64_t>(device.size());
  measured.outliers = outlier_count(device);
  measured.host = median(std::move(host)) * units::second;
  const auto clock = [](const DeviceDescription &d) { return d.clock_hertz; };
  const auto power = [](const DeviceDescription &d) { return d.power_watts; };
  measured.clock_hertz =
      both(before, after, clock, [](double a, double b) { return std::min(a, b); });
  measured.power_watts = both(before, after, power, [](double a, double b) { return (a + b) / 2; });
  measured.throttled = before.clock_hertz && after.clock_hertz &&
                       *after.clock_hertz < throttled_below * *before.clock_hertz;
  measured.throttle_reasons = after.throttle_reasons;
  measured.unfused = prepared.unfused();
  return measured;
}

MeasuredOperator measure(Kernels &kernels, const OperatorCall &call, CacheState cache,
                         const StopRule &rule) {
  OperandPool pool(kernels);
  return measure(kernels, pool, call, cache, rule);
}

MeasuringOutcome measure_all(Kernels &kernels, std::span<const PlannedOperator> operators,
                             const StopRule &rule, const MeasuringCallbacks &callbacks,
                             const std::stop_token &stop) {
  OperandPool pool(kernels);
  MeasuringOutcome outcome;
  const Stopwatch watch;
  Seconds expected_left;
  Seconds expected_done; // of those that were run
  for (const PlannedOperator &planned : operators)
    expected_left += planned.expected;
  for (std::size_t i = 0; i < operators.size(); ++i) {
    if (stop.stop_requested()) {
      outcome.stopped = true;
      break;
    }
    const PlannedOperator &planned = operators[i];
    expected_left -= planned.expected;
    if (callbacks.already_measured && callbacks.already_measured(planned)) {
      ++outcome.already_measured;
    } else {
      std::optional<MeasuredOperator> measured;
      try {
        measured = measure(kernels, pool, planned.call, planned.cache, rule);
      } catch (const MeasurementError &error) {
        outcome.failed.push_back({planned, error.what()});
      }
      if (measured) {
        callbacks.sink(*measured);
        ++outcome.measured;
      }
      expected_done += planned.expected;
    }
    if (callbacks.progress) {
      const Seconds spent = watch.elapsed();
      const double pace = expected_done > Seconds{} ? spent / expected_done : 1;
      callbacks.progress({.done = i + 1,
                          .all = operators.size(),
                          .spent = spent,
                          .left = std::max(expected_left, Seconds{}) * pace});
    }
  }
  return outcome;
}

} // namespace flopcast
