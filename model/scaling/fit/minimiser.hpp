// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/scaling/fit/misfit.hpp"
#include "model/scaling/fit/term_model.hpp"

#include <Eigen/Core>

namespace flopcast {

/// Runs, their losses and weights, and the law that is fitted to them.
struct FitProblem {
  TermModel model;
  Eigen::ArrayXd log_losses;
  Eigen::ArrayXd weights;
  ResidualKind residual = ResidualKind::log_loss;

  /// The runs that have a weight above zero, each with its new weight and, if given, another loss.
  [[nodiscard]] FitProblem reweighted(const Eigen::ArrayXd &new_weights) const;
};

struct Minimum {
  Eigen::VectorXd theta;
  double cost = 0;          ///< summed, weighted
  double gradient_norm = 0; ///< largest component, by the internal parameters of the form
  /// Largest component by the parameters of the model, over the sum of its parts' magnitudes: 1
  /// where all runs pull one way, about 1e-15 where they balance.
  double imbalance = 0;
  int evaluations = 0;
  bool converged = false;
};

/// Descends from `start` to a local minimum of the penalty itself: each step solves the problem
/// with the model's logarithm replaced by its tangent and the curvature that the tangent leaves
/// out. Convergence is quadratic although the penalty's second derivative jumps.
[[nodiscard]] Minimum descend(FitProblem &problem, const Eigen::VectorXd &start,
                              const Penalty &penalty, double tolerance, int most_steps);

/// Descends along penalties that go from least squares to the one wanted; so a start far off does
/// not end where many residuals are tied.
[[nodiscard]] Minimum descend_gradually(FitProblem &problem, const Eigen::VectorXd &start,
                                        const Penalty &penalty);

/// The part of descend_gradually() after its least squares, from their minimum.
[[nodiscard]] Minimum tighten(FitProblem &problem, const Eigen::VectorXd &start,
                              const Penalty &penalty);

/// Residuals at a point: predicted less seen.
[[nodiscard]] Eigen::ArrayXd residuals_at(FitProblem &problem, const Eigen::VectorXd &theta);

[[nodiscard]] double cost_of(const Eigen::ArrayXd &residuals, const Eigen::ArrayXd &weights,
                             const Penalty &penalty);

} // namespace flopcast
