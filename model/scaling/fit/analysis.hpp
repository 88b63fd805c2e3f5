// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/scaling/fit/allocation_of_fit.hpp"
#include "model/scaling/fit/forecast.hpp"
#include "model/scaling/fit/profile.hpp"

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace flopcast {

struct LawAnalysisOptions {
  LawFitOptions fit = {};
  BootstrapOptions bootstrap = {};  ///< none with resamples = 0
  std::vector<double> budgets = {}; ///< FLOP to give the optimum for; empty: the largest run's and
                                    ///< ten and a hundred times it
  std::vector<ScalingRun> forecasts = {}; ///< runs whose loss is asked for
};

/// The optimum for a budget with its intervals.
struct BudgetForecast {
  BudgetOptimum optimum;
  std::optional<Interval> parameters80 = {};
  std::optional<Interval> parameters95 = {};
  std::optional<Interval> ratio80 = {}; ///< D/N
  std::optional<Interval> ratio95 = {};
  std::optional<Interval> loss80 = {}; ///< of the law's value
  std::optional<Interval> loss95 = {};
};

/// A fitted law and all that tells how far it may be believed: plain data for reports and plots.
struct LawAnalysis {
  LawFit fit;
  std::optional<Bootstrap> resamples = {};
  std::vector<ParameterProfile> profiles = {};
  std::vector<Identifiability> verdicts = {};
  std::vector<Outlier> outliers = {};
  std::vector<IsoFlop> groups = {};
  std::optional<BudgetExponent> first = {}; ///< approach 1
  std::optional<BudgetExponent> second = {};
  std::vector<HoldOut> hold_outs = {};
  double straying = 0; ///< lack_of_fit() of these
  std::vector<BudgetForecast> optima = {};
  std::vector<Forecast> forecasts = {}; ///< in the order asked for
  std::vector<std::string> warnings = {};

  /// By the bootstrap, or the delta method where there is none.
  [[nodiscard]] double standard_error(std::size_t parameter) const;
  [[nodiscard]] Interval interval(std::size_t parameter, double level) const;
  /// Of beta / (alpha + beta); absent without resamples.
  [[nodiscard]] std::optional<Interval> exponent_interval(double level) const;
};

/// Fits the law and examines it. Throws InputError as fit_law() does, and Stopped.
[[nodiscard]] LawAnalysis analyse_law(const std::vector<ScalingRun> &runs,
                                      const LawAnalysisOptions &options,
                                      const std::stop_token &stop = {});

} // namespace flopcast
