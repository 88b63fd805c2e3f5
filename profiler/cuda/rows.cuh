// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/cuda/vectors.cuh"

namespace flopcast::cuda {

/// A block's row of `columns` elements. With `held` packs a thread the row is read once and kept in
/// registers; with none it is read again in each pass, from the caches mostly.
template <class T, int size, int held> class Row {
public:
  __device__ Row(const T *row, std::int64_t columns) : row_(row), packs_(columns / size) {
    if constexpr (held > 0) {
#pragma unroll
      for (int k = 0; k < held; ++k)
        if (at(k) < packs_)
          load(row_, at(k), values_[k]);
    }
  }

  /// work(index of the first element's pack, values) for every pack of this thread.
  template <class Work> __device__ __forceinline__ void each(Work work) {
    if constexpr (held > 0) {
#pragma unroll
      for (int k = 0; k < held; ++k)
        if (at(k) < packs_)
          work(at(k), values_[k]);
    } else {
      float values[size];
      for (std::int64_t pack = threadIdx.x; pack < packs_; pack += blockDim.x) {
        load(row_, pack, values);
        work(pack, values);
      }
    }
  }

private:
  __device__ __forceinline__ std::int64_t at(int k) const {
    return std::int64_t{k} * blockDim.x + threadIdx.x;
  }

  const T *row_;
  std::int64_t packs_;
  float values_[held > 0 ? held : 1][size];
};

/// Calls `launch.template operator()<size, held>(threads)` for a row's length: whole rows in
/// registers up to 4 packs a thread. `vectors`: whether rows start at multiples of 16 bytes.
template <class T, class Launch>
void with_row_shape(std::int64_t columns, bool vectors, Launch launch) {
  constexpr int size = widest<T>;
  if (!vectors || columns % size != 0) {
    launch.template operator()<1, 0>(512);
    return;
  }
  const std::int64_t packs = columns / size;
  const auto whole_warps = [](std::int64_t threads) {
    return static_cast<int>((threads + 31) / 32 * 32);
  };
  if (packs <= 256)
    launch.template operator()<size, 1>(whole_warps(packs));
  else if (packs <= 4 * 1024)
    launch.template operator()<size, 4>(whole_warps((packs + 3) / 4));
  else
    launch.template operator()<size, 0>(1024);
}

} // namespace flopcast::cuda
