// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/scaling/fit/bootstrap.hpp"

#include <optional>
#include <vector>

namespace flopcast {

/// The law fitted without its largest runs, held against them.
struct HoldOut {
  std::size_t fitted = 0;
  std::size_t held_out = 0;
  double largest_fitted = 0; ///< scale: compute, or what the form depends on
  double largest = 0;
  double mean_distance = 0; ///< of the held-out runs, ln of their scale over the largest fitted
  double bias = 0;          ///< mean of ln seen - ln predicted
  double rmse = 0;
  /// Standard deviation of the bias that noise and the parameters' uncertainty explain.
  double explained = 0;
};

/// Fits without the largest 10, 20, 30 and 50 percent of the runs, as far as enough are left.
[[nodiscard]] std::vector<HoldOut> leave_largest_out(const LawFit &fit,
                                                     const std::stop_token &stop = {});

/// How far the law strays beyond its data, as a standard deviation of ln L for each factor of e in
/// scale: what the held-out runs show beyond noise and parameters.
[[nodiscard]] double lack_of_fit(const std::vector<HoldOut> &tests);

/// A loss that is not yet measured, in which standard deviations are of ln L.
struct Forecast {
  double loss = 0;
  double from_parameters = 0;
  double from_noise = 0;
  double from_lack_of_fit = 0;
  double distance = 0; ///< ln of its scale over that of the largest run; 0 within the data
  Interval law80;      ///< of the law's value: parameters alone
  Interval law95;
  Interval run80; ///< of a run's loss: noise and lack of fit too
  Interval run95;
};

/// Forecasts of a run with these features. With resamples their spread counts, else the delta
/// method. `straying` is lack_of_fit().
[[nodiscard]] Forecast forecast(const LawFit &fit, const ScalingRun &run,
                                const Bootstrap *resamples, double straying);

/// What "largest" goes by: compute where the run has it, else its tokens or parameters.
[[nodiscard]] double run_scale(const LossForm &form, const ScalingRun &run);

/// d ln L / d internal parameter of the free ones, at the fit.
[[nodiscard]] Eigen::VectorXd log_loss_gradient(const LawFit &fit, const ScalingRun &run);

/// Two-sided quantile of Student's distribution: level 0.8 or 0.95.
[[nodiscard]] double student_quantile(double level, double freedom);

} // namespace flopcast
