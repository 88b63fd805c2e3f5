// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace flopcast::cuda {

/// What launching costs, whatever the kernel does.
struct LaunchCosts {
  double launch_seconds = 0;     ///< of one empty kernel after another, on the host
  double graph_node_seconds = 0; ///< of one of 100 empty kernels of a replayed graph
};

/// Bytes a second of copies of 256 MiB; of a copy on the device, read and written ones together.
struct CopyRates {
  double to_device = 0;   ///< from page-locked memory
  double from_device = 0; ///< to page-locked memory
  double on_device = 0;
};

/// On the current GPU. Both throw MeasurementError.
[[nodiscard]] LaunchCosts launch_costs();
[[nodiscard]] CopyRates copy_rates();

} // namespace flopcast::cuda
