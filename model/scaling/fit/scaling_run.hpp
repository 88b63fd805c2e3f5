// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/diagnostic.hpp"

#include <array>
#include <optional>
#include <string>

namespace flopcast {

/// What the loss of a run may depend on, each a plain count or share.
enum class RunFeature {
  parameters,
  tokens,
  compute, ///< FLOP
  unique_tokens,
  experts,
  granularity,
  sparsity, ///< share of the experts that a token leaves idle
  weight_bits,
  activation_bits,
  cache_bits, ///< of keys and values
  streams,    ///< parallel passes of one model over a token
};
inline constexpr std::size_t run_feature_count = 11;

/// A training run with the loss that it reached, in nats per token.
struct ScalingRun {
  std::array<std::optional<double>, run_feature_count> features = {};
  double loss = 0;
  double weight = 1;
  std::string label; ///< for people; "" where the table has none
  Place place;

  [[nodiscard]] std::optional<double> feature(RunFeature which) const {
    return features[static_cast<std::size_t>(which)];
  }
  /// The feature, which the form of the law has been checked to find.
  [[nodiscard]] double at(RunFeature which) const {
    return *features[static_cast<std::size_t>(which)];
  }
  void set(RunFeature which, double value) { features[static_cast<std::size_t>(which)] = value; }
};

} // namespace flopcast
