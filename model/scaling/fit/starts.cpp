// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/fit/starts.hpp"

#include <Eigen/Cholesky>

#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

namespace flopcast {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

/// Of the van der Corput sequence of a prime base.
double radical_inverse(int index, int base) {
  double result = 0;
  double digit_value = 1.0 / base;
  for (; index > 0; index /= base, digit_value /= base)
    result += digit_value * (index % base);
  return result;
}

/// Sizes of the terms, each the given share at theta times a factor, that fit 1 best: non-negative.
VectorXd best_sizes(const Eigen::MatrixXd &terms, const Eigen::ArrayXd &weights) {
  const Index count = terms.cols();
  std::vector<Index> active(static_cast<std::size_t>(count));
  std::iota(active.begin(), active.end(), Index{0});
  VectorXd sizes = VectorXd::Zero(count);
  while (!active.empty()) {
    const Eigen::MatrixXd chosen = terms(Eigen::all, active);
    const Eigen::MatrixXd weighted = chosen.array().colwise() * weights;
    Eigen::MatrixXd normal = weighted.transpose() * chosen;
    normal.diagonal() *= 1 + 1e-12;
    const VectorXd solution =
        normal.ldlt().solve(weighted.transpose() * VectorXd::Ones(terms.rows()));
    Index worst = 0;
    if (solution.minCoeff(&worst) > 0) {
      for (Index k = 0; k < solution.size(); ++k)
        sizes[active[static_cast<std::size_t>(k)]] = solution[k];
      break;
    }
    active.erase(active.begin() + worst);
  }
  return sizes;
}

} // namespace

std::vector<VectorXd> spread_starts(FitProblem &problem, int count) {
  constexpr std::array primes{2, 3, 5, 7, 11, 13, 17, 19, 23, 29};
  const LossForm &form = problem.model.form();
  const auto &free = problem.model.free_parameters();
  std::vector<VectorXd> starts;
  for (int start = 1; start <= count; ++start) {
    VectorXd theta = VectorXd::Zero(problem.model.free());
    std::size_t dimension = 0;
    for (std::size_t f = 0; f < free.size(); ++f) {
      const FormParameter &parameter = form.parameters[free[f]];
      if (parameter.kind == ParameterKind::coefficient)
        continue;
      const double low = internal_value(parameter, parameter.low);
      const double high = internal_value(parameter, parameter.high);
      theta[static_cast<Index>(f)] =
          low + (high - low) * radical_inverse(start, primes[dimension++ % primes.size()]);
    }
    problem.model.set(theta);
    const Eigen::ArrayXd ratio = (problem.model.log_loss() - problem.log_losses).exp();
    const Eigen::MatrixXd terms = problem.model.shares().colwise() * ratio;
    const VectorXd sizes = best_sizes(terms, problem.weights);
    for (std::size_t f = 0; f < free.size(); ++f)
      for (std::size_t k = 0; k < form.terms.size(); ++k)
        if (form.terms[k].coefficient == free[f] &&
            form.parameters[free[f]].kind == ParameterKind::coefficient)
          // A term that the others leave nothing for starts at a thousandth of the loss.
          theta[static_cast<Index>(f)] +=
              sizes[static_cast<Index>(k)] > 0
                  ? std::log(sizes[static_cast<Index>(k)])
                  : std::log(1e-3 / terms.col(static_cast<Index>(k)).mean());
    starts.push_back(theta.array().isFinite().all() ? theta : VectorXd::Zero(problem.model.free()));
  }
  return starts;
}

std::vector<VectorXd> hoffmann_starts(const FitProblem &problem) {
  const LossForm &form = problem.model.form();
  if (form.id != "chinchilla" || problem.model.free() != 5)
    throw InputError({"--starts", 0, 0},
                     "the 4500 starts of Hoffmann et al. are for --form chinchilla with all "
                     "parameters free; give a number of starts instead");
  std::vector<VectorXd> starts;
  VectorXd raw(5);
  for (int alpha = 0; alpha < 5; ++alpha)
    for (int beta = 0; beta < 5; ++beta)
      for (int e = 0; e < 5; ++e)
        for (int a = 0; a < 6; ++a)
          for (int b = 0; b < 6; ++b) {
            raw << -1 + 0.5 * e, 5.0 * a, 5.0 * b, 0.5 * alpha, 0.5 * beta;
            starts.push_back(problem.model.from_raw(raw));
          }
  return starts;
}

} // namespace flopcast
