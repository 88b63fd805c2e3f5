// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/robust_fit.hpp"

#include <Eigen/Cholesky>

#include <cmath>

namespace flopcast {

double huber_loss(const Eigen::VectorXd &errors, double delta) {
  double sum = 0;
  for (const double error : errors) {
    const double size = std::abs(error);
    sum += size <= delta ? size * size / 2 : delta * (size - delta / 2);
  }
  return sum;
}

RobustFit fit_robustly(const std::function<Eigen::VectorXd(const Eigen::VectorXd &)> &errors,
                       const Eigen::VectorXd &start, double delta) {
  constexpr int most_steps = 60;
  constexpr double difference = 1e-5; // parameters are logarithms and logits: of order one
  constexpr double enough = 1e-7;     // relative gain of a step that is not worth another
  Eigen::VectorXd x = start;
  Eigen::VectorXd now = errors(x);
  double loss = huber_loss(now, delta);
  double damping = 1e-3;
  for (int step = 0; step < most_steps; ++step) {
    Eigen::MatrixXd jacobian(now.size(), x.size());
    for (Eigen::Index j = 0; j < x.size(); ++j) {
      Eigen::VectorXd moved = x;
      moved[j] += difference;
      jacobian.col(j) = (errors(moved) - now) / difference;
    }
    const Eigen::VectorXd weights =
        now.unaryExpr([&](double e) { return std::abs(e) <= delta ? 1.0 : delta / std::abs(e); });
    const Eigen::MatrixXd normal = jacobian.transpose() * weights.asDiagonal() * jacobian;
    const Eigen::VectorXd gradient = jacobian.transpose() * weights.cwiseProduct(now);
    bool better = false;
    double gain = 0;
    for (int attempt = 0; attempt < 8 && !better; ++attempt) {
      Eigen::MatrixXd damped = normal;
      // The floor keeps a parameter that no sample depends on where it is.
      damped.diagonal().array() += damping * normal.diagonal().array() + 1e-9;
      const Eigen::VectorXd moved = x - damped.ldlt().solve(gradient);
      const Eigen::VectorXd then = errors(moved);
      const double moved_loss = huber_loss(then, delta);
      if (std::isfinite(moved_loss) && moved_loss < loss) {
        gain = (loss - moved_loss) / loss;
        x = moved;
        now = then;
        loss = moved_loss;
        damping = std::max(damping / 5, 1e-9);
        better = true;
      } else {
        damping *= 4;
      }
    }
    if (!better || gain < enough)
      break;
  }
  return {x, loss};
}

} // namespace flopcast
