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

/// Ranks of hybrid sharding: weights are gathered among `sharers` neighbours, gradients then
/// reduced over the groups of them.
RankGroup sharing_group(const RankGroup &group, const Parallelism &parallelism) {
  if (!parallelism.shard_group || *parallelism.shard_group >= group.size)
    return group;
  return {*parallelism.shard_group, group.stride};
}

} // namespace

namespace {

/// Of the residual stream among tensor-parallel ranks.
Seconds residual_collective(Collective collective, const Parallelism &parallelism,
                            const Training &training, Bytes residual, const Cluster &cluster) {
  const Software &software = training.software;
  return software.exchange_overhead +
         software.tensor_exchange *
             collective_time(collective, residual, parallelism.tensor_group(), cluster);
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

Seconds gradient_exchange(double parameters, const RankGroup &group, const Parallelism &parallelism,
                          const Training &training, const HidingWork &hiding, double micro_batches,
                          const Cluster &cluster) {
  using namespace units;
  if (group.size <= 1 || parameters <= 0)
    return {};
  const Bytes gradients = parameters * exchanged_gradient_bytes(training) * byte;
  const Bytes weights = parameters * exchanged_weight_bytes(training) * byte;
  const RankGroup sharers = sharing_group(group, parallelism);
  const auto time = [&](Collective collective, Bytes data, const RankGroup &over) {
    return training.software.gradient_exchange * collective_time(collective, data, over, cluster);
  };
  // Between groups of hybrid sharding each rank reduces its part of the gradients, once a step.
  Seconds between;
  if (sharers.size < group.size)
    between = time(Collective::all_reduce, gradients / static_cast<double>(sharers.size),
                   {group.size / sharers.size, group.stride * sharers.size});
  const double slowdown = overlap_slowdown(group, cluster);
  if (parallelism.zero_stage >= 3) {
    const Seconds each = 2.0 * time(Collective::all_gather, weights, sharers) +
                         time(Collective::reduce_scatter, gradients, sharers);
    if (!training.overlap_gradient_exchange)
      return micro_batches * each + between;
    return micro_batches * exposed_time(each, hiding.alone * each, hiding.work, slowdown) +
           exposed_time(between, hiding.alone * between, hiding.work, slowdown);
  }
  // In buckets: each pays its own start, and the last one alone has nothing to hide behind.
  const std::optional<double> buckets = gradient_buckets(training, gradients);
  const auto in_buckets = [&](Collective collective, Bytes data) {
    return buckets ? *buckets * time(collective, data / *buckets, sharers)
                   : time(collective, data, sharers);
  };
  // ZeRO-2 keeps only a share of the gradients, so that every micro-batch scatters them.
  const double scatters = parallelism.zero_stage == 2 ? micro_batches : 1.0;
  const Seconds whole = parallelism.zero_stage == 0
                            ? in_buckets(Collective::all_reduce, gradients)
                            : scatters * in_buckets(Collective::reduce_scatter, gradients) +
                                  in_buckets(Collective::all_gather, weights);
  if (!training.overlap_gradient_exchange)
    return whole + between;
  // Hidden behind the backward pass of the last micro-batch, or of all where all scatter.
  const double alone = buckets ? 1 / *buckets : hiding.alone;
  return exposed_time(whole + between, alone * (whole + between), scatters * hiding.work, slowdown);
}

std::optional<double> gradient_buckets(const Training &training, Bytes gradients) {
  if (!training.gradient_bucket)
    return std::nullopt;
  return std::max(1.0, std::ceil(gradients / *training.gradient_bucket));
}

} // namespace flopcast
