// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/architecture/decoder.hpp"
#include "model/architecture/operator_graph.hpp"

#include <cstdint>

namespace flopcast {

/// How the decoder is trained, as far as it decides which operators exist and what they keep.
struct GraphOptions {
  std::int64_t sequence_length = 0; ///< tokens
  std::int64_t vocabulary = 0;      ///< rows of the embedding table, padding included
  bool flash_attention = true;      ///< one kernel that never writes the scores
  bool dropout = false; ///< keeps a mask after the embedding, the softmax and each block
};

/// The operator graph of a dense decoder for one sequence.
/// Saved activations reproduce Korthikanti 2022, table 2, term by term.
[[nodiscard]] OperatorGraph decoder_graph(const Decoder &decoder, const GraphOptions &options);

/// Query-key pairs that one head scores in a layer, for one sequence: s × min(s, window).
[[nodiscard]] double attention_pairs(std::int64_t sequence_length,
                                     std::optional<std::int64_t> window);

/// Those of them that a causal mask keeps, the diagonal halved: s²/2, or s·w − w²/2 in a window.
[[nodiscard]] double causal_attention_pairs(std::int64_t sequence_length,
                                            std::optional<std::int64_t> window);

} // namespace flopcast
