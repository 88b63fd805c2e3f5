// SPDX-License-Identifier: Apache-2.0
// Published configurations, in the words of Hugging Face, make the decoders of the model presets.
#include "model/architecture/hugging_face.hpp"
#include "tests/support/paths.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <fstream>
#include <ostream>
#include <string>

namespace flopcast {
namespace {

using namespace tests;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

std::string optional_text(const std::optional<std::int64_t> &value) {
  return value ? fmt::to_string(*value) : "-";
}

/// Every field, so that a difference can be read.
std::string described(const Decoder &d) {
  std::string text = fmt::format(
      "L {} h {} a {} kv {} d {} ffn {} V {} act {} tied {} pos {}+{} norm {} at {} x {} emb {} "
      "bias {} parallel {} qk {} {} sinks {} causal {} window {} {} mtp {}",
      d.layers, d.hidden, d.heads, d.kv_heads, d.latent_attention ? 0 : d.head_dim, d.ffn_hidden,
      d.vocabulary, static_cast<int>(d.activation), d.tied_embeddings, static_cast<int>(d.position),
      d.extra_positions, static_cast<int>(d.normalization), static_cast<int>(d.norm_placement),
      d.norms(), d.embedding_norm, static_cast<int>(d.bias), d.parallel_attention, d.qk_norm,
      d.qk_norm_all_heads, d.attention_sinks, d.causal, optional_text(d.sliding_window),
      optional_text(d.local_layers_per_global), d.prediction_layers);
  if (const auto &e = d.experts)
    text +=
        fmt::format(" experts {} of {} x {} groups {} of {} shared {} gate {} bias {} first {} "
                    "every {}",
                    e->per_token, e->count, e->hidden, e->groups_per_token, e->groups,
                    e->shared_hidden, e->shared_gate, e->router_bias, e->dense_first, e->interval);
  if (const auto &m = d.latent_attention)
    text += fmt::format(" latent {} {} {} {} {}", optional_text(m->q_lora_rank), m->kv_lora_rank,
                        m->qk_nope_head_dim, m->qk_rope_head_dim, m->v_head_dim);
  return text;
}

ModelPreset read(const std::string &text, const std::string &file = "models/some/config.json") {
  Diagnostics diagnostics;
  ModelPreset preset = read_hugging_face_config(parse_json(text, file), file, diagnostics);
  diagnostics.throw_if_any();
  return preset;
}

std::string refusal(const std::string &text) {
  try {
    (void)read(text);
  } catch (const InputError &error) {
    return error.what();
  }
  return "";
}

struct Published {
  std::string preset;
  std::string config;
};

void PrintTo(const Published &published, std::ostream *stream) { *stream << published.preset; }

class PublishedConfig : public testing::TestWithParam<Published> {};

TEST_P(PublishedConfig, MakesTheDecoderOfThePreset) {
  const ModelPreset made = read(GetParam().config);
  const ModelPreset preset = load_model(shipped_presets(), GetParam().preset);
  EXPECT_EQ(described(made.decoder), described(preset.decoder));
  EXPECT_GT(made.decoder.context_length, 0);
  EXPECT_EQ(made.name, "some") << "after its folder";
}

std::string gpt_oss_config() {
  std::string kinds;
  for (int layer = 0; layer < 36; ++layer)
    kinds += layer % 2 == 0 ? R"("sliding_attention", )" : R"("full_attention", )";
  kinds.resize(kinds.size() - 2);
  return R"({"model_type": "gpt_oss", "attention_bias": true, "experts_per_token": 4,
    "head_dim": 64, "hidden_act": "silu", "hidden_size": 2880, "initial_context_length": 4096,
    "intermediate_size": 2880, "max_position_embeddings": 131072, "num_attention_heads": 64,
    "num_experts_per_tok": 4, "num_hidden_layers": 36, "num_key_value_heads": 8,
    "num_local_experts": 128, "rms_norm_eps": 1e-05, "router_aux_loss_coef": 0.9,
    "rope_scaling": {"factor": 32.0}, "sliding_window": 128, "swiglu_limit": 7.0,
    "tie_word_embeddings": false, "vocab_size": 201088, "layer_types": [)" +
         kinds + "]}";
}

INSTANTIATE_TEST_SUITE_P(
    HuggingFace, PublishedConfig,
    testing::Values(
        Published{"llama3-8b", R"({"architectures": ["LlamaForCausalLM"], "attention_bias": false,
          "attention_dropout": 0.0, "bos_token_id": 128000, "eos_token_id": 128001,
          "hidden_act": "silu", "hidden_size": 4096, "initializer_range": 0.02,
          "intermediate_size": 14336, "max_position_embeddings": 8192, "model_type": "llama",
          "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8,
          "pretraining_tp": 1, "rms_norm_eps": 1e-05, "rope_scaling": null,
          "rope_theta": 500000.0, "tie_word_embeddings": false, "torch_dtype": "bfloat16",
          "transformers_version": "4.40.0.dev0", "use_cache": true, "vocab_size": 128256})"},
        Published{"mistral-7b", R"({"model_type": "mistral", "hidden_act": "silu",
          "hidden_size": 4096, "intermediate_size": 14336, "max_position_embeddings": 32768,
          "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8,
          "rms_norm_eps": 1e-05, "sliding_window": 4096, "tie_word_embeddings": false,
          "vocab_size": 32000})"},
        Published{"mixtral-8x7b", R"({"model_type": "mixtral", "hidden_act": "silu",
          "hidden_size": 4096, "intermediate_size": 14336, "max_position_embeddings": 32768,
          "num_attention_heads": 32, "num_experts_per_tok": 2, "num_hidden_layers": 32,
          "num_key_value_heads": 8, "num_local_experts": 8, "output_router_logits": false,
          "router_aux_loss_coef": 0.02, "sliding_window": null, "tie_word_embeddings": false,
          "vocab_size": 32000})"},
        Published{"gpt2-124m", R"({"model_type": "gpt2", "activation_function": "gelu_new",
          "attn_pdrop": 0.1, "embd_pdrop": 0.1, "layer_norm_epsilon": 1e-05, "n_ctx": 1024,
          "n_embd": 768, "n_head": 12, "n_layer": 12, "n_positions": 1024, "resid_pdrop": 0.1,
          "summary_type": "cls_index", "task_specific_params": {"text-generation":
          {"do_sample": true, "max_length": 50}}, "vocab_size": 50257})"},
        Published{"pythia-6.9b", R"({"model_type": "gpt_neox", "hidden_act": "gelu",
          "hidden_size": 4096, "intermediate_size": 16384, "layer_norm_eps": 1e-05,
          "max_position_embeddings": 2048, "num_attention_heads": 32, "num_hidden_layers": 32,
          "rotary_emb_base": 10000, "rotary_pct": 0.25, "tie_word_embeddings": false,
          "use_parallel_residual": true, "vocab_size": 50432})"},
        Published{"opt-1.3b", R"({"model_type": "opt", "activation_dropout": 0.0,
          "activation_function": "relu", "do_layer_norm_before": true, "dropout": 0.1,
          "ffn_dim": 8192, "hidden_size": 2048, "layerdrop": 0.0, "num_attention_heads": 32,
          "num_hidden_layers": 24, "max_position_embeddings": 2048, "vocab_size": 50272,
          "word_embed_proj_dim": 2048})"},
        Published{"bloom-176b", R"({"model_type": "bloom", "attention_dropout": 0.0,
          "attention_softmax_in_fp32": true, "bias_dropout_fusion": true,
          "layer_norm_epsilon": 1e-05, "masked_softmax_fusion": true, "n_embed": 14336,
          "n_inner": null, "n_layer": 70, "num_attention_heads": 112, "offset_alibi": 100,
          "pretraining_tp": 4, "seq_length": 2048, "skip_bias_add": true,
          "skip_bias_add_qkv": false, "slow_but_exact": false, "vocab_size": 250880})"},
        Published{"falcon-40b", R"({"model_type": "falcon", "alibi": false, "bias": false,
          "hidden_dropout": 0.0, "hidden_size": 8192, "multi_query": true,
          "new_decoder_architecture": true, "num_attention_heads": 128, "num_hidden_layers": 60,
          "num_kv_heads": 8, "parallel_attn": true, "vocab_size": 65024})"},
        Published{"falcon-7b", R"({"model_type": "falcon", "alibi": false, "bias": false,
          "hidden_size": 4544, "multi_query": true, "new_decoder_architecture": false,
          "num_attention_heads": 71, "num_hidden_layers": 32, "parallel_attn": true,
          "vocab_size": 65024})"},
        Published{"mpt-30b", R"({"model_type": "mpt", "attn_config": {"alibi": true,
          "alibi_bias_max": 8, "attn_type": "multihead_attention"}, "d_model": 7168,
          "emb_pdrop": 0, "expansion_ratio": 4, "init_device": "cpu", "learned_pos_emb": true,
          "max_seq_len": 8192, "n_heads": 64, "n_layers": 48, "no_bias": true,
          "norm_type": "low_precision_layernorm", "vocab_size": 50432})"},
        Published{"gemma2-9b", R"({"model_type": "gemma2", "attn_logit_softcapping": 50.0,
          "final_logit_softcapping": 30.0, "head_dim": 256, "hidden_act": "gelu_pytorch_tanh",
          "hidden_activation": "gelu_pytorch_tanh", "hidden_size": 3584,
          "intermediate_size": 14336, "max_position_embeddings": 8192, "num_attention_heads": 16,
          "num_hidden_layers": 42, "num_key_value_heads": 8, "query_pre_attn_scalar": 256,
          "sliding_window": 4096, "sliding_window_size": 4096, "vocab_size": 256000})"},
        Published{"gemma3-12b", R"({"model_type": "gemma3", "mm_tokens_per_image": 256,
          "text_config": {"model_type": "gemma3_text", "head_dim": 256, "hidden_size": 3840,
          "hidden_activation": "gelu_pytorch_tanh", "intermediate_size": 15360,
          "max_position_embeddings": 131072, "num_attention_heads": 16, "num_hidden_layers": 48,
          "num_key_value_heads": 8, "rope_scaling": {"factor": 8.0}, "sliding_window": 1024,
          "sliding_window_pattern": 6, "vocab_size": 262144},
          "vision_config": {"hidden_size": 1152, "num_hidden_layers": 27}})"},
        Published{"qwen2.5-7b", R"({"model_type": "qwen2", "hidden_act": "silu",
          "hidden_size": 3584, "intermediate_size": 18944, "max_position_embeddings": 131072,
          "max_window_layers": 28, "num_attention_heads": 28, "num_hidden_layers": 28,
          "num_key_value_heads": 4, "sliding_window": 131072, "tie_word_embeddings": false,
          "use_mrope": false, "use_sliding_window": false, "vocab_size": 152064})"},
        Published{"qwen1.5-moe-a2.7b", R"({"model_type": "qwen2_moe", "decoder_sparse_step": 1,
          "hidden_act": "silu", "hidden_size": 2048, "intermediate_size": 5632,
          "max_position_embeddings": 8192, "max_window_layers": 21, "moe_intermediate_size": 1408,
          "norm_topk_prob": false, "num_attention_heads": 16, "num_experts": 60,
          "num_experts_per_tok": 4, "num_hidden_layers": 24, "num_key_value_heads": 16,
          "shared_expert_intermediate_size": 5632, "sliding_window": 32768,
          "tie_word_embeddings": false, "use_sliding_window": false, "vocab_size": 151936})"},
        Published{"qwen3-235b-a22b", R"({"model_type": "qwen3_moe", "attention_bias": false,
          "decoder_sparse_step": 1, "head_dim": 128, "hidden_act": "silu", "hidden_size": 4096,
          "intermediate_size": 12288, "max_position_embeddings": 40960, "max_window_layers": 94,
          "mlp_only_layers": [], "moe_intermediate_size": 1536, "num_attention_heads": 64,
          "num_experts": 128, "num_experts_per_tok": 8, "num_hidden_layers": 94,
          "num_key_value_heads": 4, "sliding_window": null, "tie_word_embeddings": false,
          "use_sliding_window": false, "vocab_size": 151936})"},
        Published{"glm-4.5", R"({"model_type": "glm4_moe", "attention_bias": true,
          "first_k_dense_replace": 3, "head_dim": 128, "hidden_act": "silu", "hidden_size": 5120,
          "intermediate_size": 12288, "max_position_embeddings": 131072,
          "moe_intermediate_size": 1536, "n_group": 1, "n_routed_experts": 160,
          "n_shared_experts": 1, "num_attention_heads": 96, "num_experts_per_tok": 8,
          "num_hidden_layers": 92, "num_key_value_heads": 8, "num_nextn_predict_layers": 1,
          "partial_rotary_factor": 0.5, "routed_scaling_factor": 2.5,
          "tie_word_embeddings": false, "use_qk_norm": true, "vocab_size": 151552})"},
        Published{"llama4-maverick", R"({"model_type": "llama4", "text_config": {
          "model_type": "llama4_text", "attention_bias": false, "attention_chunk_size": 8192,
          "attn_scale": 0.1, "attn_temperature_tuning": 4, "floor_scale": 8192, "head_dim": 128,
          "hidden_act": "silu", "hidden_size": 5120, "interleave_moe_layer_step": 2,
          "intermediate_size": 8192, "intermediate_size_mlp": 16384,
          "max_position_embeddings": 1048576, "moe_layers": [1, 3, 5],
          "no_rope_layers": [1, 1, 1, 0], "num_attention_heads": 40, "num_experts_per_tok": 1,
          "num_hidden_layers": 48, "num_key_value_heads": 8, "num_local_experts": 128,
          "tie_word_embeddings": false, "use_qk_norm": false, "vocab_size": 202048}})"},
        Published{"deepseek-v2", R"({"model_type": "deepseek_v2", "aux_loss_alpha": 0.001,
          "first_k_dense_replace": 1, "hidden_act": "silu", "hidden_size": 5120,
          "intermediate_size": 12288, "kv_lora_rank": 512, "max_position_embeddings": 163840,
          "moe_intermediate_size": 1536, "moe_layer_freq": 1, "n_group": 8,
          "n_routed_experts": 160, "n_shared_experts": 2, "num_attention_heads": 128,
          "num_experts_per_tok": 6, "num_hidden_layers": 60, "num_key_value_heads": 128,
          "q_lora_rank": 1536, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
          "tie_word_embeddings": false, "topk_group": 3, "v_head_dim": 128, "vocab_size": 102400})"},
        Published{"gpt-oss-120b", gpt_oss_config()}));

TEST(HuggingFaceConfig, OfSharedSamplesMakesThePresets) {
  const auto folder = shared_data().parent_path() / "samples" / "hf";
  if (shared_data().empty() || !std::filesystem::exists(folder))
    GTEST_SKIP() << "no samples beside this checkout";
  for (const auto &[file, id] : {std::pair{"deepseek_v3_config.json", "deepseek-v3"},
                                 std::pair{"qwen3-8B_config.json", "qwen3-8b"}}) {
    const ModelPreset made = load_model(shipped_presets(), (folder / file).string());
    EXPECT_EQ(described(made.decoder), described(load_model(shipped_presets(), id).decoder))
        << file;
  }
}

constexpr auto small = R"({"model_type": "llama", "hidden_size": 1024, "intermediate_size": 4096,
  "max_position_embeddings": 2048, "num_attention_heads": 8, "num_hidden_layers": 4,
  "vocab_size": 32000 MORE})";

std::string small_with(const std::string &more) {
  std::string text = small;
  return text.replace(text.find(" MORE"), 5, more.empty() ? "" : ", " + more);
}

TEST(HuggingFaceConfig, TellsWhatItTookByDefaultAndLeftOut) {
  const ModelPreset preset = read(small_with(R"("favourite_colour": "blue")"));
  EXPECT_EQ(preset.decoder.kv_heads, 8);
  EXPECT_FALSE(preset.decoder.tied_embeddings);
  EXPECT_THAT(preset.caveats, Contains(AllOf(HasSubstr("num_key_value_heads = num_attention_heads"),
                                             HasSubstr("tie_word_embeddings = false"))));
  EXPECT_THAT(preset.caveats, Contains(HasSubstr("not read: favourite_colour")));
}

TEST(HuggingFaceConfig, ThatSaysAllHasNoCaveats) {
  EXPECT_THAT(read(small_with(R"("num_key_value_heads": 2, "tie_word_embeddings": true,
                                 "hidden_act": "silu")"))
                  .caveats,
              IsEmpty());
}

TEST(HuggingFaceConfig, IsRefusedWhereAKeyMayChangeTheModel) {
  EXPECT_THAT(refusal(small_with(R"("linear_num_value_heads": 32)")),
              AllOf(HasSubstr("config.json:3:"), HasSubstr("linear_num_value_heads"),
                    HasSubstr("not understood")));
  EXPECT_THAT(refusal(small_with(R"("layer_types": ["linear_attention"])")),
              HasSubstr("\"linear_attention\" is not modelled"));
  EXPECT_THAT(refusal(small_with(R"("is_encoder_decoder": true)")), HasSubstr("encoder"));
  EXPECT_EQ(refusal(small_with(R"("linear_num_value_heads": 0)")), "") << "switched off";
}

TEST(HuggingFaceConfig, OfAnUnknownFamilyIsRefusedWithThoseKnown) {
  EXPECT_THAT(refusal(R"({"model_type": "mamba2", "hidden_size": 8})"),
              AllOf(HasSubstr("\"mamba2\" is not known"), HasSubstr("qwen3_moe")));
  EXPECT_THAT(refusal(R"({"layers": 3})"), HasSubstr("model_type: is missing"));
}

TEST(HuggingFaceConfig, NamesMissingAndImpossibleDimensions) {
  EXPECT_THAT(refusal(R"({"model_type": "llama", "hidden_size": 1024})"),
              AllOf(HasSubstr("num_hidden_layers"), HasSubstr("num_attention_heads"),
                    HasSubstr("vocab_size"), HasSubstr("intermediate_size")));
  EXPECT_THAT(refusal(small_with(R"("num_key_value_heads": 3)")), HasSubstr("does not divide"));
  EXPECT_THAT(refusal(small_with(R"("hidden_act": "snake")")), HasSubstr("\"snake\""));
  EXPECT_THAT(refusal(R"({"model_type": "llama", "hidden_size": 1024, "intermediate_size": 4096,
    "head_dim": 100000, "num_attention_heads": 1024, "num_hidden_layers": 4, "vocab_size": 100})"),
              HasSubstr("heads x head_dim is above"));
  EXPECT_THAT(refusal(small_with(R"("num_local_experts": 8)")),
              AllOf(HasSubstr("num_experts_per_tok"), HasSubstr("moe_intermediate_size")));
}

TEST(HuggingFaceConfig, IsFoundInTheFolderThatIsNamed) {
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / "flopcast-hugging-face" / "tiny-llama";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "config.json") << small_with("");
  const ModelPreset preset = load_model(shipped_presets(), folder.string());
  EXPECT_EQ(preset.name, "tiny-llama");
  EXPECT_EQ(preset.id, (folder / "config.json").string());
  EXPECT_EQ(preset.decoder.layers, 4);
  std::filesystem::remove_all(folder.parent_path());
}

} // namespace
} // namespace flopcast
