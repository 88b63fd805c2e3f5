// SPDX-License-Identifier: Apache-2.0
// The published parameter counts, reproduced by counting the operators' parameters.
#include "hardware/presets/load.hpp"
#include "model/architecture/decoder_graph.hpp"
#include "model/architecture/model_preset.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/preset_values.hpp"
#include "tests/support/print_quantity.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <set>

namespace flopcast::tests {
namespace {

using namespace units;

std::vector<ModelPreset> models() {
  const PresetCatalog catalog = shipped_presets();
  std::vector<ModelPreset> all;
  for (const std::string &id : catalog.ids("models"))
    all.push_back(load_model(catalog, id));
  return all;
}

std::string remarks(const ModelPreset &model) {
  return remarks_of(shipped_presets().load("models", model.id));
}

std::int64_t counted_parameters(const ModelPreset &model) {
  return parameter_count(
      decoder_graph(model.decoder, {.sequence_length = model.decoder.context_length,
                                    .vocabulary = model.decoder.vocabulary}));
}

std::int64_t counted_active_parameters(const ModelPreset &model) {
  return active_parameter_count(
      decoder_graph(model.decoder, {.sequence_length = model.decoder.context_length,
                                    .vocabulary = model.decoder.vocabulary}));
}

double published_parameters(const ModelPreset &model) {
  return number_of(model.published_parameters).value_or(0);
}

bool has_all_digits(const ModelPreset &model) {
  return model.published_parameters.find_first_not_of("0123456789") == std::string::npos;
}

/// "174.6e9": one unit of the last digit that is printed is 0.1e9.
double last_digit(const std::string &printed) {
  const auto exponent = printed.find('e');
  const auto point = printed.find('.');
  const double decimals =
      point == std::string::npos ? 0 : static_cast<double>(exponent - point - 1);
  return std::pow(10.0, std::stod(printed.substr(exponent + 1)) - decimals);
}

TEST(ModelPreset, PublishedCountIsAWholeNumberOrItsCertainDigits) {
  const std::regex form(R"([1-9]\d*|[1-9]\d*(\.\d+)?e\d+)");
  for (const ModelPreset &model : models())
    EXPECT_TRUE(std::regex_match(model.published_parameters, form))
        << model.id << ": published_parameters = " << model.published_parameters;
}

TEST(ModelPreset, ExactPublishedCountIsReproducedExactly) {
  std::size_t exact = 0;
  for (const ModelPreset &model : models())
    if (has_all_digits(model)) {
      EXPECT_EQ(std::to_string(counted_parameters(model)), model.published_parameters)
          << model.id << ": published_parameters";
      ++exact;
    }
  EXPECT_GE(exact, 65U);
}

TEST(ModelPreset, RoundedPublishedCountIsReproducedInAllItsDigits) {
  for (const ModelPreset &model : models())
    if (!has_all_digits(model)) {
      EXPECT_LE(
          std::abs(static_cast<double>(counted_parameters(model)) - published_parameters(model)),
          0.5 * last_digit(model.published_parameters))
          << model.id << ": published_parameters = " << model.published_parameters << ", counted "
          << counted_parameters(model);
    }
}

TEST(ModelPreset, PublishedCountIsReproducedWithin3PerMille) {
  // Printed with so few digits that rounding alone moves them by more: "1.32B" may be 1.315 to
  // 1.325 (0.38 %), "22B" may be 21.5 to 22.5 (2.3 %), "1.2T" 1.15 to 1.25. The test above holds.
  const std::set<std::string> coarse{"gpt3-1.3b", "megatron-22b", "glam-64b-64e"};
  constexpr double tolerance = 0.003; // what the project promises
  for (const ModelPreset &model : models()) {
    const double counted = static_cast<double>(counted_parameters(model));
    const double published = published_parameters(model);
    if (!coarse.contains(model.id))
      EXPECT_NEAR(counted / published, 1.0, tolerance) << model.id << ": published_parameters";
    else
      EXPECT_GT(last_digit(model.published_parameters) / published, 2 * tolerance) << model.id;
  }
}

TEST(ModelPreset, PublishedActiveCountIsReproducedInItsDigits) {
  // Makers leave out the token table, of which a token uses one row, or both tables; the preset
  // says which. They round, or cut off: "3.3B" of 3.35e9.
  std::size_t compared = 0;
  for (const ModelPreset &model : models()) {
    if (model.published_active_parameters.empty())
      continue;
    const auto table = static_cast<double>(model.decoder.vocabulary * model.decoder.hidden);
    const bool tied = model.decoder.tied_embeddings;
    const double left_out = model.active_leaves_out == ActiveLeavesOut::nothing       ? 0
                            : model.active_leaves_out == ActiveLeavesOut::token_table ? table
                            : tied                                                    ? table
                                                                                      : 2 * table;
    const double counted = static_cast<double>(counted_active_parameters(model)) - left_out;
    const double published = number_of(model.published_active_parameters).value_or(0);
    const double digit = last_digit(model.published_active_parameters);
    EXPECT_GE(counted, published - 0.5 * digit) << model.id << ": published_active_parameters";
    EXPECT_LT(counted, published + digit) << model.id << ": published_active_parameters";
    ++compared;
  }
  EXPECT_GE(compared, 21U);
}

TEST(ModelPreset, PublishesAnActiveCountOnlyWhereThereAreExperts) {
  for (const ModelPreset &model : models())
    if (!model.published_active_parameters.empty()) {
      EXPECT_TRUE(model.decoder.experts) << model.id;
    }
}

TEST(ModelPreset, CountDoesNotDependOnTheSequenceThatIsTrained) {
  for (const ModelPreset &model : models())
    EXPECT_EQ(counted_parameters(model),
              parameter_count(decoder_graph(
                  model.decoder,
                  {.sequence_length = std::max<std::int64_t>(1, model.decoder.context_length / 2),
                   .vocabulary = model.decoder.vocabulary})))
        << model.id;
}

TEST(ModelPreset, IsNamedAfterItsFamilyAndSize) {
  // "llama3.1-405b" has about 405e9 parameters, "gpt2-124m" about 124e6: an architecture of
  // another size under the name would not pass. Names round, and some leave out embeddings:
  // Gemma 2 2B has 2.6e9.
  const std::regex size(R"(.*-(\d+(?:\.\d+)?)([mbt])(\d?))");
  constexpr double slack = 0.35;
  for (const ModelPreset &model : models()) {
    std::smatch part;
    if (!std::regex_match(model.id, part, size))
      continue;
    const double unit = part[2] == "m" ? 1e6 : part[2] == "b" ? 1e9 : 1e12;
    const double tenths = part[3].length() == 0 ? 0 : std::stod(part[3]) / 10;
    EXPECT_NEAR(published_parameters(model) / ((std::stod(part[1]) + tenths) * unit), 1.0, slack)
        << model.id;
  }
}

TEST(ModelPreset, ArchitectureIsGivenInFull) {
  // What a preset leaves out takes the reader's default, which is a guess about this model.
  const PresetCatalog catalog = shipped_presets();
  for (const std::string &id : catalog.ids("models"))
    for (const char *key : {"layers", "hidden", "heads", "kv_heads", "head_dim", "ffn_hidden",
                            "vocabulary", "context_length", "activation", "tied_embeddings",
                            "position", "normalization", "norm_placement", "bias"})
      EXPECT_NE(value_at(catalog.load("models", id), fmt::format("architecture.{}", key)), nullptr)
          << id << ": architecture." << key;
}

TEST(ModelPreset, IsCausalButForPermutationModels) {
  // XLNet predicts in a random order: any position may look at any other.
  for (const ModelPreset &model : models())
    EXPECT_EQ(model.decoder.causal, model.series != "XLNet") << model.id << ": architecture.causal";
}

TEST(ModelPreset, WindowIsShorterThanTheContext) {
  for (const ModelPreset &model : models())
    if (model.decoder.sliding_window) {
      EXPECT_LT(*model.decoder.sliding_window, model.decoder.context_length)
          << model.id << ": architecture.sliding_window";
    }
}

TEST(ModelPreset, TrainedOnADeviceThatIsAPreset) {
  const PresetCatalog catalog = shipped_presets();
  // Trained on two kinds of chip: no one device stands for both.
  const std::set<std::string> mixed{"TPU v3/v4"};
  for (const ModelPreset &model : models())
    if (!model.training.gpu.empty() && !mixed.contains(model.training.gpu)) {
      EXPECT_NE(catalog.resolve("devices", model.training.gpu), "")
          << model.id << ": training.gpu = " << model.training.gpu;
    }
}

TEST(ModelPreset, TrainingComputeIsNear6NDUnlessARemarkSaysWhy) {
  // Counts with attention, by hardware use or of other tokens differ: the preset must say so.
  constexpr double tolerance = 0.1;
  std::size_t compared = 0;
  for (const ModelPreset &model : models()) {
    if (!model.training.compute || !model.training.tokens)
      continue;
    const double six_nd = 6 * published_parameters(model) * model.training.tokens->in(token);
    if (std::abs(model.training.compute->in(flop) / six_nd - 1) > tolerance) {
      EXPECT_THAT(remarks(model), testing::ContainsRegex("[Cc]ompute"))
          << model.id << ": training.compute is " << model.training.compute->in(flop) / six_nd
          << " times 6ND";
    }
    ++compared;
  }
  EXPECT_GE(compared, 20U);
}

TEST(ModelPreset, GpuHoursAreGpusTimesHoursUnlessARemarkSaysWhy) {
  constexpr double tolerance = 0.01; // hours are published rounded
  for (const ModelPreset &model : models()) {
    const PublishedTraining &run = model.training;
    if (!run.gpu_time || !run.gpu_count || !run.wall_clock)
      continue;
    const double product = static_cast<double>(*run.gpu_count) * run.wall_clock->in(hour);
    if (std::abs(run.gpu_time->in(gpu_hour) / product - 1) > tolerance) {
      EXPECT_THAT(remarks(model), testing::HasSubstr("GPU-hours"))
          << model.id << ": training.gpu_hours is " << run.gpu_time->in(gpu_hour) / product
          << " of gpu_count x wall_clock";
    }
  }
}

TEST(ModelPreset, PublishedRunDidNotExceedThePeakOfItsDevices) {
  const PresetCatalog catalog = shipped_presets();
  for (const ModelPreset &model : models()) {
    const PublishedTraining &run = model.training;
    const std::string id = catalog.resolve("devices", run.gpu);
    std::optional<GpuTime> held = run.gpu_time;
    if (!held && run.gpu_count && run.wall_clock)
      held = static_cast<double>(*run.gpu_count) * gpu * *run.wall_clock;
    if (id.empty() || !held || !run.tokens)
      continue;
    const double work =
        6 * static_cast<double>(counted_active_parameters(model)) * run.tokens->in(token);
    const FlopRate peak = *usable_peak(load_device(catalog, id), NumberFormat::bf16);
    const double utilisation = work / (held->in(gpu_hour)*3600.0 * peak.in(1.0 * flop / second));
    // From Llama 3.2's, whose hours include pruning and distillation (5 %), to the best of Llama's.
    EXPECT_GE(utilisation, 0.04) << model.id << ": training";
    EXPECT_LE(utilisation, 0.65) << model.id << ": training";
  }
}

} // namespace
} // namespace flopcast::tests
