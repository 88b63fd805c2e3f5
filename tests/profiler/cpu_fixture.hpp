// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/cpu/cpu_kernels.hpp"
#include "tests/profiler/kernel_values.hpp"

#include <algorithm>
#include <thread>

namespace flopcast::tests {

inline int cpu_threads() {
  return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, 2U));
}

/// Two threads where there are two, so that work is split.
class OnCpu : public testing::Test {
protected:
  void SetUp() override {
    if (!has_cpu_kernels())
      GTEST_SKIP() << "built without the CPU back end";
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP() << "libgomp's barriers are unknown to the thread sanitizer: it reports every one";
#endif
    kernels_ = make_cpu_kernels(cpu_threads());
  }

  Kernels &on() { return *kernels_; }

private:
  std::unique_ptr<Kernels> kernels_;
};

} // namespace flopcast::tests
