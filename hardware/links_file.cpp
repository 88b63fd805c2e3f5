// SPDX-License-Identifier: Apache-2.0
#include "hardware/links_file.hpp"

#include "hardware/error_summary_file.hpp"
#include "hardware/preset_fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace flopcast {
namespace {

using namespace units;

// A link slower than this share of its datasheet is a broken measurement; nothing divides by zero.
constexpr double least_share = 1e-6;
// Of a rank count against the most that were measured: wired GPUs differ by two or three.
constexpr double most_link_share = 10;
constexpr double most_contention = 100;
// compute_slowdown() is 1 / (1 - share).
constexpr double most_multiprocessor_share = 0.99;
constexpr std::size_t most_link_shares = 1024;

Seconds required_time(TableReader &table, std::string_view key) {
  return required_quantity(table, key, 0.0 * second, sane::most_latency);
}

CollectiveModel read_collective(TableReader &table) {
  CollectiveModel model;
  model.efficiency = required_number(table, "efficiency", least_share, 1);
  model.start = required_time(table, "start");
  model.step = required_time(table, "step");
  model.local_copy = required_number(table, "local_copy", 0, 1);
  model.fill = required_time(table, "fill");
  model.fill_exponent = required_number(table, "fill_exponent", 0, 1);
  model.nic_sharing = table.number("nic_sharing", 0, 1).value_or(1);
  if (table.has("low_latency_efficiency")) {
    model.low_latency_efficiency = required_number(table, "low_latency_efficiency", least_share, 1);
    model.low_latency_start = required_time(table, "low_latency_start");
    model.low_latency_step = required_time(table, "low_latency_step");
  }
  if (table.has("in_switch_efficiency")) {
    model.in_switch_efficiency = required_number(table, "in_switch_efficiency", least_share, 1);
    model.in_switch_start = required_time(table, "in_switch_start");
    model.in_switch_fill = required_time(table, "in_switch_fill");
  }
  const auto samples = table.integer("samples", 0, 1'000'000'000);
  if (!samples && !table.has("samples"))
    table.report_missing("samples", "how many it was fitted to, 0 where it is taken from another");
  if (samples == 0)
    return model; // and no range
  model.samples = samples.value_or(0);
  model.most_ranks = table.integer("most_ranks", 2, 1'000'000'000).value_or(0);
  if (!table.has("most_ranks"))
    table.report_missing("most_ranks", "the most ranks of the samples");
  model.measured_from = required_quantity(table, "measured_from", 0.0 * byte, sane::most_bytes);
  model.measured_to = required_quantity(table, "measured_to", 0.0 * byte, sane::most_bytes);
  if (model.measured_from > model.measured_to && table.has("measured_to"))
    table.report("measured_to", "is below measured_from");
  return model;
}

LinkModel read_link(TableReader table, LinkLevel level, std::vector<LinkErrors> &errors) {
  LinkModel model;
  model.datasheet_latency = required_number(table, "datasheet_latency", 0, 1);
  model.tree_efficiency = required_number(table, "tree_efficiency", 0, 1);
  model.hierarchical = table.flag("hierarchical").value_or(false);
  model.contention = required_number(table, "contention", 0, most_contention);
  model.multiprocessor_share =
      required_number(table, "multiprocessor_share", 0, most_multiprocessor_share);
  model.link_share = table.numbers("link_share", 0.001, most_link_share);
  if (model.link_share.size() > most_link_shares)
    table.report("link_share", fmt::format("expected at most {} numbers, one for each number of "
                                           "ranks, got {}",
                                           most_link_shares, model.link_share.size()));
  if (table.has("choice")) {
    TableReader choice = table.table("choice");
    const auto bandwidth = [&](std::string_view key) {
      return required_quantity(choice, key, sane::least_bandwidth, sane::most_bandwidth);
    };
    model.choice = {.start = required_time(choice, "start"),
                    .step = required_time(choice, "step"),
                    .low_latency = bandwidth("low_latency"),
                    .simple = bandwidth("simple")};
    if (model.choice->low_latency >= model.choice->simple) {
      choice.report("low_latency", "must be below simple: else it would always be chosen");
      model.choice.reset();
    }
    choice.finish();
  }
  for (const auto &[name, collective] : collective_names()) {
    if (!table.has(name)) {
      table.report_missing(name, "a table for each kind of collective");
      continue;
    }
    TableReader entry = table.table(name);
    model.of(collective) = read_collective(entry);
    if (entry.has("fitted") || entry.has("held_back"))
      errors.push_back({.level = level,
                        .collective = collective,
                        .fitted = read_errors(entry.table("fitted")),
                        .held_back = read_errors(entry.table("held_back"))});
    entry.finish();
  }
  table.finish();
  return model;
}

std::string time_text(Seconds time) {
  return fmt::format("{:.6g} us", std::min(time, sane::most_latency).in(microsecond));
}

/// In the largest unit that leaves a whole number.
std::string data_text(Bytes data) {
  constexpr std::array<std::pair<const char *, Bytes>, 4> larger{{
      {"TiB", 1024.0 * gibibyte},
      {"GiB", 1.0 * gibibyte},
      {"MiB", 1.0 * mebibyte},
      {"KiB", 1024.0 * byte},
  }};
  for (const auto &[unit, size] : larger)
    if (data >= size && std::fmod(data / size, 1.0) == 0)
      return fmt::format("{:.0f} {}", data / size, unit);
  return fmt::format("{:.0f} B", data.in(byte));
}

double share(double value) { return std::clamp(value, least_share, 1.0); }

std::string collective_text(const std::string &table, const CollectiveModel &model) {
  std::string text = fmt::format("\n[{}]\n", table);
  const auto number = [&](const char *key, double value) {
    text += fmt::format("{} = {:.6g}\n", key, value);
  };
  const auto quantity = [&](const char *key, const std::string &value) {
    text += fmt::format("{} = \"{}\"\n", key, value);
  };
  number("efficiency", share(model.efficiency));
  quantity("start", time_text(model.start));
  quantity("step", time_text(model.step));
  number("local_copy", model.local_copy);
  quantity("fill", time_text(model.fill));
  number("fill_exponent", model.fill_exponent);
  if (model.nic_sharing < 1)
    number("nic_sharing", model.nic_sharing);
  if (model.low_latency_efficiency > 0) {
    number("low_latency_efficiency", share(model.low_latency_efficiency));
    quantity("low_latency_start", time_text(model.low_latency_start));
    quantity("low_latency_step", time_text(model.low_latency_step));
  }
  if (model.in_switch_efficiency > 0) {
    number("in_switch_efficiency", share(model.in_switch_efficiency));
    quantity("in_switch_start", time_text(model.in_switch_start));
    quantity("in_switch_fill", time_text(model.in_switch_fill));
  }
  text += fmt::format("samples = {}\n", model.samples);
  if (model.samples > 0) {
    text += fmt::format("most_ranks = {}\n", model.most_ranks);
    quantity("measured_from", data_text(model.measured_from));
    quantity("measured_to", data_text(model.measured_to));
  }
  return text;
}

std::string link_text(LinkLevel level, const LinkModel &model,
                      const std::vector<LinkErrors> &errors) {
  const std::string table = fmt::format("links.{}", to_text(level));
  std::string text =
      fmt::format("\n[{}]\ndatasheet_latency = {:.6g}\ntree_efficiency = {:.6g}\n"
                  "hierarchical = {}\ncontention = {:.6g}\nmultiprocessor_share = {:.6g}\n",
                  table, model.datasheet_latency, model.tree_efficiency, model.hierarchical,
                  model.contention, model.multiprocessor_share);
  if (!model.link_share.empty()) {
    std::vector<std::string> shares;
    shares.reserve(model.link_share.size());
    for (const double one : model.link_share)
      shares.push_back(fmt::format("{:.6g}", std::clamp(one, 0.001, most_link_share)));
    text += fmt::format("link_share = [{}]\n", fmt::join(shares, ", "));
  }
  if (model.choice) {
    const auto rate = [](Bandwidth bandwidth) { return bandwidth.in(gigabyte / second); };
    text += fmt::format("\n[{}.choice]\nstart = \"{}\"\nstep = \"{}\"\nlow_latency = \"{:.6g} "
                        "GB/s\"\nsimple = \"{:.6g} GB/s\"\n",
                        table, time_text(model.choice->start), time_text(model.choice->step),
                        rate(model.choice->low_latency), rate(model.choice->simple));
  }
  for (const auto &[name, collective] : collective_names()) {
    const std::string own = fmt::format("{}.{}", table, name);
    text += collective_text(own, model.of(collective));
    for (const LinkErrors &known : errors)
      if (known.level == level && known.collective == collective)
        text += errors_text(own + ".fitted", known.fitted) +
                errors_text(own + ".held_back", known.held_back);
  }
  return text;
}

} // namespace

void read_links(TableReader table, Calibration &calibration) {
  const auto read = [&](LinkLevel level, std::optional<LinkModel> &model) {
    const std::string_view name = to_text(level);
    if (!table.has(name))
      return;
    std::erase_if(calibration.link_errors, [&](const LinkErrors &e) { return e.level == level; });
    model = read_link(table.table(name), level, calibration.link_errors);
  };
  read(LinkLevel::scale_up, calibration.scale_up_links);
  read(LinkLevel::scale_out, calibration.scale_out_links);
  table.finish();
}

std::string links_text(const Calibration &calibration) {
  std::string text;
  if (calibration.scale_up_links)
    text += link_text(LinkLevel::scale_up, *calibration.scale_up_links, calibration.link_errors);
  if (calibration.scale_out_links)
    text += link_text(LinkLevel::scale_out, *calibration.scale_out_links, calibration.link_errors);
  return text;
}

} // namespace flopcast
