// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/efficiency/link_fit.hpp"
#include "profiler/measuring/statistics.hpp"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace flopcast {

/// Devices of one machine that communicate. Calls throw MeasurementError.
class CollectiveRunner {
public:
  CollectiveRunner() = default;
  CollectiveRunner(const CollectiveRunner &) = delete;
  CollectiveRunner &operator=(const CollectiveRunner &) = delete;
  virtual ~CollectiveRunner() = default;

  [[nodiscard]] virtual std::int64_t devices() const = 0;
  [[nodiscard]] virtual std::string device() const = 0;   ///< "NVIDIA H200"
  [[nodiscard]] virtual std::string software() const = 0; ///< "NCCL 2.27.3"
  /// The most data (see Collective) that there is memory for on each device.
  [[nodiscard]] virtual Bytes most_data() const = 0;
  /// Runs it once among the first `ranks` devices: seconds until the last of them is done.
  [[nodiscard]] virtual double run(Collective collective, std::int64_t ranks,
                                   std::int64_t bytes) = 0;
};

/// A collective to be measured; its time is not known yet.
using PlannedCollective = CollectiveSample;

/// All kinds among 2, 4, 8 … and all devices, an octave of data apart from 4 KiB on; messages
/// between pairs once. The largest data last, so that what is cut off is least. Empty for one
/// device.
[[nodiscard]] std::vector<PlannedCollective> collective_plan(std::int64_t devices, Bytes most_data);

/// Median of runs after a warm-up, until the rule is met.
[[nodiscard]] CollectiveSample measure_collective(CollectiveRunner &runner,
                                                  const PlannedCollective &planned,
                                                  const StopRule &rule);

/// In the columns that `flopcast calibrate fit` reads.
[[nodiscard]] std::string collective_head();
inline constexpr int collective_key_columns = 6; ///< all but the time
[[nodiscard]] std::string collective_key(const CollectiveRunner &runner,
                                         const CollectiveSample &sample);
[[nodiscard]] std::string collective_row(const CollectiveRunner &runner,
                                         const CollectiveSample &sample);

} // namespace flopcast
