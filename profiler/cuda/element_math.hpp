// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>

/// What the kernels compute for one element, in fp32. The same code runs on the host, where it is
/// tested against references in fp64.
#if defined(__CUDACC__)
#define FLOPCAST_HOST_DEVICE __host__ __device__ __forceinline__
#else
#define FLOPCAST_HOST_DEVICE inline
#endif

namespace flopcast::cuda {

constexpr float gelu_slope = 0.7978845608028654F; // sqrt(2 / pi)
constexpr float gelu_cubic = 0.044715F;

/// GELU by tanh. Source: Hendrycks and Gimpel 2016, section 2.
FLOPCAST_HOST_DEVICE float gelu(float x) {
  return 0.5F * x * (1 + tanhf(gelu_slope * (x + gelu_cubic * x * x * x)));
}

FLOPCAST_HOST_DEVICE float gelu_slope_at(float x) {
  const float t = tanhf(gelu_slope * (x + gelu_cubic * x * x * x));
  const float inner = gelu_slope * (1 + 3 * gelu_cubic * x * x);
  return 0.5F * (1 + t) + 0.5F * x * (1 - t * t) * inner;
}

FLOPCAST_HOST_DEVICE float sigmoid(float x) { return 1 / (1 + expf(-x)); }

FLOPCAST_HOST_DEVICE float swiglu(float gate, float value) { return gate * sigmoid(gate) * value; }

struct SwigluGradient {
  float gate;
  float value;
};

FLOPCAST_HOST_DEVICE SwigluGradient swiglu_gradient(float gate, float value, float output) {
  const float s = sigmoid(gate);
  return {output * value * s * (1 + gate * (1 - s)), output * gate * s};
}

/// Angle of a pair of a head's elements, in radians: position · 10000^(−2 · pair / width).
/// Source: Su et al. 2021, section 3.2.2.
FLOPCAST_HOST_DEVICE float rotary_angle(std::int64_t position, int pair, int width) {
  constexpr float log2_base = 13.287712379549449F; // of 10000
  const float exponent = -2.0F * static_cast<float>(pair) / static_cast<float>(width);
  return static_cast<float>(position) * exp2f(log2_base * exponent);
}

struct Pair {
  float first;
  float second;
};

FLOPCAST_HOST_DEVICE Pair rotated(Pair p, float cosine, float sine) {
  return {p.first * cosine - p.second * sine, p.first * sine + p.second * cosine};
}

/// Maximum and sum of exp(x − maximum) of the values seen so far.
struct SoftmaxState {
  float maximum;
  float sum;
};

FLOPCAST_HOST_DEVICE SoftmaxState softmax_start() { return {-INFINITY, 0}; }

FLOPCAST_HOST_DEVICE SoftmaxState merged(SoftmaxState a, SoftmaxState b) {
  // Where both are still empty, −inf − −inf would be NaN.
  if (a.maximum == -INFINITY)
    return b;
  if (b.maximum == -INFINITY)
    return a;
  const float maximum = a.maximum > b.maximum ? a.maximum : b.maximum;
  return {maximum, a.sum * expf(a.maximum - maximum) + b.sum * expf(b.maximum - maximum)};
}

FLOPCAST_HOST_DEVICE float cross_entropy_loss(SoftmaxState row, float target_logit) {
  return logf(row.sum) + row.maximum - target_logit;
}

/// Of the mean loss over the rows, `share` being 1 / rows.
FLOPCAST_HOST_DEVICE float cross_entropy_gradient(SoftmaxState row, float logit, bool target,
                                                  float share) {
  return (expf(logit - row.maximum) / row.sum - (target ? 1.0F : 0.0F)) * share;
}

/// Adam's settings with what depends on the step alone worked out.
struct AdamStep {
  float learning_rate;
  float beta1;
  float beta2;
  float epsilon;
  float weight_decay;
  float correction1; ///< 1 − beta1^step
  float correction2; ///< 1 − beta2^step
};

struct AdamState {
  float weight;
  float first;
  float second;
};

/// Adam with decoupled weight decay. Source: Kingma and Ba 2015, algorithm 1; Loshchilov and
/// Hutter 2019, algorithm 2.
FLOPCAST_HOST_DEVICE AdamState adam_update(const AdamStep &step, AdamState state, float gradient) {
  state.first = step.beta1 * state.first + (1 - step.beta1) * gradient;
  state.second = step.beta2 * state.second + (1 - step.beta2) * gradient * gradient;
  const float first = state.first / step.correction1;
  const float second = state.second / step.correction2;
  state.weight -= step.learning_rate *
                  (first / (sqrtf(second) + step.epsilon) + step.weight_decay * state.weight);
  return state;
}

/// A well mixed 64-bit value. Source: Steele et al. 2014, SplitMix64.
FLOPCAST_HOST_DEVICE std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31U);
}

/// A normally distributed value, the same for the same seed and index (Box and Muller 1958).
FLOPCAST_HOST_DEVICE float normal_value(std::uint64_t seed, std::uint64_t index) {
  const std::uint64_t bits = mixed(mixed(seed) ^ index);
  // (0, 1]: the logarithm of zero must not come up.
  const float u = (static_cast<float>(bits >> 40U) + 1) * (1.0F / 16777216.0F);
  const float v = static_cast<float>((bits >> 8U) & 0xffffffU) * (1.0F / 16777216.0F);
  return sqrtf(-2 * logf(u)) * cosf(6.283185307179586F * v);
}

} // namespace flopcast::cuda
