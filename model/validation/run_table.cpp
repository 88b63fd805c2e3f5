// SPDX-License-Identifier: Apache-2.0
#include "model/validation/run_table.hpp"

#include "hardware/input/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <variant>

namespace flopcast {
namespace {

using Text = std::string RunRecord::*;
using Number = std::optional<double> RunRecord::*;
using Count = std::optional<std::int64_t> RunRecord::*;

struct Column {
  std::string_view name;
  std::variant<std::monostate, Text, Number, Count> member; ///< monostate: kept as text alone
};

using R = RunRecord;

constexpr std::array columns{
    Column{"id", &R::id},
    Column{"source", &R::source},
    Column{"source_url_or_repo_path", {}},
    Column{"source_ref", {}},
    Column{"seen_or_recalled", {}},
    Column{"licence", {}},
    Column{"record_kind", &R::record_kind},
    Column{"framework", &R::framework},
    Column{"model", &R::model},
    Column{"params", &R::params},
    Column{"params_active", &R::params_active},
    Column{"layers", &R::layers},
    Column{"hidden", &R::hidden},
    Column{"heads", &R::heads},
    Column{"kv_heads", &R::kv_heads},
    Column{"ffn", &R::ffn},
    Column{"vocab", &R::vocab},
    Column{"seq_len", &R::seq_len},
    Column{"moe_experts", &R::moe_experts},
    Column{"moe_topk", &R::moe_topk},
    Column{"model_shape_origin", {}},
    Column{"gpu", &R::gpu},
    Column{"n_gpus", &R::n_gpus},
    Column{"gpus_per_node", &R::gpus_per_node},
    Column{"interconnect", &R::interconnect},
    Column{"tp", &R::tp},
    Column{"pp", &R::pp},
    Column{"vpp", &R::vpp},
    Column{"cp", &R::cp},
    Column{"ep", &R::ep},
    Column{"dp", &R::dp},
    Column{"zero_or_fsdp", &R::zero_or_fsdp},
    Column{"sequence_parallel", &R::sequence_parallel},
    Column{"micro_batch", &R::micro_batch},
    Column{"global_batch_seqs", &R::global_batch_seqs},
    Column{"grad_accum", &R::grad_accum},
    Column{"recompute", &R::recompute},
    Column{"precision", &R::precision},
    Column{"attention", &R::attention},
    Column{"tokens_total", &R::tokens_total},
    Column{"step_time_s", &R::step_time_s},
    Column{"tflops_per_gpu", &R::tflops_per_gpu},
    Column{"tflops_kind", &R::tflops_kind},
    Column{"mfu_pct", &R::mfu_pct},
    Column{"hfu_pct", &R::hfu_pct},
    Column{"tokens_per_s_per_gpu", &R::tokens_per_s_per_gpu},
    Column{"samples_per_s", {}}, // of the cluster in some sources, of a GPU in others
    Column{"memory_gb", &R::memory_gb},
    Column{"memory_kind", &R::memory_kind},
    Column{"gpu_hours", &R::gpu_hours},
    Column{"wall_clock_h", {}},
    Column{"cost_usd", {}},
    Column{"value_origin", {}},
    Column{"derived_step_time_s", &R::derived_step_time_s},
    Column{"check_flag", {}},
    Column{"quality", &R::quality},
    Column{"split_group", &R::split_group},
    Column{"notes", {}},
    Column{"core", {}},
    Column{"split", {}},
};

constexpr std::array<std::string_view, 4> required{"id", "framework", "gpu", "n_gpus"};

/// Beyond these no measurement and no count of a run lies; products of two counts stay in range.
constexpr double most = 1e18;
constexpr double most_count = 1e7;

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// A positive number, or nothing and a problem.
std::optional<double> positive(std::string_view column, const std::string &field,
                               const Place &place, double highest,
                               std::vector<Diagnostic> &problems) {
  const std::string_view text = trimmed(field);
  // "interleaved" tells that there are chunks, not how many.
  if (text.empty() || text == "n/a" ||
      (column == "vpp" && text.find("interleaved") != std::string_view::npos))
    return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size() && value > 0 && value <= highest)
    return value;
  problems.push_back(
      {place, fmt::format("{}: \"{}\" is no number above 0 and up to {}", column, text, highest)});
  return std::nullopt;
}

std::optional<std::int64_t> whole(std::string_view column, const std::string &field,
                                  const Place &place, std::vector<Diagnostic> &problems) {
  const auto value = positive(column, field, place, most_count, problems);
  if (!value)
    return std::nullopt;
  if (*value != std::floor(*value)) {
    problems.push_back({place, fmt::format("{}: {} is no whole number", column, field)});
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*value);
}

void take(RunRecord &run, const Column &column, const std::string &field, const Place &place) {
  if (const auto *text = std::get_if<Text>(&column.member))
    run.*(*text) = trimmed(field);
  else if (const auto *number = std::get_if<Number>(&column.member))
    run.*(*number) = positive(column.name, field, place, most, run.problems);
  else if (const auto *count = std::get_if<Count>(&column.member))
    run.*(*count) = whole(column.name, field, place, run.problems);
  if (column.name == "core")
    run.core = trimmed(field) == "1";
}

} // namespace

RunTable read_run_table(std::string_view text, const std::string &file) {
  const CsvTable csv = parse_csv_table(text, file);
  Diagnostics diagnostics;
  for (const std::string_view name : required)
    if (std::ranges::find(csv.columns, name) == csv.columns.end())
      diagnostics.add({file, 1, 1},
                      fmt::format("no column \"{}\": a run table has id, framework, gpu, n_gpus "
                                  "and the columns that docs/validation.md lists",
                                  name));
  diagnostics.throw_if_any();

  RunTable table;
  std::vector<const Column *> known;
  for (const std::string &name : csv.columns) {
    const auto *found = std::ranges::find(columns, name, &Column::name);
    known.push_back(found == columns.end() ? nullptr : found);
    if (known.back() == nullptr)
      table.unknown_columns.push_back(name);
  }
  table.runs.reserve(csv.records.size());
  for (const CsvTable::Record &record : csv.records) {
    RunRecord &run = table.runs.emplace_back();
    run.place = record.places.front();
    for (std::size_t i = 0; i < record.fields.size(); ++i) {
      run.fields.emplace(csv.columns[i], record.fields[i]);
      if (known[i] != nullptr)
        take(run, *known[i], record.fields[i], record.places[i]);
    }
    if (run.id.empty())
      diagnostics.add(run.place, "the run has no id");
    // A run that shares its group with none weighs as a group of its own.
    if (run.split_group.empty())
      run.split_group = run.id;
  }
  diagnostics.throw_if_any();
  return table;
}

} // namespace flopcast
