// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/scaling/fit/bootstrap.hpp"

#include <optional>
#include <span>
#include <vector>

namespace flopcast {

/// Parameters and tokens of least loss for a budget C = 6ND, by E + A/N^alpha + B/D^beta.
/// Source: Hoffmann et al. 2022, eq. 4.
struct BudgetOptimum {
  double compute = 0; ///< FLOP
  double parameters = 0;
  double tokens = 0;
  double loss = 0;
};

/// Whether the form divides a budget so: "chinchilla" and "tied" do.
[[nodiscard]] bool divides_budget(const LossForm &form);

/// From the form's natural parameters. The form must divide a budget.
[[nodiscard]] BudgetOptimum budget_optimum(const LossForm &form, std::span<const double> natural,
                                           double compute);

/// beta / (alpha + beta): N* grows as C to this power.
[[nodiscard]] double optimum_exponent(const LossForm &form, std::span<const double> natural);

/// The natural parameters of one resample.
[[nodiscard]] std::vector<double> draw_of(const Bootstrap &resamples, Eigen::Index row);

/// ln y = intercept + slope ln x by least squares, with the slope's standard error.
struct LogLine {
  double slope = 0;
  double intercept = 0;
  double slope_error = 0;
};
/// Needs two different x. The error is 0 for two points.
[[nodiscard]] LogLine log_line(const std::vector<double> &x, const std::vector<double> &y);

/// A budget at which several sizes were trained.
struct IsoFlop {
  struct Point {
    double parameters = 0;
    double loss = 0;
  };
  double compute = 0; ///< geometric mean, FLOP
  std::vector<Point> points;
  Point best;                   ///< the run of least loss
  std::optional<Point> vertex;  ///< of the parabola in ln N, where it lies among the sizes
  std::vector<double> parabola; ///< loss = p0 + p1 ln N + p2 (ln N)^2; empty below three sizes
};

/// The runs by budget: those whose budgets differ by less than 10 % stand together. Budgets with
/// fewer than three sizes are left out.
[[nodiscard]] std::vector<IsoFlop> isoflops(const std::vector<ScalingRun> &runs);

/// N* = coefficient C^exponent by approach 1 (the best run of each budget) or 2 (the parabolas'
/// minima) of Hoffmann et al. 2022. Absent where fewer than two budgets have such a point.
struct BudgetExponent {
  double exponent = 0;
  double standard_error = 0;
  std::size_t budgets = 0;
};
[[nodiscard]] std::optional<BudgetExponent> approach_one(const std::vector<IsoFlop> &groups);
[[nodiscard]] std::optional<BudgetExponent> approach_two(const std::vector<IsoFlop> &groups);

} // namespace flopcast
