// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/scaling/fit/minimiser.hpp"

#include <map>
#include <stop_token>
#include <string>
#include <vector>

namespace flopcast {

/// What is fitted, and how thoroughly it is searched.
struct LawFitOptions {
  std::string form = "chinchilla";
  Objective objective = {};
  /// Natural values of parameters that are not fitted.
  std::map<std::string, double, std::less<>> fixed = {};
  /// Parameters that the form fixes unless they are named here.
  std::vector<std::string> freed = {};
  int starts = 36;              ///< three times as many where a form has scales
  bool hoffmann_starts = false; ///< the 4,500 of the literature instead
};

/// Why the optimum may be believed.
struct Certificate {
  double gradient_norm = 0; ///< largest component, by ln A, ln B, ln E, alpha, beta, …
  double imbalance = 0;     ///< the same relative to the sum of its parts
  bool converged = false;
  int starts = 0;
  int starts_agreeing = 0; ///< ended within agreement of the best
  int restarts = 0;        ///< from points around the optimum
  int restarts_returning = 0;
  std::int64_t evaluations = 0;

  /// Of two costs, relative.
  static constexpr double agreement = 1e-6;
};

/// A law with the parameters that fit best, and what is left over.
struct LawFit {
  LawFitOptions options;
  std::vector<ScalingRun> runs;
  FitProblem problem;
  Eigen::VectorXd theta = {};          ///< of the model
  std::vector<double> parameters = {}; ///< natural, of the whole form
  double objective = 0;                ///< as Objective::reported()
  Certificate certificate = {};
  Eigen::ArrayXd log_residuals = {}; ///< ln predicted - ln seen
  double log_rmse = 0;
  double noise = 0; ///< of ln L from run to run: their spread, for the parameters fitted
  /// Of the free internal parameters, by the delta method.
  Eigen::MatrixXd covariance = {};
  /// Parameters of the form that can change together without any predicted loss changing.
  std::vector<std::size_t> undetermined = {};
  std::vector<std::string> warnings = {};

  [[nodiscard]] const LossForm &form() const { return problem.model.form(); }
  [[nodiscard]] double parameter(std::string_view name) const;
  [[nodiscard]] bool is_fitted(std::size_t parameter) const;
  /// Standard error of a natural parameter by the delta method; 0 for one that is fixed.
  [[nodiscard]] double standard_error(std::size_t parameter) const;
  /// Loss of a run that has the features the form needs.
  [[nodiscard]] double loss(const ScalingRun &run) const {
    return form_loss(form(), parameters, run);
  }
};

/// Fits the law. Throws InputError where runs lack what the form needs, are fewer than the
/// parameters, or cannot be told apart; where the fit stands but is weak, warnings say so.
/// Throws Stopped when a stop is asked for.
[[nodiscard]] LawFit fit_law(const std::vector<ScalingRun> &runs, const LawFitOptions &options,
                             const std::stop_token &stop = {});

/// The work was stopped before it was done.
struct Stopped {};

/// How much the cost rises, in units in which twice the rise is chi-squared with one degree of
/// freedom if one parameter is held at its true value: mean of slope^2 over mean of its derivative.
[[nodiscard]] double cost_scale(const LawFit &fit);

/// Standard deviation of ln L that one run of the fit stands for: sqrt(mean slope^2) over the mean
/// of the slope's derivative.
[[nodiscard]] double effective_noise(const LawFit &fit);

/// A run whose residual is far beyond the others'.
struct Outlier {
  std::size_t run = 0;
  double log_residual = 0;
  double deviations = 0; ///< in robust standard deviations
};

/// Runs more than five robust standard deviations off, furthest first.
[[nodiscard]] std::vector<Outlier> outliers(const LawFit &fit);

} // namespace flopcast
