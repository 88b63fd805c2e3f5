// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/scaling/fit/bootstrap.hpp"
#include "model/scaling/fit/law_fit.hpp"

#include <stop_token>
#include <string>
#include <vector>

namespace flopcast {

/// What the next runs shall make surer.
enum class DesignGoal {
  loss,      ///< of the best model for the target budget
  parameters ///< of that model
};

/// What tells how sure the fit is, before any next run.
enum class DesignIntervals {
  bootstrap, ///< refits to resampled runs
  delta      ///< the fit's Jacobian and the moments of its penalty: quick, and half as wide as the
             ///< bootstrap where a penalty is close to an absolute value (docs/law-fitting.md)
};

struct DesignOptions {
  DesignGoal goal = DesignGoal::loss;
  double budget = 0; ///< FLOP of all next runs together
  double target = 0; ///< FLOP of the run that is planned
  int most_runs = 8;
  DesignIntervals intervals = DesignIntervals::bootstrap;
  BootstrapOptions bootstrap = {}; ///< not used by the delta method
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
  double deviation_by_delta = 0; ///< before, by the delta method, whichever was asked for
  /// The best for each number of runs that share the budget equally.
  struct Alternative {
    std::size_t runs = 0;
    double deviation = 0;
  };
  std::vector<Alternative> alternatives;
};

/// Chooses sizes so that the goal's variance, by the fit's Jacobian and the covariance of its
/// parameters, falls most: a c-optimal design by exchange, for 1 to most_runs runs of equal cost.
/// Sizes lie within a factor of four of those fitted, ratios D/N between 1 and 1000. Where the
/// bootstrap finds more variance than the delta method, a next run is taken to be as much noisier:
/// it tells no more than those that were resampled.
/// Throws InputError for a form without an optimum at a budget, and for a budget below any run;
/// Stopped.
[[nodiscard]] Design design_runs(const LawFit &fit, const DesignOptions &options,
                                 const std::stop_token &stop);

} // namespace flopcast
