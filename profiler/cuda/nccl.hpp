// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/cuda/shared_library.hpp"

#include <cuda_runtime_api.h>

#include <cstddef>
#include <string>

namespace flopcast::cuda {

/// The functions of NCCL that are used, found in the library at run time. Its header is no part of
/// the toolkit: what is used of it, from NCCL's API reference (2.x).
class Nccl {
public:
  using Communicator = void *;

  static constexpr int success = 0;
  static constexpr int bfloat16 = 9;
  static constexpr int sum = 0;

  /// Throws MeasurementError where the library is not there.
  Nccl();

  int (*version)(int *);
  const char *(*error_text)(int);
  int (*start_all)(Communicator *, int, const int *);
  int (*destroy)(Communicator);
  int (*group_start)();
  int (*group_end)();
  int (*all_reduce)(const void *, void *, std::size_t, int, int, Communicator, cudaStream_t);
  int (*all_gather)(const void *, void *, std::size_t, int, Communicator, cudaStream_t);
  int (*reduce_scatter)(const void *, void *, std::size_t, int, int, Communicator, cudaStream_t);
  int (*broadcast)(const void *, void *, std::size_t, int, int, Communicator, cudaStream_t);
  int (*send)(const void *, std::size_t, int, int, Communicator, cudaStream_t);
  int (*receive)(void *, std::size_t, int, int, Communicator, cudaStream_t);

  /// Throws MeasurementError unless the call succeeded.
  void check(int result, const char *doing) const;
  [[nodiscard]] std::string version_text() const; ///< "NCCL 2.27.3"

private:
  SharedLibrary library_;
};

} // namespace flopcast::cuda
