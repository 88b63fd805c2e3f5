// SPDX-License-Identifier: Apache-2.0
#include "profiler/importers/run_speeds.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>

namespace flopcast {
namespace {

constexpr std::size_t fewest_runs = 5;   ///< a group of fewer may be chance
constexpr std::size_t fewest_calls = 50; ///< measured in both groups
/// Between the two groups. Runs of one group differ by up to 2.5 % from one to the next in A100's
/// table, of which the two groups are 8 % apart; by 0.4 % in that of GH200, which has one.
constexpr double least_gap = 0.04;

/// What tells a call apart, as a number, and the logarithm of its time.
struct LogTime {
  std::size_t run = 0;
  std::size_t call = 0;
  double value = 0;
};

struct LogTimes {
  std::vector<LogTime> times;
  std::size_t runs = 0;
  std::size_t calls = 0;
};

LogTimes log_times(const std::vector<RunSample> &samples) {
  std::map<std::tuple<OperatorClass, Pass, std::int64_t, std::int64_t, std::int64_t, std::int64_t>,
           std::size_t>
      numbers;
  LogTimes result;
  for (const auto &[run, sample] : samples) {
    result.runs = std::max(result.runs, run + 1);
    const auto &[call, time, power] = sample;
    if (is_held_back(call))
      continue;
    const auto number = numbers
                            .try_emplace({call.kind, call.pass, call.shape.batch, call.shape.rows,
                                          call.shape.columns, call.shape.depth},
                                         numbers.size())
                            .first->second;
    result.times.push_back({run, number, std::log(time.in(units::second))});
  }
  result.calls = numbers.size();
  return result;
}

/// How far each run's times lie from those of the same calls in others, as logarithms: what is left
/// of each time beside its call's own and its run's, weighing outliers less. Two sets of unknowns
/// in turn; a run with none but calls of its own stays at 0.
std::vector<double> run_effects(const LogTimes &given) {
  constexpr int rounds = 300; // settles to a thousandth within 200 on A100's table
  constexpr double outlier = 0.02;
  const std::vector<LogTime> &times = given.times;
  std::vector<double> of_run(given.runs, 0);
  std::vector<double> of_call(given.calls, 0);
  std::vector<double> weights(times.size(), 1);
  const auto update = [&](std::vector<double> &unknowns, std::size_t LogTime::*index,
                          const std::vector<double> &others, std::size_t LogTime::*other) {
    std::vector<double> sum(unknowns.size(), 0);
    std::vector<double> weight(unknowns.size(), 0);
    for (std::size_t i = 0; i < times.size(); ++i) {
      sum[times[i].*index] += weights[i] * (times[i].value - others[times[i].*other]);
      weight[times[i].*index] += weights[i];
    }
    for (std::size_t i = 0; i < unknowns.size(); ++i)
      unknowns[i] = weight[i] > 0 ? sum[i] / weight[i] : 0;
  };
  for (int round = 0; round < rounds; ++round) {
    update(of_call, &LogTime::call, of_run, &LogTime::run);
    update(of_run, &LogTime::run, of_call, &LogTime::call);
    for (std::size_t i = 0; i < times.size(); ++i) {
      const double left = times[i].value - of_call[times[i].call] - of_run[times[i].run];
      weights[i] = 1 / std::max(1.0, std::abs(left) / outlier);
    }
  }
  return of_run;
}

/// Above this an effect is that of a slow run: the middle of the widest gap that leaves enough runs
/// on both sides.
std::optional<double> boundary(std::vector<double> effects) {
  std::ranges::sort(effects);
  std::optional<double> middle;
  double widest = least_gap;
  for (std::size_t i = fewest_runs; i + fewest_runs <= effects.size(); ++i)
    if (const double gap = effects[i] - effects[i - 1]; gap > widest) {
      widest = gap;
      middle = (effects[i] + effects[i - 1]) / 2;
    }
  return middle;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

} // namespace

std::optional<SlowRuns> slow_runs(const std::vector<RunSample> &samples) {
  const LogTimes given = log_times(samples);
  const std::vector<double> effects = run_effects(given);
  const auto between = boundary(effects);
  if (!between)
    return std::nullopt;
  SlowRuns result;
  for (const double effect : effects)
    result.slow.push_back(effect > *between);
  std::vector<std::vector<double>> slow(given.calls);
  std::vector<std::vector<double>> others(given.calls);
  for (const LogTime &time : given.times)
    (result.slow[time.run] ? slow : others)[time.call].push_back(time.value);
  std::vector<double> ratios;
  for (std::size_t i = 0; i < given.calls; ++i)
    if (!slow[i].empty() && !others[i].empty())
      ratios.push_back(median(slow[i]) - median(others[i]));
  if (ratios.size() < fewest_calls)
    return std::nullopt;
  result.slowdown = std::exp(median(std::move(ratios)));
  return result;
}

} // namespace flopcast
