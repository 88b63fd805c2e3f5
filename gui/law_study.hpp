// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/plan_session.hpp"
#include "model/scaling/allocation_answer.hpp"
#include "model/scaling/fit/analysis.hpp"
#include "model/scaling/prediction.hpp"
#include "reports/law_plots.hpp"

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace flopcast {

/// What a scaling law says of a plan: the loss to expect, the best model for the same compute, and
/// the curves that show where the plan stands among others.
struct LawStudy {
  ScalingLaw law;
  double params = 0; ///< of the plan, as the law counts them
  TokenCount tokens;
  FlopCount compute; ///< 6ND of these
  std::optional<LossPrediction> here;
  std::string refusal; ///< why the law tells no loss of this plan; "" where it does
  std::optional<AllocationAnswer> best; ///< for the same compute; absent where the law divides none
  std::optional<BudgetSplit> stated;    ///< what the paper itself calls optimal, without a loss
  LawChart isoflop;
  LawChart frontier;
  std::vector<std::string> warnings;
};

/// Asks the law as the estimate of a plan that names it does: the loss is the same to the last
/// digit. Pure. Nothing if told to stop.
[[nodiscard]] std::optional<LawStudy> law_study(const ScalingLaw &law, const ScalingLaw *unrounded,
                                                const PlannedRun &run, const std::stop_token &stop);

/// How a user's runs are to be read and fitted, as `flopcast law fit` takes it.
struct RunsRequest {
  std::string file;
  std::string columns; ///< "N=Model Size,C=Training FLOP,loss=loss"; "": by their own names
  std::string form = "chinchilla";

  bool operator==(const RunsRequest &) const = default;
};

/// A law fitted to a user's runs: what it is worth, its charts, and the law to ask.
struct FittedRuns {
  RunsRequest request;
  LawAnalysis analysis;
  std::vector<LawChart> charts;
  std::optional<ScalingLaw> law; ///< absent for forms that no law has
};

/// Reads the runs and fits the law as `flopcast law fit` does by default. Nothing if told to stop.
/// Throws InputError with place and remedy.
[[nodiscard]] std::optional<FittedRuns> fitted_runs(const RunsRequest &request, Date today,
                                                    const std::stop_token &stop);

} // namespace flopcast
