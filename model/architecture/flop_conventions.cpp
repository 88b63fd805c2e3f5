// SPDX-License-Identifier: Apache-2.0
#include "model/architecture/flop_conventions.hpp"

namespace flopcast {
namespace {

/// The papers' letters.
struct Letters {
  double l;
  double h;
  double s;
  double v;

  Letters(const Decoder &decoder, std::int64_t sequence_length)
      : l(static_cast<double>(decoder.layers)), h(static_cast<double>(decoder.hidden)),
        s(static_cast<double>(sequence_length)), v(static_cast<double>(decoder.vocabulary)) {}
};

} // namespace

double six_n_per_token(double parameters) { return 6 * parameters; }

double palm_flops_per_token(double parameters, const Decoder &decoder,
                            std::int64_t sequence_length) {
  const double head_dim = static_cast<double>(decoder.query_key_dim() + decoder.value_dim()) / 2;
  return 6 * parameters + 12.0 * static_cast<double>(decoder.layers) *
                              static_cast<double>(decoder.heads) * head_dim *
                              static_cast<double>(sequence_length);
}

double kaplan_forward_flops_per_token(double non_embedding_parameters, const Decoder &decoder,
                                      std::int64_t sequence_length) {
  const auto attention_width = static_cast<double>(decoder.heads * decoder.head_dim);
  return 2 * non_embedding_parameters + 2.0 * static_cast<double>(decoder.layers) *
                                            static_cast<double>(sequence_length) * attention_width;
}

double hoffmann_flops_per_sequence(const Decoder &decoder, std::int64_t sequence_length) {
  const auto [l, d, s, v] = Letters(decoder, sequence_length);
  const auto heads = static_cast<double>(decoder.heads);
  const auto key_width = static_cast<double>(decoder.heads * decoder.head_dim);
  const auto ffw = static_cast<double>(decoder.ffn_hidden);
  const double attention = 6 * s * d * key_width + 2 * s * s * key_width + 3 * heads * s * s +
                           2 * s * s * key_width + 2 * s * key_width * d;
  const double dense = 4 * s * d * ffw;
  return 3 * l * (attention + dense);
}

double narayanan_flops_per_step(const Decoder &decoder, std::int64_t sequence_length,
                                double batch_sequences) {
  const auto [l, h, s, v] = Letters(decoder, sequence_length);
  return 96 * batch_sequences * s * l * h * h * (1 + s / (6 * h) + v / (16 * l * h));
}

double korthikanti_flops_per_step(const Decoder &decoder, std::int64_t sequence_length,
                                  double batch_sequences) {
  const auto [l, h, s, v] = Letters(decoder, sequence_length);
  return 72 * batch_sequences * l * s * h * h * (1 + s / (6 * h) + v / (12 * h * l));
}

} // namespace flopcast
