// SPDX-License-Identifier: Apache-2.0
#include "reports/law_report.hpp"

#include <nlohmann/json.hpp>

namespace flopcast {
namespace {

using Json = nlohmann::ordered_json;

std::string dumped(const Json &json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json number(const std::optional<double> &value) { return value ? Json(*value) : Json(nullptr); }

Json interval(const std::optional<LawInterval> &found, double base, double scale = 1) {
  if (!found)
    return {{"low", nullptr}, {"base", base * scale}, {"high", nullptr}};
  return {{"low", found->low * scale}, {"base", base * scale}, {"high", found->high * scale}};
}

Json bounds(const Bounds &b) { return {{"low", number(b.low)}, {"high", number(b.high)}}; }

Json relation_json(const LawRelation &relation) {
  Json factors = Json::array();
  for (const auto &factor : relation.factors)
    factors.push_back({{"variable", spelled(law_quantity_names(), factor.variable)},
                       {"scale", factor.scale},
                       {"exponent", factor.exponent}});
  return {{"result", spelled(law_quantity_names(), relation.result)},
          {"name", relation.name},
          {"offset", relation.offset},
          {"coefficient", number(relation.coefficient)},
          {"factors", std::move(factors)},
          {"note", relation.note}};
}

Json summary_json(const ScalingLaw &law) {
  return {{"id", law.id},
          {"name", law.name},
          {"family", law.family},
          {"form", law.form ? Json(form_name(*law.form)) : Json(nullptr)},
          {"status", spelled(law_status_names(), law.status)},
          {"params", spelled(params_convention_names(), law.conventions.params)},
          {"source", law.provenance.source}};
}

Json hardware_json(const LawPlan &plan) {
  const HardwareAnswer &h = *plan.hardware;
  const Decoder &d = h.chosen.decoder;
  const Parallelism &p = h.chosen.layout.parallelism;
  const Training &t = h.chosen.layout.training;
  Json sizes = Json::array();
  for (const SizeOnHardware &size : h.sizes)
    sizes.push_back({{"N", size.params},
                     {"gpu_seconds_per_token", size.held_per_token.in(units::gpu * units::second)},
                     {"usd_per_token", size.money_per_token.in(units::usd)}});
  Json experts = nullptr;
  if (d.experts)
    experts = {{"count", d.experts->count},
               {"per_token", d.experts->per_token},
               {"hidden", d.experts->hidden},
               {"shared_hidden", d.experts->shared_hidden}};
  return {{"gpu", plan.gpu_name},
          {"gpus", h.gpus},
          {"N", h.chosen.params},
          {"parameters_total", h.chosen.counts.total},
          {"parameters_active", h.chosen.counts.active},
          {"D", h.tokens.in(units::token)},
          {"loss", h.loss},
          {"decoder",
           {{"layers", d.layers},
            {"hidden", d.hidden},
            {"heads", d.heads},
            {"kv_heads", d.kv_heads},
            {"ffn_hidden", d.ffn_hidden},
            {"vocabulary", d.vocabulary},
            {"experts", std::move(experts)}}},
          {"parallelism",
           {{"tensor_parallel", p.tensor_parallel},
            {"pipeline_parallel", p.pipeline_parallel},
            {"context_parallel", p.context_parallel},
            {"expert_parallel", p.expert_parallel},
            {"data_parallel", p.data_parallel},
            {"zero_stage", p.zero_stage}}},
          {"micro_batch", t.micro_batch},
          {"global_batch", t.global_batch},
          {"layout", describe_layout(p, t)},
          {"mfu", h.estimate.step->utilisation.mfu},
          {"duration_days", h.duration.in(units::day)},
          {"training_gpu_hours", h.training_time.in(units::gpu_hour)},
          {"training_usd", h.training_cost.in(units::usd)},
          {"serving_gpu_hours", h.serving_time.in(units::gpu_hour)},
          {"serving_usd", h.serving_cost.in(units::usd)},
          {"sizes", std::move(sizes)}};
}

} // namespace

std::string laws_json(const std::vector<ScalingLaw> &laws) {
  Json all = Json::array();
  for (const ScalingLaw &law : laws)
    all.push_back(summary_json(law));
  return dumped(
      {{"schema_version", json_schema_version}, {"kind", "laws"}, {"laws", std::move(all)}});
}

std::string law_json(const ScalingLaw &law) {
  Json root{{"schema_version", json_schema_version}, {"kind", "law"}};
  root.update(summary_json(law));
  root["date"] = to_text(law.provenance.date);
  if (law.form) {
    root["formula"] = form_formula(*law.form);
    const std::vector<Coefficient> letters = coefficients(*law.form);
    for (std::size_t i = 0; i < letters.size(); ++i) {
      root["parameters"][std::string(letters[i].letter)] = letters[i].value;
      if (i < law.uncertainty.standard_errors.size())
        root["standard_errors"][std::string(letters[i].letter)] =
            law.uncertainty.standard_errors[i];
    }
  }
  root["residual_spread"] = number(law.uncertainty.residual_spread);
  root["relations"] = Json::array();
  for (const LawRelation &relation : law.relations)
    root["relations"].push_back(relation_json(relation));
  if (law.downstream)
    root["downstream"] = {{"epsilon", law.downstream->ceiling},
                          {"k", law.downstream->gain},
                          {"gamma", law.downstream->rate},
                          {"tasks", law.downstream->tasks}};
  root["conventions"] = {{"params", spelled(params_convention_names(), law.conventions.params)},
                         {"compute", spelled(compute_convention_names(), law.conventions.compute)},
                         {"loss", spelled(loss_unit_names(), law.conventions.loss)},
                         {"tokenizer", law.conventions.tokenizer},
                         {"data", law.conventions.data}};
  root["range"] = {{"params", bounds(law.range.params)},
                   {"tokens", bounds(law.range.tokens)},
                   {"compute", bounds(law.range.compute)}};
  root["unrounded"] = law.unrounded;
  root["caveats"] = law.caveats;
  return dumped(root);
}

std::string prediction_json(const ScalingLaw &law, const LossPrediction &p) {
  Json root{{"schema_version", json_schema_version},
            {"kind", "law_prediction"},
            {"law", law.id},
            {"unit", spelled(loss_unit_names(), law.conventions.loss)},
            {"N", p.point.params},
            {"D", p.point.tokens.in(units::token)},
            {"loss", interval(p.interval, p.loss)},
            {"mean", interval(p.of_coefficients, p.loss)}};
  if (p.downstream)
    root["downstream_error"] = interval(p.downstream, p.downstream->base);
  if (p.effective_params)
    root["effective_params"] = *p.effective_params;
  root["warnings"] = p.warnings;
  root["caveats"] = law.caveats;
  return dumped(root);
}

std::string law_plan_json(const LawPlan &plan) {
  const AllocationAnswer &a = plan.answer;
  const double tokens = a.best.tokens.in(units::token);
  Json flatness{{"half_N", number(a.flatness.half_params)}, {"double_N", nullptr}};
  if (a.flatness.double_params)
    flatness["double_N"] = interval(a.flatness_double, *a.flatness.double_params);
  Json cost = interval(a.cost, a.best.cost, plan.cost_scale);
  cost["unit"] = plan.cost_unit;
  Json root{{"schema_version", json_schema_version},
            {"kind", "law_plan"},
            {"law", plan.law.id},
            {"goal", plan.goal},
            {"N", interval(a.params, a.best.params)},
            {"D", interval(a.tokens, tokens)},
            {"tokens_per_parameter", interval(a.tokens_per_parameter, tokens / a.best.params)},
            {"loss", plan.has_loss ? interval(a.loss, a.best.loss) : Json(nullptr)},
            {"cost", std::move(cost)},
            {"flatness", std::move(flatness)},
            {"epochs", number(plan.epochs)}};
  if (plan.batch)
    root["batch"] = {{"tokens", plan.batch->batch.in(units::token)},
                     {"critical_tokens", plan.batch->critical.in(units::token)},
                     {"step_law_tokens", plan.batch->usual.in(units::token)},
                     {"learning_rate", plan.batch->learning_rate}};
  if (plan.hardware)
    root["hardware"] = hardware_json(plan);
  root["warnings"] = plan.warnings;
  root["caveats"] = plan.law.caveats;
  return dumped(root);
}

} // namespace flopcast
