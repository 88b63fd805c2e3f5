// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/hardware_allocation.hpp"

#include "model/planning/expected_loss.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace flopcast {
namespace {

using namespace units;

/// Model FLOPs utilisation that the first guess of a size takes: the search spans a factor of
/// eight about it, so that half or twice as much does no harm.
constexpr double guessed_mfu = 0.4;
/// Sizes tried about the guess: 2^-3 … 2^3.
constexpr int doublings = 3;
/// Sizes tried beyond those, as long as the optimum lies at an end: a factor of 4,000.
constexpr int most_further_sizes = 12;
/// Of the number of GPUs, where the model that the law asks for does not fit.
constexpr int most_doublings = 5;
/// Sizes of a ratio below this are the same one.
constexpr double next_to = 1.001;
/// Bytes of a weight, key or value when it serves, in 16 bits.
constexpr double served_bytes = 2;

std::int64_t rounded_to(double value, std::int64_t multiple) {
  const auto step = static_cast<double>(multiple);
  return std::max<std::int64_t>(1, std::llround(value / step)) * multiple;
}

/// Dollars or GPU-seconds, as the budget counts.
bool counts_money(const HardwareQuestion &question) { return question.budget.money.has_value(); }

double training_cost(const HardwareQuestion &question, const SizeOnHardware &size) {
  return counts_money(question) ? size.money_per_token.in(usd)
                                : size.held_per_token.in(gpu * second);
}

double serving_cost(const HardwareQuestion &question, const SizeOnHardware &size) {
  return counts_money(question) ? size.served_for.in(usd) : size.served.in(gpu * second);
}

/// The plan for a decoder of the family on so many GPUs, laid out; empty if it does not fit.
struct LaidOut {
  Plan plan;
  Cluster cluster;
  Estimate estimate;
  Layout layout;
};
std::optional<LaidOut> laid_out(const HardwareQuestion &question, const Decoder &decoder,
                                std::int64_t gpus, TokenCount tokens) {
  LaidOut result{question.plan, question.cluster, {}, {}};
  result.plan.model = {"", "decoder of the law's size", decoder};
  result.plan.data.tokens = tokens;
  result.cluster.gpus = gpus;
  const auto layout =
      fastest_layout(result.plan, result.cluster,
                     {.micro_batch = true, .recompute = true, .batch = question.batch.batch});
  if (!layout)
    return std::nullopt;
  result.layout = *layout;
  result.plan.parallelism = layout->parallelism;
  result.plan.training = layout->training;
  result.estimate = estimate(result.plan, result.cluster);
  if (!result.estimate.feasible() || !result.estimate.run)
    return std::nullopt;
  return result;
}

std::optional<SizeOnHardware> size_on(const ScalingLaw &law, const HardwareQuestion &question,
                                      double factor, std::int64_t gpus, TokenCount tokens) {
  const Decoder decoder = scaled_decoder(question.plan.model.decoder, factor);
  const auto run = laid_out(question, decoder, gpus, tokens);
  if (!run)
    return std::nullopt;
  SizeOnHardware size;
  size.params = law_params(law, run->estimate.parameters);
  size.counts = run->estimate.parameters;
  size.factor = factor;
  size.decoder = decoder;
  size.layout = run->layout;
  const double trained = tokens.in(token);
  size.held_per_token = run->estimate.run->time.held / trained;
  size.money_per_token = run->estimate.run->total_cost / trained;
  size.wall_per_token = run->estimate.run->time.wall_clock / trained;
  size.served = question.serving.tokens.in(token)*serving_time_per_token(
      question.cluster.device, question.plan.training.precision, decoder, run->estimate.parameters,
      question.serving);
  size.served_for = size.served * gpu_time_price(question.plan.price);
  return size;
}

/// Costs between the sizes: logarithms are linear in ln N from one to the next, where they bend.
CostCurve interpolated(const HardwareQuestion &question, const std::vector<SizeOnHardware> &sizes) {
  struct Knot {
    double log_params, log_training, serving;
  };
  std::vector<Knot> knots;
  knots.reserve(sizes.size());
  for (const SizeOnHardware &size : sizes)
    knots.push_back({std::log(size.params), std::log(training_cost(question, size)),
                     serving_cost(question, size)});
  return [knots](double params) {
    const double at = std::log(params);
    std::size_t i = 0;
    while (i + 2 < knots.size() && at > knots[i + 1].log_params)
      ++i;
    const Knot &a = knots[i];
    const Knot &b = knots[i + 1];
    const double width = b.log_params - a.log_params;
    const double share = (at - a.log_params) / width;
    const double slope = (b.log_training - a.log_training) / width;
    const double serving = std::lerp(a.serving, b.serving, share);
    return SizeCost{std::exp(std::lerp(a.log_training, b.log_training, share)), slope,
                    std::max(serving, 0.0), (b.serving - a.serving) / width};
  };
}

/// The factor of the family's decoder with so many parameters: tables of tokens do not grow as the
/// layers do, so it is looked up between the sizes.
double factor_of(const std::vector<SizeOnHardware> &sizes, double params) {
  std::size_t i = 0;
  while (i + 2 < sizes.size() && params > sizes[i + 1].params)
    ++i;
  const SizeOnHardware &a = sizes[i];
  const SizeOnHardware &b = sizes[i + 1];
  const double share = std::log(params / a.params) / std::log(b.params / a.params);
  return std::exp(std::lerp(std::log(a.factor), std::log(b.factor), share));
}

/// Numbers of GPUs to try: those given, or whole nodes, two to the power of n and three halves of
/// it, just below and just above what spends the budget within the deadline.
std::vector<std::int64_t> gpu_counts(const HardwareQuestion &question) {
  const std::int64_t node = std::max<std::int64_t>(1, question.cluster.node.gpus_per_node);
  if (question.count_is_given)
    return {question.cluster.gpus};
  GpuTime most = question.budget.gpu_time.value_or(GpuTime{});
  if (question.budget.money)
    most = *question.budget.money / gpu_time_price(question.plan.price);
  const double wanted = (most / question.budget.deadline.value_or(90.0 * day)).in(gpu);
  std::vector<std::int64_t> counts;
  std::optional<std::int64_t> below;
  for (std::int64_t power = 1; power * node < 4'000'000; power *= 2)
    for (const std::int64_t count : {power * node, 3 * power / 2 * node}) {
      if (power < 2 && count != power * node)
        continue;
      if (static_cast<double>(count) <= wanted) {
        below = count;
      } else if (counts.empty()) {
        counts.push_back(count);
      }
    }
  if (below)
    counts.insert(counts.begin(), *below);
  return counts;
}

/// What may be spent on so many GPUs, in the budget's unit: the deadline holds too.
double budget_on(const HardwareQuestion &question, std::int64_t gpus) {
  const auto count = static_cast<double>(gpus) * gpu;
  const GpuPrice price = gpu_time_price(question.plan.price);
  double budget = HUGE_VAL;
  if (question.budget.money)
    budget = question.budget.money->in(usd);
  if (question.budget.gpu_time)
    budget = std::min(budget, counts_money(question) ? (*question.budget.gpu_time * price).in(usd)
                                                     : question.budget.gpu_time->in(gpu * second));
  if (question.budget.deadline) {
    const GpuTime whole = count * *question.budget.deadline;
    budget =
        std::min(budget, counts_money(question) ? (whole * price).in(usd) : whole.in(gpu * second));
  }
  return budget;
}

struct Guess {
  double params = 0;
  TokenCount tokens;
};

/// N and D by FLOPs alone, with a usual utilisation. `active_share`: of N, what a token uses.
std::optional<Guess> guess(const HardwareQuestion &question, double budget, double active_share) {
  BudgetProblem flops = question.law;
  flops.cost = flop_cost(active_share, question.serving.tokens);
  const GpuTime time = counts_money(question) ? budget * usd / gpu_time_price(question.plan.price)
                                              : budget * gpu * second;
  const FlopRate peak = usable_peak(question.cluster.device, question.plan.training.precision)
                            .value_or(1e14 * flop / second);
  const auto split = question.target_loss
                         ? cheapest_split(flops, *question.target_loss)
                         : best_split(flops, guessed_mfu * (peak * (time / gpu)).in(flop));
  if (!split)
    return std::nullopt;
  return Guess{split->params, split->tokens};
}

std::optional<HardwareAnswer> answer_on(const ScalingLaw &law, const HardwareQuestion &question,
                                        std::int64_t gpus) {
  const double budget = budget_on(question, gpus);
  const Estimate family = estimate(question.plan, question.cluster);
  const double base = law_params(law, family.parameters);
  const auto first = guess(question, budget, family.parameters.active / base);
  if (!first)
    return std::nullopt;
  HardwareAnswer answer;
  std::vector<SizeOnHardware> &sizes = answer.sizes;
  for (int step = -doublings; step <= doublings; ++step) {
    const double factor = std::ldexp(first->params / base, step);
    if (auto size = size_on(law, question, factor, gpus, first->tokens))
      if (sizes.empty() || size->params > sizes.back().params)
        sizes.push_back(std::move(*size));
  }
  // What the law asks for may be more than these GPUs hold: the largest that they do, then.
  for (int further = 1; sizes.size() < 2 && further <= most_further_sizes; ++further)
    if (auto size = size_on(law, question, std::ldexp(first->params / base, -doublings - further),
                            gpus, first->tokens))
      if (sizes.empty() || size->params < sizes.front().params)
        sizes.insert(sizes.begin(), std::move(*size));
  if (sizes.size() < 2)
    return std::nullopt;
  BudgetProblem allocation = question.law;
  std::optional<AllocationAnswer> split;
  // A guess that is far off, as with few dollars for small models that leave a GPU idle, has the
  // optimum at an end: go on until half and twice the size are among the sizes. No optimum at all
  // may wait for larger models.
  bool may_shrink = !question.law.params;
  bool may_grow = !question.law.params;
  for (int further = 0;; ++further) {
    allocation.cost = interpolated(question, sizes);
    allocation.least_params = sizes.front().params;
    allocation.most_params = sizes.back().params;
    allocation.bends.clear();
    for (std::size_t i = 1; i + 1 < sizes.size(); ++i)
      allocation.bends.push_back(sizes[i].params);
    split = allocate(law, allocation,
                     question.target_loss ? AllocationGoal{.loss = question.target_loss}
                                          : AllocationGoal{.budget = budget});
    const bool shrink = may_shrink && split && split->best.params < 2 * sizes.front().params;
    const bool grow = may_grow && (!split || 2 * split->best.params > sizes.back().params);
    if (!(shrink || grow) || further == most_further_sizes)
      break;
    const double factor = shrink ? sizes.front().factor / 2 : sizes.back().factor * 2;
    auto size = size_on(law, question, factor, gpus, first->tokens);
    const bool differs =
        size && (shrink ? size->params < sizes.front().params : size->params > sizes.back().params);
    if (differs)
      sizes.insert(shrink ? sizes.begin() : sizes.end(), std::move(*size));
    else
      (shrink ? may_shrink : may_grow) = false;
  }
  if (!split || split->best.cost > budget * (1 + 1e-9))
    return std::nullopt;
  answer.split = *split;
  answer.at_the_edge =
      !question.law.params && (split->best.params < sizes.front().params * next_to ||
                               split->best.params * next_to > sizes.back().params);

  const auto chosen =
      size_on(law, question, factor_of(sizes, split->best.params), gpus, split->best.tokens);
  if (!chosen)
    return std::nullopt;
  answer.chosen = *chosen;
  answer.gpus = gpus;
  LawPoint point = question.law.point;
  point.params = chosen->params;
  if (question.target_loss) {
    BudgetProblem fixed = allocation;
    fixed.params = chosen->params;
    const auto exact = cheapest_split(fixed, *question.target_loss);
    if (!exact)
      return std::nullopt;
    answer.tokens = exact->tokens;
  } else {
    answer.tokens =
        (budget - serving_cost(question, *chosen)) / training_cost(question, *chosen) * token;
    if (question.law.most_tokens)
      answer.tokens = std::min(answer.tokens, *question.law.most_tokens);
  }
  if (answer.tokens <= 0.0 * token)
    return std::nullopt;
  point.tokens = answer.tokens;
  answer.loss = loss(question.law.form, point);
  const auto run = laid_out(question, chosen->decoder, gpus, answer.tokens);
  if (!run)
    return std::nullopt;
  answer.estimate = run->estimate;
  answer.duration = run->estimate.run->time.wall_clock;
  answer.training_time = run->estimate.run->time.held;
  answer.training_cost = run->estimate.run->total_cost;
  answer.serving_time = chosen->served;
  answer.serving_cost = chosen->served_for;
  return answer;
}

} // namespace

Decoder scaled_decoder(const Decoder &base, double factor) {
  Decoder decoder = base;
  const double width = static_cast<double>(base.hidden) * std::cbrt(factor);
  const auto grown = [&](std::int64_t of_base, double growth, std::int64_t multiple) {
    return of_base == 0 ? 0 : rounded_to(static_cast<double>(of_base) * growth, multiple);
  };
  if (base.heads * base.head_dim == base.hidden) {
    // Whole heads; from 32 of them on, numbers of heads that eight tensor-parallel ranks share.
    const bool wide = width >= 32 * static_cast<double>(base.head_dim);
    decoder.hidden = rounded_to(width, (wide ? 8 : 2) * base.head_dim);
    decoder.heads = decoder.hidden / base.head_dim;
  } else { // the heads together are wider or narrower than the stream, and stay so
    decoder.hidden = rounded_to(width, 128);
    const double heads = static_cast<double>(base.heads) * width / static_cast<double>(base.hidden);
    decoder.heads = rounded_to(heads, heads >= 32 ? 8 : 2);
  }
  decoder.kv_heads =
      base.kv_heads == base.heads ? decoder.heads : std::gcd(decoder.heads, base.kv_heads);
  const double growth = static_cast<double>(decoder.hidden) / static_cast<double>(base.hidden);
  decoder.ffn_hidden = grown(base.ffn_hidden, growth, 256);
  // What the width's steps leave goes into the depth.
  const double depth = static_cast<double>(base.layers) * factor / (growth * growth);
  decoder.layers = rounded_to(depth, depth >= 16 ? 4 : 1);
  if (decoder.experts) {
    decoder.experts->hidden = grown(base.experts->hidden, growth, 64);
    decoder.experts->shared_hidden = grown(base.experts->shared_hidden, growth, 64);
    decoder.experts->dense_first = std::min(base.experts->dense_first, decoder.layers - 1);
  }
  return decoder;
}

double params_read(const Decoder &decoder, const ParameterCounts &counts, double sequences) {
  const double idle = counts.total - counts.active;
  if (!decoder.experts || !(idle > 0))
    return counts.active;
  const double used =
      static_cast<double>(decoder.experts->per_token) / static_cast<double>(decoder.experts->count);
  const double routed = idle / (1 - used);
  // An expert is left alone by all of them with the chance (1 - used)^sequences.
  return counts.active + routed * (1 - used - std::pow(1 - used, sequences));
}

GpuTime serving_time_per_token(const Device &device, NumberFormat format, const Decoder &decoder,
                               const ParameterCounts &counts, const Serving &serving) {
  const FlopRate peak = usable_peak(device, format).value_or(1e14 * flop / second);
  const FlopCount work = 2 * counts.active * flop;
  const Seconds prompt = work / (serving.compute_efficiency * peak);
  const auto kept =
      static_cast<double>(decoder.latent_attention ? decoder.latent_attention->kv_lora_rank +
                                                         decoder.latent_attention->qk_rope_head_dim
                                                   : 2 * decoder.kv_heads * decoder.head_dim);
  const double cached = static_cast<double>(decoder.layers) * kept * serving.context;
  const double weights = params_read(decoder, counts, serving.batch) / serving.batch;
  const Bytes read = served_bytes * (weights + cached) * byte;
  const Seconds written =
      std::max(prompt, read / (serving.memory_efficiency * device.memory_bandwidth));
  return (serving.prompt_share * prompt + (1 - serving.prompt_share) * written) * gpu;
}

std::optional<HardwareAnswer> allocate_on_hardware(const ScalingLaw &law,
                                                   const HardwareQuestion &asked) {
  HardwareQuestion question = asked;
  question.law.point = completed(
      asked.law.point, decoder_point(asked.plan.model.decoder, asked.plan.training.precision));
  std::optional<HardwareAnswer> best;
  const auto consider = [&](std::int64_t gpus) {
    auto answer = answer_on(law, question, gpus);
    if (!answer)
      return;
    const bool better =
        !best || (question.target_loss ? answer->split.best.cost < best->split.best.cost
                                       : answer->loss < best->loss);
    if (better)
      best = std::move(answer);
  };
  std::int64_t most = 0;
  for (const std::int64_t gpus : gpu_counts(question)) {
    consider(gpus);
    most = std::max(most, gpus);
  }
  // A model that these cannot hold wants more of them, for a shorter time.
  const auto wants_more = [&] {
    return !best ||
           (best->at_the_edge && best->split.best.params > best->sizes.front().params * next_to);
  };
  for (int doubling = 0; !question.count_is_given && doubling < most_doublings && wants_more();
       ++doubling)
    consider(most *= 2);
  return best;
}

} // namespace flopcast
