// SPDX-License-Identifier: Apache-2.0
#include "model/planning/legality.hpp"

#include "hardware/host_side.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

namespace flopcast {
namespace {

/// Divisors of n near `wanted`, for a remedy: at most four, smallest first.
std::vector<std::int64_t> divisors_near(std::int64_t n, std::int64_t wanted) {
  std::vector<std::int64_t> divisors;
  // Parallel degrees beyond this are not worth proposing, and n may be huge.
  constexpr std::int64_t most = 4096;
  for (std::int64_t d = 1; d <= std::min(n, most); ++d)
    if (n % d == 0)
      divisors.push_back(d);
  std::ranges::stable_sort(divisors, {}, [&](std::int64_t d) { return std::abs(d - wanted); });
  divisors.resize(std::min<std::size_t>(divisors.size(), 4));
  std::ranges::sort(divisors);
  return divisors;
}

class Problems {
public:
  void add(std::string code, std::string text, std::string remedy) {
    found_.push_back({std::move(code), std::move(text), std::move(remedy)});
  }

  /// `part` of `key` must divide `whole`.
  void must_divide(std::string_view key, std::int64_t part, std::int64_t whole,
                   std::string_view whole_name) {
    if (whole % part == 0)
      return;
    add("does_not_divide",
        fmt::format("{} = {} does not divide {} {}", key, part, whole, whole_name),
        fmt::format("try {} = {}", key, fmt::join(divisors_near(whole, part), ", ")));
  }

  std::vector<Reason> take() { return std::move(found_); }

private:
  std::vector<Reason> found_;
};

void check_experts(const Plan &plan, Problems &problems) {
  const Parallelism &parallel = plan.parallelism;
  const std::optional<MixtureOfExperts> &experts = plan.model.decoder.experts;
  if (!experts) {
    if (parallel.expert_parallel > 1 || parallel.expert_tensor_parallel.value_or(1) > 1)
      problems.add(
          "no_experts",
          parallel.expert_parallel > 1
              ? fmt::format("expert_parallel = {}, but a dense model has no experts",
                            parallel.expert_parallel)
              : fmt::format("expert_tensor_parallel = {}, but a dense model has no experts",
                            *parallel.expert_tensor_parallel),
          parallel.expert_parallel > 1 ? "set expert_parallel = 1"
                                       : "leave out expert_tensor_parallel");
    return;
  }
  const std::int64_t t = parallel.tensor_parallel;
  problems.must_divide("expert_parallel", parallel.expert_parallel, experts->count,
                       "experts of a layer");
  problems.must_divide("expert_tensor_parallel", parallel.expert_tensor(), experts->hidden,
                       "columns of an expert");
  problems.must_divide("tensor_parallel", t, experts->shared_hidden,
                       "columns of the shared experts");
  const std::int64_t ranks = t * parallel.context_parallel * parallel.data_parallel;
  const std::int64_t sharers = parallel.expert_parallel * parallel.expert_tensor();
  if (ranks % sharers != 0)
    problems.add("does_not_divide",
                 fmt::format("expert_parallel {} x expert_tensor_parallel {} does not divide the "
                             "{} ranks of a stage (tensor {} x context {} x data {})",
                             parallel.expert_parallel, parallel.expert_tensor(), ranks, t,
                             parallel.context_parallel, parallel.data_parallel),
                 parallel.expert_tensor_parallel || t == 1
                     ? "lower expert_parallel, or use more data-parallel ranks"
                     : "set expert_tensor_parallel = 1, or lower expert_parallel");
  if (t > 1 && !parallel.sequence_parallel &&
      (parallel.expert_parallel > 1 || parallel.expert_tensor() != t))
    problems.add("sequence_parallel",
                 fmt::format("expert_parallel = {} with tensor_parallel = {} needs each rank to "
                             "send its own part of the tokens, but sequence_parallel is off",
                             parallel.expert_parallel, t),
                 "set sequence_parallel = true, or tensor_parallel = 1");
  if (parallel.expert_padding && !parallel.expert_capacity)
    problems.add("expert_capacity",
                 "expert_padding = true, but no expert_capacity says how many rows an expert has",
                 "give expert_capacity, or leave out expert_padding");
  if (parallel.expert_imbalance >
      static_cast<double>(experts->count) / static_cast<double>(experts->per_token))
    problems.add(
        "expert_imbalance",
        fmt::format("expert_imbalance = {:g}: an expert can have {:g} times the mean at "
                    "most, when every token uses it",
                    parallel.expert_imbalance,
                    static_cast<double>(experts->count) / static_cast<double>(experts->per_token)),
        "lower expert_imbalance");
}

/// What the plan lists for each stage.
void check_listed_stages(const Plan &plan, Problems &problems) {
  const Parallelism &parallel = plan.parallelism;
  const std::int64_t layers = plan.model.decoder.layers;
  const auto p = static_cast<std::size_t>(parallel.pipeline_parallel);
  const auto &listed = parallel.layers_by_stage;
  const auto one_for_each = [&](std::string_view key, std::size_t count) {
    if (count > 0 && count != p)
      problems.add("stages",
                   fmt::format("{} lists {} stages, pipeline_parallel is {}", key, count, p),
                   fmt::format("give {} numbers, or set pipeline_parallel = {}", p, count));
    return count == 0 || count == p;
  };
  bool sound = one_for_each("stage_layers", listed.size());
  sound &= one_for_each("stage_recompute_layers", plan.training.recompute_by_stage.size());
  if (!listed.empty()) {
    const std::int64_t sum = std::accumulate(listed.begin(), listed.end(), std::int64_t{0});
    if (sum != layers)
      problems.add("stages", fmt::format("stage_layers add up to {} of {} layers", sum, layers),
                   sum < layers ? fmt::format("add {} layers", layers - sum)
                                : fmt::format("take {} layers off", sum - layers));
    // Chunks of a stage need not hold as many layers each; embedding and logits can fill one.
    for (std::size_t stage = 0; stage < listed.size(); ++stage) {
      const bool end = stage == 0 || stage + 1 == listed.size();
      if (const std::int64_t v = parallel.virtual_pipeline;
          v > 1 && listed[stage] + (end ? 1 : 0) < v)
        problems.add(
            "stages",
            fmt::format("stage_layers gives stage {} {} layers for its {} chunks", stage,
                        listed[stage], v),
            fmt::format("give it {} layers or more, or lower virtual_pipeline", v - (end ? 1 : 0)));
    }
    if (parallel.first_stage_layers || parallel.last_stage_layers)
      problems.add("stages", "stage_layers lists every stage, the ends included",
                   "leave out first_stage_layers and last_stage_layers");
  }
  if (!sound)
    return;
  for (std::size_t stage = 0; stage < plan.training.recompute_by_stage.size(); ++stage) {
    const double there = layers_of_stage(parallel, layers, static_cast<std::int64_t>(stage));
    if (const std::int64_t redone = plan.training.recompute_by_stage[stage];
        static_cast<double>(redone) > there)
      problems.add(
          "stages",
          fmt::format("stage_recompute_layers redoes {} layers on stage {}, which has {:g}", redone,
                      stage, there),
          fmt::format("write at most {:g} there", there));
  }
}

/// Whether what is offloaded has a way to the host and back.
void check_offload(const Plan &plan, const Cluster &cluster, Problems &problems) {
  const Offload &offload = plan.training.offload;
  if (!offload.any())
    return;
  if (!host_side(cluster))
    problems.add("host_link",
                 fmt::format("what is offloaded has no way: the link between {} and its host is "
                             "not known",
                             cluster.device.name),
                 "give hardware.host_link_bandwidth, per GPU and direction");
  const std::int64_t p = plan.parallelism.pipeline_parallel;
  const std::int64_t layers = plan.model.decoder.layers;
  const auto &listed = plan.parallelism.layers_by_stage;
  if (!offload.layers || (!listed.empty() && std::ssize(listed) != p))
    return;
  double most = 0;
  for (std::int64_t stage = 0; stage < p; ++stage)
    most = std::max(most, layers_of_stage(plan.parallelism, layers, stage));
  if (static_cast<double>(*offload.layers) > most)
    problems.add("offload_layers",
                 fmt::format("offload_layers = {}, but no stage has more than {:g} layers",
                             *offload.layers, most),
                 fmt::format("set offload_layers to {:g} at most", most));
}

/// How the layers divide among stages, and whether the schedule can run so.
void check_stages(const Plan &plan, Problems &problems) {
  const Parallelism &parallel = plan.parallelism;
  const std::int64_t p = parallel.pipeline_parallel;
  const std::int64_t layers = plan.model.decoder.layers;
  const auto &first = parallel.first_stage_layers;
  const auto &last = parallel.last_stage_layers;
  check_listed_stages(plan, problems);
  if (!parallel.layers_by_stage.empty()) {
    // done above
  } else if (!first && !last) {
    problems.must_divide(parallel.virtual_pipeline > 1 ? "pipeline_parallel x virtual_pipeline"
                                                       : "pipeline_parallel",
                         p * parallel.virtual_pipeline, layers, "layers");
  } else {
    const std::int64_t others = p - (first ? 1 : 0) - (last ? 1 : 0);
    const std::int64_t left = layers - first.value_or(0) - last.value_or(0);
    if (others < 0 || left < 0 || (others == 0 && left != 0) || (others > 0 && left % others != 0))
      problems.add("does_not_divide",
                   fmt::format("{} layers less those of first and last stage leave {} for {} "
                               "stages",
                               layers, left, others),
                   "change first_stage_layers or last_stage_layers");
  }
  const PipelineSchedule schedule = parallel.schedule;
  if (schedule == PipelineSchedule::one_f_one_b || schedule == PipelineSchedule::interleaved)
    return;
  const std::int64_t micro_batches =
      plan.training.global_batch /
      std::max<std::int64_t>(parallel.data_parallel * plan.training.micro_batch, 1);
  constexpr std::int64_t most_chunks = 512; // a longer pipeline takes too long to simulate
  if (p * parallel.virtual_pipeline > most_chunks)
    problems.add("schedule",
                 fmt::format("{} x {} chunks are more than the {} for which this schedule is "
                             "simulated",
                             p, parallel.virtual_pipeline, most_chunks),
                 "set schedule = \"1f1b\" or lower pipeline_parallel");
  else if (const auto problem =
               schedule_problem(schedule, p, parallel.virtual_pipeline, micro_batches))
    problems.add("schedule", problem->text, problem->remedy);
}

} // namespace

std::vector<Reason> layout_problems(const Plan &plan, const Cluster &cluster) {
  const Parallelism &parallel = plan.parallelism;
  const Decoder &decoder = plan.model.decoder;
  const Training &training = plan.training;
  const std::int64_t t = parallel.tensor_parallel;
  const std::int64_t p = parallel.pipeline_parallel;
  Problems problems;

  if (parallel.gpus() != cluster.gpus)
    problems.add(
        "gpu_count",
        fmt::format("tensor {} x context {} x pipeline {} x data {} parallel needs {} GPUs, the "
                    "plan has {}",
                    t, parallel.context_parallel, p, parallel.data_parallel, parallel.gpus(),
                    cluster.gpus),
        "change hardware.count or leave out parallelism.data_parallel");

  problems.must_divide("tensor_parallel", t, decoder.heads, "heads");
  if (decoder.kv_heads != decoder.heads && decoder.kv_heads % t != 0 && t % decoder.kv_heads != 0)
    problems.must_divide("tensor_parallel", t, decoder.kv_heads, "key-value heads");
  if (decoder.expert_layers() < decoder.layers)
    problems.must_divide("tensor_parallel", t, decoder.ffn_hidden,
                         "columns of the MLP (ffn_hidden)");
  if (parallel.sequence_parallel)
    problems.must_divide(parallel.context_parallel > 1 ? "tensor_parallel x context_parallel"
                                                       : "tensor_parallel",
                         t * parallel.context_parallel, plan.data.sequence_length,
                         "tokens of the sequence (sequence_parallel is on)");
  else
    problems.must_divide("context_parallel", parallel.context_parallel, plan.data.sequence_length,
                         "tokens of the sequence");
  check_stages(plan, problems);
  if (parallel.virtual_pipeline > 1 && p == 1)
    problems.add("does_not_divide",
                 fmt::format("virtual_pipeline = {} needs a pipeline, but pipeline_parallel is 1",
                             parallel.virtual_pipeline),
                 "set virtual_pipeline = 1");
  check_experts(plan, problems);
  check_offload(plan, cluster, problems);
  if (parallel.tensor_overlap == TensorOverlap::tiles && t > 1 && !parallel.sequence_parallel)
    problems.add("tensor_overlap",
                 "tensor_overlap = \"tiles\" sends parts of a sequence round a ring, but "
                 "sequence_parallel is off",
                 "set sequence_parallel = true, or leave out tensor_overlap");
  const bool pairs =
      p == 1 || parallel.virtual_pipeline > 1 || parallel.schedule == PipelineSchedule::dual_pipe;
  if (parallel.expert_overlap == ExpertOverlap::micro_batches && !pairs)
    problems.add("expert_overlap",
                 "expert_overlap = \"micro_batches\" runs a forward pass beside a backward one, "
                 "which plain stages of a pipeline have no second chunk for",
                 "set virtual_pipeline above 1, or leave out expert_overlap");
  if (training.gradient_bucket && parallel.zero_stage >= 3)
    problems.add("gradient_bucket",
                 "gradient_bucket is stated, but zero_stage = 3 exchanges gradients layer by layer",
                 "leave out gradient_bucket, or set zero_stage below 3");

  const std::int64_t per_round = parallel.data_parallel * training.micro_batch;
  problems.must_divide("data_parallel x micro_batch", per_round, training.global_batch,
                       "sequences of the global batch");
  if (training.global_batch % per_round == 0) {
    const std::int64_t micro_batches = training.global_batch / per_round;
    if (parallel.virtual_pipeline > 1 && micro_batches % p != 0)
      problems.must_divide("pipeline_parallel (interleaved)", p, micro_batches,
                           "micro-batches of a step");
  }

  const Device &device = cluster.device;
  if (!device.peak_of(training.precision)) {
    const bool has_fp16 = device.peak_of(NumberFormat::fp16).has_value();
    problems.add(
        "precision",
        fmt::format("{} has no matrix units for {}", device.name, to_text(training.precision)),
        fmt::format("set training.precision = \"{}\"", has_fp16 ? "fp16" : "fp32"));
  }
  if (cluster.gpus > cluster.node.scale_up_domain && !cluster.node.scale_out_bandwidth)
    problems.add("network",
                 fmt::format("{} GPUs are more than the {} of one {}, and no network between "
                             "these is known",
                             cluster.gpus, cluster.node.scale_up_domain, cluster.node.name),
                 "give hardware.scale_out_bandwidth, per GPU and direction");
  return problems.take();
}

} // namespace flopcast
