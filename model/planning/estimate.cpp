// SPDX-License-Identifier: Apache-2.0
#include "model/planning/estimate.hpp"

#include "hardware/host_side.hpp"
#include "hardware/units/text.hpp"
#include "model/architecture/flop_conventions.hpp"
#include "model/planning/expected_loss.hpp"
#include "model/planning/plan_graph.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace flopcast {
namespace {

using namespace units;

/// Backward costs twice forward, for products and attention alike.
constexpr double forward_and_backward = 3;

WorkTotals count_work(const Plan &plan, const OperatorGraph &graph, double active_parameters) {
  const auto sequence = static_cast<double>(plan.data.sequence_length);
  const auto per_token = [&](double forward_per_sequence) {
    return forward_and_backward * forward_per_sequence / sequence * flop / token;
  };
  WorkTotals work;
  work.per_token = per_token(forward_flops(graph));
  work.per_token_causal = per_token(causal_forward_flops(graph));
  work.six_n_per_token = six_n_per_token(active_parameters) * flop / token;
  const TokenCount tokens = plan.data.tokens;
  work.model_total = work.per_token * tokens;
  work.model_total_causal = work.per_token_causal * tokens;
  work.six_nd = work.six_n_per_token * tokens;
  return work;
}

double recomputed_share(const ModelWork &work, const Plan &plan, double forward) {
  switch (plan.training.recompute) {
  case Recompute::none:
    return 0;
  case Recompute::selective:
  case Recompute::modules:
  case Recompute::alternate:
    return work.layers.redone_flops / forward;
  case Recompute::full:
    return recomputed_layers(plan.training, plan.parallelism, work.layer_count) *
           work.layer_forward_flops / forward;
  }
  return 0;
}

StepInputs step_inputs(const Plan &plan) {
  const Parallelism &parallel = plan.parallelism;
  const Decoder &decoder = plan.model.decoder;
  const auto t = static_cast<double>(parallel.tensor_parallel);
  const double tokens = static_cast<double>(plan.data.sequence_length) *
                        static_cast<double>(plan.training.micro_batch) /
                        static_cast<double>(parallel.context_parallel);
  const double element = activation_bytes(plan.training.precision);
  StepInputs inputs;
  inputs.residual = tokens * static_cast<double>(decoder.hidden) * element * byte;
  inputs.boundary = inputs.residual / (parallel.sequence_parallel ? t : 1.0);
  inputs.key_values = tokens * decoder.key_value_width(parallel.tensor_parallel) *
                      static_cast<double>(decoder.layers) * element * byte;
  inputs.queries = tokens * static_cast<double>(decoder.heads * decoder.query_key_dim()) /
                   static_cast<double>(parallel.tensor_parallel) *
                   static_cast<double>(decoder.layers) * element * byte;
  inputs.micro_batches = static_cast<double>(plan.training.global_batch) /
                         static_cast<double>(parallel.data_parallel * plan.training.micro_batch);
  return inputs;
}

FlopRate cluster_peak(const Cluster &cluster, NumberFormat precision) {
  return static_cast<double>(cluster.gpus) *
         usable_peak(cluster.device, precision).value_or(FlopRate{});
}

/// The step time that the plan's stated speed implies.
Seconds stated_step_time(const Plan &plan, const Cluster &cluster, const WorkTotals &work,
                         TokenCount batch) {
  const StatedThroughput &stated = plan.stated;
  if (stated.step_time)
    return *stated.step_time;
  if (stated.tokens_per_second)
    return batch / *stated.tokens_per_second;
  const FlopCount counted = stated.basis == UtilisationBasis::six_nd ? work.six_n_per_token * batch
                                                                     : work.per_token * batch;
  const FlopRate rate = stated.flops_per_gpu
                            ? static_cast<double>(cluster.gpus) * *stated.flops_per_gpu
                            : *stated.mfu * cluster_peak(cluster, plan.training.precision);
  // A stated total replaces the counted one: the steps stay, each has its share of the total.
  if (stated.training_flops)
    return *stated.training_flops * (batch / plan.data.tokens) / rate;
  return counted / rate;
}

Utilisation utilisation(const Plan &plan, const Cluster &cluster, const WorkTotals &work,
                        TokenCount batch, Seconds step) {
  Utilisation use;
  const FlopRate peak = cluster_peak(cluster, plan.training.precision);
  const auto share = [&](FlopCount flops) { return flops / step / peak; };
  use.mfu = share(work.step_model);
  use.mfu_causal = share(work.per_token_causal * batch);
  use.mfu_six_n = share(work.six_n_per_token * batch);
  use.hfu = share(work.step_hardware);
  const auto gpus = static_cast<double>(cluster.gpus);
  use.flops_per_gpu = work.step_model / step / gpus;
  use.tokens_per_gpu = batch / step / (gpus * gpu);
  return use;
}

/// Else inner stages keep fewer micro-batches of the same layers than the first.
bool stages_differ(const Plan &plan) {
  return plan.parallelism.first_stage_layers || plan.parallelism.last_stage_layers ||
         lists_stages(plan.parallelism, plan.training);
}

void check_memory(const StepEstimate &step, const Cluster &cluster, std::vector<Reason> &reasons) {
  const Bytes needed = step.memory().total();
  const Bytes capacity = cluster.device.memory_capacity;
  if (needed <= capacity)
    return;
  const MemoryParts &parts = step.memory();
  reasons.push_back(
      {"does_not_fit",
       fmt::format(
           "needs {} on each GPU, {} has {}: weights {}, gradients {}, optimizer {}, "
           "activations {}, buffers {}, {}reserve {}",
           human_text(needed), cluster.device.name, human_text(capacity), human_text(parts.weights),
           human_text(parts.gradients), human_text(parts.optimizer), human_text(parts.activations),
           human_text(parts.buffers),
           parts.fragments > Bytes{} ? fmt::format("fragments {}, ", human_text(parts.fragments))
                                     : std::string(),
           human_text(parts.reserve)),
       "split the model over more GPUs (tensor_parallel, pipeline_parallel, zero_stage), recompute "
       "more or take a smaller micro_batch"});
}

/// Of the host, where it is known how much that has.
void check_host_memory(const StepEstimate &step, const Plan &plan, const Cluster &cluster,
                       std::vector<Reason> &reasons) {
  if (!plan.training.offload.any())
    return;
  Bytes needed = std::max(step.first_stage.host, step.last_stage.host);
  for (const MemoryParts &stage : step.stages)
    needed = std::max(needed, stage.host);
  const auto host = host_side(cluster);
  if (!host || !host->memory || needed <= *host->memory)
    return;
  reasons.push_back(
      {"host_memory",
       fmt::format("what is offloaded needs {} of host memory for each GPU, {} has {} "
                   "for each",
                   human_text(needed), cluster.node.name, human_text(*host->memory)),
       "offload less, use more nodes, or give hardware.host_memory, of a node"});
}

RunEstimate estimate_run(const Plan &plan, const Cluster &cluster, const Estimate &estimate,
                         TokenCount batch) {
  RunEstimate run;
  run.checkpoint = checkpoint_size(
      estimate.parameters.matrices,
      estimate.parameters.total + estimate.parameters.prediction - estimate.parameters.matrices,
      held_parameter_bytes(plan.training, plan.parallelism.zero_stage));
  // The rest of a batch at the end still takes a step, but 1e-9 of one is rounding.
  const double steps = std::ceil(plan.data.tokens / batch * (1 - 1e-12));
  run.time = run_time(plan.run, steps, estimate.step->time.total(), run.checkpoint, cluster.gpus);
  EnergyTerms energy = plan.energy;
  if (estimate.step->power)
    energy.power = estimate.step->power->server;
  run.energy = energy_use(energy, run.time.held);
  run.costs = cost_lines(plan, run.time, run.energy.energy, run.checkpoint);
  run.total_cost = total_cost(run.costs);
  return run;
}

} // namespace

Estimate estimate(const Plan &plan, const Cluster &cluster) {
  Estimate result;
  const Decoder &decoder = plan.model.decoder;
  const OperatorGraph graph = plan_graph(plan);
  result.parameters = {.total = static_cast<double>(parameter_count(graph)),
                       .active = static_cast<double>(active_parameter_count(graph)),
                       .prediction = static_cast<double>(prediction_parameter_count(graph)),
                       .embedding = static_cast<double>(embedding_parameter_count(graph)),
                       .matrices = static_cast<double>(matrix_parameter_count(graph))};
  result.work = count_work(plan, graph, result.parameters.active);
  result.loss = expected_loss(plan, result);
  result.reasons = layout_problems(plan, cluster);
  if (!result.reasons.empty())
    return result;

  const ModelWork work = model_work(graph, decoder, plan.parallelism, plan.training, cluster);
  const TokenCount batch = static_cast<double>(plan.training.global_batch) *
                           static_cast<double>(plan.data.sequence_length) * token;
  const double hardware_factor =
      1 + recomputed_share(work, plan, forward_flops(graph)) / forward_and_backward;
  result.work.step_model = result.work.per_token * batch;
  result.work.step_hardware = hardware_factor * result.work.step_model;
  result.work.hardware_total = hardware_factor * result.work.model_total;

  const StepInputs inputs = step_inputs(plan);
  StepEstimate &step = result.step.emplace();
  step.micro_batches = inputs.micro_batches;
  step.extrapolated = work.extrapolated;
  const MemoryInputs memory{.boundary = inputs.boundary,
                            .layers_per_stage =
                                static_cast<double>(decoder.layers) /
                                static_cast<double>(plan.parallelism.pipeline_parallel),
                            .micro_batches = inputs.micro_batches};
  step.first_stage = first_stage_memory(work, plan.parallelism, plan.training, memory);
  step.last_stage = last_stage_memory(work, plan.parallelism, plan.training, memory);
  if (stages_differ(plan))
    for (std::int64_t stage = 0; stage < plan.parallelism.pipeline_parallel; ++stage)
      step.stages.push_back(stage_memory(work, plan.parallelism, plan.training, memory, stage));
  step.predicted = predicted_step_time(work, plan.parallelism, plan.training, inputs, cluster);
  step.time = step.predicted;
  if (plan.stated.states_speed()) {
    step.time = StepTime{};
    step.time.stated = stated_step_time(plan, cluster, result.work, batch);
  }
  step.utilisation = utilisation(plan, cluster, result.work, batch, step.time.total());
  if (plan.energy.beside_accelerator)
    step.power = step_power(step_work(work, plan.parallelism, plan.training, step.micro_batches),
                            step.time.total(), plan.training.precision,
                            *plan.energy.beside_accelerator, cluster);
  check_memory(step, cluster, result.reasons);
  check_host_memory(step, plan, cluster, result.reasons);

  result.run = estimate_run(plan, cluster, result, batch);
  if (result.run->time.held < result.run->time.productive)
    result.reasons.push_back(
        {"allocation",
         fmt::format("the run needs {} of productive GPU time, the allocations hold {}",
                     human_text(result.run->time.productive), human_text(result.run->time.held)),
         "hold more GPU time or train on fewer tokens"});
  return result;
}

} // namespace flopcast
