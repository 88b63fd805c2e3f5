// SPDX-License-Identifier: Apache-2.0
#include "model/architecture/model_preset.hpp"

#include "hardware/preset_fields.hpp"
#include "model/architecture/hugging_face.hpp"

#include <filesystem>
#include <string>
#include <system_error>

namespace flopcast {
namespace {

PublishedTraining read_training(TableReader table) {
  using namespace units;
  PublishedTraining training;
  training.tokens = table.quantity("tokens", 1.0 * token, 1e20 * token);
  training.epochs = table.number("epochs", 1e-3, 1e6);
  training.compute = table.quantity("compute", 1.0 * flop, 1e40 * flop);
  training.gpu = table.text("gpu").value_or("");
  training.gpu_count = table.integer("gpu_count", 1, 1'000'000'000);
  training.gpu_time = table.quantity("gpu_hours", 0.001 * gpu_hour, 1e15 * gpu_hour);
  training.wall_clock = table.quantity("wall_clock", 0.001 * second, sane::most_time);
  (void)read_provenance(table);
  table.finish();
  return training;
}

/// The file that a path names, or the config.json in its folder; "" if there is none.
std::string file_of_model(std::string_view path) {
  std::error_code ignored;
  const std::filesystem::path file(path);
  if (std::filesystem::is_regular_file(file, ignored))
    return file.string();
  const std::filesystem::path inside = file / "config.json";
  return std::filesystem::is_regular_file(inside, ignored) ? inside.string() : "";
}

} // namespace

ModelPreset read_model_preset(const InputValue &root_value, const std::string &id,
                              Diagnostics &diagnostics) {
  constexpr std::array families{Spelled<bool>{"decoder", true}};
  TableReader root(root_value, "", diagnostics);
  ModelPreset preset;
  preset.id = id;
  preset.name = required_text(root, "name", "the model's full name");
  if (!root.has("family"))
    root.report_missing("family", "\"decoder\"");
  (void)root.choice<bool>("family", families);
  preset.series = required_text(root, "series", "such as \"GPT-3\"");
  preset.published_parameters =
      required_text(root, "published_parameters", "the published count, such as \"174.6e9\"");
  constexpr std::array left_out{
      Spelled<ActiveLeavesOut>{"token_table", ActiveLeavesOut::token_table},
      Spelled<ActiveLeavesOut>{"embeddings", ActiveLeavesOut::embeddings}};
  preset.published_active_parameters = root.text("published_active_parameters").value_or("");
  preset.active_leaves_out = root.choice<ActiveLeavesOut>("published_active_leaves_out", left_out)
                                 .value_or(ActiveLeavesOut::nothing);
  preset.provenance = read_provenance(root);
  preset.caveats = root.texts("caveats");
  preset.unverified = root.texts("unverified");
  (void)root.text("note");

  TableReader architecture = root.table("architecture");
  read_architecture(architecture, preset.decoder);
  check_architecture(architecture, preset.decoder);
  (void)read_provenance(architecture);
  architecture.finish();
  if (root.has("training"))
    preset.training = read_training(root.table("training"));
  root.finish();
  return preset;
}

ModelPreset load_model(const PresetCatalog &catalog, std::string_view name) {
  const std::string id = catalog.resolve("models", name);
  Diagnostics diagnostics;
  ModelPreset preset;
  if (!id.empty()) {
    preset = read_model_preset(catalog.load("models", id), id, diagnostics);
  } else if (const std::string file = file_of_model(name); !file.empty()) {
    const std::string text = read_file(file);
    preset = is_json_object(text)
                 ? read_hugging_face_config(parse_json(text, file), file, diagnostics)
                 : read_model_preset(parse_toml(text, file), file, diagnostics);
  } else {
    const bool is_path = name.find('/') != std::string_view::npos || name.ends_with(".json");
    throw InputError({},
                     (is_path ? "no such file, and " : "") + catalog.unknown_name("models", name));
  }
  diagnostics.throw_if_any();
  return preset;
}

} // namespace flopcast
