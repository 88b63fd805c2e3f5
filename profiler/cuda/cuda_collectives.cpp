// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda_collectives.hpp"

#include "profiler/cuda/cuda_error.hpp"
#include "profiler/cuda/nccl.hpp"
#include "profiler/kernels/kernels.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <vector>

namespace flopcast {
namespace {

using namespace cuda;

constexpr std::size_t element_bytes = 2; // bf16
constexpr std::size_t most_buffer = std::size_t{1} << 30;

/// A GPU with a stream, two buffers and the events around what it does.
class Rank {
public:
  Rank(int device, std::size_t bytes) : device_(device) {
    select();
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream");
    check(cudaMalloc(&from_, bytes), "reserving memory for collectives");
    check(cudaMalloc(&to_, bytes), "reserving memory for collectives");
    // Finite numbers: sums of what memory happens to hold may be none.
    check(cudaMemset(from_, 0, bytes), "clearing memory for collectives");
    check(cudaEventCreate(&start_), "making an event");
    check(cudaEventCreate(&stop_), "making an event");
  }
  ~Rank() {
    (void)cudaSetDevice(device_);
    (void)cudaEventDestroy(stop_);
    (void)cudaEventDestroy(start_);
    (void)cudaFree(to_);
    (void)cudaFree(from_);
    (void)cudaStreamDestroy(stream_);
  }
  Rank(const Rank &) = delete;
  Rank &operator=(const Rank &) = delete;

  void select() const { check(cudaSetDevice(device_), "selecting a GPU"); }
  void begin() {
    select();
    check(cudaEventRecord(start_, stream_), "recording an event");
  }
  void end() {
    select();
    check(cudaEventRecord(stop_, stream_), "recording an event");
  }
  [[nodiscard]] double seconds() {
    select();
    check(cudaEventSynchronize(stop_), "waiting for a collective");
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, start_, stop_), "timing a collective");
    return static_cast<double>(milliseconds) * 1e-3;
  }

  [[nodiscard]] cudaStream_t stream() const { return stream_; }
  [[nodiscard]] char *from() const { return static_cast<char *>(from_); }
  [[nodiscard]] char *to() const { return static_cast<char *>(to_); }

private:
  int device_;
  cudaStream_t stream_ = nullptr;
  void *from_ = nullptr;
  void *to_ = nullptr;
  cudaEvent_t start_ = nullptr;
  cudaEvent_t stop_ = nullptr;
};

class CudaCollectives : public CollectiveRunner {
public:
  explicit CudaCollectives(int devices) {
    std::size_t least = std::numeric_limits<std::size_t>::max();
    for (int device = 0; device < devices; ++device) {
      std::size_t available = 0, whole = 0;
      check(cudaSetDevice(device), "selecting a GPU");
      check(cudaMemGetInfo(&available, &whole), "asking for free memory");
      least = std::min(least, available);
    }
    bytes_ = std::min(most_buffer, least / 4);
    for (int device = 0; device < devices; ++device)
      ranks_.push_back(std::make_unique<Rank>(device, bytes_));
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, 0), "describing a GPU");
    name_ = properties.name;
  }
  ~CudaCollectives() override {
    for (const auto &[size, group] : groups_)
      for (Nccl::Communicator communicator : group)
        (void)nccl_.destroy(communicator);
  }

  [[nodiscard]] std::int64_t devices() const override {
    return static_cast<std::int64_t>(ranks_.size());
  }
  [[nodiscard]] std::string device() const override { return name_; }
  [[nodiscard]] std::string software() const override { return nccl_.version_text(); }
  [[nodiscard]] Bytes most_data() const override {
    return static_cast<double>(bytes_) * units::byte;
  }

  double run(Collective collective, std::int64_t ranks, std::int64_t bytes) override {
    const std::vector<Nccl::Communicator> &group = communicators(ranks);
    const auto size = static_cast<std::size_t>(ranks);
    for (std::size_t rank = 0; rank < size; ++rank)
      ranks_[rank]->begin();
    nccl_.check(nccl_.group_start(), "starting a collective");
    for (std::size_t rank = 0; rank < size; ++rank)
      start(collective, rank, size, static_cast<std::size_t>(bytes), group[rank]);
    nccl_.check(nccl_.group_end(), "starting a collective");
    for (std::size_t rank = 0; rank < size; ++rank)
      ranks_[rank]->end();
    double longest = 0;
    for (std::size_t rank = 0; rank < size; ++rank)
      longest = std::max(longest, ranks_[rank]->seconds());
    return longest;
  }

private:
  const std::vector<Nccl::Communicator> &communicators(std::int64_t ranks) {
    auto at = groups_.find(ranks);
    if (at == groups_.end()) {
      std::vector<Nccl::Communicator> group(static_cast<std::size_t>(ranks));
      nccl_.check(nccl_.start_all(group.data(), static_cast<int>(ranks), nullptr),
                  "joining GPUs by NCCL");
      at = groups_.emplace(ranks, std::move(group)).first;
    }
    return at->second;
  }

  void start(Collective collective, std::size_t rank, std::size_t size, std::size_t bytes,
             Nccl::Communicator in) {
    const Rank &own = *ranks_[rank];
    const std::size_t whole = bytes / element_bytes;
    const std::size_t part = whole / size;
    const auto done = [&](int result) { nccl_.check(result, "starting a collective"); };
    constexpr int type = Nccl::bfloat16;
    switch (collective) {
    case Collective::all_reduce:
      return done(nccl_.all_reduce(own.from(), own.to(), whole, type, Nccl::sum, in, own.stream()));
    case Collective::all_gather:
      return done(nccl_.all_gather(own.from(), own.to(), part, type, in, own.stream()));
    case Collective::reduce_scatter:
      return done(
          nccl_.reduce_scatter(own.from(), own.to(), part, type, Nccl::sum, in, own.stream()));
    case Collective::broadcast:
      return done(nccl_.broadcast(own.from(), own.to(), whole, type, 0, in, own.stream()));
    case Collective::all_to_all:
      for (std::size_t peer = 0; peer < size; ++peer) {
        const std::size_t at = peer * part * element_bytes;
        done(nccl_.send(own.from() + at, part, type, static_cast<int>(peer), in, own.stream()));
        done(nccl_.receive(own.to() + at, part, type, static_cast<int>(peer), in, own.stream()));
      }
      return;
    case Collective::point_to_point:
      if (rank == 0)
        done(nccl_.send(own.from(), whole, type, 1, in, own.stream()));
      else if (rank == 1)
        done(nccl_.receive(own.to(), whole, type, 0, in, own.stream()));
      return;
    }
  }

  Nccl nccl_; // first: outlives the communicators
  std::string name_;
  std::size_t bytes_ = 0;
  std::vector<std::unique_ptr<Rank>> ranks_;
  std::map<std::int64_t, std::vector<Nccl::Communicator>> groups_;
};

} // namespace

std::unique_ptr<CollectiveRunner> make_cuda_collectives() {
  int devices = 0;
  check(cudaGetDeviceCount(&devices), "counting GPUs");
  if (devices < 2)
    throw MeasurementError("collectives were not measured: this machine has one GPU");
  return std::make_unique<CudaCollectives>(devices);
}

} // namespace flopcast
