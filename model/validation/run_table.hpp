// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/diagnostic.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// One published run as a row of a run table states it. Numbers that the source leaves open are
/// absent, texts "". Units are those of the column's name; nothing is interpreted here.
struct RunRecord {
  Place place;
  std::string id;
  std::string source;
  std::string record_kind; ///< "step_benchmark", "whole_run", …
  std::string framework;
  std::string model;
  std::string gpu;
  std::string interconnect;
  std::string zero_or_fsdp;
  std::string sequence_parallel;
  std::string recompute;
  std::string precision;
  std::string attention;
  std::string tflops_kind;
  std::string memory_kind;
  std::string quality;
  std::string split_group; ///< runs so alike that they weigh as one where accuracy is judged

  std::optional<double> params;
  std::optional<double> params_active;
  std::optional<std::int64_t> layers;
  std::optional<std::int64_t> hidden;
  std::optional<std::int64_t> heads;
  std::optional<std::int64_t> kv_heads;
  std::optional<std::int64_t> ffn;
  std::optional<std::int64_t> vocab;
  std::optional<std::int64_t> seq_len;
  std::optional<std::int64_t> moe_experts;
  std::optional<std::int64_t> moe_topk;

  std::optional<std::int64_t> n_gpus;
  std::optional<std::int64_t> gpus_per_node;
  std::optional<std::int64_t> tp;
  std::optional<std::int64_t> pp;
  std::optional<std::int64_t> vpp;
  std::optional<std::int64_t> cp;
  std::optional<std::int64_t> ep;
  std::optional<std::int64_t> dp;
  std::optional<std::int64_t> micro_batch;
  std::optional<std::int64_t> global_batch_seqs;
  std::optional<std::int64_t> grad_accum;

  std::optional<double> tokens_total;
  std::optional<double> step_time_s;
  std::optional<double> derived_step_time_s; ///< arithmetic of the table's maker
  std::optional<double> tokens_per_s_per_gpu;
  std::optional<double> tflops_per_gpu;
  std::optional<double> mfu_pct;
  std::optional<double> hfu_pct;
  std::optional<double> memory_gb;
  std::optional<double> gpu_hours;
  bool core = false; ///< complete enough for accuracy to be judged on it

  /// Every column of the table as it stands there, to group by.
  std::map<std::string, std::string, std::less<>> fields;
  /// Fields that should be numbers and are not; the run cannot be judged then.
  std::vector<Diagnostic> problems;
};

struct RunTable {
  std::vector<RunRecord> runs;
  std::vector<std::string> unknown_columns; ///< read for grouping alone
};

/// Reads a table of measured runs (docs/validation.md). Columns stand in any order; of those that
/// are known only "id", "framework", "gpu" and "n_gpus" must be there.
/// Throws InputError for a table that is none of runs, and for a run without an id.
[[nodiscard]] RunTable read_run_table(std::string_view text, const std::string &file);

} // namespace flopcast
