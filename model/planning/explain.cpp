// SPDX-License-Identifier: Apache-2.0
#include "model/planning/explain.hpp"

#include "model/architecture/decoder_graph.hpp"
#include "model/planning/explained_formulas.hpp"
#include "model/planning/explained_power.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string>

namespace flopcast {
namespace {

using Values = std::vector<double>;

template <class Dim> AnyQuantity any(Quantity<Dim> quantity) {
  return {quantity.in(Quantity<Dim>::from_base(1)), Dim::exponents};
}

AnyQuantity any(double value) { return {value, Exponents{}}; }
AnyQuantity any(std::int64_t value) { return {static_cast<double>(value), Exponents{}}; }

class Explainer {
public:
  explicit Explainer(const Answer &answer)
      : answer_(answer), plan_(answer.run.plan), cluster_(answer.run.cluster) {}

  Explanation quantity(const NamedQuantity &named) const {
    Explanation result;
    result.key = named.key;
    result.label = named.label;
    const auto value = named.value(answer_);
    if (!value) {
      result.text = "–";
      result.source = "the plan cannot run, so there is no such number";
      return result;
    }
    result.value = *value;
    result.text = quantity_text(named, *value);
    if (explain_special(named.key, result))
      return result;
    const ExplainedFormula *formula = find_formula(named.key);
    if (formula == nullptr)
      return result;
    result.formula = formula->text;
    result.source = fmt::format("docs/method.md, {}", formula->section);
    for (const std::string_view input : formula->inputs)
      result.inputs.push_back(by_key(input));
    if (formula->evaluate != nullptr)
      result.evaluate = formula->evaluate;
    return result;
  }

private:
  Explanation by_key(std::string_view key) const {
    if (const NamedQuantity *named = find_quantity(key); named && named->key == key)
      return quantity(*named);
    return leaf(key);
  }

  /// Numbers that come from the plan or a preset, or whose formula depends on the plan.
  bool explain_special(std::string_view key, Explanation &result) const {
    if (key == "data.tokens") {
      as_plan_leaf("data.tokens", result);
    } else if (key == "memory.per_gpu.capacity_bytes") {
      as_device_leaf(result, "memory.capacity", "hardware.memory_capacity");
    } else if (key == "memory.per_gpu.reserve_bytes") {
      as_plan_leaf("training.memory_reserve", result);
    } else if (key == "cost.gpu_hour_usd") {
      result.origin = plan_.price.origin;
      result.source = plan_.price.description;
      if (plan_.price.purchase && !plan_.price.rent) {
        result.formula = "purchase price / lifetime";
        result.inputs = {leaf("plan.purchase"), leaf("plan.lifetime")};
        result.evaluate = [](const Values &v) { return v[0] / v[1]; };
      }
    } else if (key == "time.gpu_hours" || key == "time.total_s") {
      explain_held_time(key, result);
    } else if (key == "cost.total_usd") {
      explain_cost(result);
    } else {
      return false;
    }
    return true;
  }

  void explain_held_time(std::string_view key, Explanation &result) const {
    result.source = "docs/method.md, Run";
    const bool gpu_time = key == "time.gpu_hours";
    if (!plan_.run.allocations.empty()) {
      result.formula = gpu_time ? "sum of the allocations" : "sum of the allocations' durations";
      for (const Allocation &allocation : plan_.run.allocations) {
        const GpuTime held =
            static_cast<double>(allocation.gpus) * units::gpu * allocation.duration;
        Explanation part = made("allocation", gpu_time ? any(held) : any(allocation.duration));
        part.origin = Origin::given;
        part.source = "plan: run.allocation";
        result.inputs.push_back(std::move(part));
      }
      result.evaluate = sum_of;
    } else if (gpu_time) {
      result.formula = "GPUs x wall clock";
      result.inputs = {leaf("plan.gpus"), by_key("time.total_s")};
      result.evaluate = product_of;
    } else {
      result.formula = "(training + checkpoint pauses) / goodput";
      result.inputs = {by_key("time.training_s"), by_key("time.checkpoints_s"),
                       leaf("plan.goodput")};
      result.evaluate = [](const Values &v) { return (v[0] + v[1]) / v[2]; };
    }
  }

  void explain_cost(Explanation &result) const {
    result.formula = "sum of the lines";
    result.source = "docs/method.md, Cost";
    for (const CostLine &line : answer_.estimate.run->costs) {
      Explanation part = made(line.name, any(line.amount));
      if (line.name.starts_with("accelerators")) {
        part.source = "docs/method.md, Cost";
        explain_accelerators(line.name, result.inputs, part);
      } else {
        part.origin = Origin::given;
        part.source = "plan: cost, price or energy";
      }
      result.inputs.push_back(std::move(part));
    }
    result.evaluate = sum_of;
  }

  /// `lines` are those before this one.
  void explain_accelerators(std::string_view name, const std::vector<Explanation> &lines,
                            Explanation &part) const {
    const Explanation price = by_key("cost.gpu_hour_usd");
    if (name == "accelerators, productive") {
      part.formula = "productive GPU time x price";
      part.inputs = {by_key("time.productive_gpu_hours"), price};
      part.evaluate = product_of;
    } else if (name == "accelerators, checkpoints") {
      part.formula = "GPUs x checkpoint pauses x price";
      part.inputs = {leaf("plan.gpus"), by_key("time.checkpoints_s"), price};
      if (plan_.run.allocations.empty()) // else what they hold bounds the pauses
        part.evaluate = product_of;
    } else {
      part.formula = "GPU time held x price - the lines before";
      part.inputs = {by_key("time.gpu_hours"), price};
      for (const Explanation &line : lines)
        part.inputs.push_back(made(line.label, line.value));
      for (auto line = part.inputs.begin() + 2; line != part.inputs.end(); ++line)
        line->source = "above";
      part.evaluate = [](const Values &v) {
        return std::accumulate(v.begin() + 2, v.end(), v[0] * v[1], std::minus<>());
      };
    }
  }

  static Explanation made(std::string_view label, const AnyQuantity &value) {
    Explanation result;
    result.key = label;
    result.label = label;
    result.value = value;
    result.text = human_text(value.value, value.exponents);
    return result;
  }

  /// Marks a leaf as given by the plan, or as the default that was noted under `plan_key`.
  void as_plan_leaf(std::string_view plan_key, Explanation &result) const {
    result.origin = Origin::given;
    result.source = fmt::format("plan: {}", plan_key);
    for (const Assumption &assumption : plan_.assumptions)
      if (assumption.key == plan_key ||
          (assumption.key == "parallelism" && plan_key.starts_with("parallelism."))) {
        result.origin = assumption.origin;
        result.source = fmt::format("{}: {}", assumption.key, assumption.why);
      }
  }

  /// Whether the plan, or an assumption noted under its key, stands in for a preset's fact.
  [[nodiscard]] bool replaces_preset(std::string_view plan_key) const {
    return std::ranges::find(answer_.run.overridden, plan_key) != answer_.run.overridden.end() ||
           std::ranges::find(plan_.assumptions, plan_key, &Assumption::key) !=
               plan_.assumptions.end();
  }

  /// `plan_key` is the key that overrides the fact, "" if there is none.
  void as_device_leaf(Explanation &result, std::string_view preset_key,
                      std::string_view plan_key) const {
    if (replaces_preset(plan_key))
      return as_plan_leaf(plan_key, result);
    result.origin = Origin::fact;
    result.source = fmt::format("{}: {} ({})", cluster_.device.id, preset_key,
                                cluster_.device.provenance.source);
  }

  void as_node_leaf(Explanation &result, std::string_view preset_key,
                    std::string_view plan_key) const {
    if (replaces_preset(plan_key))
      return as_plan_leaf(plan_key, result);
    if (cluster_.node.id.empty()) // stands for a node that no preset describes
      return as_plan_leaf("hardware.node", result);
    result.origin = Origin::fact;
    result.source =
        fmt::format("{}: {} ({})", cluster_.node.name, preset_key, cluster_.node.provenance.source);
  }

  Explanation leaf(std::string_view key) const;
  Explanation calibration_share(std::string_view key) const;

  Explanation calibration_leaf(std::string_view label, AnyQuantity value) const {
    Explanation result = made(label, value);
    result.origin = cluster_.calibration.origin;
    result.source = fmt::format("calibration {}: {}", cluster_.calibration.id,
                                cluster_.calibration.provenance.source);
    return result;
  }

  Explanation plan_leaf(std::string_view label, AnyQuantity value,
                        std::string_view plan_key) const {
    Explanation result = made(label, value);
    as_plan_leaf(plan_key, result);
    return result;
  }

  Explanation model_leaf(std::string_view label, std::int64_t value,
                         std::string_view plan_key) const {
    Explanation result = made(label, any(value));
    const bool given = plan_.model.id.empty() || replaces_preset(plan_key);
    result.origin = given ? Origin::given : Origin::fact;
    result.source =
        given ? fmt::format("plan: {}", plan_key) : fmt::format("model preset {}", plan_.model.id);
    return result;
  }

  const Answer &answer_;
  const Plan &plan_;
  const Cluster &cluster_;
};

Explanation Explainer::leaf(std::string_view key) const {
  const Decoder &decoder = plan_.model.decoder;
  const Parallelism &parallel = plan_.parallelism;
  const ParameterBytes bytes = parameter_bytes(plan_.training);
  const auto in_bytes = [](double n) { return any(n * units::byte); };
  const auto device = [&](std::string_view label, AnyQuantity value, std::string_view preset_key) {
    Explanation result = made(label, value);
    as_device_leaf(result, preset_key, "");
    return result;
  };
  const auto node = [&](std::string_view label, AnyQuantity value, std::string_view preset_key,
                        std::string_view plan_key = "") {
    Explanation result = made(label, value);
    as_node_leaf(result, preset_key, plan_key);
    return result;
  };

  if (key == "plan.layers")
    return model_leaf("layers", decoder.layers, "model.layers");
  if (key == "plan.hidden")
    return model_leaf("hidden", decoder.hidden, "model.hidden");
  if (key == "plan.heads")
    return model_leaf("heads", decoder.heads, "model.heads");
  if (key == "plan.kv_heads")
    return model_leaf("key-value heads", decoder.kv_heads, "model.kv_heads");
  if (key == "plan.ffn_hidden")
    return model_leaf("width of the MLP", decoder.ffn_hidden, "model.ffn_hidden");
  if (key == "plan.vocabulary")
    return model_leaf("vocabulary", decoder.vocabulary, "model.vocabulary");
  if (key == "plan.sequence_length")
    return plan_leaf("sequence length",
                     any(static_cast<double>(plan_.data.sequence_length) * units::token),
                     "data.sequence_length");
  if (key == "plan.gpus")
    return plan_leaf("GPUs", any(static_cast<double>(cluster_.gpus) * units::gpu),
                     "hardware.count");
  if (key == "plan.global_batch")
    return plan_leaf("global batch (sequences)", any(plan_.training.global_batch),
                     "training.global_batch");
  if (key == "plan.micro_batch")
    return plan_leaf("micro-batch (sequences)", any(plan_.training.micro_batch),
                     "training.micro_batch");
  if (key == "plan.tensor_parallel")
    return plan_leaf("tensor parallel", any(parallel.tensor_parallel),
                     "parallelism.tensor_parallel");
  if (key == "plan.pipeline_parallel")
    return plan_leaf("pipeline parallel", any(parallel.pipeline_parallel),
                     "parallelism.pipeline_parallel");
  if (key == "plan.virtual_pipeline")
    return plan_leaf("chunks of a stage", any(parallel.virtual_pipeline),
                     "parallelism.virtual_pipeline");
  if (key == "plan.context_parallel")
    return plan_leaf("context parallel", any(parallel.context_parallel),
                     "parallelism.context_parallel");
  if (key == "plan.data_parallel")
    return plan_leaf("data parallel", any(parallel.data_parallel), "parallelism.data_parallel");
  if (key == "plan.zero_stage")
    return plan_leaf("ZeRO stage", any(std::int64_t{parallel.zero_stage}),
                     "parallelism.zero_stage");
  if (key == "plan.recompute") {
    Explanation result = plan_leaf("recompute", any(0.0), "training.recompute");
    result.text = to_text(plan_.training.recompute);
    return result;
  }
  if (key == "plan.weight_bytes")
    return plan_leaf("bytes of a weight", in_bytes(bytes.weight), "training.precision");
  if (key == "plan.gradient_bytes")
    return plan_leaf("bytes of a gradient", in_bytes(bytes.gradient), "training.gradient_format");
  if (key == "plan.state_bytes")
    return plan_leaf("bytes of states and master weight", in_bytes(bytes.matrix_state),
                     "training.optimizer");
  if (key == "plan.other_state_bytes")
    return plan_leaf("bytes of states and master weight outside matrices",
                     in_bytes(bytes.other_state), "training.optimizer");
  if (key == "plan.matrix_parameters") {
    Explanation result =
        made("parameters of matrices inside layers", any(answer_.estimate.parameters.matrices));
    result.origin = Origin::computed;
    result.source = "docs/method.md, Parameters";
    return result;
  }
  if (key == "plan.goodput")
    return plan_leaf("goodput", any(plan_.run.goodput), "run.goodput");
  if (key == "plan.checkpoint_interval")
    return plan_leaf("checkpoint interval", any(plan_.run.checkpoint_interval.value_or(Seconds{})),
                     "run.checkpoint_interval");
  if (key == "plan.checkpoint_bandwidth")
    return plan_leaf("checkpoint bandwidth",
                     any(plan_.run.checkpoint_bandwidth.value_or(Bandwidth{})),
                     "run.checkpoint_bandwidth");
  if (key == "plan.power" && answer_.estimate.step && answer_.estimate.step->power)
    return explained_power(answer_, by_key("time.step_s"));
  if (key == "plan.power")
    return plan_leaf("power per GPU", any(plan_.energy.power.value_or(PowerPerGpu{})),
                     "energy.power_per_gpu");
  if (key == "plan.pue")
    return plan_leaf("PUE", any(plan_.energy.pue), "energy.pue");
  if (key == "plan.carbon_intensity")
    return plan_leaf("carbon intensity", any(plan_.energy.carbon_intensity), "energy.region");
  if (key == "plan.purchase")
    return plan_leaf("purchase price", any(plan_.price.purchase.value_or(PurchasePrice{})),
                     "price.purchase");
  if (key == "plan.lifetime")
    return plan_leaf("lifetime", any(plan_.price.lifetime), "price.lifetime");
  if (key == "plan.stated") {
    Explanation result = plan_leaf("stated speed", any(0.0), "stated");
    result.text = plan_.stated.states_speed() ? "stated" : "not stated";
    return result;
  }
  if (key == "device.peak")
    return device(fmt::format("dense peak in {}", to_text(plan_.training.precision)),
                  any(usable_peak(cluster_.device, plan_.training.precision).value_or(FlopRate{})),
                  fmt::format("peak.{}", to_text(plan_.training.precision)));
  if (key == "device.memory_bandwidth")
    return device("memory bandwidth", any(cluster_.device.memory_bandwidth), "memory.bandwidth");
  if (key == "node.scale_up_bandwidth")
    return node("bandwidth inside the domain", any(cluster_.node.scale_up_bandwidth),
                "scale_up.bandwidth_per_direction", "hardware.scale_up_bandwidth");
  if (key == "node.scale_up_latency")
    return node("latency inside the domain", any(cluster_.node.scale_up_latency),
                "scale_up.latency");
  if (key == "node.scale_out_bandwidth")
    return node("network bandwidth per GPU",
                any(cluster_.node.scale_out_bandwidth.value_or(Bandwidth{})),
                "scale_out.bandwidth_per_gpu", "hardware.scale_out_bandwidth");
  if (key == "node.scale_out_latency")
    return node("network latency", any(cluster_.node.scale_out_latency), "scale_out.latency");
  return calibration_share(key);
}

Explanation Explainer::calibration_share(std::string_view key) const {
  const Calibration &calibration = cluster_.calibration;
  const auto fitted = [&](std::string_view label, double best, const ErrorSummary *errors) {
    Explanation result = calibration_leaf(label, any(best));
    result.text = errors == nullptr
                      ? std::string("by shape, fitted to measurements")
                      : fmt::format("by shape; median error {:.1f} % on {} held-back kernels",
                                    100 * errors->median, errors->samples);
    return result;
  };
  if (key == "calibration.gemm") {
    const NumberFormat format = plan_.training.precision;
    const GemmModel *model = calibration.gemm_model(OperatorClass::gemm, format);
    if (model == nullptr)
      return calibration_leaf("efficiency of matrix products", any(calibration.gemm_efficiency));
    const auto errors = std::ranges::find_if(calibration.errors, [&](const ClassErrors &e) {
      return e.kind == OperatorClass::gemm && model == calibration.gemm_model(e.kind, e.format);
    });
    return fitted("efficiency of matrix products",
                  *std::ranges::max_element(model->tile_efficiency),
                  errors == calibration.errors.end() ? nullptr : &errors->held_back);
  }
  if (key == "calibration.memory")
    return calibration_leaf("efficiency of memory traffic, where a class was not measured",
                            any(calibration.memory_efficiency));
  if (key == "calibration.launch")
    return calibration_leaf("launch", any(calibration.launch));
  const bool up = key == "calibration.scale_up";
  const std::string_view label = up ? "efficiency inside the domain" : "efficiency of the network";
  const double share = up ? calibration.scale_up_efficiency : calibration.scale_out_efficiency;
  if (up ? calibration.scale_up_links.has_value() : calibration.scale_out_links.has_value())
    return fitted(label, share, nullptr);
  return calibration_leaf(label, any(share));
}

} // namespace

Explanation explain(const Answer &answer, const NamedQuantity &quantity) {
  return Explainer(answer).quantity(quantity);
}

} // namespace flopcast
