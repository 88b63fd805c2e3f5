// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/nccl.hpp"

#include "profiler/kernels/kernels.hpp"

namespace flopcast::cuda {

Nccl::Nccl() : library_("NCCL", {"libnccl.so.2", "libnccl.so"}) {
  library_.find(version, "ncclGetVersion");
  library_.find(error_text, "ncclGetErrorString");
  library_.find(start_all, "ncclCommInitAll");
  library_.find(destroy, "ncclCommDestroy");
  library_.find(group_start, "ncclGroupStart");
  library_.find(group_end, "ncclGroupEnd");
  library_.find(all_reduce, "ncclAllReduce");
  library_.find(all_gather, "ncclAllGather");
  library_.find(reduce_scatter, "ncclReduceScatter");
  library_.find(broadcast, "ncclBroadcast");
  library_.find(send, "ncclSend");
  library_.find(receive, "ncclRecv");
}

void Nccl::check(int result, const char *doing) const {
  if (result != success)
    throw MeasurementError(std::string(doing) + ": " + error_text(result) + " (NCCL " +
                           std::to_string(result) + ")");
}

std::string Nccl::version_text() const {
  int number = 0; // 22703 is 2.27.3
  check(version(&number), "asking NCCL for its version");
  return "NCCL " + std::to_string(number / 10000) + "." + std::to_string(number / 100 % 100) + "." +
         std::to_string(number % 100);
}

} // namespace flopcast::cuda
