// SPDX-License-Identifier: Apache-2.0
#include "gui/nearest_edits.hpp"

#include <fmt/format.h>

#include <string_view>

namespace flopcast {

std::vector<PlanEdit> edits_towards(const EstimatedPlan &plan, const Layout &layout) {
  const Parallelism &before = plan.run.plan.parallelism;
  const Parallelism &after = layout.parallelism;
  const Training &trained = plan.run.plan.training;
  const bool searched = !plan.run.parallelism_was_given;
  std::vector<PlanEdit> edits;
  const auto set = [&](std::string_view key, auto old_value, auto value, bool always) {
    if (always || old_value != value)
      edits.push_back({std::string(key), fmt::format("{}", value)});
  };
  const auto remove = [&](std::string_view key) {
    if (value_at(plan.written, key) != nullptr)
      edits.push_back({std::string(key), std::nullopt});
  };
  if (layout.gpus != plan.run.cluster.gpus) {
    remove("hardware.nodes");
    edits.push_back({"hardware.count", fmt::format("{}", layout.gpus)});
  }
  set("parallelism.tensor_parallel", before.tensor_parallel, after.tensor_parallel, searched);
  set("parallelism.pipeline_parallel", before.pipeline_parallel, after.pipeline_parallel, searched);
  set("parallelism.virtual_pipeline", before.virtual_pipeline, after.virtual_pipeline, false);
  set("parallelism.context_parallel", before.context_parallel, after.context_parallel, false);
  set("parallelism.expert_parallel", before.expert_parallel, after.expert_parallel, false);
  set("parallelism.zero_stage", before.zero_stage, after.zero_stage, searched);
  set("parallelism.sequence_parallel", before.sequence_parallel, after.sequence_parallel, false);
  // What the other degrees leave, unless the plan counts it.
  if (value_at(plan.written, "parallelism.data_parallel") != nullptr)
    set("parallelism.data_parallel", before.data_parallel, after.data_parallel, false);
  set("training.micro_batch", trained.micro_batch, layout.training.micro_batch, false);
  if (trained.recompute != layout.training.recompute)
    edits.push_back({"training.recompute", std::string(to_text(layout.training.recompute))});
  if (trained.global_batch != layout.training.global_batch) {
    remove("training.global_batch_tokens");
    edits.push_back({"training.global_batch", fmt::format("{}", layout.training.global_batch)});
  }
  return edits;
}

} // namespace flopcast
