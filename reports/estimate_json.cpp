// SPDX-License-Identifier: Apache-2.0
#include "reports/estimate_json.hpp"

#include "model/planning/expected_loss.hpp"
#include "model/planning/uncertainty.hpp"
#include "reports/json_text.hpp"
#include "reports/report.hpp"

#include <cmath>

namespace flopcast {
namespace {

Json stage_json(const MemoryParts &parts) {
  const auto bytes = [](Bytes part) { return part.in(units::byte); };
  return {{"weights_bytes", bytes(parts.weights)},
          {"gradients_bytes", bytes(parts.gradients)},
          {"optimizer_bytes", bytes(parts.optimizer)},
          {"activations_bytes", bytes(parts.activations)},
          {"buffers_bytes", bytes(parts.buffers)},
          {"fragments_bytes", bytes(parts.fragments)},
          {"reserve_bytes", bytes(parts.reserve)},
          {"total_bytes", bytes(parts.total())},
          {"host_bytes", bytes(parts.host)}};
}

Json number_or_null(const std::optional<AnyQuantity> &value, double unit) {
  if (!value || !std::isfinite(value->value))
    return nullptr;
  return value->value / unit;
}

/// Puts `value` under a dotted path.
void put(Json &root, std::string_view path, Json value) {
  Json *node = &root;
  for (;;) {
    const auto dot = path.find('.');
    node = &(*node)[std::string(path.substr(0, dot))];
    if (dot == std::string_view::npos)
      break;
    path.remove_prefix(dot + 1);
  }
  *node = std::move(value);
}

/// Low, base and high of every quantity that has a range, under its dotted key.
Json ranges_json(const Answer &answer, const std::optional<Ranges> &known) {
  if (!known)
    return nullptr;
  Json root = Json::object();
  for (const NamedQuantity &quantity : named_quantities())
    if (const auto range = range_of(quantity, answer, *known))
      put(root, quantity.key,
          {{"low", range->low / quantity.key_unit},
           {"base", number_or_null(quantity.value(answer), quantity.key_unit)},
           {"high", range->high / quantity.key_unit}});
  return root;
}

Json uncertainty_json(const Answer &answer, const std::optional<Ranges> &known) {
  if (!known)
    return nullptr;
  const SoftwareSpread &runs = answer.run.plan.training.software.spread;
  return {{"meaning", range_meaning(answer, *known)},
          {"kernels", known->hardware.operators},
          {"links", known->hardware.links},
          {"runs",
           {{"groups", runs.step_time.samples},
            {"p10", runs.step_time.p10},
            {"p90", runs.step_time.p90},
            {"hardware", runs.hardware}}}};
}

Json layout_json(const Layout &layout) {
  const Parallelism &parallel = layout.parallelism;
  return {{"gpus", layout.gpus},
          {"tensor_parallel", parallel.tensor_parallel},
          {"sequence_parallel", parallel.sequence_parallel},
          {"pipeline_parallel", parallel.pipeline_parallel},
          {"virtual_pipeline", parallel.virtual_pipeline},
          {"context_parallel", parallel.context_parallel},
          {"expert_parallel", parallel.expert_parallel},
          {"data_parallel", parallel.data_parallel},
          {"zero_stage", parallel.zero_stage},
          {"micro_batch", layout.training.micro_batch},
          {"global_batch", layout.training.global_batch},
          {"recompute", to_text(layout.training.recompute)}};
}

Json interval_json(const std::optional<LawInterval> &interval) {
  if (!interval)
    return {{"low", nullptr}, {"high", nullptr}};
  return {{"low", interval->low}, {"high", interval->high}};
}

Json law_json(const Answer &answer) {
  const auto loss = loss_prediction(answer.run.plan, answer.estimate);
  if (!loss)
    return nullptr;
  const ScalingLaw &law = answer.run.plan.data.law->law;
  return {{"id", law.id},
          {"name", law.name},
          {"status", spelled(law_status_names(), law.status)},
          {"params", spelled(params_convention_names(), law.conventions.params)},
          {"tokenizer", law.conventions.tokenizer},
          {"N", loss->point.params},
          {"D", loss->point.tokens.in(units::token)},
          {"run", interval_json(loss->interval)},
          {"mean", interval_json(loss->of_coefficients)},
          {"warnings", loss->warnings},
          {"caveats", law.caveats}};
}

/// "" where the plan names none; one that the plan writes out has a name alone.
std::string fabric_id(const Cluster &cluster) {
  if (!cluster.fabric)
    return {};
  return cluster.fabric->id.empty() ? cluster.fabric->name : cluster.fabric->id;
}

Json answer_json(const Answer &answer, const std::optional<Layout> &nearest) {
  const PlannedRun &run = answer.run;
  const Estimate &estimate = answer.estimate;
  Json root{{"schema_version", json_schema_version}, {"kind", "estimate"}};
  root["plan"] = {
      {"name", run.plan.name},
      {"model", run.plan.model.id.empty() ? run.plan.model.name : run.plan.model.id},
      {"gpu", run.cluster.device.id},
      {"node", run.cluster.node.id},
      {"fabric", fabric_id(run.cluster)},
      {"calibration", run.cluster.calibration.id},
      {"sequence_length", run.plan.data.sequence_length},
      {"precision", to_text(run.plan.training.precision)},
      {"optimizer", to_text(run.plan.training.optimizer)},
      {"layout", layout_json({run.plan.parallelism, run.plan.training, run.cluster.gpus})}};
  root["feasible"] = estimate.feasible();
  root["reasons"] = Json::array();
  for (const Reason &reason : estimate.reasons)
    root["reasons"].push_back(
        {{"code", reason.code}, {"text", reason.text}, {"remedy", reason.remedy}});
  if (!estimate.feasible())
    root["nearest"] = nearest ? layout_json(*nearest) : Json(nullptr);
  for (const NamedQuantity &quantity : named_quantities())
    put(root, quantity.key, number_or_null(quantity.value(answer), quantity.key_unit));
  root["law"] = law_json(answer);
  root["memory"]["stages"] = Json::array();
  if (estimate.step)
    for (const MemoryParts &stage : estimate.step->stages)
      root["memory"]["stages"].push_back(stage_json(stage));
  root["cost"]["price"] = {{"origin", to_text(run.plan.price.origin)},
                           {"description", run.plan.price.description}};
  root["cost"]["lines"] = Json::array();
  if (estimate.run)
    for (const CostLine &line : estimate.run->costs)
      root["cost"]["lines"].push_back({{"name", line.name}, {"usd", line.amount.in(units::usd)}});
  const auto known = ranges(answer);
  root["ranges"] = ranges_json(answer, known);
  root["uncertainty"] = uncertainty_json(answer, known);
  root["extrapolated"] = Json::array();
  for (std::size_t role = 0; estimate.step && role < operator_role_count; ++role)
    if (estimate.step->extrapolated.test(role))
      root["extrapolated"].push_back(to_text(static_cast<OperatorRole>(role)));
  root["assumptions"] = Json::array();
  for (const Assumption &assumption : run.plan.assumptions)
    root["assumptions"].push_back({{"key", assumption.key},
                                   {"value", assumption.value},
                                   {"why", assumption.why},
                                   {"origin", to_text(assumption.origin)}});
  return root;
}

} // namespace

std::string estimate_json(const Answer &answer, const std::optional<Layout> &nearest) {
  return dumped(answer_json(answer, nearest));
}

std::string compare_json(std::span<const Answer> answers) {
  Json root{{"schema_version", json_schema_version},
            {"kind", "comparison"},
            {"baseline", 0},
            {"estimates", Json::array()}};
  for (const Answer &answer : answers)
    root["estimates"].push_back(answer_json(answer, std::nullopt));
  return dumped(root);
}

} // namespace flopcast
