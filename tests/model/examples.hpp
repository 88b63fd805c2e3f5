// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/architecture/decoder_graph.hpp"
#include "model/planning/estimate.hpp"
#include "model/planning/plan_reader.hpp"
#include "tests/support/paths.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace flopcast::tests {

/// GPT-2 124M as published: biases, learned positions, a tied output matrix.
inline Decoder gpt2() {
  Decoder decoder;
  decoder.layers = 12;
  decoder.hidden = 768;
  decoder.heads = 12;
  decoder.kv_heads = 12;
  decoder.head_dim = 64;
  decoder.ffn_hidden = 3072;
  decoder.vocabulary = 50257;
  decoder.context_length = 1024;
  return decoder;
}

/// GPT-3 175B as Narayanan 2021 and Korthikanti 2022 count it: with Megatron's padded table.
inline Decoder gpt3() {
  Decoder decoder = gpt2();
  decoder.layers = 96;
  decoder.hidden = 12288;
  decoder.heads = 96;
  decoder.kv_heads = 96;
  decoder.head_dim = 128;
  decoder.ffn_hidden = 4 * 12288;
  decoder.vocabulary = 51200;
  decoder.context_length = 2048;
  return decoder;
}

/// The PaLM 540B of Chowdhery et al. 2022, table 1.
inline Decoder palm() {
  Decoder decoder;
  decoder.layers = 118;
  decoder.hidden = 18432;
  decoder.heads = 48;
  decoder.kv_heads = 1;
  decoder.head_dim = 256;
  decoder.ffn_hidden = 73728;
  decoder.vocabulary = 256000;
  decoder.context_length = 2048;
  decoder.activation = Activation::swiglu;
  decoder.position = Position::rotary;
  decoder.normalization = Normalization::layernorm_no_bias;
  decoder.norms_per_layer = 1;
  decoder.bias = BiasTerms::none;
  decoder.parallel_attention = true;
  return decoder;
}

/// Small enough to count by hand: one layer, h = 4, two heads of 2, MLP of 16, V = 8; nothing but
/// matrices and scale-only norms.
inline Decoder tiny() {
  Decoder decoder;
  decoder.layers = 1;
  decoder.hidden = 4;
  decoder.heads = 2;
  decoder.kv_heads = 2;
  decoder.head_dim = 2;
  decoder.ffn_hidden = 16;
  decoder.vocabulary = 8;
  decoder.context_length = 4;
  decoder.position = Position::none;
  decoder.normalization = Normalization::rmsnorm;
  decoder.bias = BiasTerms::none;
  return decoder;
}

inline OperatorGraph graph_of(const Decoder &decoder, std::int64_t sequence_length) {
  return decoder_graph(decoder, {.sequence_length = sequence_length,
                                 .vocabulary = decoder.vocabulary,
                                 .flash_attention = false,
                                 .dropout = false});
}

inline std::int64_t parameters_of(const Decoder &decoder) {
  return parameter_count(graph_of(decoder, decoder.context_length));
}

/// A machine whose every rate is 1 unit a second and every efficiency 1, with nothing to wait for:
/// a time in seconds is then the FLOPs or bytes behind it. What a test does not look at it makes
/// fast with `beyond_measure`.
inline Cluster unit_machine() {
  using namespace units;
  Cluster cluster;
  cluster.device.id = "unit";
  cluster.device.name = "unit device";
  cluster.device.peak.fill(1.0 * flop / second);
  cluster.device.memory_bandwidth = 1.0 * byte / second;
  cluster.device.memory_capacity = 1e18 * byte;
  cluster.node.name = "unit node";
  cluster.node.scale_up_domain = 1'000'000;
  cluster.node.gpus_per_node = 8;
  cluster.node.scale_up_bandwidth = 1.0 * byte / second;
  cluster.calibration.gemm_efficiency = 1;
  cluster.calibration.batched_gemm_efficiency = 1;
  cluster.calibration.attention_forward_efficiency = 1;
  cluster.calibration.attention_backward_efficiency = 1;
  cluster.calibration.memory_efficiency = 1;
  cluster.calibration.scale_up_efficiency = 1;
  cluster.calibration.scale_out_efficiency = 1;
  return cluster;
}

/// So fast that what it does adds nothing to a sum of small integers.
inline constexpr double beyond_measure = 1e30;

/// Only FLOPs take time.
inline Cluster compute_machine() {
  Cluster cluster = unit_machine();
  cluster.device.memory_bandwidth *= beyond_measure;
  cluster.node.scale_up_bandwidth *= beyond_measure;
  return cluster;
}

/// Only traffic to memory takes time.
inline Cluster memory_machine() {
  Cluster cluster = unit_machine();
  for (auto &peak : cluster.device.peak)
    peak = *peak * beyond_measure;
  cluster.node.scale_up_bandwidth *= beyond_measure;
  return cluster;
}

/// bf16, fp32 gradients, AdamW, unfused attention, nothing recomputed or reserved.
inline Training plain_training() {
  Training training;
  training.recompute = Recompute::none;
  training.flash_attention = false;
  return training;
}

inline const PresetCatalog &presets() {
  static const PresetCatalog catalog = shipped_presets();
  return catalog;
}

inline PlannedRun read_text(std::string_view text, const std::vector<std::string> &overrides = {}) {
  InputValue root = parse_toml(text, "plan.toml");
  for (const std::string &assignment : overrides)
    apply_override(root, assignment);
  return read_plan(root, presets());
}

/// What is wrong with a plan, as InputError says it; "" where nothing is.
inline std::string complaint_about(std::string_view text,
                                   const std::vector<std::string> &overrides = {}) {
  try {
    (void)read_text(text, overrides);
  } catch (const InputError &error) {
    return error.what();
  }
  return {};
}

inline PlannedRun shipped_plan(std::string_view id,
                               const std::vector<std::string> &overrides = {}) {
  InputValue root = presets().load("plans", id);
  for (const std::string &assignment : overrides)
    apply_override(root, assignment);
  return read_plan(root, presets());
}

inline Estimate estimate_of(const PlannedRun &run) { return estimate(run.plan, run.cluster); }

} // namespace flopcast::tests
