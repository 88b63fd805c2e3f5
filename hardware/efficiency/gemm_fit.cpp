// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/gemm_fit.hpp"

#include "hardware/efficiency/monotone_grid.hpp"
#include "hardware/efficiency/residual_fit.hpp"
#include "hardware/efficiency/robust_fit.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace flopcast {
namespace {

// Below this a kernel is launch-bound and its time mostly noise: such samples count less.
constexpr double short_kernel_seconds = 50e-6;
constexpr double short_kernel_weight = 0.3;
// Log errors above this are treated as outliers: their pull grows no further. Twice the run-to-run
// spread of the tables (neighbouring shapes differ by 2 to 3 %).
constexpr double outlier = 0.05;
// The meaningful parameters need few samples; more only cost time.
constexpr std::size_t parameter_samples = 4000;

double logistic(double x) { return 1 / (1 + std::exp(-x)); }
double logit(double p) { return std::log(p / (1 - p)); }
/// Between low and high.
double bounded(double x, double low, double high) { return low + (high - low) * logistic(x); }
double unbounded(double y, double low, double high) { return logit((y - low) / (high - low)); }

// Softness below 0.3 would leave the residual no slope to use; above 0.95 nothing is quantised.
constexpr double least_partial = 0.3;
constexpr double most_partial = 0.95;

GemmModel from_parameters(const Eigen::VectorXd &x, bool converts) {
  GemmModel model;
  model.launch = std::exp(x[0]) * units::second;
  model.memory_efficiency = logistic(x[1]);
  model.partial_tile = bounded(x[2], least_partial, most_partial);
  model.partial_wave = bounded(x[3], least_partial, most_partial);
  model.fill_depth = std::exp(x[4]);
  model.split_cost = std::exp(x[5]);
  model.conversion_bytes = converts ? std::exp(x[6]) : 0;
  for (std::size_t j = 0; j < gemm_tiles.size(); ++j)
    model.tile_efficiency[j] = logistic(x[7 + static_cast<Eigen::Index>(j)]);
  return model;
}

Eigen::VectorXd start(double launch_seconds, double efficiency) {
  Eigen::VectorXd x(7 + static_cast<Eigen::Index>(gemm_tiles.size()));
  x[0] = std::log(launch_seconds);
  x[1] = logit(0.8);
  x[2] = unbounded(0.5, least_partial, most_partial);
  x[3] = unbounded(0.5, least_partial, most_partial);
  x[4] = std::log(100.0);
  x[5] = 0;
  x[6] = std::log(4.0);
  for (Eigen::Index j = 7; j < x.size(); ++j)
    x[j] = logit(efficiency);
  return x;
}

double weight_of(const GemmSample &sample) {
  return sample.time.in(units::second) > short_kernel_seconds ? 1.0 : short_kernel_weight;
}

std::vector<GemmSample> thinned(const std::vector<GemmSample> &samples, std::size_t most) {
  const std::size_t stride = std::max<std::size_t>(1, samples.size() / most);
  std::vector<GemmSample> result;
  for (std::size_t i = 0; i < samples.size(); i += stride)
    result.push_back(samples[i]);
  return result;
}

LogGrid residual_of(const GemmModel &model, const std::vector<GemmSample> &samples,
                    const DeviceRates &rates, const ElementBytes &bytes) {
  std::vector<ResidualPoint> points;
  points.reserve(samples.size());
  for (const GemmSample &sample : samples) {
    const ProductSize size = product_size(sample.shape);
    points.push_back({.variables = {size.rows, size.columns, size.depth},
                      .fixed = model.launch.in(units::second),
                      .base = gemm_base_seconds(model, rates, size, bytes),
                      .beside = 0,
                      .seconds = sample.time.in(units::second),
                      .weight = weight_of(sample)});
  }
  // An octave resolves what the tables' own spacing can tell.
  const std::array<LogAxis, 3> axes{axis_over(points, 0, 1), axis_over(points, 1, 1),
                                    axis_over(points, 2, 1)};
  return fit_residual(axes, points, outlier, ResidualPenalty{});
}

/// Making the grid monotone lifts more than it lowers: takes the median error back out.
void centre(GemmModel &model, const std::vector<GemmSample> &samples, const DeviceRates &rates,
            const ElementBytes &bytes) {
  std::vector<double> errors;
  for (const GemmSample &sample : samples)
    if (weight_of(sample) == 1.0)
      errors.push_back(std::log(gemm_time(model, rates, sample.shape, bytes) / sample.time));
  if (errors.empty())
    return;
  const auto middle = errors.begin() + static_cast<std::ptrdiff_t>(errors.size() / 2);
  std::ranges::nth_element(errors, middle);
  for (double &value : model.residual.values)
    value -= rounded_residual(*middle);
}

} // namespace

GemmModel fit_gemm(const std::vector<GemmSample> &given, const DeviceRates &rates,
                   const ElementBytes &bytes, bool converts_left_operand) {
  std::vector<GemmSample> samples = given;
  std::ranges::sort(samples, {}, [](const GemmSample &s) {
    return std::tuple(s.shape.batch, s.shape.rows, s.shape.columns, s.shape.depth,
                      s.time.in(units::second));
  });
  const std::vector<GemmSample> few = thinned(samples, parameter_samples);
  const auto errors = [&](const Eigen::VectorXd &x) {
    const GemmModel model = from_parameters(x, converts_left_operand);
    Eigen::VectorXd result(static_cast<Eigen::Index>(few.size()));
    for (std::size_t i = 0; i < few.size(); ++i)
      result[static_cast<Eigen::Index>(i)] =
          weight_of(few[i]) * std::log(gemm_time(model, rates, few[i].shape, bytes) / few[i].time);
    return result;
  };
  RobustFit best;
  for (const double launch : {2e-6, 6e-6})
    for (const double efficiency : {0.6, 0.85}) {
      RobustFit candidate = fit_robustly(errors, start(launch, efficiency), outlier);
      if (best.parameters.size() == 0 || candidate.loss < best.loss)
        best = std::move(candidate);
    }

  GemmModel model = from_parameters(best.parameters, converts_left_operand);
  model.residual = residual_of(model, samples, rates, bytes);
  const auto base = [&](const std::array<double, 3> &at) {
    return gemm_base_seconds(model, rates,
                             {.batch = 1, .rows = at[0], .columns = at[1], .depth = at[2]}, bytes);
  };
  make_monotone(model.residual, base);
  centre(model, samples, rates, bytes);
  const auto extreme = [&](std::int64_t MatrixShape::*dimension) {
    return std::ranges::minmax(samples, {},
                               [&](const GemmSample &s) { return s.shape.*dimension; });
  };
  model.measured_from = {.batch = 1,
                         .rows = extreme(&MatrixShape::rows).min.shape.rows,
                         .columns = extreme(&MatrixShape::columns).min.shape.columns,
                         .depth = extreme(&MatrixShape::depth).min.shape.depth};
  model.measured_to = {.batch = 1,
                       .rows = extreme(&MatrixShape::rows).max.shape.rows,
                       .columns = extreme(&MatrixShape::columns).max.shape.columns,
                       .depth = extreme(&MatrixShape::depth).max.shape.depth};
  return model;
}

} // namespace flopcast
