// SPDX-License-Identifier: Apache-2.0
#include "model/planning/plan_reader.hpp"

#include "hardware/link_calibration.hpp"
#include "hardware/preset_fields.hpp"
#include "hardware/presets/load.hpp"
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

/// Loads something by name; a failure is reported at the key that named it.
template <class Load> auto load_named(TableReader &table, std::string_view key, Load load) {
  std::optional<decltype(load())> loaded;
  try {
    loaded.emplace(load());
  } catch (const InputError &error) {
    table.report(key, error.what());
  }
  return loaded;
}

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
       {"layers", "hidden", "heads", "kv_heads", "ffn_hidden", "vocabulary"})
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
    if (!epochs)
      reading.log.defaulted("data.epochs", "1", "the dataset is read once");
  } else if (!table.has("tokens") && !table.has("dataset_tokens")) {
    if (reading.published.tokens) {
      data.tokens = *reading.published.tokens;
      reading.log.defaulted("data.tokens", human_text(data.tokens),
                            "what the model's makers trained it on");
    } // else read_plan fills them in, once the parameters are known
  }
  table.finish();
}

namespace {

void read_calibration_choice(PlanReading &reading, TableReader &table,
                             const std::optional<std::string> &name) {
  Cluster &cluster = reading.run.cluster;
  if (name) {
    if (auto calibration = load_named(table, "calibration",
                                      [&] { return load_calibration(reading.catalog, *name); }))
      cluster.calibration = std::move(*calibration);
    return;
  }
  if (table.has("calibration") || cluster.device.id.empty())
    return;
  if (auto calibration = load_named(
          table, "gpu", [&] { return usual_calibration(reading.catalog, cluster.device); }))
    cluster.calibration = std::move(*calibration);
  const Calibration &found = cluster.calibration;
  if (!found.transferred_to.empty())
    reading.log.assumed(
        "hardware.calibration", found.id,
        fmt::format("no kernels of {} were measured: those of its nearest relative, "
                    "scaled by the datasheets",
                    cluster.device.name));
  else if (!found.device.empty())
    reading.log.defaulted("hardware.calibration", found.id,
                          "kernels measured on this GPU; classes that were not have one stated "
                          "efficiency each");
  else
    reading.log.defaulted("hardware.calibration", found.id,
                          "no measured kernels: one stated efficiency a class of operators");
}

/// Fitted links hold in a node whose GPUs are joined as in the one that was measured.
void drop_foreign_links(PlanReading &reading) {
  Cluster &cluster = reading.run.cluster;
  if (!cluster.calibration.scale_up_links || cluster.device.id.empty())
    return;
  const auto usual = usual_node(reading.catalog, cluster.device);
  if (usual &&
      alike(scale_up_links(cluster.node, cluster.device), scale_up_links(*usual, cluster.device)))
    return;
  cluster.calibration.scale_up_links.reset();
  reading.log.assumed("hardware.node", cluster.node.id,
                      "its links are not those that were measured: a ring at the default share of "
                      "their bandwidth");
}

} // namespace

void read_hardware(PlanReading &reading, TableReader table) {
  Cluster &cluster = reading.run.cluster;
  const auto gpu_name = table.text("gpu");
  const auto node_name = table.text("node");
  const auto count = table.integer("count", 1, 100'000'000);
  const auto nodes = table.integer("nodes", 1, 100'000'000);
  const auto calibration_name = table.text("calibration");

  std::optional<Node> node;
  if (node_name)
    node = load_named(table, "node", [&] { return load_node(reading.catalog, *node_name); });
  std::optional<Device> device;
  if (gpu_name)
    device = load_named(table, "gpu", [&] { return load_device(reading.catalog, *gpu_name); });
  else if (node)
    device = load_named(table, "node", [&] { return load_device(reading.catalog, node->gpu); });
  else if (!table.has("gpu") && !table.has("node"))
    table.report_missing("gpu", R"(a GPU such as "h100", or node, such as "dgx-h100")");
  if (device && node && node->gpu != device->id)
    table.report("gpu", fmt::format("{} is not what the node {} holds: {}", device->id, node->id,
                                    node->gpu));
  if (device && !node && !table.has("node")) {
    node = usual_node(reading.catalog, *device);
    if (node) {
      reading.log.defaulted("hardware.node", node->id, "the usual node of this GPU");
    } else {
      node.emplace();
      node->name = "unknown node";
      node->gpu = device->id;
      node->scale_up_bandwidth = device->link_bandwidth.value_or(16.0 * gigabyte / second);
      node->scale_up_latency = 10.0 * microsecond;
      node->scale_out_latency = 20.0 * microsecond;
      reading.log.defaulted("hardware.node", "8 GPUs on the device's own links",
                            "no node preset holds this GPU");
    }
  }

  if (count && nodes)
    table.report("count", "counts GPUs and hardware.nodes nodes; give one of them");
  if (count)
    cluster.gpus = *count;
  else if (nodes && node)
    cluster.gpus = *nodes * node->gpus_per_node;
  else if (!table.has("count") && !table.has("nodes"))
    table.report_missing("count", "the number of GPUs");

  const auto up = table.quantity("scale_up_bandwidth", sane::least_bandwidth, sane::most_bandwidth);
  const auto out =
      table.quantity("scale_out_bandwidth", sane::least_bandwidth, sane::most_bandwidth);
  const auto domain = table.integer("scale_up_domain", 1, 1'000'000);
  const auto memory = table.quantity("memory_capacity", sane::least_bytes, sane::most_bytes);
  for (const std::string_view key :
       {"scale_up_bandwidth", "scale_out_bandwidth", "scale_up_domain", "memory_capacity"})
    if (table.has(key))
      reading.run.overridden.push_back(table.full_key(key));
  if (node) {
    node->scale_up_bandwidth = up.value_or(node->scale_up_bandwidth);
    node->scale_up_domain = domain.value_or(node->scale_up_domain);
    if (out)
      node->scale_out_bandwidth = out;
    if (!node->scale_out_bandwidth && cluster.gpus > node->scale_up_domain) {
      // 100 Gb/s for a node of eight: what one Ethernet port gives.
      node->scale_out_bandwidth = 12.5 * gigabyte / second / 8.0;
      reading.log.assumed("hardware.scale_out_bandwidth", human_text(*node->scale_out_bandwidth),
                          "the network between these nodes is not known: one 100 Gb/s port for 8 "
                          "GPUs");
    }
    cluster.node = std::move(*node);
  }
  if (device) {
    cluster.device = std::move(*device);
    if (memory)
      cluster.device.memory_capacity = *memory;
    for (const std::string &caveat : cluster.device.caveats)
      reading.log.assumed("hardware.gpu", cluster.device.id, caveat);
  }
  read_calibration_choice(reading, table, calibration_name);
  if (table.has("node"))
    drop_foreign_links(reading);
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
