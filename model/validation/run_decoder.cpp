// SPDX-License-Identifier: Apache-2.0
#include "model/validation/run_decoder.hpp"

#include "model/validation/text_match.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace flopcast {
namespace {

/// What tables have columns for, as a model without experts or biases has it.
Decoder decoder_of_columns(const RunRecord &run, const FrameworkRules &rules) {
  Decoder decoder;
  decoder.layers = *run.layers;
  decoder.hidden = *run.hidden;
  decoder.heads = *run.heads;
  decoder.kv_heads = run.kv_heads.value_or(*run.heads);
  decoder.head_dim = *run.hidden / *run.heads;
  decoder.ffn_hidden = *run.ffn;
  decoder.vocabulary = *run.vocab;
  if (rules.pads_whole_vocabulary || run.tp.value_or(1) > 1)
    decoder.vocabulary_multiple = rules.vocabulary_multiple;
  decoder.context_length = *run.seq_len;
  decoder.activation = Activation::swiglu;
  decoder.tied_embeddings = false;
  decoder.position = Position::rotary;
  decoder.normalization = Normalization::rmsnorm;
  decoder.bias = BiasTerms::none;
  return decoder;
}

/// Parameters of all layers' attention and of one embedding table.
double attention_parameters(const RunRecord &run) {
  const auto h = static_cast<double>(*run.hidden);
  const auto kv =
      static_cast<double>(run.kv_heads.value_or(*run.heads)) / static_cast<double>(*run.heads);
  return static_cast<double>(*run.layers) * h * h * (2 + 2 * kv);
}
double table_parameters(const RunRecord &run) {
  return static_cast<double>(*run.vocab) * static_cast<double>(*run.hidden);
}

/// Parameters of the matrices alone: enough to tell a gated MLP from a plain one.
double matrix_parameters(const RunRecord &run, bool gated, bool tied) {
  const double mlp = static_cast<double>(*run.layers) * (gated ? 3 : 2) *
                     static_cast<double>(*run.hidden) * static_cast<double>(*run.ffn);
  return attention_parameters(run) + mlp + (tied ? 1 : 2) * table_parameters(run);
}

/// Widths of experts by the counts of parameters.
struct ExpertWidths {
  double routed = 0;
  double shared = 0; ///< of all shared ones together
};
ExpertWidths widths_by_counts(const RunRecord &run, std::int64_t dense_first) {
  const auto layers = static_cast<double>(*run.layers - dense_first);
  const auto h = static_cast<double>(*run.hidden);
  const auto count = static_cast<double>(*run.moe_experts);
  const auto per_token = static_cast<double>(*run.moe_topk);
  const double one_wide = layers * 3 * h; // parameters of one number of width in every layer
  ExpertWidths widths;
  widths.routed = (*run.params - *run.params_active) / (one_wide * (count - per_token));
  const double dense = static_cast<double>(dense_first) * 3 * h * static_cast<double>(*run.ffn);
  const double rest = *run.params_active - attention_parameters(run) - 2 * table_parameters(run) -
                      layers * h * count - dense;
  widths.shared = rest / one_wide - per_token * widths.routed;
  return widths;
}

} // namespace

Decoder dense_decoder_of(const RunRecord &run, const FrameworkRules &rules,
                         std::vector<std::string> &inferred) {
  const auto error = [&](bool gated, bool tied) {
    return std::abs(matrix_parameters(run, gated, tied) / *run.params - 1);
  };
  constexpr double same_model = 0.1;    // rounded counts, and what is no matrix
  constexpr double same_output = 0.005; // an output matrix of its own is 1 % or more
  bool gated = *run.ffn != 4 * *run.hidden;
  if (run.params) {
    const double as_gated = std::min(error(true, false), error(true, true));
    const double as_plain = std::min(error(false, false), error(false, true));
    if (std::min(as_gated, as_plain) < same_model)
      gated = as_gated < as_plain;
  }
  bool tied = !gated;
  if (run.params && error(gated, tied) > same_output && error(gated, !tied) < same_output)
    tied = !tied;
  Decoder decoder = decoder_of_columns(run, rules);
  const bool gpt = !gated && decoder.kv_heads == decoder.heads;
  inferred.push_back(fmt::format("architecture: {} MLP, {} embeddings, {}",
                                 gated ? "gated" : "plain", tied ? "tied" : "untied",
                                 gpt ? "biases and learned positions" : "rotary, no biases"));
  decoder.tied_embeddings = tied;
  if (!gated) {
    decoder.activation = Activation::gelu;
    decoder.normalization = Normalization::layernorm;
  }
  if (gpt) {
    decoder.position = Position::learned;
    decoder.bias = BiasTerms::all;
  }
  return decoder;
}

std::optional<Decoder> known_expert_decoder_of(const RunRecord &run,
                                               std::span<const ModelPreset> presets,
                                               const FrameworkRules &rules,
                                               std::vector<std::string> &inferred) {
  const auto found = std::ranges::find_if(presets, [&run](const ModelPreset &preset) {
    const Decoder &decoder = preset.decoder;
    return decoder.experts && decoder.experts->count == run.moe_experts &&
           decoder.experts->per_token == run.moe_topk && decoder.hidden == *run.hidden &&
           decoder.heads == *run.heads;
  });
  if (found == presets.end())
    return std::nullopt;
  Decoder decoder = found->decoder;
  if (*run.layers < decoder.layers)
    decoder.experts->dense_first = std::min<std::int64_t>(decoder.experts->dense_first, 1);
  decoder.layers = *run.layers;
  decoder.vocabulary = *run.vocab;
  decoder.vocabulary_multiple = rules.vocabulary_multiple;
  decoder.context_length = *run.seq_len;
  // The text says where further tokens are predicted.
  const std::string model = lower_case(run.model);
  decoder.prediction_layers = holds(model, "w/ mtp") || holds(model, "with mtp") ? 1 : 0;
  inferred.push_back(fmt::format("architecture: as {}, {} layers", found->name, *run.layers));
  return decoder;
}

std::optional<Decoder> counted_expert_decoder_of(const RunRecord &run, const FrameworkRules &rules,
                                                 std::vector<std::string> &inferred) {
  const std::int64_t count = *run.moe_experts;
  const std::int64_t per_token = *run.moe_topk;
  if (count <= per_token || *run.hidden % *run.heads != 0)
    return std::nullopt;
  const bool counted = run.params && run.params_active;
  constexpr std::int64_t few = 16;
  if (!counted && count > few && *run.ffn > *run.hidden)
    return std::nullopt; // many experts are narrow: the column is of dense layers
  Decoder decoder = decoder_of_columns(run, rules);
  decoder.experts = MixtureOfExperts{.count = count, .per_token = per_token, .hidden = *run.ffn};
  if (counted) {
    constexpr double same_width = 0.1; // counts are rounded
    constexpr double width_step = 64;  // of the matrices' sides
    const auto ffn = static_cast<double>(*run.ffn);
    ExpertWidths widths = widths_by_counts(run, 0);
    if (std::abs(widths.routed / ffn - 1) > same_width) {
      if (widths.routed > ffn || *run.layers < 2)
        return std::nullopt;
      decoder.experts->dense_first = 1;
      widths = widths_by_counts(run, 1);
      if (!(widths.routed > 0))
        return std::nullopt;
      decoder.experts->hidden =
          static_cast<std::int64_t>(std::round(widths.routed / width_step) * width_step);
    }
    if (decoder.experts->hidden < 1)
      return std::nullopt;
    if (widths.shared > static_cast<double>(count) * widths.routed)
      return std::nullopt; // all experts together are less than what every token uses
    // Less than half an expert is what rounding leaves.
    if (widths.shared > widths.routed / 2)
      decoder.experts->shared_hidden =
          static_cast<std::int64_t>(std::round(widths.shared / width_step) * width_step);
  }
  inferred.push_back(fmt::format("architecture: {} experts, {} wide, and {} that all tokens use; "
                                 "{} dense layers at the start",
                                 count, decoder.experts->hidden, decoder.experts->shared_hidden,
                                 decoder.experts->dense_first));
  return decoder;
}

} // namespace flopcast
