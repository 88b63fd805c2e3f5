// SPDX-License-Identifier: Apache-2.0
// Models against the collected facts beside the checkout, figure by figure.
#include "model/architecture/model_preset.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/preset_values.hpp"

#include <gmock/gmock.h>

#include <cctype>
#include <map>
#include <set>

namespace flopcast::tests {
namespace {

constexpr auto models_file = "presets/models.csv";

std::string preset_id(std::string id) {
  std::ranges::transform(id, id.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return id;
}

bool has_experts(const CsvRow &row) { return number_of(row.at("n_experts")).value_or(0) > 0; }

/// Rows of text decoders: what a model preset can state.
std::vector<CsvRow> decoders() {
  std::vector<CsvRow> rows = read_any_csv(shared_data() / models_file);
  std::erase_if(rows, [](const CsvRow &row) {
    return row.at("modality") != "text" || row.at("arch") != "decoder";
  });
  return rows;
}

struct Figure {
  const char *column;
  const char *key;
  double unit = 1;
};

constexpr Figure architecture_figures[] = {
    {"n_layers", "architecture.layers"},       {"hidden", "architecture.hidden"},
    {"n_heads", "architecture.heads"},         {"n_kv_heads", "architecture.kv_heads"},
    {"head_dim", "architecture.head_dim"},     {"ffn", "architecture.ffn_hidden"},
    {"vocab", "architecture.vocabulary"},      {"seq_len", "architecture.context_length"},
    {"window", "architecture.sliding_window"}, {"tied_emb", "architecture.tied_embeddings"},
};

constexpr Figure expert_figures[] = {
    {"n_experts", "architecture.experts.count"},
    {"experts_active", "architecture.experts.per_token"},
    {"expert_ffn", "architecture.experts.hidden"},
    {"shared_ffn", "architecture.experts.shared_hidden"},
    {"n_dense_layers", "architecture.experts.dense_first"},
    {"moe_every", "architecture.experts.interval"},
    {"kv_lora_rank", "architecture.latent_attention.kv_lora_rank"},
    {"qk_nope_dim", "architecture.latent_attention.qk_nope_head_dim"},
    {"qk_rope_dim", "architecture.latent_attention.qk_rope_head_dim"},
    {"v_head_dim", "architecture.latent_attention.v_head_dim"},
    {"params_active_published", "published_active_parameters"},
};

constexpr Figure training_figures[] = {
    {"train_tokens", "training.tokens"},         {"train_flops_published", "training.compute"},
    {"n_chips", "training.gpu_count"},           {"chip_hours", "training.gpu_hours", 3600},
    {"wall_hours", "training.wall_clock", 3600}, {"epochs", "training.epochs"},
};

/// Where a preset knows better than the table, by id and key. Each preset says so itself.
const std::map<std::string, std::string> deviations{
    {"gemma3-27b architecture.vocabulary",
     "the released table has 262,208 rows, as the count shows"},
    {"gpt3-175b training.gpu_hours", "10,000 GPUs for 14.8 days, in the table's note only"},
    // "No biases were used in any of the dense kernels or layer norms" (PaLM, section 2).
    {"palm-8b architecture.normalization", "LayerNorm without bias"},
    {"palm-62b architecture.normalization", "LayerNorm without bias"},
    {"palm-540b architecture.normalization", "LayerNorm without bias"},
    {"palm-540b published_parameters", "540.35B in the paper, 540.356B by its own architecture"},
    {"mpt-30b published_parameters", "the recalled digits do not follow from the architecture"},
    {"opt-66b published_parameters", "the recalled digits do not follow from the architecture"},
    {"kimi-k2 published_parameters", "1.04e12 is printed, the matrices make 1.026e12"},
    {"glam-64b-64e architecture.position", "biases of the scores"},
    {"gpt1 training.gpu", "\"8 GPUs, 1 month\" names no device"},
};

bool deviates(const std::string &id, const std::string &key) {
  return deviations.contains(id + " " + key);
}

void expect_same_figure(const std::string &id, const InputValue &preset, const CsvRow &row,
                        const Figure &figure) {
  const auto expected = number_of(row.at(figure.column));
  const auto written = number_at(preset, figure.key);
  const bool same = expected && written ? same_number(*written, *expected * figure.unit)
                                        : expected.has_value() == written.has_value();
  // Not equal to: what deviates must differ, so that no entry above outlives its reason.
  EXPECT_NE(same, deviates(id, figure.key))
      << id << ": " << figure.key << " against " << figure.column << " = \""
      << row.at(figure.column) << "\"";
}

void expect_same_text(const std::string &id, const InputValue &preset, const std::string &key,
                      const std::string &expected) {
  EXPECT_NE(text_at(preset, key) == expected, deviates(id, key))
      << id << ": " << key << " = \"" << text_at(preset, key) << "\", the table has \"" << expected
      << "\"";
}

TEST(SharedModels, EachDecoderHasAPresetAndEachDensePresetARow) {
  FLOPCAST_REQUIRE_SHARED(models_file);
  const PresetCatalog catalog = shipped_presets();
  std::set<std::string> dense;
  std::set<std::string> all;
  for (const CsvRow &row : decoders()) {
    all.insert(preset_id(row.at("id")));
    if (!has_experts(row))
      dense.insert(preset_id(row.at("id")));
  }
  EXPECT_EQ(dense.size(), 93U);
  const std::vector<std::string> ids = catalog.ids("models");
  EXPECT_THAT(ids, testing::IsSupersetOf(all));
  for (const std::string &id : ids)
    EXPECT_TRUE(dense.contains(id) || load_model(catalog, id).decoder.experts) << id;
}

TEST(SharedModels, ExpertsAreThoseOfThePresets) {
  FLOPCAST_REQUIRE_SHARED(models_file);
  const PresetCatalog catalog = shipped_presets();
  std::size_t compared = 0;
  for (const CsvRow &row : decoders()) {
    if (!has_experts(row))
      continue;
    const std::string id = preset_id(row.at("id"));
    for (const Figure &figure : expert_figures)
      expect_same_figure(id, catalog.load("models", id), row, figure);
    const auto rank = number_of(row.at("q_lora_rank")).value_or(0);
    EXPECT_EQ(number_at(catalog.load("models", id), "architecture.latent_attention.q_lora_rank")
                  .value_or(0),
              rank)
        << id;
    ++compared;
  }
  EXPECT_GE(compared, 10U);
}

TEST(SharedModels, ArchitecturesAreThoseOfThePresets) {
  FLOPCAST_REQUIRE_SHARED(models_file);
  const std::map<std::string, std::string> positions{
      {"rope", "rotary"}, {"learned", "learned"}, {"alibi", "alibi"}, {"relative", "relative"}};
  const std::map<std::string, std::string> norms{
      {"ln", "layernorm"}, {"ln1", "layernorm_no_bias"}, {"rms", "rmsnorm"}};
  const PresetCatalog catalog = shipped_presets();
  for (const CsvRow &row : decoders()) {
    const std::string id = preset_id(row.at("id"));
    const InputValue preset = catalog.load("models", id);
    for (const Figure &figure : architecture_figures)
      expect_same_figure(id, preset, row, figure);
    expect_same_text(id, preset, "architecture.position", positions.at(row.at("pos")));
    expect_same_text(id, preset, "architecture.normalization", norms.at(row.at("norm")));
    expect_same_text(id, preset, "architecture.bias", row.at("bias"));
    EXPECT_EQ(load_model(catalog, id).decoder.gated(), row.at("gated") == "1")
        << id << ": architecture.activation";
  }
}

TEST(SharedModels, PublishedCountsAreThoseOfThePresets) {
  FLOPCAST_REQUIRE_SHARED(models_file);
  const PresetCatalog catalog = shipped_presets();
  for (const CsvRow &row : decoders()) {
    const std::string id = preset_id(row.at("id"));
    const auto expected = number_of(row.at("params_published"));
    const auto written = number_of(load_model(catalog, id).published_parameters);
    ASSERT_TRUE(expected && written) << id << ": published_parameters";
    EXPECT_NE(same_number(*written, *expected), deviates(id, "published_parameters"))
        << id << ": published_parameters, the table has " << row.at("params_published");
    // Even so the digits that the preset keeps agree with the table's, printed or counted.
    const double counted = number_of(row.at("params_computed")).value_or(*expected);
    EXPECT_LE(std::min(std::abs(*written / *expected - 1), std::abs(*written / counted - 1)), 1e-4)
        << id << ": published_parameters";
  }
}

TEST(SharedModels, TrainingRunsAreThoseOfThePresets) {
  FLOPCAST_REQUIRE_SHARED(models_file);
  const PresetCatalog catalog = shipped_presets();
  for (const CsvRow &row : decoders()) {
    const std::string id = preset_id(row.at("id"));
    const InputValue preset = catalog.load("models", id);
    for (const Figure &figure : training_figures)
      expect_same_figure(id, preset, row, figure);
    expect_same_text(id, preset, "training.gpu", row.at("hardware"));
  }
}

TEST(SharedModels, DeviationsAreToldInThePreset) {
  const PresetCatalog catalog = shipped_presets();
  for (const auto &[place, reason] : deviations) {
    const InputValue preset = catalog.load("models", place.substr(0, place.find(' ')));
    EXPECT_NE(remarks_of(preset), "") << place << ": " << reason;
  }
}

TEST(SharedModels, RecalledArchitecturesAndRunsAreMarkedUnverified) {
  FLOPCAST_REQUIRE_SHARED(models_file);
  const PresetCatalog catalog = shipped_presets();
  for (const CsvRow &row : decoders()) {
    const std::string id = preset_id(row.at("id"));
    const InputValue preset = catalog.load("models", id);
    const auto unverified = texts_at(preset, "unverified");
    if (row.at("arch_status") == "recalled") {
      EXPECT_THAT(unverified, testing::Contains(testing::StartsWith("architecture."))) << id;
    }
    if (row.at("train_status") == "recalled") {
      EXPECT_THAT(unverified, testing::Contains(testing::StartsWith("training."))) << id;
    }
  }
}

} // namespace
} // namespace flopcast::tests
