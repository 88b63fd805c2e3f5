// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/efficiency/sample.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace flopcast {

/// One measurement of a table that several runs made.
struct RunSample {
  std::size_t run = 0; ///< runs are numbered from 0
  KernelSample sample;
};

/// Runs of a table of which each took longer than the others, for all that it measured.
struct SlowRuns {
  std::vector<bool> slow; ///< by run
  double slowdown = 1;    ///< time of the same call in a slow run / in another, median

  [[nodiscard]] bool is_slow(std::size_t run) const { return run < slow.size() && slow[run]; }
};

/// Tells two speeds of a table's runs apart by calls that were measured in several runs: as of a
/// GPU that was held at a lower clock. Nothing where runs do not fall into two groups, of five runs
/// and 4 % apart at least, or where fewer than 50 calls were measured in both. Calls that are held
/// back from fitting tell nothing here, so they can judge what follows.
[[nodiscard]] std::optional<SlowRuns> slow_runs(const std::vector<RunSample> &samples);

} // namespace flopcast
