// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/cuda/device_kernels.hpp"

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>

namespace flopcast::cuda {

__device__ __forceinline__ float widened(float x) { return x; }
__device__ __forceinline__ float widened(__half x) { return __half2float(x); }
__device__ __forceinline__ float widened(__nv_bfloat16 x) { return __bfloat162float(x); }

template <class T> __device__ __forceinline__ T narrowed(float x);
template <> __device__ __forceinline__ float narrowed<float>(float x) { return x; }
template <> __device__ __forceinline__ __half narrowed<__half>(float x) {
  return __float2half_rn(x);
}
template <> __device__ __forceinline__ __nv_bfloat16 narrowed<__nv_bfloat16>(float x) {
  return __float2bfloat16_rn(x);
}

/// Elements that one instruction moves.
template <class T, int size> struct alignas(sizeof(T) * size) Pack { T values[size]; };

template <class T> constexpr int widest = 16 / static_cast<int>(sizeof(T));

template <class T, int size>
__device__ __forceinline__ void load(const T *from, std::int64_t pack, float (&to)[size]) {
  const auto read = reinterpret_cast<const Pack<T, size> *>(from)[pack];
#pragma unroll
  for (int i = 0; i < size; ++i)
    to[i] = widened(read.values[i]);
}

template <class T, int size>
__device__ __forceinline__ void store(T *to, std::int64_t pack, const float (&from)[size]) {
  Pack<T, size> written;
#pragma unroll
  for (int i = 0; i < size; ++i)
    written.values[i] = narrowed<T>(from[i]);
  reinterpret_cast<Pack<T, size> *>(to)[pack] = written;
}

/// Whether all pointers may be moved 16 bytes at a time.
template <class... Pointer> bool aligned(Pointer... pointers) {
  return ((reinterpret_cast<std::uintptr_t>(pointers) % 16 == 0) && ...);
}

template <class Value> __device__ __forceinline__ Value from_lane(Value value, int offset);
template <> __device__ __forceinline__ float from_lane(float value, int offset) {
  return __shfl_xor_sync(0xffffffffU, value, offset);
}
template <> __device__ __forceinline__ SoftmaxState from_lane(SoftmaxState value, int offset) {
  return {__shfl_xor_sync(0xffffffffU, value.maximum, offset),
          __shfl_xor_sync(0xffffffffU, value.sum, offset)};
}
template <> __device__ __forceinline__ Pair from_lane(Pair value, int offset) {
  return {__shfl_xor_sync(0xffffffffU, value.first, offset),
          __shfl_xor_sync(0xffffffffU, value.second, offset)};
}

/// `join` over all threads of a block of whole warps; every thread gets the result.
template <class Value, class Join>
__device__ Value over_block(Value value, Value nothing, Join join) {
  __shared__ Value of_warp[32];
  for (int offset = 16; offset > 0; offset /= 2)
    value = join(value, from_lane(value, offset));
  const int lane = static_cast<int>(threadIdx.x % 32), warp = static_cast<int>(threadIdx.x / 32);
  const int warps = static_cast<int>(blockDim.x / 32);
  if (warps == 1)
    return value;
  __syncthreads(); // an earlier reduction may still be read
  if (lane == 0)
    of_warp[warp] = value;
  __syncthreads();
  value = lane < warps ? of_warp[lane] : nothing;
  for (int offset = 16; offset > 0; offset /= 2)
    value = join(value, from_lane(value, offset));
  return value;
}

__device__ __forceinline__ float sum_over_block(float value) {
  return over_block(value, 0.0F, [](float a, float b) { return a + b; });
}

/// Runs `work` with a null pointer of the format's type.
template <class Work> void with_type(Element format, Work work) {
  switch (format) {
  case Element::fp32:
    work(static_cast<float *>(nullptr));
    break;
  case Element::fp16:
    work(static_cast<__half *>(nullptr));
    break;
  case Element::bf16:
    work(static_cast<__nv_bfloat16 *>(nullptr));
    break;
  }
}

inline std::int64_t blocks_for(std::int64_t work, std::int64_t per_block) {
  // Grids stay below 2^31 blocks; kernels stride over what is left.
  return std::clamp<std::int64_t>((work + per_block - 1) / per_block, 1, 1 << 30);
}

} // namespace flopcast::cuda
