// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/attention_fit.hpp"

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
constexpr std::size_t parameter_samples = 3000; // eleven parameters need no more

double logistic(double x) { return 1 / (1 + std::exp(-x)); }
/// Softness below a tenth would leave the residual no slope to use.
double softness(double x) { return 0.1 + 0.85 * logistic(x); }

AttentionModel from_parameters(const Eigen::VectorXd &x) {
  AttentionModel model;
  model.launch = std::exp(x[0]) * units::second;
  model.efficiency = logistic(x[1]);
  model.softmax_depth = std::exp(x[2]);
  model.fill_keys = std::exp(x[3]);
  model.partial_block = softness(x[4]);
  model.partial_depth = logistic(x[5]); // the residual knows only whole tiles of depth
  model.uneven_depth = 0.5 * logistic(x[10]);
  model.partial_wave = softness(x[6]);
  model.lone_block = 0.9 * logistic(x[7]); // below 1: two blocks take longer than one
  model.memory_efficiency = logistic(x[8]);
  model.extra_traffic = std::exp(x[9]);
  return model;
}

double weight_of(const KernelSample &s) {
  return s.time.in(units::second) > short_kernel_seconds ? 1.0 : short_kernel_weight;
}

Eigen::VectorXd fit_parameters(const std::vector<KernelSample> &samples, const DeviceRates &rates) {
  Eigen::VectorXd usual(11);
  usual << std::log(5e-6), 1.0, std::log(16.0), std::log(64.0), 0, 0, 0, -1, 1.5, std::log(0.1), -1;
  const auto errors = [&](const Eigen::VectorXd &x) {
    const AttentionModel model = from_parameters(x);
    const auto count = static_cast<Eigen::Index>(samples.size());
    Eigen::VectorXd result(count + x.size());
    for (std::size_t i = 0; i < samples.size(); ++i)
      result[static_cast<Eigen::Index>(i)] =
          weight_of(samples[i]) *
          std::log(attention_time(model, rates, samples[i].call) / samples[i].time);
    // Keeps a parameter near what is usual where the samples do not tell.
    constexpr double strength = 0.02;
    result.tail(x.size()) = strength * (x - usual);
    return result;
  };
  RobustFit best;
  for (const double efficiency : {0.0, 2.0}) {
    Eigen::VectorXd start = usual;
    start[1] = efficiency;
    RobustFit candidate = fit_robustly(errors, start, outlier);
    if (best.parameters.size() == 0 || candidate.loss < best.loss)
      best = std::move(candidate);
  }
  return best.parameters;
}

void fit_grid(AttentionModel &model, const std::vector<KernelSample> &samples,
              const DeviceRates &rates) {
  std::vector<ResidualPoint> points;
  points.reserve(samples.size());
  for (const KernelSample &s : samples) {
    const AttentionWork work = attention_work(s.call);
    const AttentionParts parts = attention_parts(model, rates, work);
    const double launches = static_cast<double>(s.call.kernels) * model.launch.in(units::second);
    points.push_back({.variables = {parts.blocks, work.columns, padded_depth(work.depth)},
                      .fixed = launches + parts.extra,
                      .base = parts.products,
                      .beside = parts.traffic,
                      .seconds = s.time.in(units::second),
                      .weight = weight_of(s)});
  }
  const std::array<LogAxis, 3> axes{axis_over(points, 0, 1), axis_over(points, 1, 0.5),
                                    axis_over(points, 2, 0.5)};
  model.residual = fit_residual(axes, points, outlier, {.roughness = 0.3, .size = 0.05});
  // The residual must not fall faster than the products' time rises. That depends on the three
  // variables alone, however batch, queries and mask make the blocks.
  AttentionModel even = model;
  even.partial_block = 1;
  even.partial_depth = 1;
  even.uneven_depth = 0;
  const auto base = [&](const std::array<double, 3> &at) {
    constexpr double queries = 128;
    const AttentionWork work{.batch = at[0],
                             .rows = queries,
                             .columns = at[1],
                             .depth = at[2],
                             .causal = false,
                             .backward = samples.front().call.pass == Pass::backward};
    return attention_parts(even, rates, work).products;
  };
  constexpr double usable = 0.8; // steps of waves may be flatter between the places looked at
  make_monotone(model.residual, base, usable);
}

} // namespace

AttentionModel fit_attention(const std::vector<KernelSample> &given, const DeviceRates &rates) {
  assert(!given.empty());
  std::vector<KernelSample> samples = given;
  std::ranges::sort(samples, {}, [](const KernelSample &s) {
    return std::tuple(s.call.shape.batch, s.call.shape.rows, s.call.shape.columns,
                      s.call.shape.depth, s.call.bytes.in(units::byte), s.call.causal,
                      s.time.in(units::second));
  });
  std::vector<KernelSample> few;
  const std::size_t stride = std::max<std::size_t>(1, samples.size() / parameter_samples);
  for (std::size_t i = 0; i < samples.size(); i += stride)
    few.push_back(samples[i]);
  AttentionModel model = from_parameters(fit_parameters(few, rates));
  fit_grid(model, samples, rates);
  const auto set_range = [&](std::int64_t MatrixShape::*dimension) {
    const auto [low, high] = std::ranges::minmax(
        samples, {}, [&](const KernelSample &s) { return s.call.shape.*dimension; });
    model.measured_from.*dimension = low.call.shape.*dimension;
    model.measured_to.*dimension = high.call.shape.*dimension;
  };
  for (const auto dimension :
       {&MatrixShape::batch, &MatrixShape::rows, &MatrixShape::columns, &MatrixShape::depth})
    set_range(dimension);
  return model;
}

} // namespace flopcast
