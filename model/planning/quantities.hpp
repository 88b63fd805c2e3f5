// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/units/text.hpp"
#include "model/planning/estimate.hpp"
#include "model/planning/plan.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace flopcast {

/// A plan with its answer: what every number shown to a user is read from.
struct Answer {
  const PlannedRun &run;
  const Estimate &estimate;
};

enum class QuantitySection { parameters, work, memory, time, throughput, cost, energy, quality };

[[nodiscard]] std::string_view to_text(QuantitySection section);

/// A number of the answer under the name that output, `explain` and `compare` share. Keys end in
/// their unit where it is not plain: "time.step_s", "time.gpu_hours", "memory.per_gpu.total_bytes".
struct NamedQuantity {
  std::string_view key;
  std::string_view label;
  QuantitySection section;
  double key_unit; ///< base units in one unit of the key: 3600 for GPU hours
  bool headline;   ///< shown by `compare`
  std::optional<AnyQuantity> (*value)(const Answer &);
};

/// All of them, in the order of output.
[[nodiscard]] std::span<const NamedQuantity> named_quantities();

/// The quantity of that key; one of a unique ending or beginning too, such as "step_s"
/// or "energy". Null if there is none.
[[nodiscard]] const NamedQuantity *find_quantity(std::string_view key);

/// Text for people. Shares (MFU, goodput) are percentages.
[[nodiscard]] std::string quantity_text(const NamedQuantity &quantity, const AnyQuantity &value);

} // namespace flopcast
