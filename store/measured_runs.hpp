// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/value.hpp"
#include "hardware/units/quantity.hpp"
#include "store/database.hpp"
#include "store/text_fields.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// A training run as somebody measured it. An absent member is one that the source does not state.
struct MeasuredRun {
  std::string id;
  std::string source;
  std::optional<Date> date;
  std::string split_group; ///< runs so alike that they weigh as one where accuracy is judged
  std::string framework;
  std::string model;
  std::string gpu;
  std::optional<std::int64_t> gpus;
  std::optional<Seconds> step_time;
  std::optional<TokenRatePerGpu> token_rate;
  std::optional<Bytes> peak_memory;
  std::optional<double> mfu;        ///< share of the peak, by the source's way of counting
  std::optional<double> parameters; ///< N, by the source's way of counting
  std::optional<TokenCount> tokens; ///< D, processed in training
  std::optional<FlopCount> compute; ///< C, of the whole training
  std::optional<double> loss;       ///< nats per token that the finished run reached
  TextFields settings;              ///< all else, such as "tp" → "8"

  bool operator==(const MeasuredRun &) const = default;
};

/// False, and nothing is written, where the same run is there already.
/// Throws StoreError where its id is that of another run.
bool add_measured_run(const Database &database, const MeasuredRun &run);

[[nodiscard]] std::optional<MeasuredRun> find_measured_run(const Database &database,
                                                           std::string_view id);

/// Which runs are asked for; an absent member does not restrict.
struct MeasuredRunQuery {
  std::optional<std::string> source = {};
  std::optional<std::string> split_group = {};
  std::optional<std::string> framework = {};
  std::optional<std::string> model = {};
  std::optional<std::string> gpu = {};
  std::optional<std::int64_t> gpus = {};
};

/// The runs that answer the query, in the order in which they were added.
[[nodiscard]] std::vector<MeasuredRun> measured_runs(const Database &database,
                                                     const MeasuredRunQuery &query);

} // namespace flopcast
