// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/execution/training.hpp"

#include <optional>
#include <string>

namespace flopcast {

/// A setting as a source's text tells it. Neither: the text is there and not understood.
template <class T> struct SettingText {
  std::optional<T> value;
  bool unstated = false;
};

/// "FULL_SHARD" → 3, "DDP + distributed optimizer" → 1, "none (plain DP)" → 0.
[[nodiscard]] SettingText<int> zero_stage_of(const std::string &text);
/// "yes (--sequence-parallel)" → true.
[[nodiscard]] SettingText<bool> flag_of(const std::string &text);
/// The narrowest format that the text names before any bracket: that of the matrix products.
[[nodiscard]] SettingText<NumberFormat> precision_of(const std::string &text);
/// "full (uniform)" → full, "selective (attention core)" → selective.
[[nodiscard]] SettingText<Recompute> recompute_of(const std::string &text);
/// "non-flash (fused softmax)" → false.
[[nodiscard]] SettingText<bool> flash_of(const std::string &text);

/// What a text on the precision says of the gradients' sums; mostly nothing.
[[nodiscard]] std::optional<NumberFormat> gradient_format_of(const std::string &precision);

/// What notes on a run say, which mostly say nothing. A list of what was switched on, such as
/// "Table 1, FSDP+compile", without a compiler: eager.
[[nodiscard]] std::optional<OperatorFusion> operators_of(const std::string &notes);
/// "async TP" → tiles.
[[nodiscard]] std::optional<TensorOverlap> tensor_overlap_of(const std::string &notes);
/// "Dispatcher DeepEP" → deduplicated.
[[nodiscard]] std::optional<ExpertDispatch> expert_dispatch_of(const std::string &notes);
/// "+1f1b overlap" → of micro-batches.
[[nodiscard]] std::optional<ExpertOverlap> expert_overlap_of(const std::string &notes);

[[nodiscard]] std::string spelled(int zero_stage);
[[nodiscard]] std::string spelled(bool on);
[[nodiscard]] std::string spelled(NumberFormat format);
[[nodiscard]] std::string spelled(Recompute recompute);

} // namespace flopcast
