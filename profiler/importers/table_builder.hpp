// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/importers/kernel_tables.hpp"
#include "profiler/importers/table_rows.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace flopcast {

/// Collects the samples of a file by device, software and variant, and counts what is skipped.
class TableBuilder {
public:
  void add(std::string_view device, std::string_view software, std::string_view variant,
           const KernelSample &sample);
  void skip(std::string_view reason, std::int64_t rows = 1);
  void remark(std::string text) { remarks_.push_back(std::move(text)); }

  /// The tables in the order in which they first appeared; at least one.
  [[nodiscard]] std::vector<KernelTable> take();

private:
  std::vector<KernelTable> tables_;
  std::size_t last_ = 0;
  std::vector<SkippedRows> skipped_;
  std::vector<std::string> remarks_;
};

/// Operators of GPT layers by tensor-parallel degree: DebarghaG/estimate-train-time.
void read_layer_operators(TableRows &rows, TableBuilder &builder);

/// Layers of experts: aiconfigurator's moe_perf.
void read_expert_layers(TableRows &rows, TableBuilder &builder);

/// Efficiencies by shape in a JSON file: SimuMax's systems.
/// Throws InputError for what is no such file.
void read_efficiencies(std::string_view text, const std::string &file, TableBuilder &builder);

} // namespace flopcast
