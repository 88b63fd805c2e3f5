// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/scaling/fit/law_fit.hpp"

#include <cstdint>
#include <stop_token>

namespace flopcast {

enum class BootstrapKind {
  cases,    ///< runs drawn with replacement
  residuals ///< each run's loss as predicted, with a residual drawn from all
};

struct BootstrapOptions {
  BootstrapKind kind = BootstrapKind::cases;
  std::int64_t resamples = 1000;
  std::uint64_t seed = 1;
  int threads = 0; ///< 0: as many as the machine has; the result does not depend on it
};

/// Laws fitted to resamples of the runs.
struct Bootstrap {
  BootstrapOptions options;
  /// Natural parameters, a row a resample, a column a parameter of the form.
  Eigen::MatrixXd parameters;
  std::int64_t not_converged = 0;
};

/// Refits the law to resamples, each from the optimum of the whole. Throws Stopped.
[[nodiscard]] Bootstrap bootstrap(const LawFit &fit, const BootstrapOptions &options,
                                  const std::stop_token &stop = {});

/// The minimum for the runs drawn this often each, from the optimum of the whole.
[[nodiscard]] Minimum refit(const LawFit &fit, const Eigen::ArrayXd &times_drawn);

/// The q-quantile of some values, linear between them.
[[nodiscard]] double quantile(std::vector<double> values, double q);

struct Interval {
  double low = 0;
  double high = 0;
};

/// Between the quantiles that leave half of 1 - level on either side.
[[nodiscard]] Interval percentile_interval(const std::vector<double> &values, double level);

/// Standard deviation.
[[nodiscard]] double deviation(const std::vector<double> &values);

} // namespace flopcast
