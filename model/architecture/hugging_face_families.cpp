// SPDX-License-Identifier: Apache-2.0
#include "model/architecture/hugging_face_families.hpp"

#include <algorithm>
#include <array>

namespace flopcast {
namespace {

// What differs from Llama's decoder is written out.
constexpr std::array families{
    HuggingFaceFamily{.model_type = "bloom",
                      .gated = false,
                      .normalization = Normalization::layernorm,
                      .position = Position::alibi,
                      .bias = BiasTerms::all,
                      .tied_embeddings = true},
    HuggingFaceFamily{.model_type = "cohere",
                      .normalization = Normalization::layernorm_no_bias,
                      .tied_embeddings = true,
                      .parallel_attention = true,
                      .norms_per_layer = 1},
    HuggingFaceFamily{.model_type = "deepseek"},
    HuggingFaceFamily{.model_type = "deepseek_v2"},
    HuggingFaceFamily{.model_type = "deepseek_v3", .router_bias = true},
    HuggingFaceFamily{.model_type = "falcon",
                      .gated = false,
                      .normalization = Normalization::layernorm,
                      .tied_embeddings = true,
                      .parallel_attention = true},
    HuggingFaceFamily{.model_type = "gemma", .tied_embeddings = true},
    HuggingFaceFamily{
        .model_type = "gemma2", .norm_placement = NormPlacement::sandwich, .tied_embeddings = true},
    HuggingFaceFamily{.model_type = "gemma3_text",
                      .norm_placement = NormPlacement::sandwich,
                      .tied_embeddings = true,
                      .qk_norm = true},
    HuggingFaceFamily{.model_type = "glm4_moe", .router_bias = true},
    HuggingFaceFamily{.model_type = "gpt2",
                      .gated = false,
                      .normalization = Normalization::layernorm,
                      .position = Position::learned,
                      .bias = BiasTerms::all,
                      .tied_embeddings = true},
    HuggingFaceFamily{.model_type = "gpt_bigcode",
                      .gated = false,
                      .normalization = Normalization::layernorm,
                      .position = Position::learned,
                      .bias = BiasTerms::all,
                      .tied_embeddings = true},
    HuggingFaceFamily{.model_type = "gpt_neox",
                      .gated = false,
                      .normalization = Normalization::layernorm,
                      .bias = BiasTerms::all,
                      .parallel_attention = true},
    HuggingFaceFamily{.model_type = "gpt_oss",
                      .bias = BiasTerms::all,
                      .router_bias = true,
                      .experts_have_intermediate_size = true,
                      .clamped_activation = true},
    HuggingFaceFamily{.model_type = "granite"},
    HuggingFaceFamily{.model_type = "internlm2"},
    HuggingFaceFamily{.model_type = "kimi_k2", .router_bias = true},
    HuggingFaceFamily{.model_type = "llama"},
    HuggingFaceFamily{.model_type = "llama4_text", .experts_have_intermediate_size = true},
    HuggingFaceFamily{.model_type = "mistral"},
    HuggingFaceFamily{.model_type = "mixtral", .experts_have_intermediate_size = true},
    HuggingFaceFamily{.model_type = "mpt",
                      .gated = false,
                      .normalization = Normalization::layernorm_no_bias,
                      .position = Position::alibi,
                      .tied_embeddings = true},
    HuggingFaceFamily{
        .model_type = "nemotron", .gated = false, .normalization = Normalization::layernorm},
    // Its norms stand behind attention and MLP, as many as usual.
    HuggingFaceFamily{.model_type = "olmo2", .qk_norm = true, .qk_norm_all_heads = true},
    HuggingFaceFamily{.model_type = "olmoe",
                      .qk_norm = true,
                      .qk_norm_all_heads = true,
                      .experts_have_intermediate_size = true},
    HuggingFaceFamily{.model_type = "opt",
                      .gated = false,
                      .normalization = Normalization::layernorm,
                      .position = Position::learned,
                      .bias = BiasTerms::all,
                      .tied_embeddings = true},
    HuggingFaceFamily{.model_type = "phi3"},
    HuggingFaceFamily{.model_type = "qwen2", .bias = BiasTerms::qkv},
    HuggingFaceFamily{.model_type = "qwen2_moe", .bias = BiasTerms::qkv, .shared_gate = true},
    HuggingFaceFamily{.model_type = "qwen3", .qk_norm = true},
    HuggingFaceFamily{.model_type = "qwen3_moe", .qk_norm = true},
    HuggingFaceFamily{.model_type = "starcoder2",
                      .gated = false,
                      .normalization = Normalization::layernorm,
                      .bias = BiasTerms::all,
                      .tied_embeddings = true},
};

static_assert(std::ranges::is_sorted(families, {}, &HuggingFaceFamily::model_type));

} // namespace

std::span<const HuggingFaceFamily> hugging_face_families() { return families; }

const HuggingFaceFamily *find_hugging_face_family(std::string_view model_type) {
  for (const HuggingFaceFamily &family : families)
    if (family.model_type == model_type)
      return &family;
  return nullptr;
}

} // namespace flopcast
