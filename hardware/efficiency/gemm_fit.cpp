// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/gemm_fit.hpp"

#include "hardware/efficiency/monotone_grid.hpp"
#include "hardware/efficiency/robust_fit.hpp"

#include <Eigen/SparseCholesky>
#include <Eigen/SparseCore>

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

LogAxis axis_over(const std::vector<GemmSample> &samples, std::int64_t MatrixShape::*dimension,
                  double step) {
  const auto [low, high] = std::ranges::minmax_element(
      samples, {}, [&](const GemmSample &s) { return s.shape.*dimension; });
  const double first = std::floor(std::log2(static_cast<double>(low->shape.*dimension)));
  const double last = std::log2(static_cast<double>(high->shape.*dimension));
  const auto count = static_cast<std::size_t>(std::ceil((last - first) / step)) + 1;
  return {.first = first, .step = step, .count = std::max<std::size_t>(count, 2)};
}

std::array<double, 3> variables(const MatrixShape &shape) {
  return {static_cast<double>(shape.rows), static_cast<double>(shape.columns),
          static_cast<double>(shape.depth)};
}

void fit_residual(GemmModel &model, const std::vector<GemmSample> &samples,
                  const DeviceRates &rates, const ElementBytes &bytes) {
  // An octave resolves what the tables' own spacing can tell.
  model.residual.axes = {axis_over(samples, &MatrixShape::rows, 1),
                         axis_over(samples, &MatrixShape::columns, 1),
                         axis_over(samples, &MatrixShape::depth, 1)};
  const auto &axes = model.residual.axes;
  const std::size_t unknowns = axes[0].count * axes[1].count * axes[2].count;
  model.residual.values.assign(unknowns, 0.0);

  std::vector<double> base(samples.size());
  std::vector<LogGridWeights> rows(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    base[i] = gemm_base_seconds(model, rates, product_size(samples[i].shape), bytes);
    rows[i] = grid_weights(axes, variables(samples[i].shape));
  }
  const Eigen::SparseMatrix<double> penalty = smoothness(axes, 1.0, 0.1);
  Eigen::VectorXd values = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(unknowns));
  const double launch = model.launch.in(units::second);
  Eigen::SimplicialLDLT<Eigen::SparseMatrix<double>> solver;
  bool analysed = false;
  constexpr int rounds = 8; // Gauss-Newton with reweighting settles to 1e-4 within six
  for (int round = 0; round < rounds; ++round) {
    std::vector<Eigen::Triplet<double>> entries;
    entries.reserve(samples.size() * 64);
    Eigen::VectorXd right = Eigen::VectorXd::Zero(values.size());
    for (std::size_t i = 0; i < samples.size(); ++i) {
      double now = 0;
      for (std::size_t c = 0; c < 8; ++c)
        now += rows[i].weight[c] * values[static_cast<Eigen::Index>(rows[i].index[c])];
      const double busy = base[i] * std::exp(now);
      const double error = std::log(samples[i].time.in(units::second) / (launch + busy));
      const double slope = busy / (launch + busy);
      const double weight = weight_of(samples[i]) / std::max(1.0, std::abs(error) / outlier);
      const double target = error + slope * now;
      for (std::size_t a = 0; a < 8; ++a) {
        if (rows[i].weight[a] == 0)
          continue;
        const auto row = static_cast<Eigen::Index>(rows[i].index[a]);
        right[row] += weight * slope * rows[i].weight[a] * target;
        for (std::size_t b = 0; b < 8; ++b)
          if (rows[i].weight[b] != 0)
            entries.emplace_back(row, static_cast<Eigen::Index>(rows[i].index[b]),
                                 weight * slope * slope * rows[i].weight[a] * rows[i].weight[b]);
      }
    }
    Eigen::SparseMatrix<double> normal(values.size(), values.size());
    normal.setFromTriplets(entries.begin(), entries.end());
    normal += penalty;
    if (!analysed)
      solver.analyzePattern(normal);
    analysed = true;
    solver.factorize(normal);
    values = solver.solve(right);
  }
  model.residual.values.assign(values.data(), values.data() + values.size());
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
    value -= *middle;
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
  fit_residual(model, samples, rates, bytes);
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
