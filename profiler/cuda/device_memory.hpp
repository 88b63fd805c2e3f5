// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>

namespace flopcast::cuda {

/// Device memory, freed with the last copy of the pointer. Throws MeasurementError.
[[nodiscard]] std::shared_ptr<void> device_memory(std::size_t bytes);

/// Scratch memory that grows to the largest request. Work that is queued on it must have ended, or
/// be on the same stream as what uses it next.
class Workspace {
public:
  [[nodiscard]] void *at_least(std::size_t bytes);

private:
  std::shared_ptr<void> memory_;
  std::size_t bytes_ = 0;
};

} // namespace flopcast::cuda
