// SPDX-License-Identifier: Apache-2.0
// The algorithms on graphs. What follows from the structure alone is in closed_forms.cpp.
#include "hardware/topology/paths.hpp"

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/dijkstra_shortest_paths.hpp>
#include <boost/graph/push_relabel_max_flow.hpp>

#include <algorithm>
#include <cassert>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

namespace flopcast {
namespace {

constexpr auto byte_per_second = Bandwidth::from_base(1);

/// Latency in seconds, and cables where that is equal.
using Cost = std::pair<double, std::int64_t>;
struct Edge {
  double width = 0; ///< B/s
  Cost cost;
};
using Graph =
    boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS, boost::no_property, Edge>;

/// The links of a path from `from` to `to` that are at least so wide. What does not relay can only
/// be an end.
Graph passable(const NetworkGraph &network, std::size_t from, std::size_t to, double least) {
  Graph graph(network.vertices.size());
  const auto usable = [&](std::size_t vertex) {
    return network.vertices[vertex].relays || vertex == from || vertex == to;
  };
  for (const NetworkLink &link : network.links) {
    const double width = link.bandwidth.in(byte_per_second);
    if (width >= least && usable(link.from) && usable(link.to))
      boost::add_edge(link.from, link.to,
                      Edge{width, {link.latency.in(units::second), link.cables}}, graph);
  }
  return graph;
}

double widest_bandwidth(const NetworkGraph &network, std::size_t from, std::size_t to) {
  const Graph graph = passable(network, from, to, 0);
  std::vector<double> widths(network.vertices.size());
  boost::dijkstra_shortest_paths(
      graph, from,
      boost::weight_map(boost::get(&Edge::width, graph))
          .distance_map(boost::make_iterator_property_map(widths.begin(),
                                                          boost::get(boost::vertex_index, graph)))
          .distance_compare(std::greater<>())
          .distance_combine([](double a, double b) { return std::min(a, b); })
          .distance_inf(0.0)
          .distance_zero(std::numeric_limits<double>::infinity()));
  return widths[to];
}

using DirectedTraits = boost::adjacency_list_traits<boost::vecS, boost::vecS, boost::directedS>;
struct Arc {
  std::int64_t capacity = 0;
  std::int64_t residual = 0;
  DirectedTraits::edge_descriptor reverse{};
};
using FlowGraph =
    boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, boost::no_property, Arc>;

/// An arc and the empty one back that push-relabel wants. Two directions are two such pairs: it
/// takes an arc with a capacity for one that needs no flow returned.
void add_arc(FlowGraph &graph, std::size_t from, std::size_t to, std::int64_t capacity) {
  const auto there = boost::add_edge(from, to, Arc{capacity, 0, {}}, graph).first;
  const auto back = boost::add_edge(to, from, Arc{}, graph).first;
  graph[there].reverse = back;
  graph[back].reverse = there;
}

} // namespace

std::optional<NetworkPath> widest_path(const NetworkGraph &network, std::size_t from,
                                       std::size_t to) {
  assert(from != to);
  const double width = widest_bandwidth(network, from, to);
  if (!(width > 0))
    return std::nullopt;

  const Graph graph = passable(network, from, to, width);
  std::vector<Cost> costs(network.vertices.size());
  boost::dijkstra_shortest_paths(graph, from,
                                 boost::weight_map(boost::get(&Edge::cost, graph))
                                     .distance_map(boost::make_iterator_property_map(
                                         costs.begin(), boost::get(boost::vertex_index, graph)))
                                     .distance_compare(std::less<>())
                                     .distance_combine([](const Cost &a, const Cost &b) {
                                       return Cost{a.first + b.first, a.second + b.second};
                                     })
                                     .distance_inf(Cost{std::numeric_limits<double>::infinity(), 0})
                                     .distance_zero(Cost{}));
  const auto [latency, cables] = costs[to];
  return NetworkPath{width * byte_per_second,
                     latency * units::second + network.vertices[from].latency +
                         network.vertices[to].latency,
                     cables};
}

Bandwidth most_flow(const NetworkGraph &network, std::span<const std::size_t> sources,
                    std::span<const std::size_t> sinks) {
  Bandwidth total;
  for (const NetworkLink &link : network.links)
    total += link.bandwidth;
  if (!(total > Bandwidth{}))
    return {};
  // Push-relabel must see whole numbers, since rounding in its excesses need not end. All links
  // together are 2^60 units, which leaves room for sums.
  const Bandwidth unit = total / static_cast<double>(std::int64_t{1} << 60);
  const std::size_t source = network.vertices.size();
  const std::size_t sink = source + 1;
  FlowGraph graph(network.vertices.size() + 2);
  // No vertex sends more than its links carry; without that bound, the sum over all would overflow.
  std::vector<std::int64_t> carried(network.vertices.size());
  for (const NetworkLink &link : network.links) {
    const auto capacity = static_cast<std::int64_t>(link.bandwidth.in(unit));
    add_arc(graph, link.from, link.to, capacity);
    add_arc(graph, link.to, link.from, capacity);
    carried[link.from] += capacity;
    carried[link.to] += capacity;
  }
  for (const std::size_t vertex : sources)
    add_arc(graph, source, vertex, carried[vertex]);
  for (const std::size_t vertex : sinks)
    add_arc(graph, vertex, sink, carried[vertex]);
  const std::int64_t flow =
      boost::push_relabel_max_flow(graph, source, sink,
                                   boost::capacity_map(boost::get(&Arc::capacity, graph))
                                       .residual_capacity_map(boost::get(&Arc::residual, graph))
                                       .reverse_edge_map(boost::get(&Arc::reverse, graph))
                                       .vertex_index_map(boost::get(boost::vertex_index, graph)));
  return static_cast<double>(flow) * unit;
}

} // namespace flopcast
