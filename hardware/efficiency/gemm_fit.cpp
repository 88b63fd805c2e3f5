// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/gemm_fit.hpp"

#include "hardware/efficiency/monotone_grid.hpp"
#include "hardware/efficiency/residual_fit.hpp"
#include "hardware/efficiency/robust_fit.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>

namespace flopcast {
namespace {

// Below this a kernel is launch-bound and its time mostly noise: such samples count less.
constexpr double short_kernel_seconds = 50e-6;
constexpr double short_kernel_weight = 0.3;
// Log errors above this are treated as outliers: their pull grows no further. Of the residual twice
// the run-to-run spread of the tables (neighbouring shapes differ by 2 to 3 %). Parameters are
// fitted without it and miss whole waves by more: with the same bound A100's fit took products of a
// little more than a wave for outliers, and with them the worst tenth.
constexpr double outlier = 0.05;
constexpr double parameter_outlier = 0.1;
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

/// What a fit of the parameters holds: how soft tiles and waves are, where it is not fitted.
struct GemmForm {
  bool converts = false;
  std::optional<double> softness = std::nullopt;
};

GemmModel from_parameters(const Eigen::VectorXd &x, const GemmForm &form) {
  GemmModel model;
  model.launch = std::exp(x[0]) * units::second;
  model.memory_efficiency = logistic(x[1]);
  model.partial_tile = form.softness.value_or(bounded(x[2], least_partial, most_partial));
  model.partial_wave = form.softness.value_or(bounded(x[3], least_partial, most_partial));
  model.fill_depth = std::exp(x[4]);
  model.split_cost = std::exp(x[5]);
  model.conversion_bytes = form.converts ? std::exp(x[6]) : 0;
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
  // Weaker than usual, as folds of the fitted shapes chose: products step more than a smooth grid.
  constexpr ResidualPenalty penalty{.roughness = 0.7, .size = 0.1};
  return fit_residual(axes, points, outlier, penalty);
}

/// How much the samples tell of each knot of the residual.
std::vector<double> knot_weights(const LogGrid &grid, const std::vector<GemmSample> &samples) {
  // A knot that nobody measured gives way to those that somebody did, but not for nothing: its
  // value goes on from them.
  constexpr double unmeasured = 0.3;
  std::vector<double> weights(grid.values.size(), unmeasured);
  for (const GemmSample &sample : samples) {
    const ProductSize size = product_size(sample.shape);
    const LogGridWeights at = grid_weights(grid.axes, {size.rows, size.columns, size.depth});
    for (std::size_t c = 0; c < at.index.size(); ++c)
      weights[at.index[c]] += weight_of(sample) * at.weight[c] * at.weight[c];
  }
  return weights;
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

Eigen::VectorXd log_errors(const GemmModel &model, const std::vector<GemmSample> &samples,
                           const DeviceRates &rates, const ElementBytes &bytes) {
  Eigen::VectorXd result(static_cast<Eigen::Index>(samples.size()));
  for (std::size_t i = 0; i < samples.size(); ++i)
    result[static_cast<Eigen::Index>(i)] =
        weight_of(samples[i]) *
        std::log(gemm_time(model, rates, samples[i].shape, bytes) / samples[i].time);
  return result;
}

/// The parameters with a meaning, and the residual that is left of them.
GemmModel fit_form(const GemmForm &form, const std::vector<GemmSample> &samples,
                   const std::vector<GemmSample> &few, const DeviceRates &rates,
                   const ElementBytes &bytes) {
  const auto errors = [&](const Eigen::VectorXd &x) {
    return log_errors(from_parameters(x, form), few, rates, bytes);
  };
  RobustFit best;
  for (const double launch : {2e-6, 6e-6})
    for (const double efficiency : {0.6, 0.85}) {
      RobustFit candidate = fit_robustly(errors, start(launch, efficiency), parameter_outlier);
      if (best.parameters.size() == 0 || candidate.loss < best.loss)
        best = std::move(candidate);
    }
  GemmModel model = from_parameters(best.parameters, form);
  model.residual = residual_of(model, samples, rates, bytes);
  const auto base = [&](const std::array<double, 3> &at) {
    return gemm_base_seconds(model, rates,
                             {.batch = 1, .rows = at[0], .columns = at[1], .depth = at[2]}, bytes);
  };
  constexpr double usable = 0.8; // between the places that were looked at the base may be flatter
  make_monotone(model.residual, base, usable, knot_weights(model.residual, samples));
  centre(model, samples, rates, bytes);
  return model;
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
  // Hard tiles and waves fit libraries that cannot share out what is left of a wave, but leave the
  // residual little slope to fall by. Which of it serves better shows only with the residual.
  GemmModel model;
  double least = 0;
  for (const std::optional<double> softness :
       {std::optional<double>(), std::optional(least_partial)}) {
    GemmModel candidate = fit_form({.converts = converts_left_operand, .softness = softness},
                                   samples, few, rates, bytes);
    const double loss = huber_loss(log_errors(candidate, few, rates, bytes), parameter_outlier);
    if (!softness || loss < least) {
      model = std::move(candidate);
      least = loss;
    }
  }
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
