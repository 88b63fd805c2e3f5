// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/architecture/model_preset.hpp"
#include "model/planning/plan.hpp"
#include "model/validation/framework_rules.hpp"
#include "model/validation/run_machine.hpp"
#include "model/validation/run_table.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// A published run as the library can predict it.
struct RunPlan {
  Plan plan;
  Cluster cluster;
  const FrameworkRules *rules = nullptr;
  std::string gpu_family;
  std::vector<std::string> inferred; ///< what the source leaves unstated and what was taken
};

/// A run that cannot be predicted has a reason instead of a plan.
struct RunPlanning {
  std::optional<RunPlan> run;
  std::string skipped;
};

/// Makes plans of the rows of run tables. What a row leaves open follows from the rules of its
/// framework; what it says is never changed.
class RunPlanner {
public:
  /// The catalog must outlive the planner. Throws InputError if a preset that this needs is broken.
  explicit RunPlanner(const PresetCatalog &catalog);

  [[nodiscard]] RunPlanning plan_of(const RunRecord &run);

  /// Plans made from now on have these constants, where their framework is among them.
  void use(const SoftwarePresets &software);
  /// All have these, whatever their framework.
  void use_everywhere(const SoftwarePreset &software);
  /// The constants of a framework; neutral ones where there is no such preset.
  [[nodiscard]] SoftwarePreset software_of(std::string_view framework) const;
  [[nodiscard]] std::span<const FrameworkRules> frameworks() const { return rules_; }

private:
  /// The plan of a run that states its vocabulary.
  [[nodiscard]] RunPlanning stated_plan(const RunRecord &run);
  /// Read when the first run with experts asks for them.
  [[nodiscard]] const std::vector<ModelPreset> &models_with_experts();

  const PresetCatalog *catalog_;
  std::vector<ModelPreset> models_with_experts_;
  std::vector<FrameworkRules> rules_;
  RunMachines machines_;
};

} // namespace flopcast
