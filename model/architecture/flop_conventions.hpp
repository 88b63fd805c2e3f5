// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/architecture/decoder.hpp"

#include <cstdint>

namespace flopcast {

/// How the literature counts FLOPs. Each gives another number for the same model: name the
/// convention whenever two are compared. All count 2 FLOP a multiply-add.

/// Training FLOPs per token by the rule 6N: 2N forward, 4N backward; no attention scores. With
/// experts N is what a token uses.
/// Source: Kaplan et al. 2020, section 2.1 (there with N without embeddings).
[[nodiscard]] double six_n_per_token(double parameters);

/// 6N + 12·L·H·Q·T per token: L layers, H heads, Q head dimension (of latent attention the mean of
/// keys' and values'), T sequence length.
/// Source: Chowdhery et al. 2022 (PaLM), appendix B.
[[nodiscard]] double palm_flops_per_token(double parameters, const Decoder &decoder,
                                          std::int64_t sequence_length);

/// Forward FLOPs per token: 2N + 2·L·s·d_attn, N without embeddings.
/// Source: Kaplan et al. 2020, table 1.
[[nodiscard]] double kaplan_forward_flops_per_token(double non_embedding_parameters,
                                                    const Decoder &decoder,
                                                    std::int64_t sequence_length);

/// Forward and backward FLOPs per sequence as Hoffmann et al. 2022, appendix F, lists them but for
/// embeddings and logits, which must be left out to reproduce the paper's table A4.
[[nodiscard]] double hoffmann_flops_per_sequence(const Decoder &decoder,
                                                 std::int64_t sequence_length);

/// FLOPs of one step with every layer recomputed: 96·B·s·l·h²·(1 + s/6h + V/16lh), for an ungated
/// MLP of width 4h and multi-head attention. Source: Narayanan et al. 2021, eq. 3.
[[nodiscard]] double narayanan_flops_per_step(const Decoder &decoder, std::int64_t sequence_length,
                                              double batch_sequences);

/// Model FLOPs of one step: 72·B·L·s·h²·(1 + s/6h + V/12hL), same model.
/// Source: Korthikanti et al. 2022, eq. 7.
[[nodiscard]] double korthikanti_flops_per_step(const Decoder &decoder,
                                                std::int64_t sequence_length,
                                                double batch_sequences);

} // namespace flopcast
