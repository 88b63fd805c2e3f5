// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/cluster.hpp"
#include "hardware/presets/catalog.hpp"
#include "model/validation/run_table.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// A network as a run's text tells it, such as "4x100 Gb RoCE per node" or "400 Gbps per GPU".
struct StatedNetwork {
  std::optional<Bandwidth> per_node;
  std::optional<Bandwidth> per_gpu;
};

/// The bandwidth per direction that the text states; nothing where it names a product alone.
[[nodiscard]] StatedNetwork stated_network(std::string_view text);

/// The machine of a run, but for the number of its GPUs.
struct RunMachine {
  Cluster cluster;
  std::string gpu_family; ///< "V100", "A100", "H100", "Blackwell", else the architecture's name
  std::vector<std::string> inferred;
  std::string problem; ///< why there is none; "" where there is
};

/// Finds the presets that a run table's texts stand for, each once: presets/runs/gpus.toml says
/// which. Not safe to call from several threads.
class RunMachines {
public:
  /// The catalog must outlive this. Throws InputError if a preset that this needs is broken.
  explicit RunMachines(const PresetCatalog &catalog);

  [[nodiscard]] const RunMachine &machine_of(const RunRecord &run);

private:
  struct Spelling {
    std::string match; ///< lower case
    std::string device;
    std::optional<std::string> node;
    std::optional<Bytes> memory_capacity;
    std::optional<Bandwidth> memory_bandwidth;
    std::optional<Bandwidth> scale_out_bandwidth;
  };

  [[nodiscard]] const Spelling *spelling_of(std::string_view gpu) const;
  [[nodiscard]] RunMachine make(const RunRecord &run) const;

  const PresetCatalog *catalog_;
  std::vector<Spelling> spellings_;
  std::map<std::string, RunMachine, std::less<>> made_;
};

} // namespace flopcast
