// SPDX-License-Identifier: Apache-2.0
#include "hardware/link_calibration.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <set>
#include <tuple>

namespace flopcast {
namespace {

/// Fewer samples cannot tell the nine numbers of two protocols.
constexpr std::size_t least_samples = 20;

LinkLevel level_of(const CollectiveSample &sample) {
  return sample.ranks > sample.ranks_per_node ? LinkLevel::scale_out : LinkLevel::scale_up;
}

LinkModel up_model(const Calibration &calibration) {
  return calibration.scale_up_links.value_or(default_link_model(calibration.scale_up_efficiency));
}

LinkModel out_model(const Calibration &calibration) {
  return calibration.scale_out_links.value_or(default_link_model(calibration.scale_out_efficiency));
}

// NCCL's own table (2.27, src/graph/tuning.cc) for a ring over NVLink on Ampere: base latencies of
// 8.4 us simple and 6.6 us low latency, 3.4 and 0.6 us a hand-over; low latency at most 87.7 GB/s,
// 12 NVLinks of 20 GB/s simple. Recalled from its source, and seen in the tables: 1 to 2 MiB double
// the time on 2 and 4 GPUs, not on 8. Hopper's tables show no such step.
constexpr ProtocolChoice ampere_choice{.start = 1.8 * units::microsecond,
                                       .step = 2.8 * units::microsecond,
                                       .low_latency = 87.7 * units::gigabyte / units::second,
                                       .simple = 240.0 * units::gigabyte / units::second};

using KindKey = std::pair<LinkLevel, Collective>;

std::map<KindKey, std::vector<CollectiveSample>>
by_kind(const std::vector<CollectiveSample> &samples) {
  std::map<KindKey, std::vector<CollectiveSample>> kinds;
  for (const CollectiveSample &sample : samples)
    kinds[{level_of(sample), sample.collective}].push_back(sample);
  return kinds;
}

std::vector<CollectiveSample> part_of(const std::vector<CollectiveSample> &samples,
                                      bool held_back) {
  std::vector<CollectiveSample> part;
  std::ranges::copy_if(samples, std::back_inserter(part), [&](const CollectiveSample &sample) {
    return is_held_back_size(sample) == held_back;
  });
  return part;
}

struct Links {
  LinkModel up;
  LinkModel out;
};

/// Of samples with data in [from, to).
ErrorSummary errors_between(const Links &links, const Node &node,
                            const std::vector<CollectiveSample> &samples, Bytes from, Bytes to) {
  std::vector<double> errors;
  for (const CollectiveSample &sample : samples)
    if (sample.data >= from && sample.data < to)
      errors.push_back(predicted_time(links.up, links.out, sample, node) / sample.time - 1);
  return summarize(std::move(errors));
}

constexpr Bytes endless = std::numeric_limits<double>::infinity() * units::byte;

struct SizeClass {
  const char *name;
  Bytes from;
  Bytes to;
};

constexpr std::array size_classes{
    SizeClass{"below 1 MiB", Bytes{}, judged_from_data},
    SizeClass{"1 to 16 MiB", judged_from_data, 16.0 * units::mebibyte},
    SizeClass{"16 to 128 MiB", 16.0 * units::mebibyte, 128.0 * units::mebibyte},
    SizeClass{"from 128 MiB", 128.0 * units::mebibyte, endless},
    SizeClass{"all from 1 MiB", judged_from_data, endless},
};

} // namespace

ScaleUpLinks scale_up_links(const Node &node, const Device &device) {
  const std::string &topology = node.scale_up_topology;
  const auto says = [&](const char *words) { return topology.find(words) != std::string::npos; };
  const bool switched = (says("NVSwitch") && !says("no NVSwitch")) || says("switch trays");
  constexpr std::array<std::string_view, 3> summing{"Hopper", "Blackwell", "Blackwell Ultra"};
  return {.bandwidth = node.scale_up_bandwidth,
          .switched = switched,
          .in_switch_reduction =
              switched && std::ranges::find(summing, device.architecture) != summing.end(),
          .choice = switched && device.architecture == "Ampere" ? std::optional(ampere_choice)
                                                                : std::nullopt};
}

bool alike(const ScaleUpLinks &a, const ScaleUpLinks &b) {
  return a.switched && b.switched && a.in_switch_reduction == b.in_switch_reduction;
}

bool drop_foreign_links(Calibration &calibration, const Device &device, const Node &node,
                        const std::optional<Node> &usual) {
  if (!calibration.scale_up_links ||
      (usual && alike(scale_up_links(node, device), scale_up_links(*usual, device))))
    return false;
  calibration.scale_up_links.reset();
  return true;
}

Calibration fit_links(const Calibration &base, const MeasuredLinks &measured,
                      const std::vector<CollectiveSample> &samples) {
  Calibration calibration = base;
  calibration.link_errors.clear();
  const auto kinds = by_kind(samples);
  std::set<KindKey> fitted;
  std::vector<CollectiveSample> seen;
  for (const auto &[key, all] : kinds) {
    const std::vector<CollectiveSample> part = part_of(all, false);
    if (part.size() < least_samples || (key.first == LinkLevel::scale_out && !measured.network))
      continue;
    fitted.insert(key);
    seen.insert(seen.end(), part.begin(), part.end());
  }
  const auto has = [&](LinkLevel level) {
    return std::ranges::any_of(fitted, [&](const KindKey &key) { return key.first == level; });
  };
  if (has(LinkLevel::scale_up))
    calibration.scale_up_links = fit_scale_up(seen, measured.up);
  const LinkModel up = up_model(calibration);
  if (has(LinkLevel::scale_out))
    calibration.scale_out_links = fit_scale_out(seen, up, measured.node);
  const Links links{up, out_model(calibration)};
  for (const KindKey &key : fitted) {
    const auto errors = [&](bool held_back) {
      return errors_between(links, measured.node, part_of(kinds.at(key), held_back),
                            judged_from_data, endless);
    };
    calibration.link_errors.push_back({.level = key.first,
                                       .collective = key.second,
                                       .fitted = errors(false),
                                       .held_back = errors(true)});
  }
  return calibration;
}

std::vector<LinkValidationRow> validate_links(const Calibration &calibration, const Node &node,
                                              const std::vector<CollectiveSample> &samples) {
  const Links links{up_model(calibration), out_model(calibration)};
  std::vector<LinkValidationRow> rows;
  for (const auto &[key, all] : by_kind(part_of(samples, true)))
    for (const SizeClass &size : size_classes)
      if (const ErrorSummary errors = errors_between(links, node, all, size.from, size.to);
          errors.samples > 0)
        rows.push_back({key.first, key.second, size.name, errors});
  return rows;
}

} // namespace flopcast
