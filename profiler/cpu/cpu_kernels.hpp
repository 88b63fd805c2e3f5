// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/kernels/kernels.hpp"

#include <memory>

namespace flopcast {

/// Whether Flopcast was built with OpenBLAS and OpenMP.
[[nodiscard]] bool has_cpu_kernels();

/// The operators on this machine's processor, in fp32, by `threads` threads. Calls return when the
/// work is done. Products are OpenBLAS's; a result is split over the threads here, so that one set
/// of threads does all work: a second one would find the processor busy with the first one's
/// waiting.
/// Throws MeasurementError if Flopcast was built without, or if there is no such number of threads.
[[nodiscard]] std::unique_ptr<Kernels> make_cpu_kernels(int threads);

} // namespace flopcast
