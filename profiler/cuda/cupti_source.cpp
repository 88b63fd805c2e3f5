// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/activity_log.hpp"
#include "profiler/cuda/cuda_error.hpp"

#include <cupti.h>

#include <array>
#include <atomic>

namespace flopcast::cuda {
namespace {

constexpr std::array device_kinds{CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL, CUPTI_ACTIVITY_KIND_MEMCPY,
                                  CUPTI_ACTIVITY_KIND_MEMSET};
constexpr std::array call_kinds{CUPTI_ACTIVITY_KIND_RUNTIME, CUPTI_ACTIVITY_KIND_DRIVER};

/// CUPTI's callbacks take no user pointer.
std::atomic<ActivityBuffers *> target{nullptr};

void CUPTIAPI requested(std::uint8_t **buffer, std::size_t *size, std::size_t *most_records) {
  ActivityBuffers *const buffers = target.load();
  *buffer = buffers ? buffers->request() : nullptr;
  *size = *buffer ? buffers->bytes() : 0;
  *most_records = 0; // as many as fit
}

void CUPTIAPI completed(CUcontext context, std::uint32_t stream, std::uint8_t *buffer,
                        std::size_t /*size*/, std::size_t valid) {
  ActivityBuffers *const buffers = target.load();
  if (!buffers || !buffer)
    return;
  // Asked before the buffer is handed over, with no lock held.
  std::size_t dropped = 0;
  if (cuptiActivityGetNumDroppedRecords(context, stream, &dropped) == CUPTI_SUCCESS && dropped > 0)
    buffers->count_dropped(dropped);
  buffers->complete(buffer, valid);
}

class CuptiSource : public ActivitySource {
public:
  void start(ActivityBuffers &buffers, bool calls) override {
    target = &buffers;
    CUptiResult result = cuptiActivityRegisterCallbacks(requested, completed);
    for (const CUpti_ActivityKind kind : device_kinds)
      if (result == CUPTI_SUCCESS)
        result = cuptiActivityEnable(kind);
    for (const CUpti_ActivityKind kind : call_kinds)
      if (result == CUPTI_SUCCESS && calls)
        result = cuptiActivityEnable(kind);
    if (result != CUPTI_SUCCESS)
      stop(); // what was enabled before one was refused
    check(result, "recording the device's activity with CUPTI");
  }

  void flush() override { check(cuptiActivityFlushAll(0), "flushing CUPTI's buffers"); }

  void stop() noexcept override {
    for (const CUpti_ActivityKind kind : device_kinds)
      (void)cuptiActivityDisable(kind);
    for (const CUpti_ActivityKind kind : call_kinds)
      (void)cuptiActivityDisable(kind);
    (void)cuptiActivityFlushAll(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED);
  }
};

} // namespace

ActivitySource &cupti_source() {
  static CuptiSource source;
  return source;
}

ActivityBuffers &cupti_buffers() {
  // Never destroyed: CUPTI's own thread may return a buffer while the process ends.
  static auto *const buffers = new ActivityBuffers;
  return *buffers;
}

} // namespace flopcast::cuda
