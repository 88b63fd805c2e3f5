// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/table_reader.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace flopcast {

enum class Activation { gelu, relu, squared_relu, swiglu, geglu };
enum class Position { learned, rotary, alibi, relative, none };
enum class Normalization { layernorm, rmsnorm, layernorm_no_bias };
enum class NormPlacement { pre, post, sandwich };
enum class BiasTerms { all, qkv, none };

/// A dense decoder: everything that parameters and FLOPs depend on. The letters in comments are
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
  bool causal = true;
  std::optional<std::int64_t> sliding_window; ///< tokens that a local layer attends to
  /// Local layers for each global one; absent: all layers are local if there is a window.
  std::optional<std::int64_t> local_layers_per_global;

  [[nodiscard]] bool gated() const {
    return activation == Activation::swiglu || activation == Activation::geglu;
  }
  [[nodiscard]] std::int64_t norms() const;
  [[nodiscard]] std::int64_t padded_vocabulary(std::int64_t tensor_parallel) const;
  /// Layers with a sliding window; the rest attend to the whole sequence.
  [[nodiscard]] std::int64_t local_layers() const;

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
