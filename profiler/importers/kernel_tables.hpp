// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/efficiency/sample.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// Rows of a table that gave no sample, and why.
struct SkippedRows {
  std::string reason;
  std::int64_t rows = 0;
};

/// Kernels that were measured on one device with one software.
struct KernelTable {
  std::string device;   ///< as the source writes it
  std::string software; ///< e.g. "TRTLLM 1.3.0rc20"; empty where the source does not say
  /// The source's own name of what OperatorCall does not tell apart: "fp8_block"; mostly empty.
  std::string variant;
  std::vector<KernelSample> samples;
  std::vector<SkippedRows> skipped; ///< of the whole file, given with its first table
  /// What of the file's times was changed and why, one sentence each, with its first table.
  std::vector<std::string> remarks = {};
};

/// Whether the text begins as parse_kernel_tables() expects it: by its header line, or as JSON of
/// efficiencies. False for text without a header line.
[[nodiscard]] bool is_kernel_table(std::string_view text);

/// Reads measured kernels, one table for each device, software and variant. The header line tells
/// the format: aiconfigurator's GEMM, context attention and layers of experts, the layer operators
/// of estimate-train-time, NeuSight's FP32 kernels, or Flopcast's own (see to_csv). SimuMax's
/// efficiencies are JSON.
/// Throws InputError, with file and line, for an unknown header or a malformed row.
[[nodiscard]] std::vector<KernelTable> parse_kernel_tables(std::string_view text,
                                                           const std::string &file);

/// The same for a file, plain or compressed by gzip.
[[nodiscard]] std::vector<KernelTable> read_kernel_tables(const std::filesystem::path &path);

/// The table in Flopcast's own format: '#' lines for device, software and variant, then one row a
/// sample. Reading it back gives the same numbers.
[[nodiscard]] std::string to_csv(const KernelTable &table);

} // namespace flopcast
