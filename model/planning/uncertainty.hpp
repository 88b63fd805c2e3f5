// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/time_spread.hpp"
#include "hardware/units/text.hpp"
#include "model/planning/estimate.hpp"
#include "model/planning/quantities.hpp"

#include <optional>
#include <string>

namespace flopcast {

/// How far a step may be off by what was measured of kernels and collectives one by one: standard
/// deviations of its logarithm.
struct HardwareSpread {
  double operators = 0;
  double links = 0;

  /// Of both: kernels and links err apart.
  [[nodiscard]] double variance() const { return operators * operators + links * links; }
};

/// Operators of one class err together and classes apart (operator_time_spread()): sigma x time is
/// added linearly inside a class and in squares between classes; so are the kinds of exchange. What
/// the host or the software takes has none.
[[nodiscard]] HardwareSpread hardware_spread(const Plan &plan, const Cluster &cluster,
                                             const StepEstimate &step);

/// Spread of log(measured / predicted) of a step.
/// Held-back runs of the framework tell it whole: their errors hold those of their kernels and
/// links too. So these count only as far as they are wider than on those runs: on a device that was
/// not measured, beyond measured shapes, on a network that nobody measured.
[[nodiscard]] TimeSpread step_spread(const HardwareSpread &hardware, const SoftwareSpread &runs);

/// The same of memory: what held-back runs missed.
[[nodiscard]] TimeSpread memory_spread(const SoftwareSpread &runs);

/// A tenth of outcomes is expected below `low` and a tenth above `high`; in base units.
struct ValueRange {
  double low = 0;
  double high = 0;
};

/// How sure an answer is. What is known of a run is not in it: a stated speed has no spread.
struct Ranges {
  HardwareSpread hardware;
  TimeSpread step;            ///< of log(measured / predicted)
  TimeSpread memory;          ///< likewise
  Estimate fast;              ///< the answer if a step takes its P10
  Estimate slow;              ///< its P90
  std::optional<Money> cheap; ///< total cost at the P10 of prices, the step as predicted
  std::optional<Money> dear;
};

/// Pure. Nothing for a plan that has no step.
[[nodiscard]] std::optional<Ranges> ranges(const Answer &answer);

/// P10 and P90 of a quantity; its own value stands for P50. Nothing where the two are the same.
/// Time and price err apart: their deviations of a cost are added in squares.
[[nodiscard]] std::optional<ValueRange> range_of(const NamedQuantity &quantity,
                                                 const Answer &answer, const Ranges &ranges);

/// "21.3 s to 26.1 s", as quantity_text() writes both.
[[nodiscard]] std::string range_text(const NamedQuantity &quantity, const AnyQuantity &value,
                                     const ValueRange &range);

/// What the ranges of an answer mean and where they come from, in a sentence for people.
[[nodiscard]] std::string range_meaning(const Answer &answer, const Ranges &ranges);

} // namespace flopcast
