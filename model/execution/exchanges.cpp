// SPDX-License-Identifier: Apache-2.0
#include "model/execution/exchanges.hpp"

#include <algorithm>
#include <cmath>

namespace flopcast {
namespace {

/// What an exchange costs a step that works beside it. `alone` of it has nothing beside it. The
/// rest begins with the work and takes a share of the multiprocessors as long as it lasts, so the
/// work is done late by that share of it.
Seconds exposed_time(Seconds exchange, Seconds alone, Seconds work, double slowdown) {
  const Seconds beside = exchange - alone;
  return alone + std::max(beside - work, (1 - 1 / slowdown) * beside);
}

/// The same where the last micro-batch's work comes in chunks. Each chunk's exchange may take as
/// long as the next one waits for its last micro-batch; the last chunk has its own work alone.
Seconds exposed_of_chunks(Seconds exchange, Seconds alone, double rounds, const HidingWork &hiding,
                          double slowdown) {
  const Seconds work = rounds / hiding.chunks * hiding.work;
  const Seconds beside = exchange - alone;
  const Seconds until_last = (hiding.chunks - 1) * hiding.apart * work;
  return alone + std::max({beside / hiding.chunks - work, beside - until_last - work,
                           (1 - 1 / slowdown) * beside});
}

/// Ranks of hybrid sharding: weights are gathered among `sharers` neighbours, gradients then
/// reduced over the groups of them.
RankGroup sharing_group(const RankGroup &group, const Parallelism &parallelism) {
  if (!parallelism.shard_group || *parallelism.shard_group >= group.size)
    return group;
  return {*parallelism.shard_group, group.stride};
}

/// Of the residual stream among tensor-parallel ranks.
Seconds residual_collective(Collective collective, const Parallelism &parallelism,
                            const Training &training, Bytes residual, const Cluster &cluster) {
  const Software &software = training.software;
  return software.exchange_overhead +
         software.tensor_exchange *
             collective_time(collective, residual, parallelism.tensor_group(), cluster);
}

/// What a part of the gradients and weights takes, whatever runs beside it.
struct GradientTime {
  Seconds each;       ///< of a micro-batch that exchanges
  Seconds once;       ///< a step
  Seconds each_alone; ///< of it, what nothing runs beside
  Seconds once_alone;
  double slowdown = 1; ///< of what runs beside it
};

void add(GradientTime &sum, const GradientTime &part) {
  sum.each += part.each;
  sum.once += part.once;
  sum.each_alone += part.each_alone;
  sum.once_alone += part.once_alone;
  sum.slowdown = std::max(sum.slowdown, part.slowdown);
}

GradientTime gradient_time(const SummedParameters &parameters, const Parallelism &parallelism,
                           const Training &training, double alone, const Cluster &cluster) {
  using namespace units;
  const RankGroup &group = parameters.group;
  const Bytes gradients = parameters.count * exchanged_gradient_bytes(training) * byte;
  const Bytes weights = parameters.count * exchanged_weight_bytes(training) * byte;
  const RankGroup sharers = sharing_group(group, parallelism);
  const auto time = [&](Collective collective, Bytes data, const RankGroup &over) {
    return training.software.gradient_exchange * collective_time(collective, data, over, cluster);
  };
  GradientTime result;
  result.slowdown = overlap_slowdown(group, cluster);
  // Between groups of hybrid sharding each rank reduces its part of the gradients, once a step.
  if (sharers.size < group.size)
    result.once = time(Collective::all_reduce, gradients / static_cast<double>(sharers.size),
                       {group.size / sharers.size, group.stride * sharers.size});
  if (parallelism.zero_stage >= 3) {
    result.each = 2.0 * time(Collective::all_gather, weights, sharers) +
                  time(Collective::reduce_scatter, gradients, sharers);
  } else {
    // In buckets: each pays its own start, and the last one alone has nothing to hide behind.
    const std::optional<double> buckets = gradient_buckets(training, gradients);
    const auto in_buckets = [&](Collective collective, Bytes data) {
      return buckets ? *buckets * time(collective, data / *buckets, sharers)
                     : time(collective, data, sharers);
    };
    if (buckets)
      alone = 1 / *buckets;
    if (parallelism.zero_stage == 0) {
      result.each = in_buckets(Collective::all_reduce, gradients);
    } else {
      result.each = in_buckets(Collective::reduce_scatter, gradients);
      result.once += in_buckets(Collective::all_gather, weights);
    }
  }
  result.each_alone = alone * result.each;
  result.once_alone = alone * result.once;
  return result;
}

} // namespace

Seconds tensor_exchange(const Parallelism &parallelism, const Training &training, Bytes residual,
                        const Cluster &cluster) {
  if (parallelism.tensor_parallel <= 1)
    return {};
  const Software &software = training.software;
  const auto time = [&](Collective collective) {
    return residual_collective(collective, parallelism, training, residual, cluster);
  };
  const Seconds whole = parallelism.sequence_parallel
                            ? time(Collective::all_gather) + time(Collective::reduce_scatter)
                            : time(Collective::all_reduce);
  if (parallelism.tensor_overlap == TensorOverlap::tiles)
    return whole; // what hides is the tiles' affair
  return (1 - software.hidden_tensor_exchange) * whole;
}

TensorExchangeTime tensor_exchanges(double count, Seconds weight_gradients,
                                    const Parallelism &parallelism, const Training &training,
                                    Bytes residual, const Cluster &cluster) {
  const Seconds all = count * tensor_exchange(parallelism, training, residual, cluster);
  const double share = training.software.hidden_gradient_sums;
  if (share <= 0 || all <= Seconds{} || splits_backward(parallelism.schedule))
    return {all, all};
  const Collective sum =
      parallelism.sequence_parallel ? Collective::reduce_scatter : Collective::all_reduce;
  const Seconds beside =
      share * count * residual_collective(sum, parallelism, training, residual, cluster);
  const double slowdown = overlap_slowdown(parallelism.tensor_group(), cluster);
  return {all, all - beside + exposed_time(beside, {}, weight_gradients, slowdown)};
}

Seconds context_exchange(const Parallelism &parallelism, Bytes key_values, Bytes queries,
                         Seconds attention, const Cluster &cluster) {
  const RankGroup group = parallelism.context_group();
  if (group.size <= 1)
    return {};
  const auto ranks = static_cast<double>(group.size);
  switch (parallelism.context_exchange) {
  case ContextExchange::ring:
    break;
  case ContextExchange::all_gather: {
    // Gathered before the attention; their gradients are scattered after it.
    const Seconds gather =
        collective_time(Collective::all_gather, ranks * key_values, group, cluster);
    const Seconds scatter =
        collective_time(Collective::reduce_scatter, ranks * key_values, group, cluster);
    return 2.0 * gather + scatter;
  }
  case ContextExchange::all_to_all:
    // Queries, keys and values there, the result back; backward the same with gradients.
    return 2.0 * (collective_time(Collective::all_to_all, queries + key_values, group, cluster) +
                  collective_time(Collective::all_to_all, queries, group, cluster));
  }
  const Seconds one_way = (ranks - 1) * collective_time(Collective::point_to_point, key_values,
                                                        parallelism.context_neighbours(), cluster);
  // Backward sends keys, values and their gradients, behind attention that takes over twice as
  // long.
  const double slowdown = overlap_slowdown(parallelism.context_neighbours(), cluster);
  return exposed_time(one_way, {}, attention, slowdown) +
         exposed_time(2.0 * one_way, {}, 2.0 * attention, slowdown);
}

Seconds stage_message(const Parallelism &parallelism, const Training &training, Bytes boundary,
                      const Cluster &cluster) {
  const Software &software = training.software;
  const RankGroup holders = parallelism.tensor_group();
  // Sequence parallelism leaves each rank its own part anyway.
  const double scattered =
      holders.size > 1 && !parallelism.sequence_parallel ? software.scattered_messages : 0;
  const double sent = 1 - scattered + scattered / static_cast<double>(holders.size);
  Seconds time =
      software.message_overhead +
      software.stage_exchange * collective_time(Collective::point_to_point, sent * boundary,
                                                parallelism.stage_neighbours(), cluster);
  if (scattered > 0)
    time += software.tensor_exchange *
            collective_time(Collective::all_gather, scattered * boundary, holders, cluster);
  return time;
}

double hidden_messages(const Parallelism &parallelism, const Training &training) {
  return parallelism.virtual_pipeline > 1 && alternates(parallelism.schedule)
             ? training.software.hidden_messages
             : 0;
}

Seconds expert_exchange(const Parallelism &parallelism, const Training &training,
                        const ExpertExchange &exchange, const Cluster &cluster) {
  Seconds time;
  if (parallelism.expert_parallel > 1)
    time += collective_time(Collective::all_to_all, exchange.dispatched, parallelism.expert_group(),
                            cluster);
  if (parallelism.expert_tensor() > 1 && exchange.gathered > Bytes{})
    time += collective_time(Collective::all_gather, exchange.gathered,
                            parallelism.expert_tensor_group(), cluster);
  const Software &software = training.software;
  return (1 - software.hidden_expert_exchange) * software.expert_exchange * time;
}

Seconds exposed_expert_exchange(Seconds all, Seconds work, const Parallelism &parallelism,
                                double micro_batches, const Cluster &cluster) {
  if (parallelism.expert_overlap == ExpertOverlap::none)
    return all;
  const auto p = static_cast<double>(parallelism.pipeline_parallel);
  const auto v = static_cast<double>(parallelism.virtual_pipeline);
  // Chunks that an inner stage does forward before its first backward one.
  const double filling = p > 1 ? (p - 1 + (v - 1) * p + 1) / v : 1;
  const double paired = std::max(1 - filling / micro_batches, 0.0);
  return (1 - paired) * all +
         paired *
             exposed_time(all, {}, work, overlap_slowdown(parallelism.expert_group(), cluster));
}

Seconds gradient_exchange(std::span<const SummedParameters> parameters,
                          const Parallelism &parallelism, const Training &training,
                          const HidingWork &hiding, double micro_batches, const Cluster &cluster) {
  GradientTime sum;
  for (const SummedParameters &part : parameters)
    if (part.group.size > 1 && part.count > 0)
      add(sum, gradient_time(part, parallelism, training, hiding.alone, cluster));
  const bool whole_weights = parallelism.zero_stage < 3;
  // ZeRO-2 keeps only a share of the gradients, so that every micro-batch scatters them.
  const double rounds = parallelism.zero_stage >= 2 ? micro_batches : 1;
  if (!training.overlap_gradient_exchange)
    return rounds * sum.each + sum.once;
  // Hidden behind the backward pass of the last micro-batch, or of all where all exchange.
  if (whole_weights)
    return exposed_of_chunks(rounds * sum.each + sum.once, rounds * sum.each_alone + sum.once_alone,
                             rounds, hiding, sum.slowdown);
  return rounds * exposed_time(sum.each, sum.each_alone, hiding.work, sum.slowdown) +
         exposed_time(sum.once, sum.once_alone, hiding.work, sum.slowdown);
}

std::optional<double> gradient_buckets(const Training &training, Bytes gradients) {
  if (!training.gradient_bucket)
    return std::nullopt;
  return std::max(1.0, std::ceil(gradients / *training.gradient_bucket));
}

} // namespace flopcast
