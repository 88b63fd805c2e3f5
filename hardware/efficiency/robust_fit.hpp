// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Core>

#include <functional>

namespace flopcast {

/// Half the squares of errors up to delta, beyond it growing no faster than linearly.
[[nodiscard]] double huber_loss(const Eigen::VectorXd &errors, double delta);

struct RobustFit {
  Eigen::VectorXd parameters;
  double loss = 0; ///< Σ Huber(error)
};

/// Minimises Σ Huber_δ(errors(x)) by damped Gauss-Newton (Levenberg-Marquardt) with reweighting and
/// a Jacobian by differences, for tens of parameters and thousands of errors.
[[nodiscard]] RobustFit
fit_robustly(const std::function<Eigen::VectorXd(const Eigen::VectorXd &)> &errors,
             const Eigen::VectorXd &start, double delta);

} // namespace flopcast
