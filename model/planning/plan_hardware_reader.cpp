// SPDX-License-Identifier: Apache-2.0
#include "hardware/link_calibration.hpp"
#include "hardware/preset_fields.hpp"
#include "hardware/presets/load.hpp"
#include "hardware/topology/fabric_fit.hpp"
#include "hardware/units/text.hpp"
#include "model/planning/plan_fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace flopcast {
namespace {

using namespace units;

void read_calibration_choice(PlanReading &reading, TableReader &table,
                             const std::optional<std::string> &name) {
  Cluster &cluster = reading.run.cluster;
  if (name) {
    if (auto calibration = load_named(table, "calibration",
                                      [&] { return load_calibration(reading.catalog, *name); }))
      cluster.calibration = std::move(*calibration);
    return;
  }
  if (table.has("calibration") || cluster.device.id.empty())
    return;
  if (auto calibration = load_named(
          table, "gpu", [&] { return usual_calibration(reading.catalog, cluster.device); }))
    cluster.calibration = std::move(*calibration);
  const Calibration &found = cluster.calibration;
  if (!found.transferred_to.empty())
    reading.log.assumed(
        "hardware.calibration", found.id,
        fmt::format("no kernels of {} were measured: those of its nearest relative, "
                    "scaled by the datasheets",
                    cluster.device.name));
  else if (!found.device.empty())
    reading.log.defaulted("hardware.calibration", found.id,
                          "kernels measured on this GPU; classes that were not have one stated "
                          "efficiency each");
  else
    reading.log.defaulted("hardware.calibration", found.id,
                          "no measured kernels: one stated efficiency a class of operators");
}

void drop_foreign_links(PlanReading &reading) {
  Cluster &cluster = reading.run.cluster;
  if (!cluster.device.id.empty() &&
      drop_foreign_links(cluster.calibration, cluster.device, cluster.node,
                         usual_node(reading.catalog, cluster.device)))
    reading.log.assumed("hardware.node", cluster.node.id,
                        "its links are not those that were measured: a ring at the default share "
                        "of their bandwidth");
}

/// A preset's table with the plan's keys over it.
InputValue overlaid(InputValue preset, const InputTable &plan) {
  auto &table = std::get<InputTable>(preset.data);
  for (const auto &[key, value] : plan) {
    InputValue &under = table[key];
    const auto *inner = std::get_if<InputTable>(&value.data);
    if (inner != nullptr && std::holds_alternative<InputTable>(under.data))
      under = overlaid(under, *inner);
    else
      under = value;
  }
  return preset;
}

/// A fabric written out in the plan, or a preset with changes.
std::optional<Fabric> read_fabric_table(PlanReading &reading, TableReader table,
                                        const InputValue &written) {
  const auto preset = table.text("preset");
  if (!preset)
    return table.has("preset") ? std::nullopt : std::optional(read_own_fabric(std::move(table)));
  const auto base =
      load_named(table, "preset", [&] { return load_fabric(reading.catalog, *preset); });
  if (!base)
    return std::nullopt;
  InputTable changes = std::get<InputTable>(written.data);
  changes.erase("preset");
  const InputValue merged = overlaid(reading.catalog.load("fabrics", base->id), changes);
  Fabric fabric = read_own_fabric(TableReader(merged, "hardware.fabric", reading.diagnostics));
  fabric.id = base->id;
  if (changes.empty())
    return fabric;
  reading.run.overridden.emplace_back("hardware.fabric");
  if (!changes.contains("name"))
    fabric.name += " (changed)";
  return fabric;
}

/// Ids of the presets that could join the cluster, for a remedy.
std::vector<std::string> fitting_fabrics(const PlanReading &reading) {
  const Cluster &cluster = reading.run.cluster;
  std::vector<std::string> fitting;
  for (const std::string &id : reading.catalog.ids("fabrics"))
    if (misfit(load_fabric(reading.catalog, id), cluster.node, cluster.gpus).empty())
      fitting.push_back(id);
  return fitting;
}

void read_fabric_choice(PlanReading &reading, TableReader &table) {
  const InputValue *written = table.value("fabric");
  if (written == nullptr)
    return;
  Cluster &cluster = reading.run.cluster;
  const std::size_t problems = reading.diagnostics.size();
  if (std::holds_alternative<InputTable>(written->data))
    cluster.fabric = read_fabric_table(reading, table.table("fabric"), *written);
  else if (const auto name = table.text("fabric"))
    cluster.fabric =
        load_named(table, "fabric", [&] { return load_fabric(reading.catalog, *name); });
  if (!cluster.fabric || reading.diagnostics.size() > problems)
    return; // what is broken itself fits nothing
  if (const std::string why = misfit(*cluster.fabric, cluster.node, cluster.gpus); !why.empty()) {
    const std::vector<std::string> fitting = fitting_fabrics(reading);
    table.report("fabric", fmt::format("{} {}; {}", cluster.fabric->name, why,
                                       fitting.empty() ? "leave it out, or write one out that fits"
                                                       : fmt::format("those that fit: {}",
                                                                     fmt::join(fitting, ", "))));
  }
  for (const std::string &caveat : cluster.fabric->caveats)
    reading.log.assumed("hardware.fabric", cluster.fabric->name, caveat);
}

/// Where the node's preset knows no NIC.
void assume_network(PlanReading &reading) {
  Cluster &cluster = reading.run.cluster;
  if (cluster.fabric && cluster.fabric->link_bandwidth > Bandwidth{}) {
    cluster.node.scale_out_bandwidth = cluster.fabric->link_bandwidth;
    reading.log.assumed("hardware.scale_out_bandwidth",
                        human_text(*cluster.node.scale_out_bandwidth),
                        "the NICs of these nodes are not known: as fast as the fabric's ports");
    return;
  }
  // 100 Gb/s for a node of eight: what one Ethernet port gives.
  cluster.node.scale_out_bandwidth = 12.5 * gigabyte / second / 8.0;
  reading.log.assumed("hardware.scale_out_bandwidth", human_text(*cluster.node.scale_out_bandwidth),
                      "the network between these nodes is not known: one 100 Gb/s port for 8 GPUs");
}

} // namespace

void read_hardware(PlanReading &reading, TableReader table) {
  Cluster &cluster = reading.run.cluster;
  const auto gpu_name = table.text("gpu");
  const auto node_name = table.text("node");
  const auto count = table.integer("count", 1, 100'000'000);
  const auto nodes = table.integer("nodes", 1, 100'000'000);
  const auto calibration_name = table.text("calibration");

  std::optional<Node> node;
  if (node_name)
    node = load_named(table, "node", [&] { return load_node(reading.catalog, *node_name); });
  std::optional<Device> device;
  if (gpu_name)
    device = load_named(table, "gpu", [&] { return load_device(reading.catalog, *gpu_name); });
  else if (node)
    device = load_named(table, "node", [&] { return load_device(reading.catalog, node->gpu); });
  else if (!table.has("gpu") && !table.has("node"))
    table.report_missing("gpu", R"(a GPU such as "h100", or node, such as "dgx-h100")");
  if (device && node && node->gpu != device->id)
    table.report("gpu", fmt::format("{} is not what the node {} holds: {}", device->id, node->id,
                                    node->gpu));
  if (device && !node && !table.has("node")) {
    node = usual_node(reading.catalog, *device);
    if (node) {
      reading.log.defaulted("hardware.node", node->id, "the usual node of this GPU");
    } else {
      node = node_of_links(*device);
      reading.log.defaulted("hardware.node", "8 GPUs on the device's own links",
                            "no node preset holds this GPU");
    }
  }

  if (count && nodes)
    table.report("count", "counts GPUs and hardware.nodes nodes; give one of them");
  if (count)
    cluster.gpus = *count;
  else if (nodes && node)
    cluster.gpus = *nodes * node->gpus_per_node;
  else if (!table.has("count") && !table.has("nodes"))
    table.report_missing("count", "the number of GPUs");

  const auto up = table.quantity("scale_up_bandwidth", sane::least_bandwidth, sane::most_bandwidth);
  const auto out =
      table.quantity("scale_out_bandwidth", sane::least_bandwidth, sane::most_bandwidth);
  const auto domain = table.integer("scale_up_domain", 1, 1'000'000);
  const auto memory = table.quantity("memory_capacity", sane::least_bytes, sane::most_bytes);
  const auto host_link =
      table.quantity("host_link_bandwidth", sane::least_bandwidth, sane::most_bandwidth);
  const auto host_memory = table.quantity("host_memory", sane::least_bytes, sane::most_bytes);
  const auto host_bandwidth =
      table.quantity("host_memory_bandwidth", sane::least_bandwidth, sane::most_bandwidth);
  for (const std::string_view key :
       {"scale_up_bandwidth", "scale_out_bandwidth", "scale_up_domain", "memory_capacity",
        "host_link_bandwidth", "host_memory", "host_memory_bandwidth"})
    if (table.has(key))
      reading.run.overridden.push_back(table.full_key(key));
  if (node) {
    node->scale_up_bandwidth = up.value_or(node->scale_up_bandwidth);
    node->scale_up_domain = domain.value_or(node->scale_up_domain);
    if (out)
      node->scale_out_bandwidth = out;
    if (host_memory)
      node->host_memory = host_memory;
    if (host_bandwidth)
      node->host_memory_bandwidth = host_bandwidth;
    cluster.node = std::move(*node);
    read_fabric_choice(reading, table);
    if (cluster.gpus > cluster.node.scale_up_domain && !cluster.node.scale_out_bandwidth)
      assume_network(reading);
  } else {
    (void)table.value("fabric"); // what it is to fit is missing, and reported
  }
  if (device) {
    cluster.device = std::move(*device);
    if (memory)
      cluster.device.memory_capacity = *memory;
    if (host_link)
      cluster.device.host_link_bandwidth = host_link;
    for (const std::string &caveat : cluster.device.caveats)
      reading.log.assumed("hardware.gpu", cluster.device.id, caveat);
  }
  read_calibration_choice(reading, table, calibration_name);
  if (table.has("node"))
    drop_foreign_links(reading);
  table.finish();
}

} // namespace flopcast
