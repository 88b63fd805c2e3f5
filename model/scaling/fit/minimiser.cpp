// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/fit/minimiser.hpp"

#include <Eigen/Cholesky>
#include <Eigen/LU>

#include <algorithm>
#include <cmath>
#include <vector>

namespace flopcast {
namespace {

using Eigen::ArrayXd;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Exponents and logarithms of coefficients further off than this belong to no law.
constexpr double farthest = 80;
/// Of one step in any parameter: beyond it the tangent says nothing.
constexpr double longest_step = 2;

/// Tight enough that the next penalty starts in the right place.
constexpr double loose_tolerance = 1e-3;
constexpr double near_balance = 0.02;
/// Of the balance of the runs' pulls: rounding of 240 residuals leaves 1e-10.
constexpr double tight_tolerance = 1e-9;
/// What rounding of a residual leaves of the balance, where a penalty is this steep.
double tolerance_of(const Penalty &penalty) {
  return std::max(tight_tolerance, 1e-15 / std::min(penalty.low, penalty.high));
}

ArrayXd slopes_of(const ArrayXd &residuals, const Penalty &penalty) {
  return residuals.max(-penalty.low).min(penalty.high);
}

/// The problem at one point, with the tangent of its residuals.
struct Tangent {
  ArrayXd residuals;
  MatrixXd jacobian;
  ArrayXd slopes; ///< of the penalty, weighted
  VectorXd gradient;
  MatrixXd curvature; ///< that of the residuals themselves
  VectorXd scale;     ///< diagonal by which a step is damped
  MatrixXd normal;    ///< J' W J, of least squares alone
  double cost = 0;
  double imbalance = 0;
};

void evaluate_residuals(FitProblem &problem, const VectorXd &theta, ArrayXd &residuals) {
  problem.model.set(theta);
  if (problem.residual == ResidualKind::log_loss)
    residuals = problem.model.log_loss() - problem.log_losses;
  else
    residuals = problem.model.log_loss().exp() - problem.log_losses.exp();
}

double imbalance_of(const Tangent &at) {
  double worst = 0;
  for (Index j = 0; j < at.gradient.size(); ++j) {
    const double parts = (at.jacobian.col(j).array() * at.slopes).abs().sum();
    if (parts > 1e-280)
      worst = std::max(worst, std::abs(at.gradient[j]) / parts);
  }
  return worst;
}

void add_curvature(FitProblem &problem, const ArrayXd &factor, Tangent &at) {
  if (problem.residual == ResidualKind::log_loss) {
    problem.model.add_curvature(factor, at.jacobian, at.curvature);
    return;
  }
  // The residual's Jacobian is that of ln L times L, and so is its curvature, plus their product.
  const ArrayXd predicted = problem.model.log_loss().exp();
  const MatrixXd of_log = at.jacobian.array().colwise() / predicted;
  problem.model.add_curvature(factor, of_log, at.curvature);
  at.curvature.noalias() += of_log.transpose() * factor.matrix().asDiagonal() * of_log;
}

void take_tangent(FitProblem &problem, const Penalty &penalty, Tangent &at) {
  problem.model.jacobian(at.jacobian);
  at.slopes = slopes_of(at.residuals, penalty) * problem.weights;
  at.gradient = at.jacobian.transpose() * at.slopes.matrix();
  const Index p = problem.model.free();
  at.curvature = MatrixXd::Zero(p, p);
  ArrayXd factor = at.slopes;
  if (problem.residual == ResidualKind::loss) {
    const ArrayXd predicted = problem.model.log_loss().exp();
    factor *= predicted;
    at.gradient = at.jacobian.transpose() * factor.matrix();
    at.jacobian.array().colwise() *= predicted;
  }
  // Far from the minimum of least squares the residuals are large and their curvature, weighted by
  // them, may turn the step uphill: Gauss and Newton's step is the safer one there.
  at.imbalance = imbalance_of(at);
  if (!penalty.is_least_squares() || at.imbalance < near_balance)
    add_curvature(problem, factor, at);
  if (penalty.is_least_squares()) {
    at.normal.noalias() =
        at.jacobian.transpose() * (problem.weights.matrix().asDiagonal() * at.jacobian);
    at.scale = at.normal.diagonal();
    at.scale.array() += 1e-12 * at.scale.maxCoeff() + 1e-300;
    return;
  }
  const ArrayXd share = at.slopes.abs() / (at.residuals.abs() + 1e-300);
  at.scale = at.jacobian.array().square().matrix().transpose() * share.matrix();
  at.scale.array() += 1e-12 * at.scale.maxCoeff() + 1e-300;
}

/// The convex problem that a tangent leaves: penalty of r + J s, plus s' (curvature + damping) s
/// / 2.
class TangentProblem {
public:
  TangentProblem(const Tangent &at, const ArrayXd &weights, const Penalty &penalty, double damping)
      : at_(at), weights_(weights), penalty_(penalty), quadratic_(at.curvature) {
    quadratic_.diagonal() += damping * at.scale;
  }

  /// Newton's method on a function whose second derivative jumps, with an exact search along each
  /// direction. False where the damping is too small for the problem to be bounded.
  bool solve(VectorXd &step) {
    if (penalty_.is_least_squares()) {
      const Eigen::LLT<MatrixXd> factors(at_.normal + quadratic_);
      if (factors.info() != Eigen::Success)
        return false;
      step = -factors.solve(at_.gradient);
      return step.allFinite();
    }
    step = VectorXd::Zero(at_.gradient.size());
    moved_ = at_.residuals;
    VectorXd gradient = at_.gradient;
    double first_decrease = 0;
    for (int iteration = 0; iteration < 40; ++iteration) {
      MatrixXd hessian = quadratic_;
      add_quadratic_part(hessian);
      hessian.diagonal().array() += 1e-14 * hessian.diagonal().cwiseAbs().maxCoeff() + 1e-300;
      const Eigen::LLT<MatrixXd> factors(hessian);
      if (factors.info() != Eigen::Success)
        return false;
      const VectorXd direction = -factors.solve(gradient);
      const double decrease = -gradient.dot(direction);
      if (iteration == 0)
        first_decrease = decrease;
      if (!(decrease > 1e-13 * first_decrease) || !std::isfinite(decrease))
        break;
      along_ = at_.jacobian * direction;
      const double t = search(direction, step, -decrease);
      step += t * direction;
      moved_ += t * along_;
      if (step.cwiseAbs().maxCoeff() > 20 * longest_step)
        break;
      gradient = at_.jacobian.transpose() * (slopes_of(moved_, penalty_) * weights_).matrix() +
                 quadratic_ * step;
    }
    return step.allFinite();
  }

  /// By how much the tangent's problem falls over the step.
  [[nodiscard]] double predicted_decrease(const VectorXd &step) {
    if (penalty_.is_least_squares())
      return -at_.gradient.dot(step) - 0.5 * step.dot((at_.normal + at_.curvature) * step);
    moved_ = at_.residuals + (at_.jacobian * step).array();
    return at_.cost - cost_of(moved_, weights_, penalty_) - 0.5 * step.dot(at_.curvature * step);
  }

private:
  void add_quadratic_part(MatrixXd &hessian) {
    const Index p = hessian.rows();
    for (Index i = 0; i < moved_.size(); ++i) {
      if (!penalty_.quadratic_at(moved_[i]))
        continue;
      const double w = weights_[i];
      for (Index a = 0; a < p; ++a) {
        const double wa = w * at_.jacobian(i, a);
        for (Index b = 0; b <= a; ++b)
          hessian(a, b) += wa * at_.jacobian(i, b); // the factorisation reads the lower half
      }
    }
  }

  /// Where the derivative along the direction vanishes, in (0, 1].
  double search(const VectorXd &direction, const VectorXd &step, double slope_at_zero) const {
    const VectorXd image = quadratic_ * direction;
    const double linear = image.dot(step);
    const double square = image.dot(direction);
    const ArrayXd pull = weights_ * along_;
    const auto slope = [&](double t) {
      return linear + t * square +
             (pull * (moved_ + t * along_).max(-penalty_.low).min(penalty_.high)).sum();
    };
    double low = 0;
    double high = 1;
    double at_low = slope_at_zero;
    double at_high = slope(high);
    if (at_high <= 1e-3 * std::abs(slope_at_zero))
      return 1;
    double t = 1;
    for (int i = 0; i < 30; ++i) {
      // Illinois would do as well; half of each guards against a flat end.
      const double secant = low + (high - low) * (-at_low) / (at_high - at_low);
      t = i % 2 == 0 ? secant : 0.5 * (low + high);
      const double here = slope(t);
      if (std::abs(here) <= 1e-2 * std::abs(slope_at_zero))
        break;
      (here < 0 ? low : high) = t;
      (here < 0 ? at_low : at_high) = here;
    }
    return t;
  }

  const Tangent &at_;
  const ArrayXd &weights_;
  const Penalty &penalty_;
  MatrixXd quadratic_;
  ArrayXd moved_;
  mutable ArrayXd along_;
};

/// Where the penalty begins for residuals like these: most of them still cost their square.
double homotopy_factor(const ArrayXd &residuals, const Penalty &penalty) {
  std::vector<double> sizes(residuals.data(), residuals.data() + residuals.size());
  for (double &size : sizes)
    size = std::abs(size);
  const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
  std::nth_element(sizes.begin(), middle, sizes.end());
  return *middle / std::min(penalty.low, penalty.high);
}

} // namespace

double cost_of(const ArrayXd &residuals, const ArrayXd &weights, const Penalty &penalty) {
  if (penalty.is_least_squares())
    return 0.5 * (weights * residuals.square()).sum();
  const ArrayXd slopes = slopes_of(residuals, penalty);
  return (weights * slopes * (residuals - 0.5 * slopes)).sum();
}

ArrayXd residuals_at(FitProblem &problem, const VectorXd &theta) {
  ArrayXd residuals;
  evaluate_residuals(problem, theta, residuals);
  return residuals;
}

FitProblem FitProblem::reweighted(const ArrayXd &new_weights) const {
  std::vector<Index> chosen;
  for (Index i = 0; i < new_weights.size(); ++i)
    if (new_weights[i] > 0)
      chosen.push_back(i);
  FitProblem result{model.of_runs(chosen), ArrayXd(chosen.size()), ArrayXd(chosen.size()),
                    residual};
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    result.log_losses[static_cast<Index>(i)] = log_losses[chosen[i]];
    result.weights[static_cast<Index>(i)] = new_weights[chosen[i]];
  }
  return result;
}

Minimum descend(FitProblem &problem, const VectorXd &start, const Penalty &penalty,
                double tolerance, int most_steps) {
  Minimum best{.theta = start};
  Tangent at;
  evaluate_residuals(problem, best.theta, at.residuals);
  at.cost = cost_of(at.residuals, problem.weights, penalty);
  ++best.evaluations;
  double damping = 1e-3;
  ArrayXd tried;
  VectorXd step;
  bool stalled = false;
  for (int iteration = 0;; ++iteration) {
    take_tangent(problem, penalty, at);
    best.imbalance = at.imbalance;
    best.converged = best.imbalance <= tolerance;
    if (best.converged || stalled || iteration == most_steps)
      break;
    bool accepted = false;
    for (int trial = 0; trial < 25 && !accepted; ++trial) {
      TangentProblem tangent(at, problem.weights, penalty, damping);
      if (!tangent.solve(step)) {
        damping = std::max(10 * damping, 1e-6);
        continue;
      }
      const double length = step.cwiseAbs().maxCoeff();
      if (length > longest_step)
        step *= longest_step / length;
      const double predicted = tangent.predicted_decrease(step);
      const VectorXd theta = (best.theta + step).cwiseMax(-farthest).cwiseMin(farthest);
      evaluate_residuals(problem, theta, tried);
      ++best.evaluations;
      const double cost = cost_of(tried, problem.weights, penalty);
      const double ratio = (at.cost - cost) / predicted;
      // Rounding decides once both are below the last digits of the cost.
      const bool level = std::abs(at.cost - cost) <= 4e-16 * at.cost && length < 1e-6;
      if (cost < at.cost && ratio > 1e-4) {
        accepted = true;
        damping = ratio > 0.75 ? damping * 0.05 : ratio < 0.25 ? damping * 4 : damping;
        if (damping < 1e-11)
          damping = 0;
      } else if (level) {
        accepted = true;
        stalled = true;
      } else {
        damping = std::max(8 * damping, 1e-6);
        if (damping > 1e12)
          break;
        continue;
      }
      best.theta = theta;
      at.residuals.swap(tried);
      at.cost = cost;
    }
    if (!accepted) {
      // The model still stands at the last trial.
      evaluate_residuals(problem, best.theta, at.residuals);
      stalled = true;
    }
  }
  best.cost = at.cost;
  // By raw parameters: theta = from_raw(raw), whose derivative undoes the shift of coefficients.
  const Index p = problem.model.free();
  MatrixXd raw_by_free(p, p);
  for (Index f = 0; f < p; ++f)
    raw_by_free.row(f) = problem.model.raw_by_free().row(
        static_cast<Index>(problem.model.free_parameters()[static_cast<std::size_t>(f)]));
  if (p > 0)
    best.gradient_norm =
        raw_by_free.transpose().partialPivLu().solve(at.gradient).cwiseAbs().maxCoeff();
  return best;
}

Minimum tighten(FitProblem &problem, const VectorXd &start, const Penalty &penalty) {
  int evaluations = 0;
  VectorXd at = start;
  if (!penalty.is_least_squares()) {
    constexpr double shrink = 0.15;
    double factor = homotopy_factor(residuals_at(problem, at), penalty);
    while (factor > 1 / shrink) {
      const Minimum stage = descend(problem, at, penalty.scaled(factor), loose_tolerance, 8);
      at = stage.theta;
      evaluations += stage.evaluations;
      factor *= shrink;
    }
  }
  Minimum result = descend(problem, at, penalty, tolerance_of(penalty), 60);
  result.evaluations += evaluations;
  return result;
}

Minimum descend_gradually(FitProblem &problem, const VectorXd &start, const Penalty &penalty) {
  if (penalty.is_least_squares())
    return descend(problem, start, penalty, tight_tolerance, 200);
  const Minimum squares = descend(problem, start, Penalty{}, loose_tolerance, 60);
  Minimum result = tighten(problem, squares.theta, penalty);
  result.evaluations += squares.evaluations;
  return result;
}

} // namespace flopcast
