// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/device_rates.hpp"

#include "profiler/cuda/cuda_error.hpp"
#include "profiler/cuda/device_kernels.hpp"
#include "profiler/cuda/device_memory.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

namespace flopcast::cuda {
namespace {

constexpr int launches = 1000; // fewer than the queue of 1024 that a stream holds
constexpr int nodes = 100;
constexpr int repeats = 11;
constexpr std::size_t copied = std::size_t{256} << 20U;

struct Stream {
  Stream() {
    check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "creating a stream");
  }
  ~Stream() { (void)cudaStreamDestroy(stream); }
  Stream(const Stream &) = delete;
  Stream &operator=(const Stream &) = delete;
  cudaStream_t stream = nullptr;
};

/// Median over several runs; each is waited for.
double median_seconds(const Stream &on, bool with_wait, const std::function<void()> &work) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  for (int i = 0; i < repeats; ++i) {
    const Clock::time_point start = Clock::now();
    work();
    Clock::time_point end = Clock::now();
    check(cudaStreamSynchronize(on.stream), "waiting for the device");
    if (with_wait)
      end = Clock::now();
    times.push_back(std::chrono::duration<double>(end - start).count());
  }
  std::ranges::nth_element(times, times.begin() + repeats / 2);
  return times[repeats / 2];
}

} // namespace

LaunchCosts launch_costs() {
  const Stream on;
  LaunchCosts costs;
  costs.launch_seconds = median_seconds(on, false,
                                        [&] {
                                          for (int i = 0; i < launches; ++i)
                                            launch_empty(on.stream);
                                        }) /
                         launches;
  check(cudaGetLastError(), "launching empty kernels");

  cudaGraph_t graph = nullptr;
  check(cudaStreamBeginCapture(on.stream, cudaStreamCaptureModeThreadLocal), "capturing a graph");
  for (int i = 0; i < nodes; ++i)
    launch_empty(on.stream);
  check(cudaStreamEndCapture(on.stream, &graph), "capturing a graph");
  cudaGraphExec_t ready = nullptr;
  const cudaError_t made = cudaGraphInstantiate(&ready, graph, 0);
  (void)cudaGraphDestroy(graph);
  check(made, "preparing a graph");
  const double seconds = median_seconds(on, true, [&] { (void)cudaGraphLaunch(ready, on.stream); });
  (void)cudaGraphExecDestroy(ready);
  check(cudaGetLastError(), "replaying a graph");
  costs.graph_node_seconds = seconds / nodes;
  return costs;
}

CopyRates copy_rates() {
  const Stream on;
  const auto device = device_memory(copied);
  const auto other = device_memory(copied);
  void *raw = nullptr;
  check(cudaMallocHost(&raw, copied), "allocating page-locked memory");
  const std::shared_ptr<void> host(raw, [](void *freed) { (void)cudaFreeHost(freed); });
  const auto rate = [&](void *to, const void *from) {
    const double seconds = median_seconds(on, true, [&] {
      check(cudaMemcpyAsync(to, from, copied, cudaMemcpyDefault, on.stream), "copying");
    });
    return static_cast<double>(copied) / seconds;
  };
  return {.to_device = rate(device.get(), host.get()),
          .from_device = rate(host.get(), device.get()),
          .on_device = 2 * rate(other.get(), device.get())};
}

} // namespace flopcast::cuda
