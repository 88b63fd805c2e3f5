// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/table_reader.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace flopcast {

enum class Activation { gelu, relu, squared_relu, swiglu, geglu, clamped_swiglu };
enum class Position { learned, rotary, alibi, relative, none };
enum class Normalization { layernorm, rmsnorm, layernorm_no_bias };
enum class NormPlacement { pre, post, sandwich };
enum class BiasTerms { all, qkv, none };

/// Whether the MLP multiplies two products of its input: it has three matrices then, not two.
[[nodiscard]] constexpr bool is_gated(Activation activation) {
  return activation == Activation::swiglu || activation == Activation::geglu ||
         activation == Activation::clamped_swiglu;
}

/// Experts in place of the MLP, of which each token uses a few.
struct MixtureOfExperts {
  std::int64_t count = 0;     ///< of a layer, those aside that every token uses
  std::int64_t per_token = 0; ///< that the router picks
  std::int64_t hidden = 0;    ///< inner width of one
  /// Equal parts of a layer's experts, neighbours each, and to how many of them a token's experts
  /// are limited: DeepSeek-V2 (2024), section 2.2.2, and DeepSeek-V3 (2024), section 2.1.2.
  std::int64_t groups = 1;
  std::int64_t groups_per_token = 1;
  std::int64_t shared_hidden = 0; ///< of those that every token uses, together; 0: there are none
  bool shared_gate = false;       ///< weighs the shared experts by a product with the token (Qwen)
  bool router_bias = false;       ///< one number an expert (DeepSeek-V3, GPT-OSS)
  std::int64_t dense_first = 0;   ///< layers at the start that keep the MLP
  std::int64_t interval = 1;      ///< after them each layer has experts whose number this divides
  std::optional<Activation> activation = std::nullopt; ///< where it is not the MLP's

  bool operator==(const MixtureOfExperts &) const = default;
};

/// Multi-head latent attention: queries, keys and values are made of narrow latent vectors.
/// Source: DeepSeek-V2 (2024), section 2.1, in the words of the published configurations.
struct LatentAttention {
  std::optional<std::int64_t> q_lora_rank =
      std::nullopt; ///< absent: queries are made of the stream itself
  std::int64_t kv_lora_rank = 0;
  std::int64_t qk_nope_head_dim = 0;
  std::int64_t qk_rope_head_dim = 0; ///< of the rotated part, which the keys of all heads share
  std::int64_t v_head_dim = 0;

  bool operator==(const LatentAttention &) const = default;
};

/// A decoder: everything that parameters and FLOPs depend on. The letters in comments are
/// those of the literature: L layers, h hidden, a heads, d head_dim, s sequence, V vocabulary.
struct Decoder {
  std::int64_t layers = 0;
  std::int64_t hidden = 0;
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0; ///< = heads: MHA; 1: MQA; between: GQA
  std::int64_t head_dim = 0;
  std::int64_t ffn_hidden = 0;
  std::int64_t vocabulary = 0; ///< as published; see vocabulary_multiple
  /// The embedding table is padded to a multiple of this (and of tensor_parallel) when trained.
  std::int64_t vocabulary_multiple = 1;
  std::int64_t context_length = 0;
  Activation activation = Activation::gelu;
  bool tied_embeddings = true;
  Position position = Position::learned;
  std::int64_t extra_positions = 0; ///< rows of the learned table beyond context_length
  Normalization normalization = Normalization::layernorm;
  NormPlacement norm_placement = NormPlacement::pre;
  std::optional<std::int64_t> norms_per_layer; ///< where it is not the placement's usual number
  bool embedding_norm = false;
  BiasTerms bias = BiasTerms::all;
  bool parallel_attention = false; ///< attention and MLP side by side (PaLM)
  bool qk_norm = false;
  bool qk_norm_all_heads = false; ///< one norm over the heads together, not one for each (OLMoE)
  bool attention_sinks = false;   ///< one score a head that no key has (GPT-OSS)
  bool causal = true;
  std::optional<std::int64_t> sliding_window; ///< tokens that a local layer attends to
  /// Local layers for each global one; absent: all layers are local if there is a window.
  std::optional<std::int64_t> local_layers_per_global;

  std::optional<MixtureOfExperts> experts;
  std::optional<LatentAttention> latent_attention; ///< head_dim is not used then
  /// Layers that predict the tokens after the next: multi-token prediction. Not among `layers`.
  std::int64_t prediction_layers = 0;

  [[nodiscard]] bool gated() const { return is_gated(activation); }
  [[nodiscard]] std::int64_t norms() const;
  [[nodiscard]] std::int64_t padded_vocabulary(std::int64_t tensor_parallel) const;
  /// Layers with a sliding window; the rest attend to the whole sequence.
  [[nodiscard]] std::int64_t local_layers() const;
  [[nodiscard]] bool is_local(std::int64_t layer) const;
  [[nodiscard]] bool has_experts(std::int64_t layer) const;
  [[nodiscard]] std::int64_t expert_layers() const;
  /// Width of a head's queries and keys, and of its values.
  [[nodiscard]] std::int64_t query_key_dim() const;
  [[nodiscard]] std::int64_t value_dim() const;
  /// Elements of a token's keys and values in a layer, on one of so many ranks.
  [[nodiscard]] double key_value_width(std::int64_t tensor_parallel) const;

  bool operator==(const Decoder &) const = default;
};

[[nodiscard]] std::span<const Spelled<Activation>> activation_names();
[[nodiscard]] std::span<const Spelled<Position>> position_names();
[[nodiscard]] std::span<const Spelled<Normalization>> normalization_names();
[[nodiscard]] std::span<const Spelled<NormPlacement>> norm_placement_names();
[[nodiscard]] std::span<const Spelled<BiasTerms>> bias_names();

/// Reads the keys of an architecture table over `decoder`: what the table does not name keeps its
/// value, so that a plan can override a preset. Does not call finish().
void read_architecture(TableReader &table, Decoder &decoder);

/// Reports every dimension that is missing or impossible, under the table's keys.
void check_architecture(TableReader &table, const Decoder &decoder);

} // namespace flopcast
