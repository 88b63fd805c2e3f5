// SPDX-License-Identifier: Apache-2.0
#include "profiler/cpu/cpu_kernels.hpp"

namespace flopcast {

bool has_cpu_kernels() { return false; }

std::unique_ptr<Kernels> make_cpu_kernels(int /*threads*/) {
  throw MeasurementError("Flopcast was built without the CPU back end: install libopenblas-dev and "
                         "reconfigure with -DFLOPCAST_CPU_BACKEND=ON");
}

} // namespace flopcast
