// SPDX-License-Identifier: Apache-2.0
#include "profiler/measuring/collective_runs.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <sstream>

namespace flopcast {
namespace {

constexpr std::int64_t least_bytes = 4096;
constexpr std::int64_t most_bytes = std::int64_t{1} << 30;
constexpr int warm_up_runs = 3; // the first builds channels, the second fills caches

// As an enumerator of Collective is spelled: this file is built without the readers of presets.
constexpr std::array<const char *, collective_count> names{
    "all_reduce", "all_gather", "reduce_scatter", "all_to_all", "broadcast", "point_to_point"};

std::vector<std::int64_t> group_sizes(std::int64_t devices) {
  std::vector<std::int64_t> sizes;
  for (std::int64_t n = 2; n < devices; n *= 2)
    sizes.push_back(n);
  if (devices > 1)
    sizes.push_back(devices);
  return sizes;
}

/// A field of a table: without what separates fields.
std::string field(std::string text) {
  for (char &c : text)
    if (c == ',' || c == '"' || c == '\n' || c == '\r')
      c = ' ';
  return text;
}

} // namespace

std::vector<PlannedCollective> collective_plan(std::int64_t devices, Bytes most_data) {
  std::vector<PlannedCollective> plan;
  const auto most = std::min(most_bytes, static_cast<std::int64_t>(most_data.in(units::byte)));
  for (std::int64_t bytes = least_bytes; bytes <= most; bytes *= 2)
    for (const std::int64_t ranks : group_sizes(devices))
      for (std::size_t kind = 0; kind < collective_count; ++kind) {
        const auto collective = static_cast<Collective>(kind);
        if (collective == Collective::point_to_point && ranks != 2)
          continue;
        plan.push_back({.collective = collective,
                        .data = static_cast<double>(bytes) * units::byte,
                        .ranks = ranks,
                        .ranks_per_node = ranks,
                        .time = {}});
      }
  return plan;
}

CollectiveSample measure_collective(CollectiveRunner &runner, const PlannedCollective &planned,
                                    const StopRule &rule) {
  const auto bytes = static_cast<std::int64_t>(planned.data.in(units::byte));
  const auto run = [&] { return runner.run(planned.collective, planned.ranks, bytes); };
  for (int i = 0; i < warm_up_runs; ++i)
    (void)run();
  std::vector<double> times;
  const auto start = std::chrono::steady_clock::now();
  const auto spent = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() *
           units::second;
  };
  while (!enough(rule, times, spent()))
    times.push_back(run());
  CollectiveSample measured = planned;
  measured.time = median(std::move(times)) * units::second;
  return measured;
}

std::string collective_head() {
  return "device,software,collective,bytes,ranks,ranks_per_node,seconds\n";
}

std::string collective_key(const CollectiveRunner &runner, const CollectiveSample &sample) {
  std::ostringstream row;
  row << field(runner.device()) << ',' << field(runner.software()) << ','
      << names[static_cast<std::size_t>(sample.collective)] << ','
      << std::llround(sample.data.in(units::byte)) << ',' << sample.ranks << ','
      << sample.ranks_per_node;
  return row.str();
}

std::string collective_row(const CollectiveRunner &runner, const CollectiveSample &sample) {
  std::ostringstream row;
  row.precision(9);
  row << collective_key(runner, sample) << ',' << sample.time.in(units::second);
  return row.str();
}

} // namespace flopcast
