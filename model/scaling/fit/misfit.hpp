// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace flopcast {

/// What a residual costs: r^2/2 as long as -low <= r <= high, linear with these slopes beyond.
/// Huber's loss has low = high = delta; least squares both infinite; the absolute value is the
/// limit of both to zero, divided by them.
struct Penalty {
  double low = std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();

  [[nodiscard]] double slope(double r) const { return std::clamp(r, -low, high); }
  [[nodiscard]] double cost(double r) const {
    const double s = slope(r);
    return s * (r - 0.5 * s);
  }
  [[nodiscard]] bool quadratic_at(double r) const { return r >= -low && r <= high; }
  [[nodiscard]] bool is_least_squares() const { return std::isinf(high); }
  [[nodiscard]] Penalty scaled(double factor) const { return {low * factor, high * factor}; }
};

/// Of ln L, or of L.
enum class ResidualKind { log_loss, loss };

enum class ObjectiveKind { huber, least_squares, absolute, asymmetric };

/// What a fit minimises: a sum over the runs, weighted, never a mean. The mean has the same optimum
/// but lets the tolerances of common optimisers stop long before it.
struct Objective {
  ObjectiveKind kind = ObjectiveKind::huber;
  ResidualKind residual = ResidualKind::log_loss;
  double delta = 1e-3;     ///< of Huber's loss
  double over_weight = 10; ///< of an asymmetric objective: cost of a loss predicted too high

  /// Residuals this small cost their square where the objective is an absolute value: below any
  /// noise of a loss, above rounding.
  static constexpr double kink = 1e-9;

  [[nodiscard]] Penalty penalty() const {
    switch (kind) {
    case ObjectiveKind::huber:
      return {delta, delta};
    case ObjectiveKind::absolute:
      return {kink, kink};
    case ObjectiveKind::asymmetric:
      return {kink, kink * over_weight};
    case ObjectiveKind::least_squares:
      break;
    }
    return {};
  }
  /// The reported sum of squares, of absolute values or of Huber costs, from the summed costs.
  [[nodiscard]] double reported(double cost) const {
    switch (kind) {
    case ObjectiveKind::absolute:
    case ObjectiveKind::asymmetric:
      return cost / kink;
    case ObjectiveKind::least_squares:
      return 2 * cost;
    case ObjectiveKind::huber:
      break;
    }
    return cost;
  }
};

} // namespace flopcast
