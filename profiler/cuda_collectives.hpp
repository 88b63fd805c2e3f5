// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/measuring/collective_runs.hpp"

#include <memory>

namespace flopcast {

/// NCCL among all GPUs of this machine, in one process. Throws MeasurementError with the reason in
/// one sentence: one GPU alone, no NCCL.
[[nodiscard]] std::unique_ptr<CollectiveRunner> make_cuda_collectives();

} // namespace flopcast
