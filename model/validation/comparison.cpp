// SPDX-License-Identifier: Apache-2.0
#include "model/validation/comparison.hpp"

#include "model/architecture/flop_conventions.hpp"
#include "model/planning/estimate.hpp"
#include "model/validation/text_match.hpp"

#include <array>
#include <cmath>
#include <optional>

namespace flopcast {
namespace {

using namespace units;

constexpr std::array metrics{
    Spelled<RunMetric>{"step_time", RunMetric::step_time},
    Spelled<RunMetric>{"memory", RunMetric::memory},
    Spelled<RunMetric>{"mfu", RunMetric::mfu},
    Spelled<RunMetric>{"gpu_hours", RunMetric::gpu_hours},
};

/// How the source counts FLOPs: as it says, else as its framework does. Nothing where it counts
/// what no formula here does.
std::optional<FlopCounting> counting_of(const RunRecord &run, const FrameworkRules &rules) {
  const std::string kind = lower_case(run.tflops_kind);
  if (holds(kind, "lora") || holds(kind, "sft"))
    return std::nullopt;
  // NVIDIA's formula for Nemotron-4 340B takes its grouped keys for full ones: 15 % more.
  if (const auto notes = run.fields.find("notes");
      notes != run.fields.end() && holds(notes->second, "MHA counted"))
    return std::nullopt;
  // BigScience's first logs: 8 or 6 times the parameters.
  if (holds(kind, "8*params") || kind.ends_with("recompute (factor 4)"))
    return run.params ? std::optional(FlopCounting::hardware_8n) : std::nullopt;
  if (kind == "model flops (factor 3)")
    return run.params ? std::optional(FlopCounting::model_6n) : std::nullopt;
  if (holds(kind, "hardware"))
    return FlopCounting::hardware;
  if (holds(kind, "causal-halved"))
    return FlopCounting::model_causal;
  if (holds(kind, "model flops") || holds(kind, "full attention"))
    return FlopCounting::model;
  return rules.counting;
}

/// What is known of a run beside its record.
class RunCounts {
public:
  RunCounts(const RunRecord &run, const RunPlan &planned, const Estimate &whole)
      : run_(run), plan_(planned.plan), rules_(*planned.rules), device_(planned.cluster.device),
        gpus_(static_cast<double>(planned.cluster.gpus)), work_(whole.work) {}

  [[nodiscard]] double batch_tokens() const {
    return static_cast<double>(plan_.training.global_batch) *
           static_cast<double>(plan_.data.sequence_length);
  }

  /// FLOP of a step.
  [[nodiscard]] double step_flops(FlopCounting counting) const {
    const double tokens = batch_tokens();
    const auto counted = [&](FlopPerToken rate) { return rate.in(flop / token) * tokens; };
    switch (counting) {
    case FlopCounting::model:
      return counted(work_.per_token);
    case FlopCounting::model_causal:
      return counted(work_.per_token_causal);
    case FlopCounting::model_6n:
      return 6 * run_.params.value_or(0) * tokens;
    case FlopCounting::hardware_8n:
      return 8 * run_.params.value_or(0) * tokens;
    case FlopCounting::hardware:
      break;
    }
    const Decoder &d = plan_.model.decoder;
    if (!d.gated() && d.ffn_hidden == 4 * d.hidden && d.kv_heads == d.heads)
      return narayanan_flops_per_step(d, plan_.data.sequence_length,
                                      static_cast<double>(plan_.training.global_batch));
    // Forward once more; the logits, which are not done again, are small in such models.
    const double again = plan_.training.recompute == Recompute::none ? 1.0 : 4.0 / 3;
    return again * counted(work_.per_token);
  }

  /// FLOP/s of all GPUs.
  [[nodiscard]] std::optional<double> peak() const {
    const auto of_one =
        device_.peak_of(rules_.peak_of_precision ? plan_.training.precision : NumberFormat::bf16);
    return of_one ? std::optional(gpus_ * of_one->in(flop / second)) : std::nullopt;
  }

  /// FLOP/s of all GPUs that the source states, and how it counts them.
  struct Rate {
    double rate = 0;
    FlopCounting counting = FlopCounting::model;
  };
  [[nodiscard]] std::optional<Rate> stated_rate() const {
    const auto counting = counting_of(run_, rules_);
    if (!counting)
      return std::nullopt;
    constexpr double tera = 1e12;
    constexpr double percent = 0.01;
    if (run_.tflops_per_gpu)
      return Rate{*run_.tflops_per_gpu * tera * gpus_, *counting};
    const auto of = peak();
    if (of && run_.mfu_pct)
      return Rate{*run_.mfu_pct * percent * *of, *counting == FlopCounting::model_causal
                                                     ? FlopCounting::model_causal
                                                     : FlopCounting::model};
    if (of && run_.hfu_pct)
      return Rate{*run_.hfu_pct * percent * *of, FlopCounting::hardware};
    return std::nullopt;
  }

  /// Printed, or what the printed rate means.
  [[nodiscard]] std::optional<double> step_seconds() const {
    if (run_.step_time_s)
      return run_.step_time_s;
    if (run_.tokens_per_s_per_gpu)
      return batch_tokens() / (*run_.tokens_per_s_per_gpu * gpus_);
    if (run_.derived_step_time_s)
      return run_.derived_step_time_s;
    if (const auto stated = stated_rate())
      return step_flops(stated->counting) / stated->rate;
    return std::nullopt;
  }

private:
  const RunRecord &run_;
  const Plan &plan_;
  const FrameworkRules &rules_;
  const Device &device_;
  double gpus_;
  const WorkTotals &work_;
};

/// Bytes of one GPU. "GiB" and MiB / 1024 are binary; the rest counts in 10^9.
double measured_bytes(const RunRecord &run) {
  const std::string kind = lower_case(run.memory_kind);
  const bool binary = holds(kind, "gib") || holds(kind, "mib");
  const double unit = binary ? gibibyte.in(byte) : gigabyte.in(byte);
  const bool summed = holds(kind, "sum over gpus");
  return *run.memory_gb * unit / (summed ? static_cast<double>(*run.n_gpus) : 1.0);
}

std::vector<Compared> compared(const RunRecord &run, const RunPlan &planned,
                               const Estimate &answer) {
  std::vector<Compared> result;
  const RunCounts counts(run, planned, answer);
  const StepEstimate &step = *answer.step;
  const double predicted_step = step.time.total().in(second);
  if (const auto measured = counts.step_seconds())
    result.push_back({RunMetric::step_time, *measured, predicted_step});
  if (run.memory_gb)
    result.push_back({RunMetric::memory, measured_bytes(run),
                      predicted_memory(run.memory_kind, *planned.rules, step).in(byte)});
  // How sources count experts (padding, further predictions, all scores) differs and is not stated.
  if (const auto stated = counts.stated_rate(); stated && !run.moe_experts) {
    if (const auto peak = counts.peak())
      result.push_back({RunMetric::mfu, stated->rate / *peak,
                        counts.step_flops(stated->counting) / predicted_step / *peak});
  }
  if (run.gpu_hours && run.tokens_total)
    result.push_back({RunMetric::gpu_hours, *run.gpu_hours,
                      *run.tokens_total / counts.batch_tokens() * predicted_step *
                          static_cast<double>(planned.cluster.gpus) / hour.in(second)});
  return result;
}

} // namespace

Bytes predicted_memory(const std::string &memory_kind, const FrameworkRules &rules,
                       const StepEstimate &step) {
  const MemoryParts &parts = rules.memory_of_first_stage ? step.first_stage : step.memory();
  const std::string kind = lower_case(memory_kind);
  // "allocated; reserved 62 GiB" measured the tensors, and says the other beside it.
  if (holds(kind, "allocated"))
    return parts.allocated();
  return holds(kind, "reserved") ? parts.reserved() : parts.total();
}

std::span<const Spelled<RunMetric>> run_metric_names() { return metrics; }

std::string_view to_text(RunMetric metric) {
  return metrics[static_cast<std::size_t>(metric)].first;
}

const Compared *ComparedRun::find(RunMetric metric) const {
  for (const Compared &c : compared)
    if (c.metric == metric)
      return &c;
  return nullptr;
}

bool Compared::is_inside() const {
  const double error = std::log(measured / predicted);
  return error >= spread->p10 && error <= spread->p90;
}

void ComparedRun::state_spread(const SoftwareSpread &runs) {
  for (Compared &c : compared)
    if (c.metric == RunMetric::step_time)
      c.spread = step_spread(hardware, runs);
    else if (c.metric == RunMetric::memory && runs.memory.samples > 0)
      c.spread = memory_spread(runs);
}

RunComparison compare_runs(std::span<const RunRecord> runs, RunPlanner &planner) {
  RunComparison result;
  for (const RunRecord &record : runs) {
    RunPlanning planning = planner.plan_of(record);
    if (!planning.run) {
      result.skipped.push_back({&record, std::move(planning.skipped)});
      continue;
    }
    const RunPlan &planned = *planning.run;
    const Estimate answer = estimate(planned.plan, planned.cluster);
    if (!answer.step) {
      result.skipped.push_back({&record, answer.reasons.front().text});
      continue;
    }
    ComparedRun run{.record = &record,
                    .compared = compared(record, planned, answer),
                    .inferred = std::move(planning.run->inferred),
                    .gpu_family = planned.gpu_family,
                    .rules = planned.rules->id,
                    .family = planned.rules->family,
                    .parallelism = planned.plan.parallelism,
                    .training = planned.plan.training,
                    .hardware = hardware_spread(planned.plan, planned.cluster, *answer.step),
                    .predicted_to_fit = answer.feasible()};
    run.state_spread(planned.plan.training.software.spread);
    if (run.compared.empty())
      result.skipped.push_back({&record, "no speed, memory or utilisation is stated"});
    else
      result.runs.push_back(std::move(run));
  }
  return result;
}

ErrorStatistics statistics_of(std::span<const ComparedRun *const> runs, RunMetric metric) {
  std::vector<GroupedError> errors;
  for (const ComparedRun *run : runs)
    if (const Compared *c = run->find(metric))
      errors.push_back({c->error(), run->record->split_group});
  return error_statistics(errors);
}

std::string group_value(const ComparedRun &run, std::string_view column) {
  if (column == "gpu_family")
    return run.gpu_family;
  if (column == "rules")
    return run.rules;
  const auto found = run.record->fields.find(column);
  return found == run.record->fields.end() ? std::string() : found->second;
}

} // namespace flopcast
