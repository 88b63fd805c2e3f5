// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/fit/allocation_of_fit.hpp"

#include <Eigen/QR>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

namespace flopcast {
namespace {

constexpr double same_budget = 0.1; ///< of ln C

/// Fits the parabola of a budget whose points are there.
void fit_parabola(IsoFlop &group) {
  std::map<double, int> sizes;
  for (const IsoFlop::Point &point : group.points)
    ++sizes[point.parameters];
  if (sizes.size() < 3)
    return;
  // About the mean, so that the powers of ln N are not nearly parallel.
  const auto count = static_cast<Eigen::Index>(group.points.size());
  double center = 0;
  for (const IsoFlop::Point &point : group.points)
    center += std::log(point.parameters) / static_cast<double>(count);
  Eigen::MatrixXd powers(count, 3);
  Eigen::VectorXd losses(count);
  for (Eigen::Index i = 0; i < count; ++i) {
    const IsoFlop::Point &point = group.points[static_cast<std::size_t>(i)];
    const double x = std::log(point.parameters) - center;
    powers.row(i) << 1, x, x * x;
    losses[i] = point.loss;
  }
  const Eigen::VectorXd p = powers.colPivHouseholderQr().solve(losses);
  group.parabola = {p[0] - p[1] * center + p[2] * center * center, p[1] - 2 * p[2] * center, p[2]};
  if (p[2] <= 0)
    return;
  const double vertex = center - p[1] / (2 * p[2]);
  if (vertex > std::log(sizes.begin()->first) && vertex < std::log(sizes.rbegin()->first))
    group.vertex = {std::exp(vertex), p[0] - p[1] * p[1] / (4 * p[2])};
}

std::optional<BudgetExponent>
exponent_through(const std::vector<IsoFlop> &groups,
                 const std::function<std::optional<IsoFlop::Point>(const IsoFlop &)> &optimum) {
  std::vector<double> compute;
  std::vector<double> parameters;
  for (const IsoFlop &group : groups)
    if (const auto point = optimum(group)) {
      compute.push_back(group.compute);
      parameters.push_back(point->parameters);
    }
  if (compute.size() < 2)
    return std::nullopt;
  const LogLine line = log_line(compute, parameters);
  return BudgetExponent{line.slope, line.slope_error, compute.size()};
}

} // namespace

bool divides_budget(const LossForm &form) { return form.id == "chinchilla" || form.id == "tied"; }

double optimum_exponent(const LossForm &form, std::span<const double> natural) {
  const double alpha = natural[3];
  const double beta = form.id == "tied" ? alpha : natural[4];
  return beta / (alpha + beta);
}

BudgetOptimum budget_optimum(const LossForm &form, std::span<const double> natural,
                             double compute) {
  const double e = natural[0];
  const double a = natural[1];
  const double b = natural[2];
  const double alpha = natural[3];
  const double beta = form.id == "tied" ? alpha : natural[4];
  const double g = std::pow(alpha * a / (beta * b), 1 / (alpha + beta));
  BudgetOptimum optimum{.compute = compute};
  optimum.parameters = g * std::pow(compute / 6, beta / (alpha + beta));
  optimum.tokens = compute / (6 * optimum.parameters);
  optimum.loss = e + a * std::pow(optimum.parameters, -alpha) + b * std::pow(optimum.tokens, -beta);
  return optimum;
}

std::vector<double> draw_of(const Bootstrap &resamples, Eigen::Index row) {
  std::vector<double> natural;
  natural.reserve(static_cast<std::size_t>(resamples.parameters.cols()));
  for (Eigen::Index j = 0; j < resamples.parameters.cols(); ++j)
    natural.push_back(resamples.parameters(row, j));
  return natural;
}

LogLine log_line(const std::vector<double> &x, const std::vector<double> &y) {
  const auto n = static_cast<double>(x.size());
  double mean_x = 0;
  double mean_y = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    mean_x += std::log(x[i]) / n;
    mean_y += std::log(y[i]) / n;
  }
  double square = 0;
  double product = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double dx = std::log(x[i]) - mean_x;
    square += dx * dx;
    product += dx * (std::log(y[i]) - mean_y);
  }
  LogLine line;
  line.slope = product / square;
  line.intercept = mean_y - line.slope * mean_x;
  double rest = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    rest += std::pow(std::log(y[i]) - line.intercept - line.slope * std::log(x[i]), 2);
  if (x.size() > 2)
    line.slope_error = std::sqrt(rest / (n - 2) / square);
  return line;
}

std::vector<IsoFlop> isoflops(const std::vector<ScalingRun> &runs) {
  std::vector<std::pair<double, IsoFlop::Point>> by_budget;
  for (const ScalingRun &run : runs)
    if (run.feature(RunFeature::compute) && run.feature(RunFeature::parameters))
      by_budget.emplace_back(std::log(run.at(RunFeature::compute)),
                             IsoFlop::Point{run.at(RunFeature::parameters), run.loss});
  std::ranges::sort(by_budget, {}, [](const auto &entry) { return entry.first; });
  std::vector<IsoFlop> groups;
  for (std::size_t begin = 0; begin < by_budget.size();) {
    std::size_t end = begin + 1;
    while (end < by_budget.size() &&
           by_budget[end].first - by_budget[end - 1].first < same_budget &&
           by_budget[end].first - by_budget[begin].first < 3 * same_budget)
      ++end;
    IsoFlop group;
    double mean = 0;
    for (std::size_t i = begin; i < end; ++i) {
      mean += by_budget[i].first / static_cast<double>(end - begin);
      group.points.push_back(by_budget[i].second);
    }
    group.compute = std::exp(mean);
    group.best = *std::ranges::min_element(group.points, {}, &IsoFlop::Point::loss);
    std::ranges::sort(group.points, {}, &IsoFlop::Point::parameters);
    fit_parabola(group);
    if (!group.parabola.empty())
      groups.push_back(std::move(group));
    begin = end;
  }
  return groups;
}

std::optional<BudgetExponent> approach_one(const std::vector<IsoFlop> &groups) {
  return exponent_through(groups, [](const IsoFlop &group) { return std::optional(group.best); });
}

std::optional<BudgetExponent> approach_two(const std::vector<IsoFlop> &groups) {
  return exponent_through(groups, [](const IsoFlop &group) { return group.vertex; });
}

} // namespace flopcast
