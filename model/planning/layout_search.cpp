// SPDX-License-Identifier: Apache-2.0
#include "model/planning/layout_search.hpp"

#include "hardware/topology/fabric_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <tuple>
#include <vector>

namespace flopcast {
namespace {

using namespace units;

constexpr std::array recompute_levels{Recompute::none, Recompute::selective, Recompute::full};
constexpr std::int64_t widest_tensor_parallel = 8;
constexpr std::int64_t most_stages = 256;

std::vector<std::int64_t> divisors(std::int64_t n, std::int64_t most) {
  std::vector<std::int64_t> result;
  for (std::int64_t d = 1; d <= std::min(n, most); ++d)
    if (n % d == 0)
      result.push_back(d);
  return result;
}

/// Sorted, without repeats.
std::vector<std::int64_t> with(std::vector<std::int64_t> values, std::int64_t own) {
  values.push_back(own);
  std::ranges::sort(values);
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

struct Candidates {
  std::vector<std::int64_t> tensor;
  std::vector<std::int64_t> pipeline;
  std::vector<std::int64_t> context;
  std::vector<std::int64_t> expert;
  std::vector<int> zero;
  std::vector<std::int64_t> micro_batch;
  std::vector<Recompute> recompute;
};

/// What a plan lists for each stage holds for its own pipeline alone, and only if it fits that.
void forget_stages(const Plan &original, Plan &plan) {
  Parallelism &parallel = plan.parallelism;
  const bool other = parallel.pipeline_parallel != original.parallelism.pipeline_parallel;
  const auto fits = [&](const std::vector<std::int64_t> &listed) {
    return std::ssize(listed) == parallel.pipeline_parallel;
  };
  const auto &listed = parallel.layers_by_stage;
  if (other || !fits(listed) ||
      std::accumulate(listed.begin(), listed.end(), std::int64_t{0}) != plan.model.decoder.layers)
    parallel.layers_by_stage.clear();
  std::vector<std::int64_t> &redone = plan.training.recompute_by_stage;
  if (other || !fits(redone) || plan.training.recompute != Recompute::full)
    redone.clear();
}

/// Calls visit(layout, estimate) for every candidate that can run on `gpus`.
template <class Visit>
void for_each_layout(Plan plan, Cluster cluster, std::int64_t gpus, const Candidates &candidates,
                     std::optional<TokenCount> wanted_batch, Visit visit) {
  cluster.gpus = gpus;
  const Plan original = plan;
  for (const std::int64_t t : candidates.tensor)
    for (const std::int64_t p : candidates.pipeline)
      for (const std::int64_t c : candidates.context) {
        const std::int64_t model_parallel = t * p * c;
        if (gpus % model_parallel != 0)
          continue;
        for (const std::int64_t e : candidates.expert) {
          if (e > 1 && gpus / p % e != 0)
            continue;
          for (const int zero : candidates.zero)
            for (const std::int64_t micro : candidates.micro_batch)
              for (const Recompute recompute : candidates.recompute) {
                Parallelism &parallel = plan.parallelism;
                parallel = original.parallelism;
                parallel.tensor_parallel = t;
                parallel.pipeline_parallel = p;
                parallel.context_parallel = c;
                parallel.expert_parallel = e;
                // Where experts are spread over ranks, each is left whole.
                if (e != original.parallelism.expert_parallel)
                  parallel.expert_tensor_parallel =
                      e > 1 && t > 1 ? std::optional<std::int64_t>(1) : std::nullopt;
                parallel.data_parallel = gpus / model_parallel;
                parallel.sequence_parallel = t == original.parallelism.tensor_parallel
                                                 ? original.parallelism.sequence_parallel
                                                 : t > 1;
                parallel.zero_stage = zero;
                if (p == 1)
                  parallel.virtual_pipeline = 1;
                plan.training = original.training;
                plan.training.micro_batch = micro;
                plan.training.recompute = recompute;
                forget_stages(original, plan);
                if (wanted_batch)
                  plan.training.global_batch =
                      rounded_batch(*wanted_batch, plan.data.sequence_length, parallel, micro);
                const Estimate result = estimate(plan, cluster);
                if (result.feasible())
                  visit(Layout{parallel, plan.training, gpus}, result);
              }
        }
      }
}

std::vector<std::int64_t> tensor_degrees(const Plan &plan, const Cluster &cluster) {
  const std::int64_t most = std::min(cluster.node.scale_up_domain, widest_tensor_parallel);
  return divisors(plan.model.decoder.heads, std::max<std::int64_t>(most, 1));
}

std::vector<std::int64_t> expert_degrees(const Plan &plan) {
  constexpr std::int64_t widest_expert_parallel = 64;
  const std::optional<MixtureOfExperts> &experts = plan.model.decoder.experts;
  return experts ? divisors(experts->count, widest_expert_parallel) : std::vector<std::int64_t>{1};
}

/// How far a layout is from another: a unit for each setting that differs, and for a degree the
/// number of doublings besides, so that 8 → 16 is nearer than 8 → 64.
double distance(const Plan &plan, const Cluster &cluster, const Layout &layout) {
  const auto doublings = [](std::int64_t from, std::int64_t to) {
    const double ratio = static_cast<double>(to) / static_cast<double>(from);
    return from == to ? 0.0 : 1 + std::abs(std::log2(ratio));
  };
  const Parallelism &was = plan.parallelism;
  const Parallelism &is = layout.parallelism;
  // Data parallelism follows from the others and is no change of its own.
  return doublings(was.tensor_parallel, is.tensor_parallel) +
         doublings(was.pipeline_parallel, is.pipeline_parallel) +
         doublings(was.context_parallel, is.context_parallel) +
         doublings(was.expert_parallel, is.expert_parallel) +
         doublings(plan.training.micro_batch, layout.training.micro_batch) +
         doublings(plan.training.global_batch, layout.training.global_batch) +
         (was.zero_stage == is.zero_stage ? 0 : 1) +
         (was.virtual_pipeline == is.virtual_pipeline ? 0 : 1) +
         (plan.training.recompute == layout.training.recompute ? 0 : 1) +
         2 * doublings(cluster.gpus, layout.gpus);
}

} // namespace

std::string describe_layout(const Parallelism &parallelism, const Training &training) {
  std::string text = fmt::format("tensor {} x pipeline {}", parallelism.tensor_parallel,
                                 parallelism.pipeline_parallel);
  if (parallelism.virtual_pipeline > 1)
    text += fmt::format(" ({} chunks)", parallelism.virtual_pipeline);
  if (parallelism.context_parallel > 1)
    text += fmt::format(" x context {}", parallelism.context_parallel);
  if (parallelism.expert_parallel > 1)
    text += fmt::format(" (experts over {})", parallelism.expert_parallel);
  return text + fmt::format(" x data {}, ZeRO-{}, micro-batch {}, global batch {}, recompute {}",
                            parallelism.data_parallel, parallelism.zero_stage, training.micro_batch,
                            training.global_batch, to_text(training.recompute));
}

std::int64_t rounded_batch(TokenCount wanted, std::int64_t sequence_length,
                           const Parallelism &parallelism, std::int64_t micro_batch) {
  const std::int64_t rounds_of =
      parallelism.virtual_pipeline > 1 ? parallelism.pipeline_parallel : 1;
  const std::int64_t multiple = parallelism.data_parallel * micro_batch * rounds_of;
  const double sequences =
      wanted.in(token) / static_cast<double>(std::max<std::int64_t>(sequence_length, 1));
  const double rounds = std::round(sequences / static_cast<double>(multiple));
  return multiple * std::max<std::int64_t>(1, static_cast<std::int64_t>(rounds));
}

std::optional<Layout> fastest_layout(const Plan &plan, const Cluster &cluster,
                                     const OpenSettings &open) {
  Candidates candidates{.tensor = tensor_degrees(plan, cluster),
                        .pipeline = divisors(plan.model.decoder.layers, most_stages),
                        .context = {1},
                        .expert = expert_degrees(plan),
                        .zero = {1, 3},
                        .micro_batch = {plan.training.micro_batch},
                        .recompute = {plan.training.recompute}};
  if (open.micro_batch)
    candidates.micro_batch = {1, 2, 4};
  if (open.recompute)
    candidates.recompute = {recompute_levels.begin(), recompute_levels.end()};
  // Splitting only the batch looks fastest of all, at a batch that nobody wanted.
  constexpr double most_inflation = 2;
  std::optional<Layout> best;
  std::tuple<bool, double> best_rank;
  for_each_layout(plan, cluster, cluster.gpus, candidates, open.batch,
                  [&](const Layout &layout, const Estimate &result) {
                    const auto sequences = static_cast<double>(layout.training.global_batch);
                    const TokenCount batch =
                        sequences * static_cast<double>(plan.data.sequence_length) * token;
                    const std::tuple rank{open.batch && batch > most_inflation * *open.batch,
                                          result.step->predicted.total().in(second) / sequences};
                    if (!best || rank < best_rank) {
                      best = layout;
                      best_rank = rank;
                    }
                  });
  return best;
}

std::optional<Layout> nearest_layout(const Plan &plan, const Cluster &cluster) {
  const Decoder &decoder = plan.model.decoder;
  Candidates candidates{
      .tensor = with(tensor_degrees(plan, cluster), plan.parallelism.tensor_parallel),
      .pipeline = with(divisors(decoder.layers, most_stages), plan.parallelism.pipeline_parallel),
      .context = with({1}, plan.parallelism.context_parallel),
      .expert = plan.model.decoder.experts
                    ? with(expert_degrees(plan), plan.parallelism.expert_parallel)
                    : std::vector<std::int64_t>{1},
      .zero = {plan.parallelism.zero_stage},
      .micro_batch = {1},
      .recompute = {recompute_levels.begin(), recompute_levels.end()}};
  for (int zero = plan.parallelism.zero_stage + 1; zero <= 3; ++zero)
    candidates.zero.push_back(zero);
  candidates.micro_batch =
      with(divisors(plan.training.micro_batch,
                    plan.training.micro_batch <= 64 ? plan.training.micro_batch : 64),
           1);

  std::optional<Layout> best;
  std::tuple<double, double> best_rank;
  const auto visit = [&](const Layout &layout, const Estimate &result) {
    const std::tuple rank{distance(plan, cluster, layout),
                          result.step->predicted.total().in(second)};
    if (!best || rank < best_rank) {
      best = layout;
      best_rank = rank;
    }
  };
  const TokenCount batch = static_cast<double>(plan.training.global_batch) *
                           static_cast<double>(plan.data.sequence_length) * token;
  // A held allocation is a number of GPU-hours: more GPUs do not mend it.
  const std::int64_t most_times = plan.run.allocations.empty() ? 64 : 1;
  for (std::int64_t times = 1; times <= most_times && !best; times *= 2) {
    const std::int64_t gpus = cluster.gpus * times;
    if (cluster.fabric && !misfit(*cluster.fabric, cluster.node, gpus).empty())
      break;
    for_each_layout(plan, cluster, gpus, candidates, std::nullopt, visit);
    if (!best) // the batch itself may be what does not divide
      for_each_layout(plan, cluster, gpus, candidates, batch, visit);
  }
  return best;
}

} // namespace flopcast
