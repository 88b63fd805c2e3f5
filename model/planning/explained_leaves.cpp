// SPDX-License-Identifier: Apache-2.0
#include "model/planning/explained_leaves.hpp"

#include "hardware/host_side.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace flopcast {

Explanation labelled(std::string_view label, const AnyQuantity &value) {
  Explanation result;
  result.key = label;
  result.label = label;
  result.value = value;
  result.text = human_text(value.value, value.exponents);
  return result;
}

void ExplainedLeaves::as_plan_leaf(std::string_view plan_key, Explanation &result) const {
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
bool ExplainedLeaves::replaces_preset(std::string_view plan_key) const {
  return std::ranges::find(answer_.run.overridden, plan_key) != answer_.run.overridden.end() ||
         std::ranges::find(plan_.assumptions, plan_key, &Assumption::key) !=
             plan_.assumptions.end();
}

void ExplainedLeaves::as_device_leaf(Explanation &result, std::string_view preset_key,
                                     std::string_view plan_key) const {
  if (replaces_preset(plan_key))
    return as_plan_leaf(plan_key, result);
  result.origin = Origin::fact;
  result.source =
      fmt::format("{}: {} ({})", cluster_.device.id, preset_key, cluster_.device.provenance.source);
}

Explanation ExplainedLeaves::of_plan(std::string_view label, AnyQuantity value,
                                     std::string_view plan_key) const {
  Explanation result = labelled(label, value);
  as_plan_leaf(plan_key, result);
  return result;
}

Explanation ExplainedLeaves::of_node(std::string_view label, AnyQuantity value,
                                     std::string_view preset_key, std::string_view plan_key) const {
  if (replaces_preset(plan_key))
    return of_plan(label, value, plan_key);
  if (cluster_.node.id.empty()) // stands for a node that no preset describes
    return of_plan(label, value, "hardware.node");
  Explanation result = labelled(label, value);
  result.origin = Origin::fact;
  result.source =
      fmt::format("{}: {} ({})", cluster_.node.name, preset_key, cluster_.node.provenance.source);
  return result;
}

void ExplainedLeaves::as_neutral(Explanation &result) {
  result.origin = Origin::defaulted;
  result.source = "docs/plan.md: the plan does not ask for it";
}

Explanation ExplainedLeaves::of_host(std::string_view key) const {
  const bool link = key == "host.link";
  const std::string_view plan_key =
      link ? "hardware.host_link_bandwidth" : "hardware.host_memory_bandwidth";
  Explanation result = labelled(link ? "bandwidth to the host, as copies reach it"
                                     : "host memory for each GPU, as an update reaches it",
                                any(0.0));
  const auto host = host_side(cluster_);
  if (!host) {
    result.text = "not known";
    result.source = "the device's preset names no link to its host";
    return result;
  }
  result.value = any(link ? host->link : host->memory_bandwidth);
  result.text = human_text(result.value.value, result.value.exponents);
  if (replaces_preset(plan_key)) {
    as_plan_leaf(plan_key, result);
  } else if (link) {
    result.origin = Origin::assumed;
    result.source =
        fmt::format("{:g} of {} ({})", host_copy_efficiency,
                    cluster_.device.host_link_bandwidth ? "host_link" : "16 lanes of PCIe",
                    cluster_.device.provenance.source);
  } else {
    result.origin = Origin::assumed;
    result.source = fmt::format("{:g} of the node's, over its GPUs ({})", host_update_efficiency,
                                cluster_.node.host_memory_bandwidth
                                    ? cluster_.node.provenance.source
                                    : "two sockets of eight DDR4-3200 channels");
  }
  return result;
}

Explanation ExplainedLeaves::of_fabric(std::string_view label, AnyQuantity value) const {
  const Fabric &fabric = *cluster_.fabric;
  Explanation result = labelled(label, value);
  const bool written_out = fabric.id.empty();
  const bool changed =
      std::ranges::find(answer_.run.overridden, "hardware.fabric") != answer_.run.overridden.end();
  result.origin = written_out || changed ? Origin::given : Origin::fact;
  result.source = written_out ? "plan: hardware.fabric"
                  : changed   ? fmt::format("plan: hardware.fabric, from {}", fabric.id)
                              : fmt::format("{} ({})", fabric.name, fabric.provenance.source);
  return result;
}

Explanation ExplainedLeaves::of_calibration(std::string_view label, AnyQuantity value) const {
  Explanation result = labelled(label, value);
  result.origin = cluster_.calibration.origin;
  result.source = fmt::format("calibration {}: {}", cluster_.calibration.id,
                              cluster_.calibration.provenance.source);
  return result;
}

Explanation ExplainedLeaves::of_model(std::string_view label, std::int64_t value,
                                      std::string_view plan_key) const {
  Explanation result = labelled(label, any(value));
  const bool given = plan_.model.id.empty() || replaces_preset(plan_key);
  result.origin = given ? Origin::given : Origin::fact;
  result.source =
      given ? fmt::format("plan: {}", plan_key) : fmt::format("model preset {}", plan_.model.id);
  return result;
}

Explanation ExplainedLeaves::by_key(std::string_view key) const {
  const Decoder &decoder = plan_.model.decoder;
  const Parallelism &parallel = plan_.parallelism;
  const ParameterBytes bytes = held_parameter_bytes(plan_.training, parallel.zero_stage);
  const auto in_bytes = [](double n) { return any(n * units::byte); };
  const auto device = [&](std::string_view label, AnyQuantity value, std::string_view preset_key) {
    Explanation result = labelled(label, value);
    as_device_leaf(result, preset_key, "");
    return result;
  };

  if (key == "plan.layers")
    return of_model("layers", decoder.layers, "model.layers");
  if (key == "plan.hidden")
    return of_model("hidden", decoder.hidden, "model.hidden");
  if (key == "plan.heads")
    return of_model("heads", decoder.heads, "model.heads");
  if (key == "plan.kv_heads")
    return of_model("key-value heads", decoder.kv_heads, "model.kv_heads");
  if (key == "plan.ffn_hidden")
    return of_model("width of the MLP", decoder.ffn_hidden, "model.ffn_hidden");
  if (key == "plan.vocabulary")
    return of_model("vocabulary", decoder.vocabulary, "model.vocabulary");
  if (key == "plan.sequence_length")
    return of_plan("sequence length",
                   any(static_cast<double>(plan_.data.sequence_length) * units::token),
                   "data.sequence_length");
  if (key == "plan.gpus")
    return of_plan("GPUs", any(static_cast<double>(cluster_.gpus) * units::gpu), "hardware.count");
  if (key == "plan.global_batch")
    return of_plan("global batch (sequences)", any(plan_.training.global_batch),
                   "training.global_batch");
  if (key == "plan.micro_batch")
    return of_plan("micro-batch (sequences)", any(plan_.training.micro_batch),
                   "training.micro_batch");
  if (key == "plan.tensor_parallel")
    return of_plan("tensor parallel", any(parallel.tensor_parallel), "parallelism.tensor_parallel");
  if (key == "plan.pipeline_parallel")
    return of_plan("pipeline parallel", any(parallel.pipeline_parallel),
                   "parallelism.pipeline_parallel");
  if (key == "plan.virtual_pipeline")
    return of_plan("chunks of a stage", any(parallel.virtual_pipeline),
                   "parallelism.virtual_pipeline");
  if (key == "plan.context_parallel")
    return of_plan("context parallel", any(parallel.context_parallel),
                   "parallelism.context_parallel");
  if (key == "plan.data_parallel")
    return of_plan("data parallel", any(parallel.data_parallel), "parallelism.data_parallel");
  if (key == "plan.zero_stage")
    return of_plan("ZeRO stage", any(std::int64_t{parallel.zero_stage}), "parallelism.zero_stage");
  if (key == "plan.recompute") {
    Explanation result = of_plan("recompute", any(0.0), "training.recompute");
    result.text = to_text(plan_.training.recompute);
    return result;
  }
  if (key == "plan.expert_parallel")
    return of_plan("expert parallel", any(parallel.expert_parallel), "parallelism.expert_parallel");
  if (key == "plan.framework") {
    Explanation result = of_plan("framework", any(0.0), "training.framework");
    const std::string &id = plan_.training.software.framework;
    result.text = id.empty() ? "none" : id;
    return result;
  }
  if (key == "plan.tensor_overlap") {
    Explanation result = of_plan("what hides the exchange", any(0.0), "parallelism.tensor_overlap");
    result.text = tensor_overlap_names()[static_cast<std::size_t>(parallel.tensor_overlap)].first;
    if (parallel.tensor_overlap == TensorOverlap::framework)
      as_plan_leaf("training.framework", result);
    return result;
  }
  if (key == "plan.expert_dispatch") {
    Explanation result = of_plan("what goes to experts", any(0.0), "parallelism.expert_dispatch");
    result.text = expert_dispatch_names()[static_cast<std::size_t>(parallel.expert_dispatch)].first;
    return result;
  }
  if (key == "plan.expert_overlap") {
    Explanation result =
        of_plan("what hides the way to experts", any(0.0), "parallelism.expert_overlap");
    result.text = expert_overlap_names()[static_cast<std::size_t>(parallel.expert_overlap)].first;
    return result;
  }
  if (key == "plan.cuda_graphs") {
    Explanation result = of_plan("CUDA graphs", any(0.0), "training.cuda_graphs");
    result.text = plan_.training.cuda_graphs ? "true" : "false";
    return result;
  }
  if (key == "plan.gradient_exchange_bytes")
    return of_plan("bytes of a gradient on its way",
                   in_bytes(exchanged_gradient_bytes(plan_.training)),
                   plan_.training.gradient_exchange_format ? "training.gradient_exchange_format"
                                                           : "training.gradient_format");
  if (key == "plan.weight_exchange_bytes")
    return of_plan("bytes of a weight on its way", in_bytes(exchanged_weight_bytes(plan_.training)),
                   plan_.training.weight_exchange_format ? "training.weight_exchange_format"
                                                         : "training.precision");
  if (key == "plan.gradient_bucket") {
    if (plan_.training.gradient_bucket)
      return of_plan("gradients sent at once", any(*plan_.training.gradient_bucket),
                     "training.gradient_bucket");
    Explanation result = labelled("gradients sent at once", any(0.0));
    result.text = "a layer's";
    as_neutral(result);
    return result;
  }
  const Offload &offload = plan_.training.offload;
  if (key == "plan.offload_optimizer") {
    Explanation result = of_plan("share of the optimizer's states on the host",
                                 any(offload.optimizer), "training.offload_optimizer");
    if (offload.optimizer <= 0)
      as_neutral(result);
    return result;
  }
  if (key == "plan.offload_activations") {
    Explanation result =
        of_plan("activations on the host", any(0.0), "training.offload_activations");
    result.text = activation_offload_names()[static_cast<std::size_t>(offload.activations)].first;
    if (offload.activations == ActivationOffload::none)
      as_neutral(result);
    return result;
  }
  if (key == "host.link" || key == "host.memory_bandwidth")
    return of_host(key);
  if (key == "plan.weight_bytes") {
    Explanation result = of_plan("bytes of a weight", in_bytes(bytes.weight), "training.precision");
    if (bytes.weight != parameter_bytes(plan_.training).weight)
      result.source = fmt::format("framework preset {}: ZeRO-3 holds weights in fp32 alone",
                                  plan_.training.software.framework);
    return result;
  }
  if (key == "plan.gradient_bytes")
    return of_plan("bytes of a gradient", in_bytes(bytes.gradient), "training.gradient_format");
  if (key == "plan.state_bytes")
    return of_plan(bytes.weight == parameter_bytes(plan_.training).weight
                       ? "bytes of states and master weight"
                       : "bytes of states",
                   in_bytes(bytes.matrix_state), "training.optimizer");
  if (key == "plan.other_state_bytes")
    return of_plan("bytes of states and master weight outside matrices",
                   in_bytes(bytes.other_state), "training.optimizer");
  if (key == "plan.matrix_parameters") {
    Explanation result =
        labelled("parameters of matrices inside layers", any(answer_.estimate.parameters.matrices));
    result.origin = Origin::computed;
    result.source = "docs/method.md, Parameters";
    return result;
  }
  if (key == "plan.idle_parameters") {
    const ParameterCounts &counts = answer_.estimate.parameters;
    Explanation result = labelled("parameters of experts that a token is not sent to",
                                  any(counts.total - counts.active));
    result.origin = Origin::computed;
    result.source = "docs/method.md, Parameters";
    return result;
  }
  if (key == "plan.prediction_layers")
    return of_model("prediction layers", decoder.prediction_layers, "model.prediction_layers");
  if (key == "plan.goodput")
    return of_plan("goodput", any(plan_.run.goodput), "run.goodput");
  if (key == "plan.checkpoint_interval")
    return of_plan("checkpoint interval", any(plan_.run.checkpoint_interval.value_or(Seconds{})),
                   "run.checkpoint_interval");
  if (key == "plan.checkpoint_bandwidth")
    return of_plan("checkpoint bandwidth",
                   any(plan_.run.checkpoint_bandwidth.value_or(Bandwidth{})),
                   "run.checkpoint_bandwidth");
  if (key == "plan.power")
    return of_plan("power per GPU", any(plan_.energy.power.value_or(PowerPerGpu{})),
                   "energy.power_per_gpu");
  if (key == "plan.pue")
    return of_plan("PUE", any(plan_.energy.pue), "energy.pue");
  if (key == "plan.carbon_intensity")
    return of_plan("carbon intensity", any(plan_.energy.carbon_intensity), "energy.region");
  if (key == "plan.purchase")
    return of_plan("purchase price", any(plan_.price.purchase.value_or(PurchasePrice{})),
                   "price.purchase");
  if (key == "plan.lifetime")
    return of_plan("lifetime", any(plan_.price.lifetime), "price.lifetime");
  if (key == "plan.stated") {
    Explanation result = of_plan("stated speed", any(0.0), "stated");
    result.text = plan_.stated.states_speed() ? "stated" : "not stated";
    return result;
  }
  if (key == "device.peak")
    return device(fmt::format("dense peak in {}", to_text(plan_.training.precision)),
                  any(usable_peak(cluster_.device, plan_.training.precision).value_or(FlopRate{})),
                  fmt::format("peak.{}", to_text(plan_.training.precision)));
  if (key == "device.memory_bandwidth")
    return device("memory bandwidth", any(cluster_.device.memory_bandwidth), "memory.bandwidth");
  return calibration_share(key);
}

Explanation ExplainedLeaves::calibration_share(std::string_view key) const {
  const Calibration &calibration = cluster_.calibration;
  const auto fitted = [&](std::string_view label, double best, const ErrorSummary *errors) {
    Explanation result = of_calibration(label, any(best));
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
      return of_calibration("efficiency of matrix products", any(calibration.gemm_efficiency));
    const auto errors = std::ranges::find_if(calibration.errors, [&](const ClassErrors &e) {
      return e.kind == OperatorClass::gemm && model == calibration.gemm_model(e.kind, e.format);
    });
    return fitted("efficiency of matrix products",
                  *std::ranges::max_element(model->tile_efficiency),
                  errors == calibration.errors.end() ? nullptr : &errors->held_back);
  }
  if (key == "calibration.memory")
    return of_calibration("efficiency of memory traffic, where a class was not measured",
                          any(calibration.memory_efficiency));
  return of_calibration("launch", any(calibration.launch));
}

} // namespace flopcast
