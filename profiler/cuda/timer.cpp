// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/timer.hpp"

#include "profiler/cuda/cuda_error.hpp"

#include <chrono>

namespace flopcast::cuda {

Timer::Timer(cudaStream_t stream) : stream_(stream) {
  check(cudaEventCreate(&before_), "creating an event");
  check(cudaEventCreate(&after_), "creating an event");
  // Times without CUPTI are still times: a refusal is told, not thrown.
  try {
    log_.emplace(cupti_source(), cupti_buffers(), false);
  } catch (const MeasurementError &refused) {
    refusal_ = refused.what();
  }
}

Timer::~Timer() {
  (void)cudaEventDestroy(before_);
  (void)cudaEventDestroy(after_);
}

RunTimes Timer::time(const std::function<void()> &work, const std::int64_t &launches) {
  using Clock = std::chrono::steady_clock;
  check(cudaStreamSynchronize(stream_), "waiting for the device");
  if (log_)
    log_->begin();
  const std::int64_t launches_before = launches;
  check(cudaEventRecord(before_, stream_), "recording an event");
  const Clock::time_point start = Clock::now();
  work();
  const std::chrono::duration<double> host = Clock::now() - start;
  check(cudaEventRecord(after_, stream_), "recording an event");
  check(cudaStreamSynchronize(stream_), "running the timed work");

  RunTimes times{.host_seconds = host.count()};
  if (log_) {
    const ActivityRecords records = log_->end();
    const ActivityTimes found = activity_times(records);
    if (records.complete() && found.kernels > 0) {
      times.device_seconds = found.device_seconds;
      times.span_seconds = found.span_seconds;
      times.kernels = found.kernels;
      return times;
    }
  }
  // Events include the wait for the first launch, about 2 us, and gaps between kernels.
  float milliseconds = 0;
  check(cudaEventElapsedTime(&milliseconds, before_, after_), "reading the time between events");
  times.device_seconds = static_cast<double>(milliseconds) * 1e-3;
  times.span_seconds = times.device_seconds;
  times.kernels = launches - launches_before;
  ++runs_by_events_;
  return times;
}

std::string Timer::method() const {
  if (!log_)
    return "times by CUDA events, as CUPTI refused: " + refusal_;
  std::string text = "times by CUPTI activity records";
  if (runs_by_events_ > 0)
    text += ", " + std::to_string(runs_by_events_) + " runs of incomplete records by CUDA events";
  return text;
}

} // namespace flopcast::cuda
