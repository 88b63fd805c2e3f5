// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/architecture/decoder.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace flopcast {

/// What all models of a `model_type` have, beside what their config.json says.
struct HuggingFaceFamily {
  std::string_view model_type;
  bool gated = true; ///< the MLP multiplies two products
  Normalization normalization = Normalization::rmsnorm;
  NormPlacement norm_placement = NormPlacement::pre;
  Position position = Position::rotary;
  BiasTerms bias = BiasTerms::none; ///< where no key says
  bool tied_embeddings = false;     ///< where tie_word_embeddings is not given
  bool qk_norm = false;
  bool qk_norm_all_heads = false;
  bool parallel_attention = false;
  std::optional<std::int64_t> norms_per_layer = std::nullopt;
  bool router_bias = false;
  bool shared_gate = false;
  /// The width of an expert is intermediate_size, not a key of its own.
  bool experts_have_intermediate_size = false;
  bool clamped_activation = false;
};

/// Sorted by model_type.
[[nodiscard]] std::span<const HuggingFaceFamily> hugging_face_families();

/// Null where there is none.
[[nodiscard]] const HuggingFaceFamily *find_hugging_face_family(std::string_view model_type);

} // namespace flopcast
