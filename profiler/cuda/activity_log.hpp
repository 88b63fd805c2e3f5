// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/cuda/activity.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace flopcast::cuda {

/// Memory that CUPTI fills with records. Any thread may ask for a buffer or return one; nothing
/// but lists of pointers is touched under the mutex, so CUPTI is never called while it is held.
class ActivityBuffers {
public:
  /// `most` bounds memory where nobody takes records: a request beyond it is refused, and CUPTI
  /// counts the records that it then drops.
  explicit ActivityBuffers(std::size_t bytes = 4U << 20U, std::size_t most = 64);
  ~ActivityBuffers();
  ActivityBuffers(const ActivityBuffers &) = delete;
  ActivityBuffers &operator=(const ActivityBuffers &) = delete;

  /// An empty buffer, or null beyond the limit. Never throws: called from CUPTI's callbacks.
  [[nodiscard]] std::uint8_t *request() noexcept;
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// A buffer that request() gave comes back with `valid` bytes of records. Never throws.
  void complete(std::uint8_t *buffer, std::size_t valid) noexcept;
  void count_dropped(std::uint64_t records) noexcept;

  /// Reads what came back since the last call, in the order of return, and reuses the buffers.
  [[nodiscard]] ActivityRecords take();

private:
  struct Buffer;
  const std::size_t bytes_;
  const std::size_t most_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Buffer>> all_; ///< each in exactly one of the states below, or out
  std::vector<Buffer *> free_;
  std::vector<Buffer *> full_;
  std::uint64_t dropped_ = 0;
};

/// Who fills the buffers: CUPTI, or a test.
class ActivitySource {
public:
  ActivitySource() = default;
  ActivitySource(const ActivitySource &) = delete;
  ActivitySource &operator=(const ActivitySource &) = delete;
  virtual ~ActivitySource() = default;

  /// Records from now on, into `buffers`, until stop(). `calls`: runtime and driver calls too,
  /// which costs the host about a microsecond each. Throws MeasurementError.
  virtual void start(ActivityBuffers &buffers, bool calls) = 0;
  /// Returns every buffer that holds finished records, before it returns.
  virtual void flush() = 0;
  virtual void stop() noexcept = 0;
};

/// Records between two points.
class ActivityLog {
public:
  /// Throws MeasurementError where the source cannot record.
  ActivityLog(ActivitySource &source, ActivityBuffers &buffers, bool calls);
  ~ActivityLog();
  ActivityLog(const ActivityLog &) = delete;
  ActivityLog &operator=(const ActivityLog &) = delete;

  /// Forgets what was recorded so far. The device must be idle.
  void begin();
  /// What was recorded since begin(). The device must be idle again.
  [[nodiscard]] ActivityRecords end();

private:
  ActivitySource &source_;
  ActivityBuffers &buffers_;
};

/// CUPTI's records of this process. One log at a time: CUPTI has one set of callbacks a process.
[[nodiscard]] ActivitySource &cupti_source();
/// The buffers for it, kept until the process ends: CUPTI's thread may return one late.
[[nodiscard]] ActivityBuffers &cupti_buffers();

} // namespace flopcast::cuda
