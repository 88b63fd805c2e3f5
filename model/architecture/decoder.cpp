// SPDX-License-Identifier: Apache-2.0
#include "model/architecture/decoder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

namespace flopcast {
namespace {

constexpr std::array activations{
    Spelled<Activation>{"gelu", Activation::gelu},
    Spelled<Activation>{"relu", Activation::relu},
    Spelled<Activation>{"squared_relu", Activation::squared_relu},
    Spelled<Activation>{"swiglu", Activation::swiglu},
    Spelled<Activation>{"geglu", Activation::geglu},
    Spelled<Activation>{"clamped_swiglu", Activation::clamped_swiglu},
};
constexpr std::array positions{
    Spelled<Position>{"learned", Position::learned},
    Spelled<Position>{"rotary", Position::rotary},
    Spelled<Position>{"alibi", Position::alibi},
    Spelled<Position>{"relative", Position::relative},
    Spelled<Position>{"none", Position::none},
};
constexpr std::array normalizations{
    Spelled<Normalization>{"layernorm", Normalization::layernorm},
    Spelled<Normalization>{"rmsnorm", Normalization::rmsnorm},
    Spelled<Normalization>{"layernorm_no_bias", Normalization::layernorm_no_bias},
};
constexpr std::array norm_placements{
    Spelled<NormPlacement>{"pre", NormPlacement::pre},
    Spelled<NormPlacement>{"post", NormPlacement::post},
    Spelled<NormPlacement>{"sandwich", NormPlacement::sandwich},
};
constexpr std::array biases{
    Spelled<BiasTerms>{"all", BiasTerms::all},
    Spelled<BiasTerms>{"qkv", BiasTerms::qkv},
    Spelled<BiasTerms>{"none", BiasTerms::none},
};

template <class T> void replace(T &value, std::optional<T> read) {
  if (read)
    value = *read;
}

// The largest dimensions that are read. Their products stay far inside 2^63 (parameters) and the
// range of a double (FLOPs), so that no later arithmetic can overflow.
constexpr std::int64_t most_layers = 10'000;
constexpr std::int64_t most_width = 10'000'000;
constexpr std::int64_t most_vocabulary = 1'000'000'000;
constexpr std::int64_t most_context = 1'000'000'000;
constexpr std::int64_t most_experts = 100'000;
constexpr std::int64_t most_expert_groups = 1'000;
constexpr std::int64_t most_prediction_layers = 100;

/// Presets name the source of each table.
void finish_part(TableReader &table) {
  (void)table.text("source");
  (void)table.date("date");
  table.finish();
}

void read_experts(TableReader table, std::optional<MixtureOfExperts> &experts) {
  MixtureOfExperts read = experts.value_or(MixtureOfExperts{});
  replace(read.count, table.integer("count", 1, most_experts));
  replace(read.per_token, table.integer("per_token", 1, most_experts));
  replace(read.hidden, table.integer("hidden", 1, most_width));
  replace(read.groups, table.integer("groups", 1, most_expert_groups));
  replace(read.groups_per_token, table.integer("groups_per_token", 1, most_expert_groups));
  replace(read.shared_hidden, table.integer("shared_hidden", 0, most_width));
  replace(read.shared_gate, table.flag("shared_gate"));
  replace(read.router_bias, table.flag("router_bias"));
  replace(read.dense_first, table.integer("dense_first", 0, most_layers));
  replace(read.interval, table.integer("interval", 1, most_layers));
  if (const auto activation = table.choice("activation", activation_names()))
    read.activation = activation;
  const auto required = [&](std::string_view key, std::int64_t value, std::string_view what) {
    if (value <= 0 && !table.has(key))
      table.report_missing(key, what);
  };
  required("count", read.count, "the number of experts of a layer");
  required("per_token", read.per_token, "the number of experts that a token uses");
  required("hidden", read.hidden, "the inner width of an expert");
  if (read.per_token > read.count && read.count > 0)
    table.report("per_token", fmt::format("{} experts for a token are more than the {} of a layer",
                                          read.per_token, read.count));
  if (read.groups_per_token > read.groups)
    table.report("groups_per_token", fmt::format("{} groups for a token are more than the {} of a "
                                                 "layer's experts",
                                                 read.groups_per_token, read.groups));
  if (read.count % read.groups != 0)
    table.report("groups", fmt::format("{} experts do not divide into {} equal groups", read.count,
                                       read.groups));
  finish_part(table);
  experts = read;
}

void read_latent_attention(TableReader table, std::optional<LatentAttention> &attention) {
  LatentAttention read = attention.value_or(LatentAttention{});
  if (const auto rank = table.integer("q_lora_rank", 1, most_width))
    read.q_lora_rank = rank;
  const auto dimension = [&](std::string_view key, std::int64_t &value, std::string_view what) {
    replace(value, table.integer(key, 1, 100'000));
    if (value <= 0 && !table.has(key))
      table.report_missing(key, what);
  };
  dimension("kv_lora_rank", read.kv_lora_rank, "the width of the latent of keys and values");
  dimension("qk_nope_head_dim", read.qk_nope_head_dim, "the width of a head's unrotated part");
  dimension("qk_rope_head_dim", read.qk_rope_head_dim, "the width of a head's rotated part");
  dimension("v_head_dim", read.v_head_dim, "the width of a head's values");
  finish_part(table);
  attention = read;
}

} // namespace

std::int64_t Decoder::norms() const {
  return norms_per_layer.value_or(norm_placement == NormPlacement::sandwich ? 4 : 2);
}

std::int64_t Decoder::padded_vocabulary(std::int64_t tensor_parallel) const {
  const std::int64_t multiple = vocabulary_multiple * tensor_parallel;
  if (vocabulary_multiple <= 1 && vocabulary % tensor_parallel == 0)
    return vocabulary;
  return (vocabulary + multiple - 1) / multiple * multiple;
}

std::int64_t Decoder::local_layers() const {
  if (!sliding_window)
    return 0;
  if (!local_layers_per_global)
    return layers;
  // Local layers come first in each group, so a last group without its global layer has none.
  return layers - layers / (*local_layers_per_global + 1);
}

bool Decoder::is_local(std::int64_t layer) const {
  return sliding_window &&
         (!local_layers_per_global || (layer + 1) % (*local_layers_per_global + 1) != 0);
}

bool Decoder::has_experts(std::int64_t layer) const {
  return experts && layer >= experts->dense_first && (layer + 1) % experts->interval == 0;
}

std::int64_t Decoder::expert_layers() const {
  if (!experts)
    return 0;
  return layers / experts->interval - std::min(experts->dense_first, layers) / experts->interval;
}

std::int64_t Decoder::query_key_dim() const {
  return latent_attention ? latent_attention->qk_nope_head_dim + latent_attention->qk_rope_head_dim
                          : head_dim;
}

std::int64_t Decoder::value_dim() const {
  return latent_attention ? latent_attention->v_head_dim : head_dim;
}

double Decoder::key_value_width(std::int64_t tensor_parallel) const {
  // With more ranks than key-value heads each rank still holds one head of them.
  const double kv =
      std::max(1.0, static_cast<double>(kv_heads) / static_cast<double>(tensor_parallel));
  if (!latent_attention)
    return 2 * kv * static_cast<double>(head_dim);
  return kv * static_cast<double>(query_key_dim() + value_dim());
}

std::span<const Spelled<Activation>> activation_names() { return activations; }
std::span<const Spelled<Position>> position_names() { return positions; }
std::span<const Spelled<Normalization>> normalization_names() { return normalizations; }
std::span<const Spelled<NormPlacement>> norm_placement_names() { return norm_placements; }
std::span<const Spelled<BiasTerms>> bias_names() { return biases; }

void read_architecture(TableReader &table, Decoder &decoder) {
  const bool was_mha = decoder.kv_heads == decoder.heads;
  const bool was_even = decoder.head_dim * decoder.heads == decoder.hidden;
  replace(decoder.layers, table.integer("layers", 1, most_layers));
  replace(decoder.hidden, table.integer("hidden", 1, most_width));
  replace(decoder.heads, table.integer("heads", 1, most_width));
  if (was_mha)
    decoder.kv_heads = decoder.heads;
  replace(decoder.kv_heads, table.integer("kv_heads", 1, most_width));
  // Heads that do not divide leave no width of theirs: check_architecture asks for it.
  if (was_even && decoder.heads > 0)
    decoder.head_dim = decoder.hidden % decoder.heads == 0 ? decoder.hidden / decoder.heads : 0;
  replace(decoder.head_dim, table.integer("head_dim", 1, 100'000));
  replace(decoder.ffn_hidden, table.integer("ffn_hidden", 1, most_width));
  replace(decoder.vocabulary, table.integer("vocabulary", 1, most_vocabulary));
  replace(decoder.vocabulary_multiple, table.integer("vocabulary_multiple", 1, 1'000'000));
  replace(decoder.context_length, table.integer("context_length", 1, most_context));
  replace(decoder.activation, table.choice("activation", activation_names()));
  replace(decoder.tied_embeddings, table.flag("tied_embeddings"));
  replace(decoder.position, table.choice("position", position_names()));
  replace(decoder.extra_positions, table.integer("extra_positions", 0, most_context));
  replace(decoder.normalization, table.choice("normalization", normalization_names()));
  replace(decoder.norm_placement, table.choice("norm_placement", norm_placement_names()));
  if (auto norms = table.integer("norms_per_layer", 0, 16))
    decoder.norms_per_layer = norms;
  replace(decoder.embedding_norm, table.flag("embedding_norm"));
  replace(decoder.bias, table.choice("bias", bias_names()));
  replace(decoder.parallel_attention, table.flag("parallel_attention"));
  replace(decoder.qk_norm, table.flag("qk_norm"));
  replace(decoder.qk_norm_all_heads, table.flag("qk_norm_all_heads"));
  replace(decoder.attention_sinks, table.flag("attention_sinks"));
  replace(decoder.causal, table.flag("causal"));
  if (auto window = table.integer("sliding_window", 1, most_context))
    decoder.sliding_window = window;
  if (auto local = table.integer("local_layers_per_global", 1, most_layers))
    decoder.local_layers_per_global = local;
  if (table.has("experts"))
    read_experts(table.table("experts"), decoder.experts);
  if (table.has("latent_attention"))
    read_latent_attention(table.table("latent_attention"), decoder.latent_attention);
  replace(decoder.prediction_layers, table.integer("prediction_layers", 0, most_prediction_layers));
}

void check_architecture(TableReader &table, const Decoder &decoder) {
  const auto required = [&](std::string_view key, std::int64_t value, std::string_view what) {
    if (value <= 0 && !table.has(key))
      table.report_missing(key, what);
  };
  required("layers", decoder.layers, "the number of layers");
  required("hidden", decoder.hidden, "the width of the residual stream");
  required("heads", decoder.heads, "the number of attention heads");
  if (decoder.expert_layers() < decoder.layers)
    required("ffn_hidden", decoder.ffn_hidden, "the width of the MLP's inner layer");
  required("vocabulary", decoder.vocabulary, "the number of token embeddings");
  required("context_length", decoder.context_length,
           "the longest sequence of the model, in tokens");
  if (decoder.heads > 0 && decoder.hidden > 0 && decoder.head_dim <= 0 && !table.has("head_dim"))
    table.report("heads", fmt::format("{} does not divide hidden = {}; give head_dim too",
                                      decoder.heads, decoder.hidden));
  if (decoder.heads > 0 && decoder.kv_heads > 0 && decoder.heads % decoder.kv_heads != 0)
    table.report("kv_heads",
                 fmt::format("{} does not divide heads = {}", decoder.kv_heads, decoder.heads));
  if (decoder.heads > 0 && decoder.head_dim > 0 && decoder.heads * decoder.head_dim > most_width)
    table.report("heads", "heads x head_dim is above 10,000,000");
  if (decoder.local_layers_per_global && !decoder.sliding_window)
    table.report("local_layers_per_global", "needs sliding_window, the tokens of a local layer");
  if (decoder.experts && decoder.layers > 0 && decoder.expert_layers() == 0)
    table.report("experts", fmt::format("no layer has them: dense_first = {} and interval = {} "
                                        "leave none of {} layers",
                                        decoder.experts->dense_first, decoder.experts->interval,
                                        decoder.layers));
  if (decoder.qk_norm_all_heads && !decoder.qk_norm)
    table.report("qk_norm_all_heads", "needs qk_norm = true");
  if (decoder.latent_attention && decoder.position != Position::rotary)
    table.report("latent_attention", "has a rotated part: needs position = \"rotary\"");
  if (decoder.latent_attention && decoder.kv_heads != decoder.heads && decoder.kv_heads > 0)
    table.report("kv_heads", "latent attention makes keys and values for every head: leave "
                             "kv_heads out or give heads");
}

} // namespace flopcast
