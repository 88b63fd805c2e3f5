// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/link_model.hpp"

#include <algorithm>
#include <cmath>

namespace flopcast {
namespace {

constexpr std::array<Spelled<Collective>, collective_count> names{{
    {"all_reduce", Collective::all_reduce},
    {"all_gather", Collective::all_gather},
    {"reduce_scatter", Collective::reduce_scatter},
    {"all_to_all", Collective::all_to_all},
    {"broadcast", Collective::broadcast},
    {"point_to_point", Collective::point_to_point},
}};

/// Kinds that are rings of the library's own making; the rest are messages between pairs.
bool chooses_protocol(Collective collective) {
  return collective == Collective::all_reduce || collective == Collective::all_gather ||
         collective == Collective::reduce_scatter;
}

} // namespace

std::span<const Spelled<Collective>> collective_names() { return names; }

std::string_view to_text(Collective collective) {
  return names[static_cast<std::size_t>(collective)].first;
}

LinkModel default_link_model(double bandwidth_efficiency) {
  LinkModel model;
  model.datasheet_latency = 1;
  for (CollectiveModel &collective : model.collectives)
    collective.efficiency = bandwidth_efficiency;
  return model;
}

double ring_share(Collective collective, double ranks, double local_copy) {
  switch (collective) {
  case Collective::all_reduce:
    return 2 * ((ranks - 1 + local_copy) / ranks);
  case Collective::all_gather:
  case Collective::reduce_scatter:
  case Collective::all_to_all:
    return (ranks - 1 + local_copy) / ranks;
  case Collective::broadcast:
  case Collective::point_to_point:
    break;
  }
  return 1;
}

double ring_steps(Collective collective, double ranks) {
  if (collective == Collective::point_to_point)
    return 1;
  return (collective == Collective::all_reduce ? 2 : 1) * (ranks - 1);
}

double usable_links(const LinkModel &model, std::int64_t ranks) {
  if (model.link_share.empty())
    return 1;
  const auto last = static_cast<std::int64_t>(model.link_share.size()) - 1;
  return model.link_share[static_cast<std::size_t>(std::clamp<std::int64_t>(ranks - 2, 0, last))];
}

Seconds filled_transfer(Seconds transfer, Seconds fill, double exponent) {
  const double alone = transfer.in(units::second);
  const double filling = fill.in(units::second);
  if (filling <= 0)
    return transfer;
  return (alone + std::pow(filling, exponent) * std::pow(alone, 1 - exponent)) * units::second;
}

Bytes simple_protocol_from(const ProtocolChoice &choice, Collective collective,
                           std::int64_t ranks) {
  const auto n = static_cast<double>(ranks);
  const Seconds later = choice.start + ring_steps(collective, n) * choice.step;
  const double gained = 1 - choice.low_latency / choice.simple;
  return later * choice.low_latency / (ring_share(collective, n, 0) * gained);
}

Seconds faster_protocol(Seconds a, Seconds b) {
  // (a^-8 + b^-8)^(-1/8): a lower power blurs the choice over more than the octave or two in which
  // NCCL's tables show it; where both are equal 2^(-1/8) = 0.917 remains.
  constexpr double sharpness = 8;
  const auto [fast, slow] = std::minmax(a, b);
  if (slow <= Seconds{} || std::isinf(slow.in(units::second)))
    return fast;
  return std::pow(1 + std::pow(fast / slow, sharpness), -1 / sharpness) * fast;
}

Seconds domain_collective_time(const LinkModel &model, Collective collective, Bytes data,
                               std::int64_t ranks, Bandwidth bandwidth, Seconds latency) {
  if (ranks <= 1)
    return Seconds{};
  const CollectiveModel &m = model.of(collective);
  const auto n = static_cast<double>(ranks);
  const double steps = ring_steps(collective, n);
  const Bandwidth links = usable_links(model, ranks) * bandwidth;
  const Bytes wire = ring_share(collective, n, m.local_copy) * data;
  const Seconds datasheet = model.datasheet_latency * latency;

  Seconds fastest = m.start + steps * m.step +
                    filled_transfer(wire / (links * m.efficiency), m.fill, m.fill_exponent);
  if (m.low_latency_efficiency > 0) {
    const auto low_latency = [&](Bytes of) {
      return m.low_latency_start + steps * m.low_latency_step +
             ring_share(collective, n, m.local_copy) * of / (links * m.low_latency_efficiency);
    };
    if (model.choice && chooses_protocol(collective)) {
      const Bytes from = simple_protocol_from(*model.choice, collective, ranks);
      // From there on no less than just before: more data never take less time.
      fastest = data < from ? low_latency(data) : std::max(fastest, low_latency(from));
    } else {
      fastest = faster_protocol(fastest, low_latency(data));
    }
  }
  if (m.in_switch_efficiency > 0)
    fastest = std::min(fastest,
                       m.in_switch_start + filled_transfer(data / (links * m.in_switch_efficiency),
                                                           m.in_switch_fill, m.fill_exponent));
  return datasheet + fastest;
}

double compute_slowdown(const LinkModel &model) { return 1 / (1 - model.multiprocessor_share); }

} // namespace flopcast
