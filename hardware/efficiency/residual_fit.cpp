// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/residual_fit.hpp"

#include "hardware/efficiency/monotone_grid.hpp"

#include <Eigen/SparseCholesky>
#include <Eigen/SparseCore>

#include <algorithm>
#include <cmath>

namespace flopcast {

double smooth_maximum(double a, double b) {
  const double a2 = a * a;
  const double b2 = b * b;
  return std::sqrt(std::sqrt(a2 * a2 + b2 * b2));
}

LogAxis axis_over(const std::vector<ResidualPoint> &points, std::size_t variable, double octaves) {
  const auto [low, high] = std::ranges::minmax_element(
      points, {}, [&](const ResidualPoint &p) { return p.variables[variable]; });
  const double first = std::floor(std::log2(low->variables[variable]) / octaves) * octaves;
  const double last = std::log2(high->variables[variable]);
  const auto steps = static_cast<std::size_t>(std::ceil((last - first) / octaves));
  return {.first = first, .step = octaves, .count = std::max<std::size_t>(steps + 1, 2)};
}

LogGrid fit_residual(const std::array<LogAxis, 3> &axes, const std::vector<ResidualPoint> &points,
                     double outlier, const ResidualPenalty &penalty) {
  const std::size_t unknowns = axes[0].count * axes[1].count * axes[2].count;
  std::vector<LogGridWeights> rows;
  rows.reserve(points.size());
  for (const ResidualPoint &point : points)
    rows.push_back(grid_weights(axes, point.variables));
  const Eigen::SparseMatrix<double> smooth = smoothness(axes, penalty.roughness, penalty.size);
  Eigen::VectorXd values = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(unknowns));
  Eigen::SimplicialLDLT<Eigen::SparseMatrix<double>> solver;
  constexpr int rounds = 8; // Gauss-Newton with reweighting settles to 1e-4 within six
  for (int round = 0; round < rounds; ++round) {
    std::vector<Eigen::Triplet<double>> entries;
    entries.reserve(points.size() * 64);
    Eigen::VectorXd right = Eigen::VectorXd::Zero(values.size());
    for (std::size_t i = 0; i < points.size(); ++i) {
      double now = 0;
      for (std::size_t c = 0; c < 8; ++c)
        now += rows[i].weight[c] * values[static_cast<Eigen::Index>(rows[i].index[c])];
      const double moved = points[i].base * std::exp(now);
      const double busy = smooth_maximum(moved, points[i].beside);
      const double error = std::log(points[i].seconds / (points[i].fixed + busy));
      const double share = std::pow(moved / busy, 4); // of busy's slope in the residual
      const double slope = share * busy / (points[i].fixed + busy);
      const double weight = points[i].weight / std::max(1.0, std::abs(error) / outlier);
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
    normal += smooth;
    if (round == 0)
      solver.analyzePattern(normal);
    solver.factorize(normal);
    values = solver.solve(right);
  }
  return {.axes = axes, .values = {values.data(), values.data() + values.size()}};
}

} // namespace flopcast
