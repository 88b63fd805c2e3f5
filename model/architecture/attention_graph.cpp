// SPDX-License-Identifier: Apache-2.0
#include "model/architecture/decoder_graph_builder.hpp"

#include <algorithm>

namespace flopcast {
namespace {

constexpr double mask_bytes = 1; // dropout keeps one byte an element
constexpr double float_bytes = 4;
// Exponential, sum and division, each one operation a score: Hoffmann 2022, App. F.
constexpr double softmax_flops_per_score = 3;

} // namespace

DecoderGraphBuilder::Vertex DecoderGraphBuilder::attention(Vertex input, Window window) {
  Vertex last = model_.latent_attention ? latent_projections(input) : projections(input);
  last = options_.flash_attention ? fused_core(last, window) : unfused_core(last, window);
  Operator output =
      gemm(OperatorRole::output_projection, h_, attended_width_, model_.bias == BiasTerms::all);
  output.splits_depth = true;
  output.output_split = Split::sequence;
  output.all_reduces = 1;
  return add(output, {last});
}

DecoderGraphBuilder::Vertex DecoderGraphBuilder::projections(Vertex input) {
  Operator qkv = gemm(OperatorRole::qkv_projection, q_width_ + 2 * kv_width_, h_,
                      model_.bias != BiasTerms::none);
  qkv.saves_output = true; // queries, keys (rotated in place) and values
  Vertex last = add(qkv, {input});
  const double query_key_elements = s_ * (q_width_ + kv_width_);
  if (model_.qk_norm) {
    last = add({.role = OperatorRole::qk_norm,
                .kind = OperatorClass::normalization,
                .region = region_,
                .count = count_,
                .parameters = model_.qk_norm_all_heads
                                  ? (model_.heads + model_.kv_heads) * model_.head_dim
                                  : 2 * model_.head_dim,
                .columns = d_,
                .output_elements = query_key_elements,
                .output_split = Split::tensor,
                .saves_output = true},
               {last});
  }
  if (model_.position == Position::rotary) {
    last = add({.role = OperatorRole::rotary,
                .kind = OperatorClass::rotary,
                .region = region_,
                .count = count_,
                .columns = d_,
                .output_elements = query_key_elements,
                .output_split = Split::tensor},
               {last});
  }
  if (model_.position == Position::relative) {
    // Keys of the distances (Transformer-XL); the two position biases are its "bias".
    Operator relative = gemm(OperatorRole::relative_projection, q_width_, h_, false);
    if (model_.bias == BiasTerms::all)
      relative.parameters += 2 * model_.heads * model_.head_dim;
    last = add(relative, {last});
  }
  return last;
}

/// A product that every tensor-parallel rank does whole, for its part of the sequence.
Operator DecoderGraphBuilder::down_projection(OperatorRole role, double columns) const {
  Operator down = gemm(role, columns, h_, false);
  down.split = Split::sequence;
  down.output_split = Split::sequence;
  down.saves_output = true; // the input of its norm
  return down;
}

Operator DecoderGraphBuilder::latent_norm(OperatorRole role, std::int64_t width) const {
  return {.role = role,
          .kind = OperatorClass::normalization,
          .region = region_,
          .count = count_,
          .parameters = model_.normalization == Normalization::layernorm ? 2 * width : width,
          .columns = static_cast<double>(width),
          .output_elements = s_ * static_cast<double>(width),
          .output_split = Split::sequence,
          .saves_output = true};
}

/// Latents are made, normed and widened to heads: DeepSeek-V2 (2024), section 2.1.
DecoderGraphBuilder::Vertex DecoderGraphBuilder::latent_projections(Vertex input) {
  const LatentAttention &latent = *model_.latent_attention;
  Vertex queries = input;
  double query_depth = h_;
  if (latent.q_lora_rank) {
    query_depth = static_cast<double>(*latent.q_lora_rank);
    queries = add(down_projection(OperatorRole::query_down, query_depth), {queries});
    queries = add(latent_norm(OperatorRole::query_norm, *latent.q_lora_rank), {queries});
  }
  queries = add(gemm(OperatorRole::query_up, q_width_, query_depth, false), {queries});

  const auto rank = static_cast<double>(latent.kv_lora_rank);
  const auto rotated = static_cast<double>(latent.qk_rope_head_dim);
  const Vertex down = add(down_projection(OperatorRole::key_value_down, rank + rotated), {input});
  const Vertex normed = add(latent_norm(OperatorRole::key_value_norm, latent.kv_lora_rank), {down});
  const auto unrotated = static_cast<double>(model_.heads * latent.qk_nope_head_dim);
  const Vertex up =
      add(gemm(OperatorRole::key_value_up, unrotated + attended_width_, rank, false), {normed});
  // The rotated part joins the rest in new tensors: queries, keys, values are what is kept.
  return add({.role = OperatorRole::rotary,
              .kind = OperatorClass::rotary,
              .region = region_,
              .count = count_,
              .columns = d_,
              .output_elements = s_ * (2 * q_width_ + attended_width_),
              .output_split = Split::tensor,
              .saves_output = true},
             {queries, up});
}

struct DecoderGraphBuilder::Scores {
  double all;    ///< query-key pairs of all heads
  double kept;   ///< by the mask
  double scored; ///< FLOPs of the products that make a pair's score
  double valued; ///< FLOPs of a pair's product with the values
};

DecoderGraphBuilder::Scores DecoderGraphBuilder::scores(Window window) const {
  const auto heads = static_cast<double>(model_.heads);
  const double all = heads * attention_pairs(options_.sequence_length, window);
  const double kept =
      model_.causal ? heads * causal_attention_pairs(options_.sequence_length, window) : all;
  // Relative positions need a second product.
  const double products = model_.position == Position::relative ? 2.0 : 1.0;
  return {all, kept, products * 2 * d_, 2 * value_d_};
}

/// Keys that a query is multiplied with.
double DecoderGraphBuilder::keys(Window window) const {
  return std::min(s_, static_cast<double>(window.value_or(options_.sequence_length)));
}

DecoderGraphBuilder::Vertex DecoderGraphBuilder::fused_core(Vertex input, Window window) {
  const Scores score = scores(window);
  Operator core{.role = OperatorRole::fused_attention,
                .kind = OperatorClass::fused_attention,
                .region = region_,
                .count = count_,
                .split = Split::tensor,
                .matmul_flops = (score.scored + score.valued) * score.all,
                .causal_matmul_flops = (score.scored + score.valued) * score.kept,
                .vector_flops = softmax_flops_per_score * score.all,
                .batch = static_cast<double>(model_.heads),
                .rows = s_,
                .columns = keys(window),
                .depth = (d_ + value_d_) / 2,
                .output_elements = s_ * attended_width_,
                .output_split = Split::tensor,
                .saves_output = true,
                // The log-sum-exp of each row, fp32.
                .saved_extra_bytes = float_bytes * s_ * static_cast<double>(model_.heads),
                .attention_core = true};
  if (model_.attention_sinks)
    core.parameters = model_.heads;
  return add(core, {input});
}

DecoderGraphBuilder::Vertex DecoderGraphBuilder::unfused_core(Vertex input, Window window) {
  const Scores score = scores(window);
  Operator product{.role = OperatorRole::attention_scores,
                   .kind = OperatorClass::batched_gemm,
                   .region = region_,
                   .count = count_,
                   .split = Split::tensor,
                   .matmul_flops = score.scored * score.all,
                   .causal_matmul_flops = score.scored * score.kept,
                   .batch = static_cast<double>(model_.heads),
                   .rows = s_,
                   .columns = keys(window),
                   .depth = d_,
                   .output_elements = score.all,
                   .output_split = Split::tensor,
                   .attention_core = true};
  Vertex last = add(product, {input});
  Operator softmax{.role = OperatorRole::attention_softmax,
                   .kind = OperatorClass::softmax,
                   .region = region_,
                   .count = count_,
                   .vector_flops = softmax_flops_per_score * score.all,
                   .columns = keys(window),
                   .output_elements = score.all,
                   .output_split = Split::tensor,
                   .saves_output = true,
                   .attention_core = true};
  if (model_.attention_sinks) {
    softmax.parameters = model_.heads;
    softmax.split = Split::tensor;
  }
  last = add(softmax, {last});
  if (options_.dropout) {
    last = add({.role = OperatorRole::attention_dropout,
                .region = region_,
                .count = count_,
                .columns = keys(window),
                .output_elements = score.all,
                .output_split = Split::tensor,
                .saves_output = true,
                .saved_extra_bytes = mask_bytes * score.all,
                .attention_core = true},
               {last});
  }
  Operator values{.role = OperatorRole::attention_values,
                  .kind = OperatorClass::batched_gemm,
                  .region = region_,
                  .count = count_,
                  .split = Split::tensor,
                  .matmul_flops = score.valued * score.all,
                  .causal_matmul_flops = score.valued * score.kept,
                  .batch = static_cast<double>(model_.heads),
                  .rows = s_,
                  .columns = value_d_,
                  .depth = keys(window),
                  .output_elements = s_ * attended_width_,
                  .output_split = Split::tensor,
                  .saves_output = true,
                  .attention_core = true};
  return add(values, {last});
}

} // namespace flopcast
