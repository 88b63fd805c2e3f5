// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/power_fit.hpp"

#include "hardware/efficiency/robust_fit.hpp"

#include <algorithm>
#include <cmath>

namespace flopcast {
namespace {

using namespace units;

constexpr std::size_t least_samples = 100;
constexpr double idle_percentile = 0.01;
// Log errors above this are treated as outliers: their pull grows no further.
constexpr double outlier = 0.05;
// Kernels within the balance scatter by a tenth: switching depends on the tile and on the data.
constexpr double least_of_fit = 0.8;
constexpr int most_rounds = 8;

/// What a kernel does a second, and what the meter said.
struct Reading {
  std::size_t format = 0;
  double flops = 0; ///< a second
  double bytes = 0; ///< a second
  double watts = 0;
};

bool is_metered(const KernelSample &sample) { return sample.power && sample.time >= metered_from; }

std::vector<Reading> readings_of(const std::vector<KernelSample> &samples) {
  std::vector<Reading> readings;
  for (const KernelSample &sample : samples)
    if (is_metered(sample))
      readings.push_back({static_cast<std::size_t>(sample.call.format),
                          (sample.call.flops / sample.time).in(flop / second),
                          (sample.call.bytes / sample.time).in(byte / second),
                          sample.power->in(watt)});
  std::array<std::size_t, number_format_count> count{};
  for (const Reading &reading : readings)
    ++count[reading.format];
  std::erase_if(readings, [&](const Reading &r) { return count[r.format] < least_samples; });
  return readings;
}

std::optional<Power> idle_of(const std::vector<KernelSample> &samples) {
  std::vector<Power> powers;
  for (const KernelSample &sample : samples)
    if (sample.power && sample.time < metered_from)
      powers.push_back(*sample.power);
  if (powers.size() < least_samples)
    return std::nullopt;
  const auto at = powers.begin() +
                  static_cast<std::ptrdiff_t>(idle_percentile * static_cast<double>(powers.size()));
  std::ranges::nth_element(powers, at);
  return *at;
}

/// Watts without the limit.
double balance(const PowerModel &model, const Reading &r) {
  return model.idle.in(watt) + r.flops * model.per_flop[r.format].in(joule / flop) +
         r.bytes * model.per_byte.in(joule / byte);
}

/// Logarithms of the energies of a byte, and of a FLOP in each of `formats`.
PowerModel from_parameters(PowerModel model, const std::vector<std::size_t> &formats,
                           const Eigen::VectorXd &x) {
  model.per_byte = std::exp(x[0]) * picojoule / byte;
  for (std::size_t i = 0; i < formats.size(); ++i)
    model.per_flop[formats[i]] = std::exp(x[static_cast<Eigen::Index>(i) + 1]) * picojoule / flop;
  return model;
}

PowerModel fit_balance(const PowerModel &start, const std::vector<std::size_t> &formats,
                       const std::vector<Reading> &readings) {
  Eigen::VectorXd usual(static_cast<Eigen::Index>(formats.size()) + 1);
  usual.setConstant(std::log(0.5));
  usual[0] = std::log(50.0);
  const auto errors = [&](const Eigen::VectorXd &x) {
    const PowerModel model = from_parameters(start, formats, x);
    Eigen::VectorXd result(static_cast<Eigen::Index>(readings.size()));
    for (std::size_t i = 0; i < readings.size(); ++i)
      result[static_cast<Eigen::Index>(i)] =
          std::log(balance(model, readings[i]) / readings[i].watts);
    return result;
  };
  return from_parameters(start, formats, fit_robustly(errors, usual, outlier).parameters);
}

} // namespace

std::optional<Power> kernel_power(const PowerModel &model, const KernelSample &sample) {
  const auto per_flop = energy_per_flop(model, sample.call.format);
  if (!per_flop)
    return std::nullopt;
  return mean_power(model, *per_flop * sample.call.flops + model.per_byte * sample.call.bytes,
                    sample.time);
}

std::optional<PowerModel> fit_power(const std::vector<KernelSample> &samples, Power limit) {
  const std::vector<Reading> all = readings_of(samples);
  const std::optional<Power> idle = idle_of(samples);
  if (all.empty() || !idle)
    return std::nullopt;
  std::vector<std::size_t> formats;
  for (const Reading &reading : all)
    if (std::ranges::find(formats, reading.format) == formats.end())
      formats.push_back(reading.format);
  std::ranges::sort(formats);

  PowerModel start;
  start.idle = *idle;
  start.limit = limit;
  PowerModel model;
  std::vector<Reading> kept = all;
  for (int round = 0; round < most_rounds; ++round) {
    const std::size_t before = kept.size();
    model = fit_balance(start, formats, kept);
    kept.clear();
    std::ranges::copy_if(all, std::back_inserter(kept), [&](const Reading &reading) {
      return reading.watts > least_of_fit * balance(model, reading);
    });
    if (kept.size() == before)
      break;
  }
  return model;
}

ErrorSummary power_errors(const PowerModel &model, const std::vector<KernelSample> &samples) {
  std::vector<double> errors;
  for (const KernelSample &sample : samples)
    if (is_metered(sample))
      if (const auto power = kernel_power(model, sample))
        errors.push_back(*power / *sample.power - 1);
  return summarize(std::move(errors));
}

} // namespace flopcast
