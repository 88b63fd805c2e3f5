// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/grouped_fit.hpp"

#include "hardware/efficiency/robust_fit.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace flopcast {
namespace {

// As for dense products: short kernels are noisy, and errors beyond this pull no harder. Whole
// series of the table ran a kernel several times too slow: they must not drag the rest along.
constexpr double short_kernel_seconds = 50e-6;
constexpr double short_kernel_weight = 0.3;
constexpr double outlier = 0.05;
constexpr std::size_t most_samples = 4000;

double logistic(double x) { return 1 / (1 + std::exp(-x)); }
double logit(double p) { return std::log(p / (1 - p)); }

// Without a residual nothing needs a slope inside a tile; the ends only keep the logit finite.
constexpr double least_partial = 0.05;
constexpr double most_partial = 0.95;
double partial(double x) { return least_partial + (most_partial - least_partial) * logistic(x); }

constexpr Eigen::Index first_tile = 9;

GroupedModel from_parameters(const Eigen::VectorXd &x) {
  GroupedModel model;
  model.layer_launch = std::exp(x[0]) * units::second;
  model.product.memory_efficiency = logistic(x[1]);
  model.product.partial_tile = partial(x[2]);
  model.product.partial_wave = partial(x[3]);
  model.product.fill_depth = std::exp(x[4]);
  model.permuted_bytes = std::exp(x[5]);
  model.activated_bytes = std::exp(x[6]);
  model.token_bytes = std::exp(x[7]);
  model.uneven_rows = std::exp(x[8]);
  for (std::size_t j = 0; j < gemm_tiles.size(); ++j)
    model.product.tile_efficiency[j] = logistic(x[first_tile + static_cast<Eigen::Index>(j)]);
  return model;
}

Eigen::VectorXd start(double launch_seconds, double efficiency) {
  Eigen::VectorXd x(first_tile + static_cast<Eigen::Index>(gemm_tiles.size()));
  x << std::log(launch_seconds), logit(0.8), 0, 0, std::log(100.0), std::log(8.0), std::log(8.0),
      std::log(4.0), std::log(30.0),
      Eigen::VectorXd::Zero(static_cast<Eigen::Index>(gemm_tiles.size()));
  // Small tiles read their operands more often: from equal starts the fit may end with only those.
  for (std::size_t j = 0; j < gemm_tiles.size(); ++j) {
    const auto [rows, columns] = gemm_tiles[j];
    const double area = static_cast<double>(rows * columns) / (128.0 * 256.0);
    x[first_tile + static_cast<Eigen::Index>(j)] = logit(efficiency * std::pow(area, 0.25));
  }
  return x;
}

double weight_of(const KernelSample &sample) {
  return sample.time.in(units::second) > short_kernel_seconds ? 1.0 : short_kernel_weight;
}

std::vector<KernelSample> in_order(std::vector<KernelSample> samples) {
  std::ranges::sort(samples, {}, [](const KernelSample &s) {
    const auto &[batch, rows, columns, depth] = s.call.shape;
    return std::tuple(batch, rows, columns, depth, s.call.expert_width, s.call.tokens,
                      s.call.uneven, s.time.in(units::second));
  });
  return samples;
}

void note_range(GemmModel &model, const std::vector<KernelSample> &samples) {
  MatrixShape &from = model.measured_from;
  MatrixShape &to = model.measured_to;
  from = to = samples.front().call.shape;
  for (const KernelSample &sample : samples) {
    const auto note = [&](std::int64_t MatrixShape::*side, std::int64_t value) {
      from.*side = std::min(from.*side, value);
      to.*side = std::max(to.*side, value);
    };
    const MatrixShape &shape = sample.call.shape;
    note(&MatrixShape::batch, shape.batch);
    note(&MatrixShape::rows, shape.rows);
    note(&MatrixShape::columns, shape.columns);
    note(&MatrixShape::depth, shape.depth);
    if (sample.call.expert_width > 0) { // the second product
      note(&MatrixShape::columns, shape.depth);
      note(&MatrixShape::depth, sample.call.expert_width);
    }
  }
}

} // namespace

GroupedModel fit_grouped(const std::vector<KernelSample> &given, const DeviceRates &rates,
                         const ElementBytes &bytes) {
  const std::vector<KernelSample> samples = in_order(given);
  std::vector<KernelSample> few;
  const std::size_t stride = std::max<std::size_t>(1, samples.size() / most_samples);
  for (std::size_t i = 0; i < samples.size(); i += stride)
    few.push_back(samples[i]);
  const auto errors = [&](const Eigen::VectorXd &x) {
    const GroupedModel model = from_parameters(x);
    Eigen::VectorXd result(static_cast<Eigen::Index>(few.size()));
    for (std::size_t i = 0; i < few.size(); ++i)
      result[static_cast<Eigen::Index>(i)] =
          weight_of(few[i]) *
          std::log(grouped_time(model, rates, few[i].call, bytes) / few[i].time);
    return result;
  };
  RobustFit best;
  for (const double launch : {10e-6, 30e-6})
    for (const double efficiency : {0.6, 0.85}) {
      RobustFit candidate = fit_robustly(errors, start(launch, efficiency), outlier);
      if (best.parameters.size() == 0 || candidate.loss < best.loss)
        best = std::move(candidate);
    }
  GroupedModel model = from_parameters(best.parameters);
  note_range(model.product, samples);
  return model;
}

} // namespace flopcast
