// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/measured_operator.hpp"
#include "profiler/kernels/kernels.hpp"
#include "profiler/training/gpt_step.hpp"

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

namespace flopcast {

/// A CSV file that grows by a row at a time, each written out before the next is measured. What it
/// held before stays: a run that was cut off goes on.
class GrowingTable {
public:
  /// Starts the file with `head` if it is new. A row's key is its first `key_columns` columns.
  GrowingTable(const std::filesystem::path &path, const std::string &head, int key_columns);

  [[nodiscard]] bool holds(const std::string &key) const { return keys_.contains(key); }
  void append(const std::string &row);

private:
  std::set<std::string> keys_;
  std::ofstream file_;
};

/// In the columns that `flopcast calibrate fit` reads.
[[nodiscard]] std::string sample_head(const DeviceDescription &device);
inline constexpr int sample_key_columns = 11; ///< all but the time
[[nodiscard]] std::string sample_key(const OperatorCall &call);
[[nodiscard]] std::string sample_row(const MeasuredOperator &measured);

/// In the columns of tables of measured runs.
[[nodiscard]] std::string step_head();
/// "gpt-12x768-s1024-b16-bf16"
[[nodiscard]] std::string step_key(const GptShape &shape, NumberFormat format);
[[nodiscard]] std::string step_row(const MeasuredStep &step, const DeviceDescription &device);

} // namespace flopcast
