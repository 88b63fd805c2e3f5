// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/csv.hpp"
#include "model/scaling/fit/scaling_run.hpp"
#include "store/measured_runs.hpp"

#include <filesystem>
#include <span>
#include <string>

namespace flopcast {

/// The runs of a store that have a loss, as a table that a law is fitted to: "label" is their id;
/// their other members and settings are columns for conditions. Throws InputError if there is no
/// store at the path, or no run with a loss in it.
[[nodiscard]] CsvTable stored_scaling_runs(const std::filesystem::path &path);

/// A run with a loss as a store keeps it. Its id is made of source, label and the hash of what it
/// says: the same run is recorded once.
[[nodiscard]] MeasuredRun recorded_run(const ScalingRun &run, const std::string &source);

} // namespace flopcast
