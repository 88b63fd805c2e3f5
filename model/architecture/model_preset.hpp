// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/presets/catalog.hpp"
#include "hardware/provenance.hpp"
#include "hardware/units/quantity.hpp"
#include "model/architecture/decoder.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// What its makers published about a model's own training run.
struct PublishedTraining {
  std::optional<TokenCount> tokens; ///< processed, epochs included
  std::optional<double> epochs;
  std::optional<FlopCount> compute;
  std::string gpu;
  std::optional<std::int64_t> gpu_count;
  std::optional<GpuTime> gpu_time;
  std::optional<Seconds> wall_clock;
};

/// What a published count of active parameters leaves out.
enum class ActiveLeavesOut { nothing, token_table, embeddings };

struct ModelPreset {
  std::string id;
  std::string name;
  std::string series;
  Decoder decoder;
  /// As printed: all digits where the published count is exact, else only the certain ones.
  std::string published_parameters;
  std::string published_active_parameters; ///< with experts; "" where none is published
  ActiveLeavesOut active_leaves_out = ActiveLeavesOut::nothing;
  PublishedTraining training;
  Provenance provenance;
  std::vector<std::string> caveats;
  std::vector<std::string> unverified;
};

/// Reads a model preset. Problems go to `diagnostics`.
[[nodiscard]] ModelPreset read_model_preset(const InputValue &root, const std::string &id,
                                            Diagnostics &diagnostics);

/// By id or alias, or else from a file: a preset of one's own, or a Hugging Face config.json, for
/// which its folder may be named. Throws InputError if there is neither or the file is broken.
[[nodiscard]] ModelPreset load_model(const PresetCatalog &catalog, std::string_view name);

} // namespace flopcast
