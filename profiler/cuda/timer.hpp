// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/cuda/activity_log.hpp"
#include "profiler/kernels/kernels.hpp"

#include <cuda_runtime_api.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace flopcast::cuda {

/// Times work on one stream: by CUPTI's records, or by CUDA events where CUPTI refuses or lost
/// some.
class Timer {
public:
  explicit Timer(cudaStream_t stream);
  ~Timer();
  Timer(const Timer &) = delete;
  Timer &operator=(const Timer &) = delete;

  /// `launches`: where the caller counts its launches, for runs that only events timed.
  [[nodiscard]] RunTimes time(const std::function<void()> &work, const std::int64_t &launches);

  /// How times are taken: "times by CUPTI activity records", or what else and why.
  [[nodiscard]] std::string method() const;

private:
  cudaStream_t stream_;
  cudaEvent_t before_ = nullptr;
  cudaEvent_t after_ = nullptr;
  std::optional<ActivityLog> log_;
  std::string refusal_; ///< why there is no log
  std::int64_t runs_by_events_ = 0;
};

} // namespace flopcast::cuda
