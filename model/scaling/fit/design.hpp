// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/scaling/fit/law_fit.hpp"

#include <string>
#include <vector>

namespace flopcast {

/// What the next runs shall make surer.
enum class DesignGoal {
  loss,      ///< of the best model for the target budget
  parameters ///< of that model
};

struct DesignOptions {
  DesignGoal goal = DesignGoal::loss;
  double budget = 0; ///< FLOP of all next runs together
  double target = 0; ///< FLOP of the run that is planned
  int most_runs = 8;
};

/// A run to make next.
struct DesignedRun {
  double parameters = 0;
  double tokens = 0;
  double compute = 0; ///< FLOP
};

/// The runs that shrink the interval most, and by how much. Deviations are of a logarithm, so 0.01
/// is about one percent.
struct Design {
  std::vector<DesignedRun> runs;
  double goal_value = 0; ///< the loss or the parameters that the fit expects
  double deviation_before = 0;
  double deviation_after = 0;
  /// The best for each number of runs that share the budget equally.
  struct Alternative {
    std::size_t runs = 0;
    double deviation = 0;
  };
  std::vector<Alternative> alternatives;
};

/// Chooses sizes so that the goal's variance, by the fit's Jacobian and its covariance, falls most:
/// a c-optimal design by exchange, for 1 to most_runs runs of equal cost. Sizes lie within a factor
/// of four of those fitted, ratios D/N between 1 and 1000.
/// Throws InputError for a form without an optimum at a budget, and for a budget below any run.
[[nodiscard]] Design design_runs(const LawFit &fit, const DesignOptions &options);

} // namespace flopcast
