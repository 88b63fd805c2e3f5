// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/csv.hpp"
#include "model/scaling/fit/run_filter.hpp"
#include "model/scaling/fit/scaling_run.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// How the columns of a table become runs.
struct RunColumns {
  /// "N", "D", "C", "loss", "weight", "label" or another feature → column of the table. What is not
  /// named is taken from the column of the same name, if there is one.
  std::map<std::string, std::string, std::less<>> names;
  /// FLOP of a parameter and token: C = 6ND fills in the one of the three that is missing.
  static constexpr double flop_per_parameter_token = 6;
};

/// Reads "N=Model Size,C=Training FLOP,loss=loss". Throws InputError.
[[nodiscard]] RunColumns parse_run_columns(std::string_view text);

struct ScalingRuns {
  std::vector<ScalingRun> runs;
  std::size_t rows = 0; ///< of the table, before the filter
};

/// Reads runs from CSV with a header, from JSON lines (an object a line) or from a JSON array of
/// objects. The filter sees the columns of the table and N, D, C and loss as they come out.
/// An empty field of anything but the loss is one that the run does not state.
/// Throws InputError with file, line and column for a kept row whose loss, N, D or C is no number
/// above zero, and where a column is missing.
[[nodiscard]] ScalingRuns read_scaling_runs(std::string_view text, const std::string &file,
                                            const RunColumns &columns,
                                            const std::optional<RunFilter> &filter);
/// The same of a table that is read already; `file` names it in messages.
[[nodiscard]] ScalingRuns read_scaling_runs(const CsvTable &table, const std::string &file,
                                            const RunColumns &columns,
                                            const std::optional<RunFilter> &filter);

/// What tables may have of a run: "N", "loss", "weight", …
[[nodiscard]] std::vector<std::string> scaling_run_names();

} // namespace flopcast
