// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/presets/catalog.hpp"
#include "hardware/provenance.hpp"
#include "model/execution/parallelism.hpp"
#include "model/execution/software_preset.hpp"
#include "model/execution/training.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// Which FLOPs a published rate counts.
enum class FlopCounting {
  model,        ///< attention scores in full, nothing recomputed
  model_causal, ///< the scores that a causal mask keeps, nothing recomputed
  hardware,     ///< attention in full, and what full recomputation does again
  model_6n,     ///< 6 FLOP a stated parameter and token
  hardware_8n,  ///< 8 FLOP a stated parameter and token: recomputation, but no scores
};

[[nodiscard]] std::span<const Spelled<FlopCounting>> flop_counting_names();

/// What is taken for a setting that a published run of a framework leaves unstated. One rule for
/// all runs of the framework, never one for a run. Presets of the kind "frameworks".
struct FrameworkRules {
  std::string id;
  std::string name;
  /// Frameworks of one family, editions of one code base, have constants that are alike;
  /// its id where the preset names none.
  std::string family;
  Provenance provenance;
  std::vector<std::string> match; ///< texts in the run's `framework`, lower case
  /// Texts in the run's `source`, `source_ref` or `source_url_or_repo_path`, one of which must be
  /// there; none: any. They tell apart editions of one framework of which the table states none.
  std::vector<std::string> sources;

  /// Parallel degrees that are 1 where unstated, if the framework has no others.
  bool data_parallel_only = false;
  NumberFormat precision = NumberFormat::bf16;
  NumberFormat gradient_format = NumberFormat::fp32;
  Recompute recompute = Recompute::none;
  Recompute selective = Recompute::selective; ///< what the framework calls selective
  bool flash_attention = true;
  bool sequence_parallel = false; ///< wherever tensor_parallel is above 1
  ContextSplit context_split = ContextSplit::balanced;
  int zero_stage = 0;
  /// Layers of a chunk, where stages are more than one and can be interleaved; absent: they are
  /// not.
  std::optional<std::int64_t> layers_per_chunk;
  bool dropout = false;
  bool overlap_gradient_exchange = true;
  ExpertDispatch expert_dispatch = ExpertDispatch::all_to_all;
  std::vector<std::string> cuda_graphs_on; ///< GPUs on which it captures layers in graphs
  /// Texts in a run's `precision`, lower case, with which weights are gathered in FP8.
  std::vector<std::string> fp8_weight_exchange;
  std::int64_t vocabulary_multiple = 1;
  bool pads_whole_vocabulary = true; ///< else only one that tensor-parallel ranks share
  FlopCounting counting = FlopCounting::model;
  SoftwarePreset software;
  bool peak_of_precision = true; ///< a printed MFU is of the peak in the precision, else in bf16
  bool memory_of_first_stage = false; ///< printed by the first rank, else of the fullest GPU
};

/// Reads a preset of the kind "frameworks". Problems go to `diagnostics`.
[[nodiscard]] FrameworkRules read_framework_rules(const InputValue &root, const std::string &id,
                                                  Diagnostics &diagnostics);

/// All of them, by id. Throws InputError if one is broken.
[[nodiscard]] std::vector<FrameworkRules> load_framework_rules(const PresetCatalog &catalog);

/// The rules whose longest text the framework's name holds, those of the run's source before those
/// of any, of the longest text in it before others; null where none is there.
[[nodiscard]] const FrameworkRules *find_rules(const std::vector<FrameworkRules> &rules,
                                               std::string_view framework, std::string_view source);

} // namespace flopcast
