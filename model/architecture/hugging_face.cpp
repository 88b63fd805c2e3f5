// SPDX-License-Identifier: Apache-2.0
#include "model/architecture/hugging_face.hpp"

#include "model/architecture/hugging_face_config.hpp"
#include "model/architecture/hugging_face_families.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

namespace flopcast {
namespace {

constexpr std::int64_t most_width = 10'000'000;
constexpr std::int64_t most_layers = 10'000;
constexpr std::int64_t most_experts = 100'000;
constexpr std::int64_t most_expert_groups = 1'000;
constexpr std::int64_t most_tokens = 1'000'000'000;

class Reading {
public:
  Reading(HuggingFaceConfig &config, const HuggingFaceFamily &family)
      : config_(config), family_(family) {}

  [[nodiscard]] Decoder decoder() {
    read_dimensions();
    read_look();
    read_experts();
    read_latent_attention();
    read_windows();
    check_rest();
    return decoder_;
  }
  [[nodiscard]] const std::vector<std::string> &caveats() const { return caveats_; }

private:
  [[nodiscard]] bool of_type(std::string_view type) const { return family_.model_type == type; }

  void defaulted(std::string what) { defaults_.push_back(std::move(what)); }

  void read_dimensions() {
    decoder_.layers = config_.required({"num_hidden_layers", "n_layer", "n_layers"}, most_layers,
                                       "the number of layers");
    decoder_.hidden = config_.required({"hidden_size", "n_embd", "n_embed", "d_model"}, most_width,
                                       "the width of the residual stream");
    decoder_.heads = config_.required({"num_attention_heads", "n_head", "n_heads"}, most_width,
                                      "the number of attention heads");
    decoder_.vocabulary =
        config_.required({"vocab_size"}, most_tokens, "the number of token embeddings");
    const auto context = config_.integer(
        {"max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "n_ctx"},
        most_tokens);
    if (!context) {
      defaulted("max_position_embeddings = 2048");
    }
    decoder_.context_length = context.value_or(2048);
    read_key_value_heads();
    const auto head_dim = config_.integer({"head_dim", "d_kv", "kv_channels"}, 100'000);
    if (!head_dim && decoder_.heads > 0 && decoder_.hidden % decoder_.heads != 0)
      config_.report("head_dim", "is not given, and the heads do not divide the hidden size");
    decoder_.head_dim =
        head_dim.value_or(decoder_.hidden / std::max<std::int64_t>(decoder_.heads, 1));
    read_mlp_width();
    decoder_.prediction_layers =
        config_.integer({"num_nextn_predict_layers", "mtp_num_hidden_layers"}, 100, 0).value_or(0);
  }

  void read_key_value_heads() {
    const auto heads =
        config_.integer({"num_key_value_heads", "num_kv_heads", "n_head_kv"}, most_width);
    decoder_.kv_heads = heads.value_or(decoder_.heads);
    if (of_type("falcon") || of_type("gpt_bigcode")) {
      // The number counts in the new architecture alone.
      const bool grouped = config_.flag("new_decoder_architecture").value_or(false);
      const bool one = config_.flag("multi_query").value_or(true);
      if (!grouped)
        decoder_.kv_heads = one ? 1 : decoder_.heads;
      if (of_type("falcon") && !grouped)
        decoder_.norms_per_layer = 1;
    } else if (!heads && family_.normalization == Normalization::rmsnorm) {
      defaulted("num_key_value_heads = num_attention_heads");
    }
    if (decoder_.kv_heads > 0 && decoder_.heads % decoder_.kv_heads != 0)
      config_.report("num_key_value_heads", fmt::format("{} does not divide the {} attention heads",
                                                        decoder_.kv_heads, decoder_.heads));
  }

  void read_mlp_width() {
    // Llama 4 gives its dense layers a width of their own.
    auto width =
        of_type("llama4_text")
            ? config_.integer({"intermediate_size_mlp"}, most_width)
            : config_.integer({"intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size"},
                              most_width);
    if (!width && of_type("mpt"))
      width = config_.integer({"expansion_ratio"}, 100).value_or(4) * decoder_.hidden;
    if (!width && !family_.gated) {
      width = 4 * decoder_.hidden;
      defaulted("an MLP of 4 x the hidden size");
    }
    if (!width)
      config_.report(of_type("llama4_text") ? "intermediate_size_mlp" : "intermediate_size",
                     "is missing: the inner width of the MLP");
    decoder_.ffn_hidden = width.value_or(0);
  }

  void read_look() {
    decoder_.activation = activation();
    decoder_.normalization = family_.normalization;
    decoder_.norm_placement = family_.norm_placement;
    if (family_.norms_per_layer)
      decoder_.norms_per_layer = family_.norms_per_layer;
    decoder_.position = family_.position;
    if (config_.flag("alibi").value_or(false))
      decoder_.position = Position::alibi;
    const auto tied = config_.flag("tie_word_embeddings");
    if (!tied)
      defaulted(fmt::format("tie_word_embeddings = {}", family_.tied_embeddings));
    decoder_.tied_embeddings = tied.value_or(family_.tied_embeddings);
    decoder_.bias = bias();
    decoder_.qk_norm =
        config_.flag("use_qk_norm").value_or(family_.qk_norm) && !of_type("llama4_text");
    decoder_.qk_norm_all_heads = decoder_.qk_norm && family_.qk_norm_all_heads;
    decoder_.parallel_attention = family_.parallel_attention;
    for (const std::string_view key : {"use_parallel_residual", "parallel_attn"})
      if (const auto parallel = config_.flag(key))
        decoder_.parallel_attention = *parallel;
    if (of_type("bloom"))
      decoder_.embedding_norm = true;
    if (of_type("gpt_oss"))
      decoder_.attention_sinks = true;
    if (of_type("opt"))
      read_opt();
    if (of_type("mpt"))
      read_mpt();
  }

  void read_opt() {
    decoder_.extra_positions = 2;
    if (!config_.flag("do_layer_norm_before").value_or(true))
      decoder_.norm_placement = NormPlacement::post;
    if (const auto width = config_.integer({"word_embed_proj_dim"}, most_width);
        width && *width != decoder_.hidden)
      config_.report("word_embed_proj_dim",
                     "embeddings of another width than the layers are not modelled");
    (void)config_.flag("enable_bias");
  }

  void read_mpt() {
    if (!config_.flag("no_bias").value_or(true))
      decoder_.bias = BiasTerms::all;
    const InputValue *attention = config_.value("attn_config");
    const auto *table = attention == nullptr ? nullptr : std::get_if<InputTable>(&attention->data);
    if (table == nullptr)
      return;
    if (const auto alibi = table->find("alibi"); alibi != table->end())
      if (const auto *on = std::get_if<bool>(&alibi->second.data); on != nullptr && !*on)
        decoder_.position = Position::learned;
  }

  [[nodiscard]] Activation activation() {
    const auto name =
        config_.text({"hidden_activation", "hidden_act", "activation_function", "activation"});
    const std::string usual = family_.gated ? "silu" : "gelu";
    if (!name && family_.gated)
      defaulted("hidden_act = silu");
    const std::string given = name.value_or(usual);
    if (given == "relu2" && !family_.gated)
      return Activation::squared_relu;
    if (given.starts_with("gelu"))
      return family_.gated ? Activation::geglu : Activation::gelu;
    if ((given == "silu" || given == "swish" || given == "swiglu") && family_.gated)
      return family_.clamped_activation ? Activation::clamped_swiglu : Activation::swiglu;
    if (given == "relu" && !family_.gated)
      return Activation::relu;
    config_.report("hidden_act",
                   fmt::format("\"{}\" is not known of {}", given, family_.model_type));
    return Activation::gelu;
  }

  [[nodiscard]] BiasTerms bias() {
    const auto attention = config_.flag("attention_bias");
    const auto mlp = config_.flag("mlp_bias");
    const auto all = config_.flag(of_type("starcoder2") ? "use_bias" : "bias");
    if (all)
      return *all ? BiasTerms::all : BiasTerms::none;
    if (!attention && !mlp)
      return family_.bias;
    if (family_.bias == BiasTerms::all && attention.value_or(true) && mlp.value_or(true))
      return BiasTerms::all;
    if (attention.value_or(false))
      return mlp.value_or(false) ? BiasTerms::all : BiasTerms::qkv;
    return family_.bias == BiasTerms::qkv && !attention ? BiasTerms::qkv : BiasTerms::none;
  }

  void read_experts() {
    const auto count = config_.integer({"num_local_experts", "num_experts", "n_routed_experts",
                                        "num_routed_experts", "moe_num_experts"},
                                       most_experts);
    const auto used = config_.integer({"num_experts_per_tok", "experts_per_token",
                                       "num_experts_per_token", "moe_topk", "moe_top_k"},
                                      most_experts);
    auto width = config_.integer({"moe_intermediate_size"}, most_width);
    if (family_.experts_have_intermediate_size && !width)
      width = config_.integer({"intermediate_size"}, most_width);
    const auto shared =
        config_.integer({"n_shared_experts", "num_shared_experts"}, most_experts, 0);
    const auto shared_width = config_.integer({"shared_expert_intermediate_size"}, most_width, 0);
    if (!count || *count == 1)
      return;
    MixtureOfExperts experts;
    experts.count = *count;
    if (!used)
      config_.report("num_experts_per_tok", "is missing: the experts that a token uses");
    if (!width)
      config_.report("moe_intermediate_size", "is missing: the inner width of an expert");
    experts.per_token = used.value_or(1);
    experts.hidden = width.value_or(0);
    experts.groups = config_.integer({"n_group"}, most_expert_groups).value_or(1);
    experts.groups_per_token = config_.integer({"topk_group"}, most_expert_groups).value_or(1);
    if (experts.groups_per_token > experts.groups || experts.count % experts.groups != 0)
      config_.report("n_group", "must divide the experts and be at least topk_group");
    if (experts.per_token > experts.count)
      config_.report("num_experts_per_tok", "is more than the experts of a layer");
    const std::int64_t shared_experts = of_type("llama4_text") ? 1 : shared.value_or(0);
    experts.shared_hidden = shared_width.value_or(shared_experts * experts.hidden);
    if (experts.shared_hidden > most_width)
      config_.report("n_shared_experts", "are wider together than 10,000,000");
    experts.shared_gate = family_.shared_gate && experts.shared_hidden > 0;
    experts.router_bias = family_.router_bias;
    experts.dense_first = config_.integer({"first_k_dense_replace"}, most_layers, 0).value_or(0);
    experts.interval =
        config_.integer({"decoder_sparse_step", "interleave_moe_layer_step"}, most_layers)
            .value_or(1);
    if (of_type("llama4_text"))
      (void)config_.value("moe_layers"); // those that the interval makes
    if (config_.integer({"moe_layer_freq"}, most_layers).value_or(1) != 1)
      config_.report("moe_layer_freq", "is modelled as 1 alone");
    read_dense_layers(experts);
    decoder_.experts = experts;
    if (decoder_.layers > 0 && decoder_.expert_layers() == 0)
      config_.report("num_hidden_layers", "leaves no layer with experts");
  }

  /// Layers that a list names as dense, where they are the first ones.
  void read_dense_layers(MixtureOfExperts &experts) {
    const InputValue *dense = config_.value("mlp_only_layers");
    const auto *list = dense == nullptr ? nullptr : std::get_if<InputArray>(&dense->data);
    if (list == nullptr || list->empty())
      return;
    for (std::size_t i = 0; i < list->size(); ++i) {
      const auto *layer = std::get_if<std::int64_t>(&(*list)[i].data);
      if (layer == nullptr || *layer != static_cast<std::int64_t>(i)) {
        config_.report("mlp_only_layers",
                       "other dense layers than the first ones are not modelled");
        return;
      }
    }
    experts.dense_first = std::ssize(*list);
  }

  void read_latent_attention() {
    const auto rank = config_.integer({"kv_lora_rank"}, most_width);
    const auto q_rank = config_.integer({"q_lora_rank"}, most_width);
    if (!rank)
      return;
    LatentAttention latent;
    latent.q_lora_rank = q_rank;
    latent.kv_lora_rank = *rank;
    const auto width = [&](std::string_view key) {
      return config_.required({key}, 100'000, "a width of latent attention");
    };
    latent.qk_nope_head_dim = width("qk_nope_head_dim");
    latent.qk_rope_head_dim = width("qk_rope_head_dim");
    latent.v_head_dim = width("v_head_dim");
    (void)config_.integer({"qk_head_dim"}, 100'000); // the sum of two of them
    decoder_.latent_attention = latent;
    decoder_.kv_heads = decoder_.heads; // made for every head from the latent
    decoder_.head_dim = latent.v_head_dim;
  }

  void read_windows() {
    const auto window = config_.integer({"sliding_window", "sliding_window_size"}, most_tokens, 0);
    const auto pattern =
        config_.integer({"sliding_window_pattern", "_sliding_window_pattern"}, most_layers);
    const auto used = config_.flag("use_sliding_window");
    const std::vector<std::string> kinds = config_.texts("layer_types");
    (void)config_.integer({"attention_chunk_size"}, most_tokens);
    (void)config_.value("no_rope_layers");
    (void)config_.integer({"no_rope_layer_interval"}, most_layers);
    for (const std::string &kind : kinds)
      if (kind != "full_attention" && kind != "sliding_attention" && kind != "chunked_attention") {
        config_.report("layer_types", fmt::format("\"{}\" is not modelled", kind));
        return;
      }
    if (of_type("llama4_text"))
      caveats_.emplace_back("attention in chunks (attention_chunk_size) is counted as whole");
    if (!window || *window == 0 || used == false || *window >= decoder_.context_length)
      return;
    if (used == true && !of_type("starcoder2") && kinds.empty()) {
      config_.report("use_sliding_window",
                     "windows above max_window_layers are not modelled; set it to false");
      return;
    }
    if (!kinds.empty()) {
      take_window(kinds, *window);
      return;
    }
    decoder_.sliding_window = *window;
    if (of_type("gemma2") || of_type("gpt_oss"))
      decoder_.local_layers_per_global = 1;
    else if (pattern || of_type("gemma3_text"))
      decoder_.local_layers_per_global = pattern.value_or(6) - 1;
  }

  /// The pattern of the list, if it is one of so many local layers for each global one.
  void take_window(const std::vector<std::string> &kinds, std::int64_t window) {
    const auto global = std::ranges::find(kinds, "full_attention");
    if (global == kinds.begin() && std::ranges::count(kinds, "full_attention") == std::ssize(kinds))
      return;
    decoder_.sliding_window = window;
    if (global != kinds.end())
      decoder_.local_layers_per_global = global - kinds.begin();
    bool same = std::ssize(kinds) == decoder_.layers && decoder_.local_layers_per_global != 0;
    for (std::size_t i = 0; same && i < kinds.size(); ++i)
      same = decoder_.is_local(static_cast<std::int64_t>(i)) == (kinds[i] == "sliding_attention");
    if (!same)
      config_.report("layer_types",
                     "is no regular pattern of local and global layers, one for each "
                     "layer: not modelled");
  }

  /// What nobody asked for: an error where it may change the model, else told.
  void check_rest() {
    if (config_.flag("is_encoder_decoder").value_or(false))
      config_.report("is_encoder_decoder", "models with an encoder are not modelled");
    const std::vector<std::string> left_out = config_.report_rest();
    if (!defaults_.empty())
      caveats_.push_back(fmt::format("taken by default, as {} has it: {}", family_.model_type,
                                     fmt::join(defaults_, ", ")));
    if (!left_out.empty())
      caveats_.push_back(fmt::format("not read: {}", fmt::join(left_out, ", ")));
  }

  HuggingFaceConfig &config_;
  const HuggingFaceFamily &family_;
  Decoder decoder_;
  std::vector<std::string> defaults_;
  std::vector<std::string> caveats_;
};

/// How a user knows the model: what its makers call it, or else by its file.
std::string model_name(const std::optional<std::string> &own, const std::string &file,
                       std::string_view model_type) {
  if (own && !own->empty() && own->find("..") == std::string::npos && own->front() != '/')
    return *own;
  const std::filesystem::path path(file);
  std::string stem = path.stem().string();
  if (stem == "config")
    stem = path.parent_path().filename().string();
  for (const std::string_view end : {"_config", "-config", ".config"})
    if (stem.size() > end.size() && stem.ends_with(end))
      stem.resize(stem.size() - end.size());
  return stem.empty() || stem == "." ? std::string(model_type) : stem;
}

} // namespace

ModelPreset read_hugging_face_config(const InputValue &root, const std::string &file,
                                     Diagnostics &diagnostics) {
  ModelPreset preset;
  preset.id = file;
  preset.provenance.source = file;
  HuggingFaceConfig outer(root, diagnostics);
  // A model of texts and pictures holds the decoder's own table.
  const InputValue *inner = outer.value("text_config");
  HuggingFaceConfig config(inner != nullptr ? *inner : root, diagnostics);
  std::string type = config.text({"model_type"}).value_or("");
  if (type.empty() && inner != nullptr)
    type = outer.text({"model_type"}).value_or("");
  const HuggingFaceFamily *family = find_hugging_face_family(type);
  if (family == nullptr) {
    std::vector<std::string> known;
    for (const HuggingFaceFamily &one : hugging_face_families())
      known.emplace_back(one.model_type);
    config.report("model_type",
                  type.empty() ? std::string("is missing: no config.json of a Hugging Face model")
                               : fmt::format("\"{}\" is not known; known are {}. Write the model's "
                                             "dimensions into the plan's [model] instead",
                                             type, fmt::join(known, ", ")));
    return preset;
  }
  const std::size_t before = diagnostics.size();
  Reading reading(config, *family);
  preset.decoder = reading.decoder();
  TableReader whole(inner != nullptr ? *inner : root, "", diagnostics);
  if (diagnostics.size() == before)
    check_architecture(whole, preset.decoder); // what no key alone tells
  preset.caveats = reading.caveats();
  if (inner != nullptr)
    preset.caveats.emplace_back("text_config alone is read: other parts of the model are left out");
  preset.series = family->model_type;
  preset.name = model_name(outer.text({"_name_or_path"}), file, family->model_type);
  return preset;
}

} // namespace flopcast
