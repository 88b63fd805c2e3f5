// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/diagnostic.hpp"
#include "hardware/input/value.hpp"
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
  std::string where;   ///< a file, or the name of a shipped plan; names the text in messages
  std::string changes; ///< see change_lines()
  std::optional<std::string> text = {}; ///< of the plan; absent: what `where` holds

  bool operator==(const PlanRequest &) const = default;
};

/// A plan with its answer, which refers to the members: never copied or moved once made.
struct EstimatedPlan {
  InputValue written; ///< the plan's keys, changes included
  PlannedRun run;
  Estimate estimate;
  std::optional<Layout> nearest; ///< of a plan that cannot run
  Report report;

  [[nodiscard]] Answer answer() const { return {run, estimate}; }
};

using EstimatedPlanPointer = std::shared_ptr<const EstimatedPlan>;

/// An answer, never null, or what is wrong with the input.
using PlanOutcome = std::variant<EstimatedPlanPointer, InputError>;

/// The text of a small plan to begin with. `model` is a preset or a file.
[[nodiscard]] std::string first_plan(const std::string &model);

/// Answers requests from files and presets. Knows no widgets; safe to ask from many threads.
class PlanSession {
public:
  explicit PlanSession(PresetCatalog catalog);

  [[nodiscard]] const PresetCatalog &catalog() const { return catalog_; }

  /// What opens a file or a shipped plan: its text, or that of a first plan around a model where
  /// the file is the config.json of a Hugging Face model. Throws InputError if it cannot be read.
  [[nodiscard]] PlanRequest opened(const std::string &where) const;

  /// Sorted by id. A plan that cannot be read is listed under its id: asking for it says why.
  [[nodiscard]] std::vector<ShippedPlan> shipped_plans() const;

  /// The file that `where` names, a shipped plan's included; `where` itself if it names none.
  [[nodiscard]] std::string located(const std::string &where) const;

  /// The text of the plan at `where`. Throws InputError.
  [[nodiscard]] std::string text(const std::string &where) const;

  [[nodiscard]] PlanOutcome outcome(const PlanRequest &request) const;

private:
  PresetCatalog catalog_;
};

} // namespace flopcast
