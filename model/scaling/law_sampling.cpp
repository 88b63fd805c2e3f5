// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/law_sampling.hpp"

#include <Eigen/Dense>

#include <algorithm>
#include <cmath>
#include <random>

namespace flopcast {
namespace {

/// A matrix R with R R' = covariance. By eigenvalues: bootstraps give covariances of coefficients
/// that are correlated to .9997, which a Cholesky factorisation may find indefinite.
Eigen::MatrixXd square_root(const std::vector<std::vector<double>> &covariance) {
  const auto size = static_cast<Eigen::Index>(covariance.size());
  Eigen::MatrixXd matrix(size, size);
  for (Eigen::Index row = 0; row < size; ++row)
    for (Eigen::Index column = 0; column < size; ++column)
      matrix(row, column) =
          covariance[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)];
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(matrix);
  return solver.eigenvectors() * solver.eigenvalues().cwiseMax(0).cwiseSqrt().asDiagonal();
}

/// The covariance that the law has, or the one that its standard errors make of independent
/// coefficients: those of positive ones are relative, as their logarithms are drawn.
std::vector<std::vector<double>> covariance_of(const ScalingLaw &law,
                                               const std::vector<Coefficient> &letters) {
  if (!law.uncertainty.covariance.empty())
    return law.uncertainty.covariance;
  std::vector<std::vector<double>> covariance(letters.size(),
                                              std::vector<double>(letters.size(), 0.0));
  for (std::size_t k = 0; k < letters.size(); ++k) {
    const double error = law.uncertainty.standard_errors[k] /
                         (letters[k].positive && letters[k].value > 0 ? letters[k].value : 1.0);
    covariance[k][k] = error * error;
  }
  return covariance;
}

double quantile(std::vector<double> &sorted, double share) {
  const double position = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], position - static_cast<double>(below));
}

} // namespace

std::vector<double> normal_draws(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  std::vector<double> draws(count);
  for (double &draw : draws)
    draw = normal(engine);
  return draws;
}

std::vector<LawForm> sampled_forms(const ScalingLaw &law, std::size_t count, std::uint64_t seed) {
  std::vector<LawForm> forms;
  if (!law.form)
    return forms;
  for (const std::vector<double> &draw : law.uncertainty.draws)
    forms.push_back(with_coefficients(*law.form, draw));
  if (!forms.empty() || !law.uncertainty.samples())
    return forms;
  const std::vector<Coefficient> letters = coefficients(*law.form);
  const Eigen::MatrixXd root = square_root(covariance_of(law, letters));
  const std::vector<double> normal = normal_draws(count * letters.size(), seed);
  for (std::size_t i = 0; i < count; ++i) {
    const Eigen::Map<const Eigen::VectorXd> independent(normal.data() + i * letters.size(),
                                                        static_cast<Eigen::Index>(letters.size()));
    const Eigen::VectorXd step = root * independent;
    std::vector<double> values;
    for (std::size_t k = 0; k < letters.size(); ++k) {
      const double by = step[static_cast<Eigen::Index>(k)];
      values.push_back(letters[k].positive ? letters[k].value * std::exp(by)
                                           : letters[k].value + by);
    }
    forms.push_back(with_coefficients(*law.form, values));
  }
  return forms;
}

std::string interval_caveat(const ScalingLaw &law) {
  if (!law.uncertainty.samples())
    return "no interval: the source gives no covariance and no standard errors of its coefficients";
  if (law.uncertainty.of_standard_errors())
    return "intervals are of printed standard errors, as if coefficients varied independently; "
           "fitted ones move together (correlations to .999), so they come out too wide";
  return {};
}

std::optional<LawInterval> interval_of(std::vector<double> draws, double base) {
  if (draws.empty())
    return std::nullopt;
  std::ranges::sort(draws);
  return LawInterval{quantile(draws, 0.1), base, quantile(draws, 0.9)};
}

} // namespace flopcast
