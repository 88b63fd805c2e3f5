// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/architecture/model_preset.hpp"
#include "model/validation/framework_rules.hpp"
#include "model/validation/run_table.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace flopcast {

/// What a run trained, from the columns of its table; what was taken where they leave it open is
/// added to `inferred`. All four need the run's layers, hidden, heads, ffn, vocab and seq_len.

/// A decoder without experts. GPT's shape is a plain MLP, LLaMA's a gated one: the parameter count
/// tells them apart, without one a width of 4 hidden means GPT's.
[[nodiscard]] Decoder dense_decoder_of(const RunRecord &run, const FrameworkRules &rules,
                                       std::vector<std::string> &inferred);

/// The decoder with experts of the preset whose router, width and heads are the run's: a table has
/// no columns for shared experts and latent attention. Its layers are the run's; a model that was
/// cut short keeps one dense layer at most. Nothing where no preset is such.
[[nodiscard]] std::optional<Decoder> known_expert_decoder_of(const RunRecord &run,
                                                             std::span<const ModelPreset> presets,
                                                             const FrameworkRules &rules,
                                                             std::vector<std::string> &inferred);

/// A decoder with experts that no preset has. Parameters that a token does not use are those of
/// experts that it was not sent to, which gives an expert's width; without both counts it is `ffn`.
/// What active parameters are left over are shared experts. Where `ffn` is wider than an expert
/// the first layer is dense, as in DeepSeek's models. Nothing where the columns contradict that, or
/// many experts would be wider than the model: `ffn` is then of layers without experts.
[[nodiscard]] std::optional<Decoder> counted_expert_decoder_of(const RunRecord &run,
                                                               const FrameworkRules &rules,
                                                               std::vector<std::string> &inferred);

} // namespace flopcast
