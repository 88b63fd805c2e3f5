// SPDX-License-Identifier: Apache-2.0
#include "model/validation/run_machine.hpp"

#include "hardware/link_calibration.hpp"
#include "hardware/preset_fields.hpp"
#include "hardware/presets/load.hpp"
#include "hardware/units/text.hpp"
#include "model/validation/text_match.hpp"

#include <fmt/format.h>

#include <regex>

namespace flopcast {
namespace {

using namespace units;

constexpr auto gigabit_per_second = 0.125 * gigabyte / second;

// A domain above this is a rack or a pod: gpus_per_node then counts the GPUs of a tray.
constexpr std::int64_t largest_server = 16;

std::string gpu_family(const Device &device) {
  if (device.architecture == "Volta")
    return "V100";
  if (device.architecture.starts_with("Blackwell"))
    return "Blackwell";
  if (device.id.starts_with("a100") || device.id.starts_with("a800"))
    return "A100";
  if (device.architecture == "Hopper")
    return "H100";
  return device.architecture;
}

/// The node as the run has it: as many GPUs, on the network that the text states.
void adapt_node(RunMachine &machine, const RunRecord &run) {
  Node &node = machine.cluster.node;
  if (run.gpus_per_node && *run.gpus_per_node != node.gpus_per_node &&
      node.scale_up_domain <= largest_server) {
    node.gpus_per_node = *run.gpus_per_node;
    node.scale_up_domain = *run.gpus_per_node;
  }
  const StatedNetwork network = stated_network(run.interconnect);
  if (network.per_gpu)
    node.scale_out_bandwidth = network.per_gpu;
  else if (network.per_node)
    node.scale_out_bandwidth = *network.per_node / static_cast<double>(node.gpus_per_node);
  else if (node.scale_out_bandwidth)
    machine.inferred.push_back(fmt::format("network: {} per GPU, that of {}",
                                           human_text(*node.scale_out_bandwidth), node.id));
}

} // namespace

StatedNetwork stated_network(std::string_view text) {
  // A number with neither "node" nor "GPU" beside it is of no one knows what.
  static const std::regex pattern(
      R"((?:(\d+)\s*x\s*(?:[A-Za-z-]+ )?)?(\d+(?:\.\d+)?)\s*([TG])b(?:ps|/s|\b))");
  const std::string whole(text);
  const std::string lower = lower_case(text);
  StatedNetwork network;
  std::smatch found;
  if (!std::regex_search(whole, found, pattern)) {
    // Jean Zay: four links of 100 Gb/s a node (IDRIS, description of the machine).
    if (holds(lower, "omni-path 100"))
      network.per_node = 4.0 * 100.0 * gigabit_per_second;
    return network;
  }
  const double adapters = found[1].matched ? std::stod(found[1]) : 1.0;
  const double gigabits = std::stod(found[2]) * (found[3] == "T" ? 1000.0 : 1.0);
  const Bandwidth bandwidth = adapters * gigabits * gigabit_per_second;
  if (holds(lower, "per gpu"))
    network.per_gpu = bandwidth;
  else if (found[1].matched || holds(lower, "node"))
    network.per_node = bandwidth;
  return network;
}

RunMachines::RunMachines(const PresetCatalog &catalog) : catalog_(&catalog) {
  Diagnostics diagnostics;
  const auto files = catalog.files("runs", ".toml");
  const auto file = files.find("gpus");
  if (file == files.end())
    throw InputError({}, "no presets/runs/gpus.toml, which says what GPUs run tables mean");
  const InputValue value = load_toml(file->second.string());
  TableReader root(value, "", diagnostics);
  (void)read_provenance(root);
  for (TableReader &table : root.tables("gpu")) {
    Spelling spelling;
    spelling.match = required_text(table, "match", "a part of the GPU's name in lower case");
    spelling.device = required_text(table, "device", "the id of a device preset");
    spelling.node = table.text("node");
    spelling.memory_capacity =
        table.quantity("memory_capacity", sane::least_bytes, sane::most_bytes);
    spelling.memory_bandwidth =
        table.quantity("memory_bandwidth", sane::least_bandwidth, sane::most_bandwidth);
    spelling.scale_out_bandwidth =
        table.quantity("scale_out_bandwidth", sane::least_bandwidth, sane::most_bandwidth);
    table.finish();
    spellings_.push_back(std::move(spelling));
  }
  root.finish();
  diagnostics.throw_if_any();
}

const RunMachines::Spelling *RunMachines::spelling_of(std::string_view gpu) const {
  const std::string text = lower_case(gpu);
  const Spelling *best = nullptr;
  for (const Spelling &candidate : spellings_)
    if (holds(text, candidate.match) &&
        (best == nullptr || candidate.match.size() > best->match.size()))
      best = &candidate;
  return best;
}

RunMachine RunMachines::make(const RunRecord &run) const {
  RunMachine machine;
  const Spelling *spelling = spelling_of(run.gpu);
  if (spelling == nullptr) {
    machine.problem = run.gpu.empty() ? "the GPU is not stated"
                                      : fmt::format("no device preset for the GPU \"{}\"", run.gpu);
    return machine;
  }
  Cluster &cluster = machine.cluster;
  cluster.device = load_device(*catalog_, spelling->device);
  cluster.calibration = usual_calibration(*catalog_, cluster.device);
  machine.gpu_family = gpu_family(cluster.device);
  const Node usual =
      spelling->node
          ? load_node(*catalog_, *spelling->node)
          : usual_node(*catalog_, cluster.device).value_or(node_of_links(cluster.device));
  cluster.node = usual;
  machine.inferred.push_back(
      fmt::format("gpu: {} in {}", cluster.device.id,
                  cluster.node.id.empty() ? cluster.node.name : cluster.node.id));
  if (spelling->memory_capacity)
    cluster.device.memory_capacity = *spelling->memory_capacity;
  if (spelling->memory_bandwidth)
    cluster.device.memory_bandwidth = *spelling->memory_bandwidth;
  if (spelling->scale_out_bandwidth)
    cluster.node.scale_out_bandwidth = spelling->scale_out_bandwidth;
  adapt_node(machine, run);
  drop_foreign_links(cluster.calibration, cluster.device, cluster.node, usual);
  return machine;
}

const RunMachine &RunMachines::machine_of(const RunRecord &run) {
  const std::string key =
      fmt::format("{}\n{}\n{}", run.gpu, run.interconnect, run.gpus_per_node.value_or(0));
  auto found = made_.find(key);
  if (found == made_.end())
    found = made_.emplace(key, make(run)).first;
  return found->second;
}

} // namespace flopcast
