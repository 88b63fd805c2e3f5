// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/value.hpp"
#include "model/planning/estimate.hpp"
#include "model/planning/plan_reader.hpp"
#include "model/planning/quantities.hpp"
#include "tests/support/paths.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace flopcast::tests {

/// A run with its estimate, to be changed by a test before it is written out.
struct Planned {
  PlannedRun run;
  Estimate estimate;

  [[nodiscard]] Answer answer() const { return {run, estimate}; }
};

inline constexpr std::string_view small_plan = R"toml(name = "small"
[model]
preset = "gpt2-124m"
[data]
tokens = "1e9 token"
[hardware]
gpu = "a100-sxm4-80gb"
count = 8
[parallelism]
data_parallel = 8
[training]
micro_batch = 4
global_batch = 64
[price]
rate = "2 USD/(GPU*h)"
)toml";

/// The small plan, with assignments as --set takes them.
[[nodiscard]] inline Planned planned(const std::vector<std::string> &assignments = {}) {
  InputValue root = parse_toml(small_plan, "small.toml");
  for (const std::string &assignment : assignments)
    apply_override(root, assignment);
  Planned result{read_plan(root, shipped_presets()), {}};
  result.estimate = estimate(result.run.plan, result.run.cluster);
  return result;
}

} // namespace flopcast::tests
