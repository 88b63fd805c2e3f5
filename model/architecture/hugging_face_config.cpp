// SPDX-License-Identifier: Apache-2.0
#include "model/architecture/hugging_face_config.hpp"

#include <algorithm>
#include <array>
#include <variant>

namespace flopcast {
namespace {

bool contains_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(
      parts, [&](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

/// Training, generation, numerics: no part of what parameters and FLOPs depend on.
bool is_harmless(std::string_view key) {
  constexpr std::array whole{"architectures",
                             "model_type",
                             "auto_map",
                             "dtype",
                             "torch_dtype",
                             "transformers_version",
                             "use_cache",
                             "_name_or_path",
                             "quantization_config",
                             "pretraining_tp",
                             "_attn_implementation",
                             "attn_implementation",
                             "topk_method",
                             "ep_size",
                             "norm_topk_prob",
                             "scoring_func",
                             "max_window_layers",
                             "output_attentions",
                             "output_hidden_states",
                             "id2label",
                             "label2id",
                             "apply_residual_connection_post_layernorm",
                             "is_decoder",
                             "chunk_size_feed_forward",
                             "use_bfloat16",
                             "cache_implementation",
                             "reorder_and_upcast_attn"};
  return std::ranges::find(whole, key) != whole.end() ||
         contains_any(key, {"dropout", "pdrop",         "init",       "token_id",     "coef",
                            "loss",    "scal",          "softcap",    "rope",         "rotary",
                            "_eps",    "epsilon",       "softmax",    "fusion",       "summary",
                            "jitter",  "router_logits", "multiplier", "swiglu_limit", "temperature",
                            "quant",   "beam",          "penalty"});
}

/// Whether a key's name is one of those that make a model another.
bool names_structure(std::string_view key) {
  return contains_any(key,
                      {"layer", "head",   "expert", "hidden",    "intermediate", "dim",   "size",
                       "rank",  "window", "moe",    "attention", "attn",         "mamba", "ssm",
                       "conv",  "state",  "block",  "encoder",   "pattern",      "width"});
}

/// False, 0, 1, "" and empty lists switch nothing on.
bool is_idle(const InputValue &value) {
  if (const auto *flag = std::get_if<bool>(&value.data))
    return !*flag;
  if (const auto *integer = std::get_if<std::int64_t>(&value.data))
    return *integer == 0 || *integer == 1;
  if (const auto *number = std::get_if<double>(&value.data))
    return *number == 0 || *number == 1;
  if (const auto *text = std::get_if<std::string>(&value.data))
    return text->empty();
  if (const auto *array = std::get_if<InputArray>(&value.data))
    return array->empty();
  return false;
}

} // namespace

std::vector<std::string> HuggingFaceConfig::report_rest() {
  std::vector<std::string> left_out;
  const auto *keys = std::get_if<InputTable>(&value_->data);
  if (keys == nullptr)
    return left_out;
  for (const auto &[key, value] : *keys) {
    if (read_.contains(key) || is_harmless(key) || is_idle(value))
      continue;
    if (names_structure(key))
      report(key, "is not understood, and may change the model; take the key out if it does not");
    else
      left_out.push_back(key);
  }
  return left_out;
}

} // namespace flopcast
