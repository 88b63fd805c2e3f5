// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/activity_log.hpp"

#include <cupti.h>

#include <algorithm>
#include <new>
#include <utility>

namespace flopcast::cuda {
namespace {

constexpr std::size_t alignment = 8; // CUPTI's ACTIVITY_RECORD_ALIGNMENT

template <class Record> const Record &as(const CUpti_Activity *record) {
  return *reinterpret_cast<const Record *>(record);
}

/// Adds device work, unless it has no times: CUPTI leaves them zero for records that it could not
/// complete.
template <class Record>
void add_device(ActivityRecords &to, ActivityKind kind, const Record &record, const char *name,
                std::uint64_t bytes) {
  if (record.start == 0 || record.end == 0) {
    ++to.untimed;
    return;
  }
  to.device.push_back({.kind = kind,
                       .name = name ? name : "",
                       .start = record.start,
                       .end = record.end,
                       .correlation = record.correlationId,
                       .stream = record.streamId,
                       .bytes = bytes});
}

void add(ActivityRecords &to, const CUpti_Activity *record) {
  switch (record->kind) {
  case CUPTI_ACTIVITY_KIND_KERNEL:
  case CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL: {
    const auto &kernel = as<CUpti_ActivityKernel10>(record);
    add_device(to, ActivityKind::kernel, kernel, kernel.name, 0);
    break;
  }
  case CUPTI_ACTIVITY_KIND_MEMCPY: {
    const auto &copy = as<CUpti_ActivityMemcpy6>(record);
    add_device(to, ActivityKind::copy, copy, nullptr, copy.bytes);
    break;
  }
  case CUPTI_ACTIVITY_KIND_MEMSET: {
    const auto &fill = as<CUpti_ActivityMemset4>(record);
    add_device(to, ActivityKind::fill, fill, nullptr, fill.bytes);
    break;
  }
  case CUPTI_ACTIVITY_KIND_RUNTIME:
  case CUPTI_ACTIVITY_KIND_DRIVER: {
    const auto &call = as<CUpti_ActivityAPI>(record);
    to.calls.push_back({.start = call.start,
                        .end = call.end,
                        .correlation = call.correlationId,
                        .function = call.cbid,
                        .driver = call.kind == CUPTI_ACTIVITY_KIND_DRIVER});
    break;
  }
  default:
    break; // kinds that nobody asked for
  }
}

void read(ActivityRecords &to, std::uint8_t *bytes, std::size_t valid) {
  CUpti_Activity *record = nullptr;
  for (;;) {
    const CUptiResult result = cuptiActivityGetNextRecord(bytes, valid, &record);
    if (result == CUPTI_SUCCESS) {
      add(to, record);
      continue;
    }
    if (result != CUPTI_ERROR_MAX_LIMIT_REACHED) // the end of the buffer
      ++to.broken;
    return;
  }
}

} // namespace

struct ActivityBuffers::Buffer {
  explicit Buffer(std::size_t size)
      : data(static_cast<std::uint8_t *>(::operator new(size, std::align_val_t(alignment)))) {}
  ~Buffer() { ::operator delete(data, std::align_val_t(alignment)); }
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;

  std::uint8_t *data;
  std::size_t valid = 0;
};

ActivityBuffers::ActivityBuffers(std::size_t bytes, std::size_t most) : bytes_(bytes), most_(most) {
  // All lists get their final size now, so that callbacks never allocate but for the buffer itself.
  all_.reserve(most);
  free_.reserve(most);
  full_.reserve(most);
}

ActivityBuffers::~ActivityBuffers() = default;

std::uint8_t *ActivityBuffers::request() noexcept {
  const std::scoped_lock lock(mutex_);
  if (!free_.empty()) {
    std::uint8_t *const data = free_.back()->data;
    free_.pop_back();
    return data;
  }
  if (all_.size() == most_)
    return nullptr;
  try {
    all_.push_back(std::make_unique<Buffer>(bytes_));
  } catch (const std::bad_alloc &) {
    return nullptr;
  }
  return all_.back()->data;
}

void ActivityBuffers::complete(std::uint8_t *buffer, std::size_t valid) noexcept {
  const std::scoped_lock lock(mutex_);
  const auto at = std::ranges::find(all_, buffer, [](const auto &known) { return known->data; });
  if (at == all_.end())
    return; // not ours
  (*at)->valid = std::min(valid, bytes_);
  (valid == 0 ? free_ : full_).push_back(at->get());
}

void ActivityBuffers::count_dropped(std::uint64_t records) noexcept {
  const std::scoped_lock lock(mutex_);
  dropped_ += records;
}

ActivityRecords ActivityBuffers::take() {
  std::vector<Buffer *> full;
  full.reserve(most_); // becomes full_, whose room callbacks rely on
  ActivityRecords records;
  {
    const std::scoped_lock lock(mutex_);
    full.swap(full_);
    records.dropped = std::exchange(dropped_, 0);
  }
  for (const Buffer *buffer : full)
    read(records, buffer->data, buffer->valid);
  const std::scoped_lock lock(mutex_);
  free_.insert(free_.end(), full.begin(), full.end());
  return records;
}

ActivityLog::ActivityLog(ActivitySource &source, ActivityBuffers &buffers, bool calls)
    : source_(source), buffers_(buffers) {
  source_.start(buffers_, calls);
}

ActivityLog::~ActivityLog() { source_.stop(); }

void ActivityLog::begin() {
  source_.flush();
  (void)buffers_.take();
}

ActivityRecords ActivityLog::end() {
  source_.flush();
  return buffers_.take();
}

} // namespace flopcast::cuda
