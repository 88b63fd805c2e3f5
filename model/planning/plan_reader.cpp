// SPDX-License-Identifier: Apache-2.0
#include "model/planning/plan_reader.hpp"

#include "hardware/units/text.hpp"
#include "model/planning/layout_search.hpp"
#include "model/planning/plan_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace flopcast {
namespace {

using namespace units;

// Tokens of a step where the plan does not say: 4 Mi, about what GPT-3 (3.2 M) and Llama 2 (4 M)
// took.
constexpr double usual_batch_tokens = 4.0 * 1024 * 1024;
// Longest sequence taken by default: long-context models are trained on short sequences first.
constexpr std::int64_t usual_longest_sequence = 8192;
// Tokens a parameter where nothing is published. Source: Hoffmann et al. 2022, approach 1.
constexpr double usual_tokens_per_parameter = 20;

/// Takes the layout that the search found and notes what it settled.
void adopt(PlanReading &reading, const Layout &layout) {
  Plan &plan = reading.run.plan;
  plan.parallelism = layout.parallelism;
  plan.training = layout.training;
  if (!reading.micro_batch_was_given)
    reading.log.replaced("training.micro_batch",
                         fmt::format("{} sequences", layout.training.micro_batch),
                         "found with the layout");
  if (!reading.recompute_was_given)
    reading.log.replaced("training.recompute", std::string(to_text(layout.training.recompute)),
                         "found with the layout");
}

void settle_layout(PlanReading &reading) {
  Plan &plan = reading.run.plan;
  const auto round_batch = [&] {
    if (!reading.global_batch_was_given)
      plan.training.global_batch =
          rounded_batch(reading.wanted_batch.value_or(usual_batch_tokens * token),
                        plan.data.sequence_length, plan.parallelism, plan.training.micro_batch);
  };
  round_batch();
  if (!reading.run.parallelism_was_given) {
    OpenSettings open{.micro_batch = !reading.micro_batch_was_given,
                      .recompute = !reading.recompute_was_given,
                      .batch = std::nullopt};
    if (!reading.global_batch_was_given)
      open.batch = reading.wanted_batch.value_or(usual_batch_tokens * token);
    if (const auto layout = fastest_layout(plan, reading.run.cluster, open)) {
      adopt(reading, *layout);
    } else {
      // Nothing fits: the estimate says so of the layout that needs least.
      plan.parallelism.data_parallel = reading.run.cluster.gpus;
      plan.parallelism.zero_stage = 3;
      round_batch();
    }
    reading.log.defaulted("parallelism", describe_layout(plan.parallelism, plan.training),
                          "not given: the fastest layout that fits, of those that "
                          "docs/plan.md lists");
  }
  if (reading.global_batch_was_given)
    return;
  const std::string sequences = fmt::format("{} sequences", plan.training.global_batch);
  if (reading.wanted_batch)
    reading.log.assumed("training.global_batch", sequences,
                        fmt::format("{} as the plan asks, rounded to what the layout divides",
                                    human_text(*reading.wanted_batch)));
  else
    reading.log.defaulted("training.global_batch", sequences,
                          "about 4 Mi tokens a step, rounded to what the layout divides");
}

} // namespace

void read_model(PlanReading &reading, TableReader table) {
  PlannedModel &model = reading.run.plan.model;
  if (const auto preset_name = table.text("preset")) {
    const auto preset =
        load_named(table, "preset", [&] { return load_model(reading.catalog, *preset_name); });
    if (!preset) {
      model.decoder.layers = 0;
      return; // nothing below would make sense, and unknown keys may be right for the other preset
    }
    model = {preset->id, preset->name, preset->decoder};
    reading.published = preset->training;
    for (const std::string &caveat : preset->caveats)
      reading.log.assumed("model.preset", preset->id, caveat);
  } else if (!table.has("preset") && !table.has("layers")) {
    table.report_missing("preset", "a model preset such as \"llama3.1-70b\", or layers, hidden, "
                                   "heads … written out");
    return;
  }
  Decoder before = model.decoder;
  for (const std::string_view key :
       {"layers", "hidden", "heads", "kv_heads", "ffn_hidden", "vocabulary", "prediction_layers"})
    if (table.has(key))
      reading.run.overridden.push_back(table.full_key(key));
  read_architecture(table, model.decoder);
  before.vocabulary_multiple = model.decoder.vocabulary_multiple; // padding is no other model
  check_architecture(table, model.decoder);
  if (const auto name = table.text("name"))
    model.name = *name;
  else if (model.id.empty())
    model.name = "own decoder";
  else if (model.decoder != before)
    model.name += " (changed)";
  if (!model.id.empty() && model.decoder != before)
    reading.published = {}; // another model than the one that its makers trained
  table.finish();
}

void read_data(PlanReading &reading, TableReader table) {
  PlannedData &data = reading.run.plan.data;
  const Decoder &decoder = reading.run.plan.model.decoder;
  constexpr auto most_tokens = 1e20 * token;
  const auto tokens = table.quantity("tokens", 1.0 * token, most_tokens, std::optional(token));
  const auto dataset =
      table.quantity("dataset_tokens", 1.0 * token, most_tokens, std::optional(token));
  const auto epochs = table.number("epochs", 1e-6, 1e6);
  const auto sequence = table.integer("sequence_length", 1, 1'000'000'000);
  if (tokens && (dataset || epochs))
    table.report("tokens", "counts every epoch; give tokens, or dataset_tokens and epochs");
  if (epochs && !dataset && !table.has("dataset_tokens"))
    table.report("epochs", "needs dataset_tokens, the size of one epoch");
  data.sequence_length = sequence.value_or(
      std::min(std::max<std::int64_t>(decoder.context_length, 1), usual_longest_sequence));
  if (!table.has("sequence_length") && decoder.context_length > 0)
    reading.log.defaulted("data.sequence_length", fmt::format("{} tokens", data.sequence_length),
                          "the model's context length, at most 8,192");
  if (sequence && decoder.position == Position::learned && *sequence > decoder.context_length &&
      decoder.context_length > 0)
    table.report("sequence_length",
                 fmt::format("{} tokens are more than the {} learned positions of the model",
                             *sequence, decoder.context_length));
  if (tokens) {
    data.tokens = *tokens;
  } else if (dataset) {
    data.tokens = *dataset * epochs.value_or(1.0);
    data.unique_tokens = *dataset;
    if (!epochs)
      reading.log.defaulted("data.epochs", "1", "the dataset is read once");
  } else if (!table.has("tokens") && !table.has("dataset_tokens")) {
    if (reading.published.tokens) {
      data.tokens = *reading.published.tokens;
      reading.log.defaulted("data.tokens", human_text(data.tokens),
                            "what the model's makers trained it on");
    } // else read_plan fills them in, once the parameters are known
  }
  read_law_choice(reading, table);
  table.finish();
}

PlannedRun read_plan(const InputValue &root_value, const PresetCatalog &catalog) {
  Diagnostics diagnostics;
  std::vector<Assumption> assumptions;
  PlanReading reading{.catalog = catalog,
                      .diagnostics = diagnostics,
                      .log = AssumptionLog(assumptions),
                      .run = {},
                      .published = {},
                      .global_batch_was_given = false,
                      .micro_batch_was_given = false,
                      .recompute_was_given = false,
                      .wanted_batch = std::nullopt};
  TableReader root(root_value, "", diagnostics);
  if (!root.has("model"))
    root.report_missing("model", "a table: [model] preset = \"llama3.1-70b\"");
  if (!root.has("hardware"))
    root.report_missing("hardware", "a table: [hardware] gpu = \"h100\", count = 64");
  Plan &plan = reading.run.plan;
  plan.name = root.text("name").value_or("");
  (void)root.text("description");
  (void)root.text("source");

  // Keys of a table that is missing are not asked for: one message says that the table is.
  TableReader model = root.table("model");
  if (root.has("model"))
    read_model(reading, model);
  read_data(reading, root.table("data"));
  TableReader hardware = root.table("hardware");
  if (root.has("hardware"))
    read_hardware(reading, hardware);
  read_parallelism(reading, root.table("parallelism"));
  read_training(reading, root.table("training"));
  read_stated(reading, root.table("stated"));
  read_run_conditions(reading, root.table("run"));
  read_price(reading, root.table("price"));
  read_costs(reading, root.table("cost"), root_value);
  read_energy(reading, root.table("energy"));
  root.finish();
  diagnostics.throw_if_any();

  if (plan.data.tokens == TokenCount{}) {
    const Estimate counted = estimate(plan, reading.run.cluster);
    plan.data.tokens = usual_tokens_per_parameter * counted.parameters.total * token;
    reading.log.defaulted("data.tokens", human_text(plan.data.tokens),
                          "20 tokens a parameter (Hoffmann et al. 2022)");
  }
  settle_layout(reading);
  if (plan.name.empty())
    plan.name = fmt::format("{} on {} {}", plan.model.name,
                            grouped_integer(static_cast<double>(reading.run.cluster.gpus)),
                            reading.run.cluster.device.name);
  plan.assumptions = std::move(assumptions);
  return std::move(reading.run);
}

} // namespace flopcast
