// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/measuring/measure.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace flopcast {

/// How fast a device is, roughly: to tell beforehand how long measuring takes.
struct RoughSpeed {
  std::array<std::optional<FlopRate>, number_format_count> products; ///< empty: no such kernels
  Bandwidth memory;
  Seconds launch; ///< of an operator on next to nothing
  Seconds timing; ///< what it takes to time one run, besides the run
};

/// Operators that a device has kernels for.
struct KnownOperator {
  OperatorClass kind = OperatorClass::gemm;
  Pass pass = Pass::forward;
  NumberFormat format = NumberFormat::fp32;

  bool operator==(const KnownOperator &) const = default;
};

/// What shapes may not exceed.
struct ShapeLimits {
  RoughSpeed speed;
  std::int64_t memory_bytes = 0; ///< of the device
  std::int64_t cache_bytes = 0;
  std::vector<KnownOperator> known;

  [[nodiscard]] bool knows(const KnownOperator &wanted) const {
    return std::ranges::find(known, wanted) != known.end();
  }
};

/// Asks the device what it knows and how fast it is, in about a second.
[[nodiscard]] ShapeLimits shape_limits(Kernels &kernels);

struct ShapePlan {
  std::vector<PlannedOperator> operators;
  StopRule rule;
  Seconds expected; ///< of all, if every operator needs all the time the rule gives it
};

/// Sizes of operators as transformers have them, spread evenly over the logarithms. Any first part
/// of the list covers all classes and the whole range of sizes. The same limits give the same plan.
/// Cold operands. Expected to take 45 s, and 15 s more for every further format of products, but at
/// most 105 s.
[[nodiscard]] ShapePlan quick_shapes(const ShapeLimits &limits);
/// The same with four times the shapes; a quarter of them with warm operands too. 12 minutes.
[[nodiscard]] ShapePlan full_shapes(const ShapeLimits &limits);

/// Whether there is memory for its operands, cold ones included.
[[nodiscard]] bool fits_memory(const ShapeLimits &limits, const OperatorCall &call);

/// What measuring a call takes if its runs never agree, preparation included.
[[nodiscard]] Seconds expected_time(const ShapeLimits &limits, const OperatorCall &call,
                                    const StopRule &rule);

} // namespace flopcast
