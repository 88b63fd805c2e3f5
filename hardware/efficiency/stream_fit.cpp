// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/stream_fit.hpp"

#include "hardware/efficiency/monotone_grid.hpp"
#include "hardware/efficiency/residual_fit.hpp"
#include "hardware/efficiency/robust_fit.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <tuple>

namespace flopcast {
namespace {

// Below this a kernel is launch-bound and its time mostly noise: such samples count less.
constexpr double short_kernel_seconds = 50e-6;
constexpr double short_kernel_weight = 0.3;
// Log errors above this are treated as outliers: their pull grows no further.
constexpr double outlier = 0.05;
constexpr std::size_t parameter_samples = 1500; // eight parameters need no more

// Wide of any L2 cache. Without bounds the cache stands in for what launches overlap: 1 GB at 1,400
// times the bandwidth.
constexpr double smallest_cache = 1e6;
constexpr double largest_cache = 200e6;
constexpr double fastest_cache = 5;
// Softmax reads a wide row three times: for its maximum, its sum, its result. A tail that is read
// element by element costs no more than the rest of the row.
constexpr double most_wide_row_factor = 4;
constexpr double most_power_of_two_speedup = 2;
// The form with it is taken where it leaves no more than this of the other's loss: a little less is
// had by any seventh parameter, and predicts other widths no better.
constexpr double decided_loss = 0.7;

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

double bytes_of(const KernelSample &s) { return s.call.bytes.in(units::byte); }

double weight_of(const KernelSample &s) {
  return s.time.in(units::second) > short_kernel_seconds ? 1.0 : short_kernel_weight;
}

/// What of the kernels' speed may depend on the width of a row.
struct StreamForm {
  bool wide_rows = false;
  bool powers_of_two = false;
};

StreamModel from_parameters(const Eigen::VectorXd &x, const StreamForm &form) {
  StreamModel model;
  model.launch = std::exp(x[0]) * units::second;
  model.memory_efficiency = logistic(x[1]);
  model.cache_speedup = 1 + (fastest_cache - 1) * logistic(x[2]);
  model.cache = std::exp(std::log(smallest_cache) +
                         std::log(largest_cache / smallest_cache) * logistic(x[3])) *
                units::byte;
  model.row_cost = std::exp(x[4]) * units::byte;
  model.launch_interval = std::exp(x[5]) * units::second;
  if (form.wide_rows)
    model.wide_row_factor = 1 + (most_wide_row_factor - 1) * logistic(x[7]);
  if (form.powers_of_two)
    model.power_of_two_speedup = 1 + (most_power_of_two_speedup - 1) * logistic(x[6]);
  return model;
}

/// What keeps a parameter near what is usual where the samples do not tell: in units of the outlier
/// bound, so that one decided sample in ten outweighs it.
Eigen::VectorXd pulls(const Eigen::VectorXd &x, const Eigen::VectorXd &usual) {
  constexpr double strength = 0.02;
  return strength * (x - usual);
}

std::vector<ResidualPoint> residual_points(const StreamModel &model, Bandwidth bandwidth,
                                           const std::vector<KernelSample> &samples) {
  std::vector<ResidualPoint> points;
  points.reserve(samples.size());
  for (const KernelSample &s : samples) {
    const auto rows = static_cast<double>(s.call.shape.rows);
    const auto columns = static_cast<double>(s.call.shape.columns);
    points.push_back({.variables = {rows, columns, bytes_of(s) / (rows * columns)},
                      .fixed = static_cast<double>(s.call.kernels) * model.launch.in(units::second),
                      .base = stream_base_seconds(model, bandwidth, rows, columns, bytes_of(s)) /
                              (is_fast_width(s.call) ? model.power_of_two_speedup : 1),
                      .beside = static_cast<double>(s.call.kernels - 1) *
                                model.launch_interval.in(units::second),
                      .seconds = s.time.in(units::second),
                      .weight = weight_of(s)});
  }
  return points;
}

Eigen::VectorXd log_errors(const StreamModel &model, Bandwidth memory_bandwidth,
                           const std::vector<KernelSample> &samples) {
  Eigen::VectorXd result(static_cast<Eigen::Index>(samples.size()));
  for (std::size_t i = 0; i < samples.size(); ++i)
    result[static_cast<Eigen::Index>(i)] =
        weight_of(samples[i]) *
        std::log(stream_time(model, memory_bandwidth, samples[i].call) / samples[i].time);
  return result;
}

void set_range(StreamModel &model, const std::vector<KernelSample> &samples) {
  const auto rows =
      std::ranges::minmax(samples, {}, [](const auto &s) { return s.call.shape.rows; });
  const auto columns =
      std::ranges::minmax(samples, {}, [](const auto &s) { return s.call.shape.columns; });
  const auto bytes = std::ranges::minmax(samples, {}, bytes_of);
  model.measured_from = {.batch = 1,
                         .rows = rows.min.call.shape.rows,
                         .columns = columns.min.call.shape.columns,
                         .depth = 0};
  model.measured_to = {.batch = 1,
                       .rows = rows.max.call.shape.rows,
                       .columns = columns.max.call.shape.columns,
                       .depth = 0};
  model.measured_from_bytes = bytes.min.call.bytes;
  model.measured_to_bytes = bytes.max.call.bytes;
}

StreamModel fit_form(const StreamForm &form, const std::vector<KernelSample> &samples,
                     Bandwidth memory_bandwidth) {
  std::vector<KernelSample> few;
  const std::size_t stride = std::max<std::size_t>(1, samples.size() / parameter_samples);
  for (std::size_t i = 0; i < samples.size(); i += stride)
    few.push_back(samples[i]);

  Eigen::VectorXd usual(8);
  usual << std::log(3e-6), 1.5, -0.5, 0, std::log(16.0), std::log(6e-6), -2, -2;
  if (!form.wide_rows)
    usual.conservativeResize(6); // the last two tell of wide rows
  const auto errors = [&](const Eigen::VectorXd &x) {
    const StreamModel model = from_parameters(x, form);
    const Eigen::VectorXd of_samples = log_errors(model, memory_bandwidth, few);
    Eigen::VectorXd result(of_samples.size() + x.size());
    result << of_samples, pulls(x, usual);
    return result;
  };
  StreamModel model = from_parameters(fit_robustly(errors, usual, outlier).parameters, form);

  const std::vector<ResidualPoint> points = residual_points(model, memory_bandwidth, samples);
  // Kernels change with the row's width (one or several passes over it), and operators of one class
  // lie half an octave of bytes apart; along rows nothing but the cache is left to see.
  const std::array<LogAxis, 3> axes{axis_over(points, 0, 2), axis_over(points, 1, 0.5),
                                    axis_over(points, 2, 0.5)};
  model.residual = fit_residual(axes, points, outlier, {.roughness = 0.3, .size = 0.03});
  constexpr double usable = 0.95; // the base is smooth
  make_monotone(
      model.residual,
      [&](const std::array<double, 3> &at) {
        return stream_base_seconds(model, memory_bandwidth, at[0], at[1], at[0] * at[1] * at[2]);
      },
      usable);
  return model;
}

} // namespace

bool has_aligned_rows(const OperatorCall &call) {
  return call.shape.columns % 8 == 0 || call.shape.columns == 1;
}

StreamModel fit_stream(const std::vector<KernelSample> &given, Bandwidth memory_bandwidth) {
  std::vector<KernelSample> samples;
  std::ranges::copy_if(given, std::back_inserter(samples),
                       [](const KernelSample &s) { return has_aligned_rows(s.call); });
  assert(!samples.empty());
  std::ranges::sort(samples, {}, [](const KernelSample &s) {
    return std::tuple(s.call.shape.rows, s.call.shape.columns, bytes_of(s),
                      s.time.in(units::second));
  });
  StreamModel model = fit_form({}, samples, memory_bandwidth);
  if (samples.front().call.kind == OperatorClass::softmax) {
    const auto loss = [&](const StreamModel &of) {
      return huber_loss(log_errors(of, memory_bandwidth, samples), outlier);
    };
    double least = loss(model);
    for (const bool powers_of_two : {false, true}) {
      StreamModel candidate =
          fit_form({.wide_rows = true, .powers_of_two = powers_of_two}, samples, memory_bandwidth);
      const double left = loss(candidate);
      if (left < decided_loss * least) {
        model = std::move(candidate);
        least = left;
      }
    }
  }
  set_range(model, samples);
  return model;
}

} // namespace flopcast
