// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/diagnostic.hpp"
#include "hardware/presets/catalog.hpp"
#include "model/planning/estimate.hpp"
#include "model/planning/layout_search.hpp"
#include "model/planning/quantities.hpp"
#include "reports/report.hpp"

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace flopcast {

/// A plan that comes with the program.
struct ShippedPlan {
  std::string id;
  std::string name;
  std::string path;
};

/// What a user asks for, as on the command line: PLAN and --set.
struct PlanRequest {
  std::string where;     ///< a file, or the name of a shipped plan
  std::string overrides; ///< key=value, one a line; empty lines and those that begin with # pass
};

/// A plan with its answer, which refers to the members: never copied or moved once made.
struct EstimatedPlan {
  PlannedRun run;
  Estimate estimate;
  std::optional<Layout> nearest; ///< of a plan that cannot run
  Report report;

  [[nodiscard]] Answer answer() const { return {run, estimate}; }
};

using EstimatedPlanPointer = std::shared_ptr<const EstimatedPlan>;

/// An answer, never null, or what is wrong with the input.
using PlanOutcome = std::variant<EstimatedPlanPointer, InputError>;

/// Number of overrides in the text of a request.
[[nodiscard]] std::size_t override_count(const std::string &overrides);

/// Answers requests from files and presets. Knows no widgets; an answer takes milliseconds, the
/// search for the nearest plan included, so callers need no thread for it.
class PlanSession {
public:
  explicit PlanSession(PresetCatalog catalog);

  /// Sorted by id. A plan that cannot be read is listed under its id: asking for it says why.
  [[nodiscard]] std::vector<ShippedPlan> shipped_plans() const;

  /// The file that `where` names, a shipped plan's included; `where` itself if it names none.
  [[nodiscard]] std::string located(const std::string &where) const;

  [[nodiscard]] PlanOutcome outcome(const PlanRequest &request) const;

private:
  [[nodiscard]] InputValue load(const std::string &where) const;

  PresetCatalog catalog_;
};

} // namespace flopcast
