// SPDX-License-Identifier: Apache-2.0
#include "hardware/collectives.hpp"

#include "hardware/topology/placement.hpp"
#include "hardware/topology/structure_graph.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace flopcast {
namespace {

constexpr auto no_bound = Bandwidth::from_base(std::numeric_limits<double>::infinity());

/// The links that a group runs over, per rank and direction, as the datasheets and the fabric say.
struct GroupLinks {
  std::int64_t inside = 1; ///< ranks in one domain; on a torus those that it joins
  Bandwidth up;
  Seconds up_latency;
  Bandwidth nic;
  Seconds out_latency;         ///< between domains, through one switch
  Seconds farther;             ///< what the farthest neighbours pay besides, for the switches above
  Bandwidth uplink = no_bound; ///< of the switches above, for the ranks of one domain together
  Bandwidth exchange = no_bound; ///< the same for one rank in an all-to-all
};

GroupLinks links_of(const RankGroup &group, const Node &node) {
  return {.inside = ranks_per_domain(group, node),
          .up = node.scale_up_bandwidth,
          .up_latency = node.scale_up_latency,
          .nic = node.scale_out_bandwidth.value_or(Bandwidth{}),
          .out_latency = node.scale_out_latency,
          .farther = {}};
}

GroupLinks links_of(const RankGroup &group, const Cluster &cluster) {
  GroupLinks links = links_of(group, cluster.node);
  const auto path = fabric_path(group, cluster);
  if (!path)
    return links;
  links.up = path->within;
  if (cluster.fabric->kind == FabricKind::torus) {
    links.inside = path->ranks_per_domain;
    if (path->domains == 1)
      links.up_latency = path->latency;
    return links;
  }
  links.nic = injection_bandwidth(*cluster.fabric, cluster.node);
  links.farther = path->latency - links.out_latency;
  links.uplink = path->uplink.value_or(no_bound);
  links.exchange = path->exchange.value_or(no_bound);
  return links;
}

/// A group that reaches over several domains.
struct Crossing {
  std::int64_t ranks;
  std::int64_t inside; ///< ranks in each domain
  std::int64_t domains;
  std::int64_t levels; ///< of a binary tree over the domains
  Bandwidth up;        ///< fast links of a rank that lead to others in its domain
  Bandwidth out;       ///< share of the NICs of one rank
  Bandwidth uplink;    ///< what the switches leave the ranks of one domain together
  Seconds latency;     ///< that is paid besides start and steps
};

/// Latency of the network, paid once for each level of a binary tree over the domains.
Seconds network_latency(const LinkModel &out, const GroupLinks &links, std::int64_t levels) {
  return static_cast<double>(levels) * (out.datasheet_latency * links.out_latency + links.farther);
}

Crossing crossing(const LinkModel &up, const LinkModel &out, std::int64_t ranks,
                  const GroupLinks &links) {
  Crossing c{};
  c.ranks = ranks;
  c.inside = links.inside;
  c.domains = (ranks + links.inside - 1) / links.inside;
  c.levels = static_cast<std::int64_t>(std::bit_width(static_cast<std::uint64_t>(c.domains - 1)));
  c.up = usable_links(up, links.inside) * links.up;
  c.out = links.nic;
  c.uplink = links.uplink;
  c.latency = (links.inside > 1 ? up.datasheet_latency * links.up_latency : Seconds{}) +
              network_latency(out, links, c.levels);
  return c;
}

/// Network bandwidth of the ranks of one domain together.
Bandwidth domain_out(const CollectiveModel &out, const Crossing &c) {
  return std::min(std::pow(static_cast<double>(c.inside), out.nic_sharing) * c.out, c.uplink);
}

Seconds transfer(Bytes wire, Bandwidth bandwidth) {
  return wire == Bytes{} ? Seconds{} : wire / bandwidth;
}

Seconds ring_across(const CollectiveModel &up, const CollectiveModel &out, Collective collective,
                    Bytes data, const Crossing &c) {
  const auto n = static_cast<double>(c.ranks);
  const bool uses_up = c.inside > 1;
  // Of the hand-overs of a ring as many cross as there are domains, less one.
  const double laps = collective == Collective::all_reduce ? 2 : 1;
  const bool one_message = collective == Collective::point_to_point;
  const double steps_out = one_message ? 1 : laps * static_cast<double>(c.domains - 1);
  const double steps_up = one_message ? 0 : laps * static_cast<double>(c.ranks - c.domains);
  const auto through = [&](Bandwidth up_rate, Bandwidth out_rate, bool filling) {
    const auto time = [&](const CollectiveModel &m, Bandwidth rate) {
      const Seconds alone = transfer(ring_share(collective, n, m.local_copy) * data, rate);
      return filling ? filled_transfer(alone, m.fill, m.fill_exponent) : alone;
    };
    const Seconds network = time(out, out_rate);
    return uses_up ? std::max(network, time(up, up_rate)) : network;
  };
  // One kernel does it all: its launch is paid once.
  const Seconds start = uses_up ? std::max(up.start, out.start) : out.start;
  const Seconds simple = start + steps_up * up.step + steps_out * out.step +
                         through(c.up * up.efficiency, domain_out(out, c) * out.efficiency, true);
  if (out.low_latency_efficiency <= 0 || (uses_up && up.low_latency_efficiency <= 0))
    return simple;
  const Seconds early =
      uses_up ? std::max(up.low_latency_start, out.low_latency_start) : out.low_latency_start;
  return faster_protocol(simple,
                         early + steps_up * up.low_latency_step + steps_out * out.low_latency_step +
                             through(c.up * up.low_latency_efficiency,
                                     domain_out(out, c) * out.low_latency_efficiency, false));
}

/// NCCL's double binary tree: all the data go up and come down; a chain inside the domain, or the
/// switch's reduction.
Seconds tree_across(const CollectiveModel &up, const LinkModel &out_model, Bytes data,
                    const Crossing &c) {
  const CollectiveModel &out = out_model.of(Collective::all_reduce);
  const bool uses_up = c.inside > 1;
  const double steps = 2 * static_cast<double>(c.levels);
  const Seconds network = filled_transfer(
      transfer(2.0 * data, domain_out(out, c) * (out.efficiency * out_model.tree_efficiency)),
      out.fill, out.fill_exponent);
  if (!uses_up)
    return out.start + steps * out.step + network;
  const Seconds start = std::max(up.start, out.start) + steps * out.step;
  const Seconds chain =
      start + static_cast<double>(2 * (c.inside - 1)) * up.step +
      std::max(network, filled_transfer(transfer(2.0 * data, c.up * up.efficiency), up.fill,
                                        up.fill_exponent));
  if (up.in_switch_efficiency <= 0)
    return chain;
  const Seconds in_switch =
      std::max(up.in_switch_start, out.start) + steps * out.step +
      std::max(network, filled_transfer(transfer(data, c.up * up.in_switch_efficiency),
                                        up.in_switch_fill, up.fill_exponent));
  return std::min(chain, in_switch);
}

} // namespace

std::int64_t ranks_per_domain(const RankGroup &group, const Node &node) {
  const std::int64_t fitting = node.scale_up_domain / std::max<std::int64_t>(group.stride, 1);
  return std::clamp<std::int64_t>(fitting, 1, std::max<std::int64_t>(group.size, 1));
}

namespace {

/// Calls use(up, out) with the models that the cluster's links follow. An estimate asks ten times:
/// no model is copied, and none made that is not looked at.
template <class Use> auto with_link_models(const Cluster &cluster, bool crosses, const Use &use) {
  const Calibration &calibration = cluster.calibration;
  const auto over = [&](const LinkModel &up) {
    if (!crosses)
      return use(up, up);
    return calibration.scale_out_links
               ? use(up, *calibration.scale_out_links)
               : use(up, default_link_model(calibration.scale_out_efficiency));
  };
  return calibration.scale_up_links ? over(*calibration.scale_up_links)
                                    : over(default_link_model(calibration.scale_up_efficiency));
}

Seconds time_over(const LinkModel &up, const LinkModel &out, Collective collective, Bytes data,
                  std::int64_t ranks, const GroupLinks &links) {
  const std::int64_t inside = links.inside;
  const auto within = [&](Collective what) {
    return domain_collective_time(up, what, data, inside, links.up, links.up_latency);
  };
  if (inside >= ranks)
    return within(collective);
  Crossing c = crossing(up, out, ranks, links);
  const CollectiveModel &m = out.of(collective);
  const auto n = static_cast<double>(ranks);
  if (collective == Collective::all_to_all) {
    c.uplink = static_cast<double>(inside) * links.exchange;
    const auto remote = static_cast<double>(ranks - inside);
    const Bytes wire = (remote + m.local_copy) / n * data;
    const Seconds between = c.latency + m.start + remote * m.step +
                            filled_transfer(transfer(static_cast<double>(inside) * wire,
                                                     domain_out(m, c) * m.efficiency),
                                            m.fill, m.fill_exponent);
    return std::max(between, within(collective));
  }
  Seconds fastest = ring_across(up.of(collective), m, collective, data, c);
  if (collective == Collective::all_reduce && out.tree_efficiency > 0)
    fastest = std::min(fastest, tree_across(up.of(collective), out, data, c));
  fastest += c.latency;
  if (out.hierarchical && inside > 1) {
    // Each rank's part of what its domain holds goes round the same ranks of the other domains.
    const auto between = [&](Collective what) {
      Crossing one = c;
      one.ranks = c.domains;
      one.inside = 1;
      one.out = domain_out(out.of(what), c) / static_cast<double>(inside);
      return network_latency(out, links, c.levels) +
             ring_across(up.of(what), out.of(what), what, data / static_cast<double>(inside), one);
    };
    if (collective == Collective::all_reduce)
      fastest =
          std::min(fastest, within(Collective::reduce_scatter) + between(Collective::all_reduce) +
                                within(Collective::all_gather));
    else if (collective == Collective::all_gather || collective == Collective::reduce_scatter)
      fastest = std::min(fastest, within(collective) + between(collective));
  }
  return std::max(fastest, within(collective));
}

} // namespace

Bandwidth ring_bandwidth(Collective collective, const RankGroup &group, const Cluster &cluster) {
  const GroupLinks links = links_of(group, cluster);
  const bool crosses = links.inside < group.size;
  return with_link_models(cluster, crosses, [&](const LinkModel &up, const LinkModel &out) {
    const Crossing c = crossing(up, out, group.size, links);
    const Bandwidth inside = c.up * up.of(collective).efficiency;
    if (!crosses)
      return inside;
    const CollectiveModel &m = out.of(collective);
    const Bandwidth between = domain_out(m, c) * m.efficiency;
    return links.inside == 1 ? between : std::min(inside, between);
  });
}

Seconds link_collective_time(const LinkModel &up, const LinkModel &out, Collective collective,
                             Bytes data, const RankGroup &group, const Node &node) {
  if (group.size <= 1)
    return Seconds{};
  return time_over(up, out, collective, data, group.size, links_of(group, node));
}

Seconds shared_collective_time(const LinkModel &up, const LinkModel &out, Collective collective,
                               Bytes data, const RankGroup &group, const Node &node,
                               std::int64_t at_once) {
  const bool crosses = ranks_per_domain(group, node) < group.size;
  const double contention = crosses ? out.contention : up.contention;
  const double others = static_cast<double>(std::max<std::int64_t>(at_once, 1) - 1);
  return link_collective_time(up, out, collective, (1 + contention * others) * data, group, node);
}

Seconds collective_time(Collective collective, Bytes data, const RankGroup &group,
                        const Cluster &cluster) {
  if (group.size <= 1)
    return Seconds{};
  const GroupLinks links = links_of(group, cluster);
  return with_link_models(cluster, links.inside < group.size,
                          [&](const LinkModel &up, const LinkModel &out) {
                            return time_over(up, out, collective, data, group.size, links);
                          });
}

double overlap_slowdown(const RankGroup &group, const Cluster &cluster) {
  if (cluster.device.form_factor == "TPU")
    return 1;
  const bool crosses = ranks_per_domain(group, cluster.node) < group.size;
  return with_link_models(cluster, crosses, [&](const LinkModel &up, const LinkModel &out) {
    return compute_slowdown(crosses ? out : up);
  });
}

} // namespace flopcast
