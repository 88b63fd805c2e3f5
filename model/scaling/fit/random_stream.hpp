// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace flopcast {

/// Random numbers that depend on a seed and an index alone: a resample is the same whichever thread
/// makes it, on every platform. SplitMix64: Steele, Lea and Flood 2014.
class RandomStream {
public:
  RandomStream(std::uint64_t seed, std::uint64_t index) : state_(seed) {
    state_ = next() ^ (index * 0xd1342543de82ef95U);
    (void)next();
  }

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }
  /// In [0, 1).
  double uniform() { return static_cast<double>(next() >> 11U) * 0x1p-53; }
  /// In [0, count).
  std::int64_t below(std::int64_t count) {
    return static_cast<std::int64_t>(uniform() * static_cast<double>(count));
  }
  /// Standard normal, by Box and Muller.
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

private:
  std::uint64_t state_;
};

} // namespace flopcast
